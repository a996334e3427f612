package io.sosia.appliance.lockstep;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sosia.appliance.eventlog.EndReason;
import io.sosia.appliance.eventlog.LogBatch;
import io.sosia.appliance.eventlog.LogEntry;
import io.sosia.appliance.eventlog.LogFormatException;
import io.sosia.appliance.eventlog.LogPosition;
import io.sosia.appliance.eventlog.MarkedOutput;
import io.sosia.appliance.eventlog.OutputTotals;
import io.sosia.appliance.eventlog.RunPoint;
import io.sosia.appliance.machine.port.DiskStatus;
import io.sosia.appliance.machine.port.MachineInput;
import io.sosia.appliance.machine.port.MachineOutput.DiskRequest;
import io.sosia.appliance.machine.port.Stop;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class ReplayerTest {
    private static final MachineInput POWER_ON = new MachineInput.PowerOn(new byte[32], 0);
    private static final byte[] FRAME = new byte[60];

    private final List<LogEntry> log = new ArrayList<>();
    private final List<DiskRequest> disk = new ArrayList<>();

    private Recorder recorder(ToyMachine.Habits habits) {
        Recorder recorder = new Recorder(new ToyMachine(habits), RunPoint.start(1), Recorder.ReadData.OWN_DISK,
                (_, entry) -> log.add(entry), new OutputSink() {
            @Override
            public void external(MarkedOutput output) {}

            @Override
            public void disk(DiskRequest request) {
                disk.add(request);
            }

            @Override
            public void entropyWanted(int bytes) {}
        });
        recorder.apply(POWER_ON);
        return recorder;
    }

    private ReplayNode node(ToyMachine.Habits habits) {
        return new ReplayNode(new ToyMachine(habits), RunPoint.start(1), new ToyDisk());
    }

    private static void give(ReplayNode node, long firstSeq, List<LogEntry> entries) throws LogFormatException {
        node.replayer.accept(new LogBatch(new LogPosition(1, firstSeq), entries));
    }

    @Test
    void emptyLogIsNotTakenForNoInput() throws LogFormatException {
        ReplayNode node = node(ToyMachine.Habits.SILENT);
        assertThat(node.replayer.advance(1_000)).isEqualTo(new ReplayResult.WaitingLog());
        assertThat(node.replayer.machine().steps()).isZero();

        give(node, 1, List.of(new LogEntry.Input(0, POWER_ON), new LogEntry.Progress(500)));
        assertThat(node.replayer.advance(10_000)).isEqualTo(new ReplayResult.WaitingLog());
        assertThat(node.replayer.machine().steps()).isEqualTo(500);
        assertThat(node.replayer.frontierStep()).isEqualTo(500);
    }

    @Test
    void advanceStopsAtItsBudget() throws LogFormatException {
        ReplayNode node = node(ToyMachine.Habits.SILENT);
        give(node, 1, List.of(new LogEntry.Input(0, POWER_ON), new LogEntry.Progress(500)));
        assertThat(node.replayer.advance(200)).isEqualTo(new ReplayResult.Ran());
        assertThat(node.replayer.machine().steps()).isEqualTo(200);
        assertThat(node.replayer.advance(300)).isEqualTo(new ReplayResult.WaitingLog());
    }

    @Test
    void waitingGuestRunsOnOnlyWhenTheFrontierIsBeyondIt() throws LogFormatException {
        Recorder recorder = recorder(ToyMachine.Habits.SERVER);
        long idleAt = runToIdleWithTimer(recorder);
        recorder.progress();
        ReplayNode node = node(ToyMachine.Habits.SERVER);
        give(node, 1, List.copyOf(log));
        assertThat(node.replayer.advance(Long.MAX_VALUE)).isEqualTo(new ReplayResult.WaitingLog());
        assertThat(node.replayer.machine().steps()).isEqualTo(idleAt);
        long ticksAtWait = node.replayer.machine().ticks();

        int given = log.size();
        recorder.run(idleAt + 5);
        recorder.progress();
        assertThat(recorder.machine().ticks()).isGreaterThan(ticksAtWait);
        give(node, given + 1, log.subList(given, log.size()));
        assertThat(node.replayer.advance(Long.MAX_VALUE)).isEqualTo(new ReplayResult.WaitingLog());

        assertThat(node.replayer.machine().steps()).isEqualTo(recorder.machine().steps());
        assertThat(node.replayer.machine().ticks()).isEqualTo(recorder.machine().ticks());
    }

    @Test
    void inputThatEndsAWaitIsAppliedAtTheStepOfTheWait() throws LogFormatException {
        Recorder recorder = recorder(ToyMachine.Habits.SERVER);
        long idleAt = runToIdleWithTimer(recorder);
        recorder.apply(new MachineInput.ClockAdjust(recorder.machine().ticks(), 1L << 28));
        recorder.apply(new MachineInput.FramesIn(List.of(FRAME)));
        recorder.run(idleAt + 5);
        recorder.digest();
        ReplayNode node = node(ToyMachine.Habits.SERVER);
        give(node, 1, List.copyOf(log));

        assertThat(node.replayer.advance(Long.MAX_VALUE)).isEqualTo(new ReplayResult.WaitingLog());
        assertThat(node.replayer.machine().steps()).isEqualTo(recorder.machine().steps());
    }

    private long runToIdleWithTimer(Recorder recorder) {
        while (recorder.run(recorder.machine().steps() + 10_000) != Stop.IDLE
                || recorder.machine().timerDeadlineTicks() == Long.MAX_VALUE) {
            if (recorder.machine().timerDeadlineTicks() == Long.MAX_VALUE) {
                recorder.apply(new MachineInput.FramesIn(List.of(FRAME)));
            }
        }
        return recorder.machine().steps();
    }

    @Test
    void guestThatWaitsForEverWhereThePrimaryWentOnHasDiverged() throws LogFormatException {
        ToyMachine.Habits sleeper = new ToyMachine.Habits(0, 0, 0, 0, 50, 0);
        ReplayNode node = node(sleeper);
        give(node, 1, List.of(new LogEntry.Input(0, POWER_ON), new LogEntry.Progress(100_000)));
        assertThat(node.replayer.advance(Long.MAX_VALUE)).isInstanceOfSatisfying(ReplayResult.Diverged.class,
                d -> assertThat(d.evidence().toString()).contains("a run on to step 100000, got IDLE"));
    }

    @Test
    void completionIsAppliedOnlyWhenTheOwnDiskHasDoneIt() throws LogFormatException {
        Recorder recorder = recordOneRequest();
        ReplayNode node = new ReplayNode(
                new ToyMachine(ToyMachine.Habits.LIVELY), RunPoint.start(1), ToyDisk.answeringAfter(2));
        give(node, 1, List.copyOf(log));
        long id = disk.getFirst().requestId();

        assertThat(node.replayer.advance(Long.MAX_VALUE)).isEqualTo(new ReplayResult.WaitingDisk(id));
        LogPosition before = node.replayer.executed();
        assertThat(node.replayer.advance(Long.MAX_VALUE)).isEqualTo(new ReplayResult.WaitingDisk(id));
        assertThat(node.replayer.executed()).isEqualTo(before);
        assertThat(node.replayer.advance(Long.MAX_VALUE)).isEqualTo(new ReplayResult.WaitingLog());
        assertThat(node.replayer.point()).isEqualTo(recorder.point());
    }

    @Test
    void requestThatFailsOnlyOnTheBackupRetiresIt() throws LogFormatException {
        recordOneRequest();
        ReplayNode node = node(ToyMachine.Habits.LIVELY);
        give(node, 1, log.subList(0, log.size() - 1));
        node.replayer.advance(Long.MAX_VALUE);
        long id = disk.getFirst().requestId();
        node.disk.fail(id);
        give(node, log.size(), List.of(log.getLast()));

        ReplayResult result = node.replayer.advance(Long.MAX_VALUE);

        assertThat(result).isEqualTo(new ReplayResult.DiskFailed(id, DiskStatus.IO_ERROR));
        assertThatIllegalStateException().isThrownBy(node.replayer::goLive).withMessageContaining("DiskFailed");
    }

    @Test
    void requestThePrimaryFailedIsFailedOnTheBackupToo() throws LogFormatException {
        Recorder recorder = recordOneRequest(DiskStatus.IO_ERROR);
        recorder.digest();
        ReplayNode node = node(ToyMachine.Habits.LIVELY);
        give(node, 1, List.copyOf(log));
        assertThat(node.replayer.advance(Long.MAX_VALUE)).isEqualTo(new ReplayResult.WaitingLog());
    }

    private Recorder recordOneRequest() {
        return recordOneRequest(DiskStatus.OK);
    }

    private Recorder recordOneRequest(DiskStatus status) {
        Recorder recorder = recorder(ToyMachine.Habits.LIVELY);
        while (disk.isEmpty()) {
            recorder.run(recorder.machine().steps() + 1_000);
        }
        DiskRequest request = disk.getFirst();
        recorder.apply(new MachineInput.DiskCompleted(
                request.requestId(), status, new byte[DiskReplay.dataBytes(request, status)]));
        return recorder;
    }

    @Test
    void completionOfAnUnknownRequestHasDiverged() throws LogFormatException {
        ReplayNode node = node(ToyMachine.Habits.SILENT);
        give(node, 1, List.of(new LogEntry.Input(0, POWER_ON),
                new LogEntry.Input(10, new MachineInput.DiskCompleted(3, DiskStatus.OK, new byte[0]))));
        assertThat(node.replayer.advance(Long.MAX_VALUE)).isInstanceOfSatisfying(ReplayResult.Diverged.class,
                d -> assertThat(d.evidence()).isEqualTo(new Divergence(new LogPosition(1, 2), 10,
                        "disk request completed", "3", "no such request under way")));
    }

    @Test
    void inputTheMachineRefusesHasDiverged() throws LogFormatException {
        ReplayNode node = node(ToyMachine.Habits.SILENT);
        give(node, 1, List.of(new LogEntry.Input(0, POWER_ON),
                new LogEntry.Input(1_000, new MachineInput.ClockAdjust(1, 1L << 28))));
        assertThat(node.replayer.advance(Long.MAX_VALUE)).isInstanceOfSatisfying(ReplayResult.Diverged.class,
                d -> assertThat(d.evidence().what()).isEqualTo("input ClockAdjust"));
    }

    @Test
    void digestThatDiffersIsEvidence() throws LogFormatException {
        ReplayNode node = node(ToyMachine.Habits.SILENT);
        give(node, 1, List.of(new LogEntry.Input(0, POWER_ON), new LogEntry.Digest(40, 0x1234)));
        assertThat(node.replayer.advance(Long.MAX_VALUE)).isInstanceOfSatisfying(ReplayResult.Diverged.class, d -> {
            assertThat(d.evidence().position()).isEqualTo(new LogPosition(1, 2));
            assertThat(d.evidence().step()).isEqualTo(40);
            assertThat(d.evidence().expected()).isEqualTo("0000000000001234");
        });
        assertThat(node.replayer.advance(1)).as("stays diverged").isInstanceOf(ReplayResult.Diverged.class);
    }

    @Test
    void outputThePrimaryDidNotHaveIsFoundBeforeItsMark() throws LogFormatException {
        ReplayNode node = node(new ToyMachine.Habits(0, 100, 0, 0, 0, 0));
        give(node, 1, List.of(new LogEntry.Input(0, POWER_ON), new LogEntry.Progress(100_000)));
        assertThat(node.replayer.advance(Long.MAX_VALUE)).isInstanceOfSatisfying(ReplayResult.Diverged.class,
                d -> assertThat(d.evidence().expected()).isEqualTo("none before step 100000"));
        assertThat(node.outputs).isEmpty();
    }

    @Test
    void gapInTheLogIsRefusedAndNamesBothEntries() {
        ReplayNode node = node(ToyMachine.Habits.SILENT);
        assertThatThrownBy(() -> give(node, 2, List.of(new LogEntry.Progress(1))))
                .isInstanceOf(LogFormatException.class).hasMessage("log goes on with entry 1/2, expected 1/1");
        LogBatch otherEpoch = new LogBatch(new LogPosition(2, 1), List.of(new LogEntry.Progress(1)));
        assertThatThrownBy(() -> node.replayer.accept(otherEpoch)).isInstanceOf(LogFormatException.class);
    }

    @Test
    void stepsThatGoBackAreRefused() throws LogFormatException {
        ReplayNode node = node(ToyMachine.Habits.SILENT);
        give(node, 1, List.of(new LogEntry.Progress(7)));
        assertThatThrownBy(() -> give(node, 2, List.of(new LogEntry.Progress(6))))
                .isInstanceOf(LogFormatException.class).hasMessageContaining("step 6");
        assertThat(node.replayer.received()).isEqualTo(new LogPosition(1, 1));
    }

    @Test
    void fullQueueSaysSoAndProgressDoesNotFillIt() throws LogFormatException {
        Replayer replayer = new Replayer(new ToyMachine(ToyMachine.Habits.SILENT), RunPoint.start(1),
                new ReplayLimits(3, 1_000_000, 1_000), DiskAnswers.FROM_LOG, node(ToyMachine.Habits.SILENT));
        replayer.accept(new LogBatch(new LogPosition(1, 1), List.of(new LogEntry.Input(0, POWER_ON))));
        for (int i = 2; i < 50; i++) {
            replayer.accept(new LogBatch(new LogPosition(1, i), List.of(new LogEntry.Progress(i))));
        }
        assertThat(replayer.queuedEntries()).isEqualTo(2);
        LogBatch two = new LogBatch(
                new LogPosition(1, 50), List.of(new LogEntry.Digest(60, 1), new LogEntry.Digest(61, 1)));
        replayer.accept(two);
        assertThat(replayer.hasRoom()).isFalse();
        LogBatch more = new LogBatch(new LogPosition(1, 52), List.of(new LogEntry.Progress(62)));
        assertThatIllegalStateException().isThrownBy(() -> replayer.accept(more));
    }

    @Test
    void outputsAboveReleasedAreKeptForReemissionAndNoOthers() throws LogFormatException {
        Recorder recorder = recorder(new ToyMachine.Habits(0, 200, 0, 0, 0, 0));
        List<LogPosition> marks = new ArrayList<>();
        while (marks.size() < 6) {
            recorder.run(recorder.machine().steps() + 100);
            if (log.getLast() instanceof LogEntry.Mark && (marks.isEmpty()
                    || !marks.getLast().equals(recorder.point().last()))) {
                marks.add(recorder.point().last());
            }
        }
        recorder.released(marks.get(3));
        ReplayNode node = node(new ToyMachine.Habits(0, 200, 0, 0, 0, 0));
        give(node, 1, List.copyOf(log));
        assertThat(node.replayer.advance(Long.MAX_VALUE)).isEqualTo(new ReplayResult.WaitingLog());

        GoLive live = node.replayer.goLive();

        assertThat(live.releasedUpTo()).isEqualTo(marks.get(3));
        assertThat(live.unreleased()).extracting(MarkedOutput::mark).containsExactly(marks.get(4), marks.get(5));
        assertThat(live.forgotten()).isZero();
        assertThatIllegalStateException().isThrownBy(() -> node.replayer.advance(1)).withMessageContaining("went live");
    }

    @Test
    void outputsKeptForReemissionAreBoundedAndTheLossIsCounted() throws LogFormatException {
        Recorder recorder = recorder(new ToyMachine.Habits(0, 200, 0, 0, 0, 0));
        recorder.run(recorder.machine().steps() + 1);
        while (recorder.point().totals().frames() < 50) {
            recorder.run(recorder.machine().steps() + 100);
        }
        ToyMachine machine = new ToyMachine(new ToyMachine.Habits(0, 200, 0, 0, 0, 0));
        Replayer replayer = new Replayer(machine, RunPoint.start(1), new ReplayLimits(1 << 16, 1 << 20, 10 * 128),
                DiskAnswers.FROM_LOG, node(ToyMachine.Habits.SILENT));
        replayer.accept(new LogBatch(new LogPosition(1, 1), log));
        replayer.advance(Long.MAX_VALUE);

        GoLive live = replayer.goLive();

        assertThat(live.unreleased()).hasSize(10);
        assertThat(live.forgotten()).isEqualTo(40);
        assertThat(live.unreleased().getLast().mark()).isEqualTo(recorder.point().last());
    }

    @Test
    void nothingGoesLiveBeforeEverythingReceivedIsReplayed() throws LogFormatException {
        ReplayNode node = node(ToyMachine.Habits.SILENT);
        give(node, 1, List.of(new LogEntry.Input(0, POWER_ON), new LogEntry.Progress(500)));
        node.replayer.advance(100);
        assertThatIllegalStateException().isThrownBy(node.replayer::goLive)
                .withMessage("cannot go live at entry 1/1: received up to 1/2");
    }

    @Test
    void powerOffEndsBothSidesAtTheSameStep() throws LogFormatException {
        Recorder recorder = recorder(ToyMachine.Habits.SILENT);
        recorder.run(1_000);
        recorder.apply(new MachineInput.ConsoleIn(new byte[] {'f'}));
        assertThat(recorder.run(5_000)).isEqualTo(Stop.POWERED_OFF);
        LogEntry.End end = recorder.end(EndReason.FAILED);
        ReplayNode node = node(ToyMachine.Habits.SILENT);
        give(node, 1, List.copyOf(log));

        assertThat(node.replayer.advance(Long.MAX_VALUE)).isEqualTo(new ReplayResult.Ended(end));
        assertThat(node.replayer.machine().steps()).isEqualTo(1_001);
        assertThat(end.totals().ends()).isEqualTo(1);
    }

    @Test
    void endThatDiffersInOneOutputIsNotAReproduction() throws LogFormatException {
        Recorder recorder = recorder(ToyMachine.Habits.SILENT);
        recorder.run(1_000);
        LogEntry.End end = recorder.end(EndReason.STOPPED);
        ReplayNode node = node(ToyMachine.Habits.SILENT);
        give(node, 1, log.subList(0, log.size() - 1));
        OutputTotals other = new OutputTotals(0, end.totals().consoleHash(), 1, 60, 0, 0);
        give(node, log.size(), List.of(new LogEntry.End(1_000, EndReason.STOPPED, other, 1, end.digest())));
        assertThat(node.replayer.advance(Long.MAX_VALUE)).isInstanceOf(ReplayResult.Diverged.class);
    }

    @Test
    void recorderWritesNoProgressTwiceForOneStep() {
        Recorder recorder = recorder(ToyMachine.Habits.SILENT);
        assertThat(recorder.progress()).isFalse();
        recorder.run(10);
        assertThat(recorder.progress()).isTrue();
        assertThat(recorder.progress()).isFalse();
        assertThat(log).hasSize(2);
    }

    @Test
    void recorderTakesNothingBeyondTheLimitsOfTheLog() {
        Recorder recorder = recorder(ToyMachine.Habits.SILENT);
        assertThatThrownBy(() -> recorder.apply(new MachineInput.ConsoleIn(new byte[5_000])))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("console input bytes: 5000, expected 1 to 4096");
        assertThat(recorder.point().inputs()).isEqualTo(1);
        assertThat(log).hasSize(1);
    }

    @Test
    void nothingIsRecordedAfterTheEnd() {
        Recorder recorder = recorder(ToyMachine.Habits.SILENT);
        recorder.end(EndReason.STOPPED);
        assertThatIllegalStateException().isThrownBy(() -> recorder.run(5)).withMessage("the log has ended at 1/2");
    }
}
