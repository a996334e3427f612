package io.sosia.appliance.node;

import static org.assertj.core.api.Assertions.assertThat;

import io.sosia.appliance.clone.ClonePart;
import io.sosia.appliance.eventlog.MarkedOutput;
import io.sosia.appliance.eventlog.RunPoint;
import io.sosia.appliance.lockstep.OutputSink;
import io.sosia.appliance.lockstep.Recorder;
import io.sosia.appliance.lockstep.ToyMachine;
import io.sosia.appliance.machine.port.MachineOutput.DiskRequest;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class CloneFeedTest {

    private static final long SESSION = 7;
    private static final long SECOND = 1_000_000_000;

    private final ToyMachine machine = new ToyMachine(ToyMachine.Habits.SILENT);
    private final Recorder recorder = new Recorder(machine, RunPoint.start(3), Recorder.ReadData.OWN_DISK, (_, _) -> { },
            new OutputSink() {
                @Override
                public void external(MarkedOutput output) {}

                @Override
                public void disk(DiskRequest request) {}

                @Override
                public void entropyWanted(int bytes) {}
            });
    private final List<String> told = new ArrayList<>();
    private final CloneFeed feed = new CloneFeed(machine, new CloneFeed.Outlet() {
        @Override
        public void ahead(long session, ClonePart part) {
            told.add("pages");
        }

        @Override
        public void restIsSmall(long session) {
            told.add("small");
        }

        @Override
        public void cut(long session, List<ClonePart> parts, long pauseNanos) {
            told.add("cut of " + parts.getFirst().getClass().getSimpleName());
        }

        @Override
        public void postponed(long session, String reason) {
            told.add("postponed: " + reason);
        }
    }, new LoopSignal());

    /// The guest has changed all its pages, and the thread comes by.
    private List<String> turn() throws Exception {
        machine.image().markAllChanged();
        told.clear();
        feed.turn(recorder, () -> { });
        return told;
    }

    @Test
    void noMemoryIsSentWhileTheDiskIsWaitedForAfterACutThatWasPutOff() throws Exception {
        feed.begin(SESSION);
        assertThat(turn()).contains("pages", "small");
        feed.cut(SESSION, Optional::empty, SECOND);
        assertThat(turn()).containsExactly("postponed: too much of the disk was written again");
        assertThat(turn()).isEmpty();
        assertThat(feed.standsStill()).isFalse();
        feed.goOn(SESSION + 1);
        assertThat(turn()).as("another try's word").isEmpty();
        feed.goOn(SESSION);
        assertThat(turn()).contains("pages", "small");
        feed.cut(SESSION, () -> Optional.of(List.of()), SECOND);
        assertThat(turn()).as("what has changed since goes with the cut").containsExactly("cut of Pages");
    }

    @Test
    void theDisksPaceHoldsUntilTheCut() throws Exception {
        feed.paceOfDisk(0.5);
        assertThat(feed.pace()).as("while the disk is sent").isEqualTo(0.5);
        feed.begin(SESSION);
        turn();
        assertThat(feed.pace()).isEqualTo(0.5);
        feed.cut(SESSION, () -> Optional.of(List.of()), SECOND);
        turn();
        assertThat(feed.pace()).isEqualTo(1.0);
    }
}
