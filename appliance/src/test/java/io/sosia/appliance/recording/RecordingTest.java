package io.sosia.appliance.recording;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sosia.appliance.eventlog.EndReason;
import io.sosia.appliance.eventlog.LogEntry;
import io.sosia.appliance.eventlog.LogFormatException;
import io.sosia.appliance.eventlog.LogPosition;
import io.sosia.appliance.eventlog.MarkedOutput;
import io.sosia.appliance.eventlog.OutputTotals;
import io.sosia.appliance.lockstep.OutputSink;
import io.sosia.appliance.lockstep.RandomRun;
import io.sosia.appliance.lockstep.Recorder;
import io.sosia.appliance.lockstep.ToyMachine;
import io.sosia.appliance.machine.port.MachineOutput.DiskRequest;
import io.sosia.appliance.recording.RecordingHeader.RecordedFile;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.Arrays;
import java.util.Optional;
import java.util.SplittableRandom;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.ShrinkingMode;
import org.junit.jupiter.api.Test;

class RecordingTest {
    private static final RecordingHeader HEADER = new RecordingHeader(
            256L << 20, 512, 0x525400123456L, "console=ttyS0 ä",
            new RecordedFile("/boot/vmlinux", "ab".repeat(32)),
            Optional.of(new RecordedFile("/boot/initrd", "cd".repeat(32))));

    private static final OutputSink NOBODY = new OutputSink() {
        @Override
        public void external(MarkedOutput output) {}

        @Override
        public void disk(DiskRequest request) {}

        @Override
        public void entropyWanted(int bytes) {}
    };

    private static byte[] record(long seed, int actions) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (RecordingWriter writer = new RecordingWriter(bytes, HEADER)) {
            new RandomRun(seed, ToyMachine.Habits.LIVELY, Recorder.ReadData.LOGGED, writer).act(actions).end();
        }
        return bytes.toByteArray();
    }

    private static Playback.Outcome play(byte[] bytes) throws IOException {
        return Playback.play(new RecordingReader(new ByteArrayInputStream(bytes)),
                new ToyMachine(ToyMachine.Habits.LIVELY), NOBODY);
    }

    @Property(tries = 40, shrinking = ShrinkingMode.OFF)
    void recordedRunIsReproduced(@ForAll long seed) throws IOException {
        assertThat(play(record(seed, 150))).as("seed %d", seed)
                .isInstanceOfSatisfying(Playback.Outcome.Reproduced.class,
                r -> assertThat(r.end().reason()).isEqualTo(EndReason.STOPPED));
    }

    @Test
    void headerSaysWhatTheMachineWasBuiltFrom() throws IOException {
        byte[] bytes = record(1, 5);
        assertThat(new RecordingReader(new ByteArrayInputStream(bytes)).header()).isEqualTo(HEADER);
    }

    @Test
    void everyCutIsRecognisedAndNamed() throws IOException {
        byte[] bytes = record(2, 12);
        for (int length = 0; length < bytes.length; length++) {
            byte[] cut = Arrays.copyOf(bytes, length);
            assertThatThrownBy(() -> play(cut)).isInstanceOf(LogFormatException.class)
                    .hasMessageMatching(length < 8 ? "not a recording.*" : "cut: ends .*, at byte " + length);
        }
    }

    @Property(tries = 400, shrinking = ShrinkingMode.OFF)
    void everyFlippedBitIsFound(@ForAll long seed) throws IOException {
        byte[] bytes = record(3, 30);
        int bit = new SplittableRandom(seed).nextInt(bytes.length * 8);
        bytes[bit / 8] ^= (byte) (1 << bit % 8);
        assertThatThrownBy(() -> play(bytes)).as("bit %d", bit).isInstanceOf(LogFormatException.class)
                .message().isNotBlank().doesNotContain("\n");
    }

    @Property(tries = 500)
    void anyBytesAfterTheMagicAreRefused(@ForAll byte[] tail) {
        byte[] bytes = Arrays.copyOf(RecordingFormat.MAGIC, 10 + tail.length);
        bytes[9] = 1;
        System.arraycopy(tail, 0, bytes, 10, tail.length);
        assertThatThrownBy(() -> play(bytes)).isInstanceOf(LogFormatException.class);
    }

    @Property(tries = 500)
    void anyHeaderBytesAreAHeaderOrRefused(@ForAll byte[] bytes) {
        try {
            RecordingHeader.decode(bytes);
        } catch (LogFormatException e) {
            assertThat(e.getMessage()).isNotBlank();
        }
    }

    @Test
    void recordingWithoutItsEndIsCut() throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (RecordingWriter writer = new RecordingWriter(bytes, HEADER)) {
            new RandomRun(4, ToyMachine.Habits.LIVELY, Recorder.ReadData.LOGGED, writer).act(10);
        }
        assertThatThrownBy(() -> play(bytes.toByteArray())).isInstanceOf(LogFormatException.class)
                .hasMessage("cut: ends after a batch of entries, without the end of the run, at byte " + bytes.size());
    }

    @Test
    void bytesAfterTheEndAreRefused() throws IOException {
        byte[] bytes = record(5, 5);
        byte[] longer = Arrays.copyOf(bytes, bytes.length + 8);
        assertThatThrownBy(() -> play(longer)).isInstanceOf(LogFormatException.class);
    }

    @Test
    void otherFormatIsNamed() throws IOException {
        byte[] bytes = record(6, 5);
        bytes[9] = 7;
        assertThatThrownBy(() -> play(bytes)).hasMessage("recording of format 7, this program reads format 1");
    }

    @Test
    void anotherMachineDiverges() throws IOException {
        byte[] bytes = record(7, 50);
        Playback.Outcome outcome = Playback.play(new RecordingReader(new ByteArrayInputStream(bytes)),
                new ToyMachine(ToyMachine.Habits.SERVER), NOBODY);
        assertThat(outcome).isInstanceOf(Playback.Outcome.Diverged.class);
    }

    @Test
    void endThatClaimsOtherOutputIsNotReproduced() throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (RecordingWriter writer = new RecordingWriter(bytes, HEADER)) {
            writer.append(new LogPosition(1, 1), new LogEntry.End(0, EndReason.STOPPED,
                    new OutputTotals(1, 0, 0, 0, 0, 0), 0, 0));
        }
        assertThat(play(bytes.toByteArray())).isInstanceOfSatisfying(Playback.Outcome.Diverged.class,
                d -> assertThat(d.evidence().what()).isEqualTo("output"));
    }
}
