package io.sosia.appliance.lockstep;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import io.sosia.appliance.eventlog.EndReason;
import io.sosia.appliance.eventlog.LogBatch;
import io.sosia.appliance.eventlog.LogCodec;
import io.sosia.appliance.eventlog.LogEntry;
import io.sosia.appliance.eventlog.LogFormatException;
import io.sosia.appliance.eventlog.LogPosition;
import io.sosia.appliance.eventlog.MarkedOutput;
import io.sosia.appliance.eventlog.OutputTotals;
import io.sosia.appliance.eventlog.RunPoint;
import io.sosia.appliance.machine.port.MachineInput;
import io.sosia.appliance.machine.port.MachineOutput;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.SplittableRandom;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.ShrinkingMode;
import org.junit.jupiter.api.Test;

class RecordReplayTest {

    @Property(tries = 150, shrinking = ShrinkingMode.OFF)
    void replayEqualsRecordingWithReadDataFromTheOwnDisk(@ForAll long seed) throws IOException {
        RandomRun run = new RandomRun(seed, ToyMachine.Habits.LIVELY, Recorder.ReadData.OWN_DISK).act(300).end();
        SplittableRandom random = new SplittableRandom(~seed);
        ReplayNode node = new ReplayNode(
                new ToyMachine(ToyMachine.Habits.LIVELY), RunPoint.start(1), ToyDisk.answeringAfter(random.nextInt(3)));

        ReplayResult result = node.replay(throughBytes(run.batches()), random);

        assertThat(result).as("seed %d", seed).isInstanceOf(ReplayResult.Ended.class);
        assertSameRun(run, node);
    }

    @Property(tries = 80, shrinking = ShrinkingMode.OFF)
    void replayNeedsNoDiskWhenReadDataIsLogged(@ForAll long seed) throws IOException {
        RandomRun run = new RandomRun(seed, ToyMachine.Habits.LIVELY, Recorder.ReadData.LOGGED).act(200).end();
        ReplayNode node = new ReplayNode(new ToyMachine(ToyMachine.Habits.LIVELY), RunPoint.start(1), new ToyDisk(),
                DiskAnswers.FROM_LOG);

        ReplayResult result = node.replay(throughBytes(run.batches()), new SplittableRandom(seed));

        assertThat(result).as("seed %d", seed).isInstanceOf(ReplayResult.Ended.class);
        assertSameRun(run, node);
    }

    @Property(tries = 80, shrinking = ShrinkingMode.OFF)
    void replayGoesOnFromASnapshotInTheMiddleOfARun(@ForAll long seed) throws IOException {
        ToyMachine.Habits habits = new ToyMachine.Habits(90, 400, 0, 300, 500, 2_000);
        RandomRun run = new RandomRun(seed, habits, Recorder.ReadData.OWN_DISK).act(100);
        RunPoint middle = run.recorder.point();
        ReplayNode node = new ReplayNode(RandomRun.copy(run.machine, habits), middle, new ToyDisk());
        int before = run.entries.size();
        run.act(100).end();
        SplittableRandom random = new SplittableRandom(seed);

        ReplayResult result = node.replay(
                RandomRun.batches(run.entries.subList(before, run.entries.size()), before + 1, random), random);

        assertThat(result).as("seed %d", seed).isInstanceOf(ReplayResult.Ended.class);
        assertThat(node.replayer.point()).isEqualTo(run.recorder.point());
    }

    @Property(tries = 80, shrinking = ShrinkingMode.OFF)
    void backupThatGoesLiveAnywhereHasAllThatMayNotHaveLeft(@ForAll long seed) throws IOException {
        RandomRun run = new RandomRun(seed, ToyMachine.Habits.LIVELY, Recorder.ReadData.OWN_DISK).act(120);
        SplittableRandom random = new SplittableRandom(seed);
        int cut = 1 + random.nextInt(run.entries.size());
        ReplayNode backup =
                new ReplayNode(new ToyMachine(ToyMachine.Habits.LIVELY), RunPoint.start(1), new ToyDisk());
        assertThat(backup.replay(RandomRun.batches(run.entries.subList(0, cut), 1, random), random))
                .as("seed %d", seed).isInstanceOf(ReplayResult.WaitingLog.class);

        GoLive live = backup.replayer.goLive();

        assertThat(live.point().last().seq()).isEqualTo(cut);
        assertThat(live.pendingDisk()).isEqualTo(live.machine().pendingDiskRequests());
        assertThat(live.ticks()).isEqualTo(live.machine().ticks());
        assertThat(streams(live.unreleased()))
                .as("nothing was released, so everything with a mark is still there, seed %d", seed)
                .startsWith(streams(run.outputs.stream().filter(o -> o.mark().seq() <= cut).toList())
                        .split("console")[0]);
    }

    @Property(tries = 80, shrinking = ShrinkingMode.OFF)
    void machineThatWentLiveIsRecordedAndReplayedInTheNextEpoch(@ForAll long seed) throws IOException {
        ToyMachine.Habits habits = new ToyMachine.Habits(90, 400, 0, 300, 500, 0);
        RandomRun run = new RandomRun(seed, habits, Recorder.ReadData.OWN_DISK).act(60);
        SplittableRandom random = new SplittableRandom(seed);
        ReplayNode backup = new ReplayNode(new ToyMachine(habits), RunPoint.start(1), new ToyDisk());
        backup.replay(run.batches(), random);

        GoLive live = backup.replayer.goLive();
        RunPoint start = live.point().inEpoch(2);
        ReplayNode next = new ReplayNode(RandomRun.copy((ToyMachine) live.machine(), habits), start, new ToyDisk());
        List<LogBatch> log = new ArrayList<>();
        Recorder recorder = new Recorder(live.machine(), start, Recorder.ReadData.OWN_DISK,
                (position, entry) -> log.add(new LogBatch(position, List.of(entry))), backup);
        for (int i = 0; i < 20; i++) {
            recorder.run(live.machine().steps() + random.nextInt(300));
            recorder.progress();
        }
        recorder.end(EndReason.STOPPED);

        assertThat(next.replay(log, random)).as("seed %d", seed).isInstanceOf(ReplayResult.Ended.class);
        assertThat(next.replayer.point()).isEqualTo(recorder.point());
        assertThat(log.getFirst().first()).isEqualTo(new LogPosition(2, run.entries.size() + 1));
    }

    @Property(tries = 100, shrinking = ShrinkingMode.OFF)
    void plantedFaultIsFoundAtTheNextComparison(@ForAll long seed) throws IOException {
        RandomRun run = new RandomRun(seed, ToyMachine.Habits.LIVELY, Recorder.ReadData.OWN_DISK).act(200).end();
        SplittableRandom random = new SplittableRandom(seed);
        ToyMachine machine = new ToyMachine(ToyMachine.Habits.LIVELY);
        ReplayNode node = new ReplayNode(machine, RunPoint.start(1), new ToyDisk());
        List<LogBatch> batches = run.batches();
        int plantedAt = 1 + random.nextInt(batches.size() - 1);
        assertThat(node.replay(batches.subList(0, plantedAt), random)).isInstanceOf(ReplayResult.WaitingLog.class);
        machine.corrupt();

        ReplayResult result = node.replay(batches.subList(plantedAt, batches.size()), random);

        assertThat(result).as("seed %d", seed).isInstanceOfSatisfying(ReplayResult.Diverged.class, diverged -> {
            assertThat(diverged.evidence().expected()).isNotEqualTo(diverged.evidence().got());
            assertThat(diverged.evidence().position().seq())
                    .isGreaterThanOrEqualTo(batches.get(plantedAt).first().seq());
        });
        assertThatIllegalStateException().isThrownBy(node.replayer::goLive);
    }

    @Property(tries = 300, shrinking = ShrinkingMode.OFF)
    void corruptedLogIsRefusedOrDivergesOrMeansTheSameButNeverThrowsAnythingElse(@ForAll long seed) throws IOException {
        RandomRun run = new RandomRun(seed, ToyMachine.Habits.LIVELY, Recorder.ReadData.LOGGED).act(60).end();
        SplittableRandom random = new SplittableRandom(seed);
        ReplayNode node = new ReplayNode(new ToyMachine(ToyMachine.Habits.LIVELY), RunPoint.start(1), new ToyDisk(),
                DiskAnswers.FROM_LOG);
        for (LogBatch batch : run.batches()) {
            byte[] bytes = LogCodec.encode(batch);
            if (random.nextInt(10) == 0) {
                bytes[random.nextInt(bytes.length)] ^= (byte) (1 << random.nextInt(8));
            }
            try {
                LogBatch decoded = LogCodec.decode(bytes);
                if (decoded.entries().getLast().step() > run.machine.steps() + 100_000) {
                    return; // would only compute for long
                }
                node.replayer.accept(decoded);
            } catch (LogFormatException e) {
                assertThat(e.getMessage()).isNotBlank().doesNotContain("\n");
                return;
            }
            if (node.drain(random) instanceof ReplayResult.Diverged) {
                return;
            }
        }
    }

    @Test
    void frameLostOnTheWayToTheMachineShowsAtTheNextMark() throws IOException {
        RandomRun run = new RandomRun(5, ToyMachine.Habits.SERVER, Recorder.ReadData.LOGGED).act(200).end();
        List<LogEntry> without = new ArrayList<>(run.entries);
        without.removeIf(e -> e instanceof LogEntry.Input(long _,
                MachineInput.FramesIn _) && e.step() > run.machine.steps() / 2);
        assertThat(without).hasSizeLessThan(run.entries.size());
        SplittableRandom random = new SplittableRandom(5);

        ReplayResult result = new ReplayNode(new ToyMachine(ToyMachine.Habits.SERVER), RunPoint.start(1), new ToyDisk())
                .replay(RandomRun.batches(without, 1, random), random);

        assertThat(result).isInstanceOf(ReplayResult.Diverged.class);
    }

    private static void assertSameRun(RandomRun run, ReplayNode node) {
        assertThat(node.replayer.point()).isEqualTo(run.recorder.point());
        assertThat(node.replayer.machine().steps()).isEqualTo(run.machine.steps());
        assertThat(streams(node.outputs)).isEqualTo(streams(run.outputs));
    }

    /// Console bytes and other outputs as text; how the console was cut into pieces does not show.
    private static String streams(List<MarkedOutput> outputs) {
        ByteArrayOutputStream console = new ByteArrayOutputStream();
        StringBuilder others = new StringBuilder();
        OutputTotals totals = OutputTotals.NONE;
        for (MarkedOutput marked : outputs) {
            totals = totals.plus(marked.output());
            if (marked.output() instanceof MachineOutput.ConsoleOut(long _, byte[] bytes)) {
                console.writeBytes(bytes);
            } else if (marked.output() instanceof MachineOutput.FrameOut(byte[] frame)) {
                others.append(HexFormat.of().formatHex(frame)).append('\n');
            } else {
                others.append(marked.output()).append('\n');
            }
        }
        return others + "console " + console + "\n";
    }

    private static List<LogBatch> throughBytes(List<LogBatch> batches) throws LogFormatException {
        List<LogBatch> decoded = new ArrayList<>();
        for (LogBatch batch : batches) {
            decoded.add(LogCodec.decode(LogCodec.encode(batch)));
        }
        return decoded;
    }
}
