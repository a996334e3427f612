package io.sosia.appliance.node;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sosia.appliance.eventlog.EndReason;
import io.sosia.appliance.eventlog.LogBatch;
import io.sosia.appliance.eventlog.LogEntry;
import io.sosia.appliance.eventlog.LogPosition;
import io.sosia.appliance.eventlog.MarkedOutput;
import io.sosia.appliance.eventlog.RunPoint;
import io.sosia.appliance.lockstep.DiskAnswers;
import io.sosia.appliance.lockstep.GuestTime;
import io.sosia.appliance.lockstep.OutputSink;
import io.sosia.appliance.lockstep.Recorder;
import io.sosia.appliance.lockstep.ReplayLimits;
import io.sosia.appliance.lockstep.ReplayResult;
import io.sosia.appliance.lockstep.Replayer;
import io.sosia.appliance.lockstep.ToyDisk;
import io.sosia.appliance.lockstep.ToyMachine;
import io.sosia.appliance.machine.port.MachineInput;
import io.sosia.appliance.machine.port.MachineOutput;
import io.sosia.appliance.machine.port.MachineOutput.DiskRequest;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(240)
class MachineLoopTest {
    private static final ToyMachine.Habits SLEEPER = new ToyMachine.Habits(0, 0, 0, 0, 40, 0);

    private final LoopSignal signal = new LoopSignal();
    private final MachineInboxes inboxes = new MachineInboxes(signal);
    private final LinkedBlockingQueue<MachineOutput> outputs = new LinkedBlockingQueue<>();
    private final List<LogEntry> log = new ArrayList<>();
    private final ToyDisk disk = new ToyDisk();
    private final AtomicBoolean manyIdleTurns = new AtomicBoolean();
    private Recorder recorder;
    private MachineLoop loop;
    private CompletableFuture<MachineLoop.End> ended;

    private void start(ToyMachine.Habits habits, LoopSettings settings, MachineDuty duty) {
        start(habits, settings, duty, HostSources.system());
    }

    private void start(ToyMachine.Habits habits, LoopSettings settings, MachineDuty duty, HostSources host) {
        recorder = new Recorder(new ToyMachine(habits), RunPoint.start(1), Recorder.ReadData.LOGGED,
                (_, entry) -> log.add(entry), new OutputSink() {
            @Override
            public void external(MarkedOutput output) {
                if (!(output.output() instanceof MachineOutput.ConsoleOut)) {
                    outputs.add(output.output());
                }
            }

            @Override
            public void disk(DiskRequest request) {
                disk.submit(request);
                inboxes.completed(disk.complete(request));
            }

            @Override
            public void entropyWanted(int bytes) {}
        });
        loop = new MachineLoop(recorder, inboxes, signal, settings, host, duty,
                new GuestTime(host.monotonicNanos(), 0, 0));
        loop.powerOn();
        ended = CompletableFuture.supplyAsync(loop::run, task -> Thread.ofPlatform().daemon().start(task));
    }

    @AfterEach
    void stopLoop() {
        if (loop != null) {
            loop.stop();
        }
    }

    private MachineLoop.End end() throws Exception {
        return ended.get(120, TimeUnit.SECONDS);
    }

    private MachineOutput next() throws InterruptedException {
        MachineOutput output = outputs.poll(120, TimeUnit.SECONDS);
        assertThat(output).as("an output within 120 s").isNotNull();
        return output;
    }

    private void replayEqualsTheRun(ToyMachine.Habits habits) throws IOException {
        recorder.end(EndReason.STOPPED);
        Replayer replayer = new Replayer(new ToyMachine(habits), RunPoint.start(1),
                new ReplayLimits(1 << 24, 1L << 40, 1), DiskAnswers.FROM_LOG, new OutputSink() {
            @Override
            public void external(MarkedOutput output) {}

            @Override
            public void disk(DiskRequest request) {}

            @Override
            public void entropyWanted(int bytes) {}
        });
        for (int i = 0; i < log.size(); i++) {
            replayer.accept(new LogBatch(new LogPosition(1, 1 + i), List.of(log.get(i))));
        }
        assertThat(replayer.advance(Long.MAX_VALUE)).isInstanceOf(ReplayResult.Ended.class);
    }

    @Test
    void frameFromOutsideIsAnsweredByASleepingGuest() throws Exception {
        start(SLEEPER, LoopSettings.SINGLE, MachineDuty.ALONE);
        for (int i = 0; i < 50; i++) {
            inboxes.frames().offer(new byte[40]);
            assertThat(next()).isInstanceOf(MachineOutput.FrameOut.class);
        }
        loop.stop();
        assertThat(end()).isEqualTo(MachineLoop.End.STOPPED);
        replayEqualsTheRun(SLEEPER);
    }

    @Test
    void livelyRunOnTheRealClockIsReplayedExactly() throws Exception {
        start(ToyMachine.Habits.LIVELY, LoopSettings.PRIMARY, new MachineDuty() {
            @Override
            public void turn(Recorder recorder, long hostNanos, boolean idle) {
                if (idle && recorder.machine().timerDeadlineTicks() == Long.MAX_VALUE) {
                    inboxes.console().offer(new byte[] {'w'}, 0, 1);
                }
            }
        });
        for (int i = 0; i < 300; i++) {
            next();
            if (i % 10 == 0) {
                inboxes.frames().offer(new byte[20 + i]);
                inboxes.console().offer(new byte[] {'x', 'y'}, 0, 2);
            }
        }
        loop.stop();
        end();
        assertThat(log).anyMatch(e -> e instanceof LogEntry.Input(long _, MachineInput.Entropy _))
                .anyMatch(e -> e instanceof LogEntry.Input(long _, MachineInput.DiskCompleted _));
        replayEqualsTheRun(ToyMachine.Habits.LIVELY);
    }

    @Test
    void framesThatArriveTogetherAreOneEntry() throws Exception {
        AtomicBoolean mayRun = new AtomicBoolean();
        start(ToyMachine.Habits.SILENT, LoopSettings.SINGLE, new MachineDuty() {
            @Override
            public boolean mayRun() {
                return mayRun.get();
            }
        });
        CompletableFuture<Void> taken = new CompletableFuture<>();
        loop.submit(_ -> {
            for (int i = 0; i < 5; i++) {
                inboxes.frames().offer(new byte[30]);
            }
            taken.complete(null);
        });
        taken.get(120, TimeUnit.SECONDS);
        mayRun.set(true);
        signal.raise();
        for (int i = 0; i < 5; i++) {
            next();
        }
        loop.stop();
        end();
        assertThat(log.stream().filter(e -> e instanceof LogEntry.Input(long _, MachineInput.FramesIn _))).hasSize(1);
    }

    @Test
    void sleepingGuestCostsNoEntriesAndNoTurns() throws Exception {
        CompletableFuture<Void> twentyIdleTurns = new CompletableFuture<>();
        LoopSettings settings = new LoopSettings(1_000, 1_000, 1, 0, 2_000_000);
        long from = System.nanoTime();
        start(SLEEPER, settings, new MachineDuty() {
            private int turns;
            private int entries;

            @Override
            public void turn(Recorder recorder, long hostNanos, boolean idle) {
                if (idle && turns++ == 0) {
                    entries = log.size();
                }
                if (turns == 20) {
                    assertThat(log).hasSize(entries);
                    manyIdleTurns.set(true);
                    twentyIdleTurns.complete(null);
                }
            }
        });
        twentyIdleTurns.get(120, TimeUnit.SECONDS);
        loop.stop();
        end();
        assertThat(manyIdleTurns).isTrue();
        assertThat(System.nanoTime() - from).as("waits between turns").isGreaterThan(20_000_000);
        assertThat(loop.waitedNanos()).isPositive();
    }

    @Test
    void guestTimeFollowsTheHost() throws Exception {
        // Runs at a tenth of the 100 million steps a second of a new clock, so a guest left to itself would be a second behind.
        CompletableFuture<Long> error = new CompletableFuture<>();
        start(ToyMachine.Habits.SILENT, LoopSettings.SINGLE, new MachineDuty() {
            @Override
            public void turn(Recorder recorder, long hostNanos, boolean idle) {
                if (hostNanos > 1_200_000_000L) {
                    error.complete(recorder.machine().ticks() * 100 - hostNanos);
                }
            }
        }, new StepHost());
        assertThat(Math.abs(error.get(120, TimeUnit.SECONDS))).as("nanoseconds off").isLessThan(600_000_000L);
        loop.stop();
        end();
        replayEqualsTheRun(ToyMachine.Habits.SILENT);
    }

    @Test
    void powerOffEndsTheLoop() throws Exception {
        start(SLEEPER, LoopSettings.SINGLE, MachineDuty.ALONE);
        inboxes.console().offer(new byte[] {'f'}, 0, 1);
        assertThat(end()).isEqualTo(MachineLoop.End.POWERED_OFF);
        assertThat(next()).isEqualTo(new MachineOutput.PowerOff(true));
    }

    @Test
    void restartEndsTheLoopUnlessTheOwnerSwitchesOnAgain() throws Exception {
        start(SLEEPER, LoopSettings.SINGLE, new MachineDuty() {
            private int restarts;

            @Override
            public Next stopped(boolean restartWanted) {
                assertThat(restartWanted).isTrue();
                return restarts++ == 0 ? Next.POWER_ON : Next.END;
            }
        });
        inboxes.console().offer(new byte[] {'r'}, 0, 1);
        assertThat(next()).isEqualTo(new MachineOutput.ResetRequested(false));
        inboxes.frames().offer(new byte[40]);
        assertThat(next()).isInstanceOf(MachineOutput.FrameOut.class);
        inboxes.console().offer(new byte[] {'r'}, 0, 1);
        assertThat(end()).isEqualTo(MachineLoop.End.RESET);
        replayEqualsTheRun(SLEEPER);
    }

    @Test
    void loopGoesOnServingItsOwnerWhenTheMachineStaysOff() throws Exception {
        start(SLEEPER, LoopSettings.SINGLE, new MachineDuty() {
            @Override
            public Next stopped(boolean restartWanted) {
                return Next.STAY;
            }
        });
        inboxes.console().offer(new byte[] {'p'}, 0, 1);
        next();
        CompletableFuture<Long> steps = new CompletableFuture<>();
        loop.submit(r -> steps.complete(r.machine().steps()));
        assertThat(steps.get(120, TimeUnit.SECONDS)).isPositive();
        loop.stop();
        assertThat(end()).isEqualTo(MachineLoop.End.STOPPED);
    }

    @Test
    void machineThatMayNotRunDoesNot() throws Exception {
        AtomicBoolean mayRun = new AtomicBoolean();
        start(ToyMachine.Habits.SILENT, LoopSettings.SINGLE, new MachineDuty() {
            @Override
            public boolean mayRun() {
                return mayRun.get();
            }
        });
        CompletableFuture<Long> before = new CompletableFuture<>();
        loop.submit(r -> before.complete(r.machine().steps()));
        assertThat(before.get(120, TimeUnit.SECONDS)).isZero();
        mayRun.set(true);
        inboxes.frames().offer(new byte[20]);
        next();
    }

    @Test
    void slowedMachineUsesItsShareOnlyThoughSignalsKeepWakingIt() throws Exception {
        CompletableFuture<long[]> measured = new CompletableFuture<>();
        start(ToyMachine.Habits.SILENT, LoopSettings.SINGLE, new MachineDuty() {
            @Override
            public double pace() {
                return 0.25;
            }

            @Override
            public void turn(Recorder recorder, long hostNanos, boolean idle) {
                if (recorder.machine().steps() > 3_000_000) {
                    measured.complete(new long[] {loop.waitedNanos(), hostNanos});
                }
            }
        }, new StepHost());
        long[] waitedAndPassed = measured.get(120, TimeUnit.SECONDS);
        assertThat((double) waitedAndPassed[0] / waitedAndPassed[1]).isBetween(0.74, 0.76);
    }

    /// A host whose time passes with the machine's steps, 100 ns each, and with pauses, each of which is cut short.
    private final class StepHost implements HostSources {
        private long paused;

        @Override
        public long monotonicNanos() {
            return recorder.machine().steps() * 100 + paused;
        }

        @Override
        public long wallNanos() {
            return 0;
        }

        @Override
        public byte[] random(int count) {
            return new byte[count];
        }

        @Override
        public void pause(long nanos) {
            paused += nanos / 2;
        }
    }

    @Test
    void failureOfTheLogEndsTheLoop() {
        recorder = new Recorder(new ToyMachine(SLEEPER), RunPoint.start(1), Recorder.ReadData.LOGGED, (_, entry) -> {
            if (entry instanceof LogEntry.Mark) {
                throw new UncheckedIOException(new IOException("disk full"));
            }
        }, null);
        HostSources host = HostSources.system();
        MachineLoop failing = new MachineLoop(recorder, inboxes, signal, LoopSettings.SINGLE, host, MachineDuty.ALONE,
                new GuestTime(host.monotonicNanos(), 0, 0));
        failing.powerOn();
        inboxes.frames().offer(new byte[40]);
        assertThatThrownBy(failing::run).hasRootCauseMessage("disk full");
    }
}
