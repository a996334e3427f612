package io.sosia.appliance.node;

import io.sosia.appliance.eventlog.LogLimits;
import io.sosia.appliance.lockstep.GuestTime;
import io.sosia.appliance.lockstep.Recorder;
import io.sosia.appliance.machine.port.GuestMachine;
import io.sosia.appliance.machine.port.MachineInput;
import io.sosia.appliance.machine.port.MachineInput.DiskCompleted;
import io.sosia.appliance.machine.port.Stop;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.function.Consumer;

/// The duty cycle of a machine that executes: each turn takes what has come in, records and applies it, runs a slice,
/// and hands over what came out; while the guest waits for an interrupt the loop waits too, until its timer is due on
/// the host's clock or something comes in.
///
/// One thread calls [#run] and is the only one that touches the recorder and its machine; others use the inboxes,
/// [#submit] and the published counters.
public final class MachineLoop {

    /// How the loop ended.
    public enum End {
        /// The guest switched itself off.
        POWERED_OFF,
        /// The guest asked for a restart and the owner did not want one.
        RESET,
        /// [#stop] was called.
        STOPPED
    }

    private static final int COMMANDS_MAX = 64;
    private static final int SEED_BYTES = 64;
    /// After something came in or went out, more of it is expected for so long.
    private static final long BUSY_NANOS = 2_000_000;
    /// Slowing down is done in sleeps of at least this, or the timer's slack would count more than the sleep.
    private static final long PACE_NANOS_MIN = 200_000;
    /// And of at most this, so that what comes in is not left waiting.
    private static final long PACE_NANOS_MAX = 20_000_000;

    private final Recorder recorder;
    private final GuestMachine machine;
    private final MachineInboxes inboxes;
    private final LoopSignal signal;
    private final LoopSettings settings;
    private final HostSources host;
    private final MachineDuty duty;
    private final GuestTime time;
    private final ArrayBlockingQueue<Consumer<Recorder>> commands = new ArrayBlockingQueue<>(COMMANDS_MAX);

    private volatile boolean stopping;
    private volatile long publishedSteps;
    private volatile long publishedTurnNanos;
    private volatile long publishedWaitedNanos;

    private boolean idle;
    private boolean off;
    private long busyUntilNanos;
    private long progressNanos;
    private long digestStep;
    private long paceDebtNanos;

    /// @param inboxes made with `signal`
    /// @param time    anchored to this host's clock, for this machine
    public MachineLoop(Recorder recorder, MachineInboxes inboxes, LoopSignal signal, LoopSettings settings,
            HostSources host, MachineDuty duty, GuestTime time) {
        this.recorder = recorder;
        this.machine = recorder.machine();
        this.inboxes = inboxes;
        this.signal = signal;
        this.settings = settings;
        this.host = host;
        this.duty = duty;
        this.time = time;
        this.publishedSteps = machine.steps();
        this.digestStep = machine.steps() + settings.digestSteps();
    }

    /// Switches the board on: the first input of a machine that was just built. Before [#run], on the same thread.
    public void powerOn() {
        recorder.apply(new MachineInput.PowerOn(host.random(SEED_BYTES), host.wallNanos()));
    }

    /// Runs the machine until the guest or the owner ends it. Whatever a consumer of outputs or the log throws ends it
    /// too.
    public End run() {
        long now = host.monotonicNanos();
        busyUntilNanos = now;
        progressNanos = now;
        time.awake(now, machine.steps());
        while (true) {
            signal.clear();
            now = host.monotonicNanos();
            publish(now);
            if (stopping) {
                return End.STOPPED;
            }
            obey();
            duty.turn(recorder, now, idle || off);
            if (duty.mayRun() && payPaceDebt()) {
                continue;
            }
            if (off) {
                signal.await(settings.turnNanos());
                continue;
            }
            takeInputs(now);
            if (!duty.mayRun()) {
                rest(now, settings.turnNanos());
            } else if (idle && time.nanosUntil(machine.timerDeadlineTicks(), now) > 0) {
                rest(now, Math.min(settings.turnNanos(), time.nanosUntil(machine.timerDeadlineTicks(), now)));
            } else {
                Stop stop = slice(now);
                if (stop == Stop.POWERED_OFF || stop == Stop.RESET) {
                    switch (duty.stopped(stop == Stop.RESET)) {
                        case END -> {
                            publish(host.monotonicNanos());
                            return stop == Stop.RESET ? End.RESET : End.POWERED_OFF;
                        }
                        case POWER_ON -> powerOn();
                        case STAY -> off = true;
                    }
                }
            }
        }
    }

    /// Asks the loop to return at its next turn. Any thread.
    public void stop() {
        stopping = true;
        signal.raise();
    }

    /// Has the loop's thread do something between two slices. Any thread.
    ///
    /// @return false when too many are waiting already; nothing happens then
    public boolean submit(Consumer<Recorder> command) {
        boolean taken = commands.offer(command);
        signal.raise();
        return taken;
    }

    /// Steps of the machine at the last turn. Any thread.
    public long steps() {
        return publishedSteps;
    }

    /// When the last turn began, on the host's monotonic clock: a loop that makes no turns is wedged. Any thread.
    public long lastTurnNanos() {
        return publishedTurnNanos;
    }

    /// Host time spent waiting for the guest's timer, inputs or the owner's leave, in nanoseconds. Any thread.
    public long waitedNanos() {
        return publishedWaitedNanos;
    }

    private void publish(long now) {
        publishedSteps = machine.steps();
        publishedTurnNanos = now;
    }

    private void obey() {
        for (Consumer<Recorder> command = commands.poll(); command != null; command = commands.poll()) {
            command.accept(recorder);
        }
    }

    /// Applies what waits outside, as far as the machine has room for it: in one go, at one step.
    private void takeInputs(long now) {
        for (DiskCompleted done = inboxes.pollCompletion(); done != null; done = inboxes.pollCompletion()) {
            apply(done, now);
        }
        if (machine.pendingEntropy() > 0) {
            apply(new MachineInput.Entropy(
                    host.random(Math.min(machine.pendingEntropy(), LogLimits.ENTROPY_BYTES_MAX))), now);
        }
        int consoleRoom = Math.min(machine.consoleRoom(), LogLimits.CONSOLE_BYTES_MAX);
        if (consoleRoom > 0 && !inboxes.console().isEmpty()) {
            apply(new MachineInput.ConsoleIn(inboxes.console().take(consoleRoom)), now);
        }
        int frameRoom = Math.min(machine.frameRoom(), LogLimits.FRAMES_PER_ENTRY_MAX);
        if (frameRoom > 0 && !inboxes.frames().isEmpty()) {
            List<byte[]> frames = new ArrayList<>();
            inboxes.frames().drainTo(frames, frameRoom);
            apply(new MachineInput.FramesIn(frames), now);
        }
    }

    private void apply(MachineInput input, long now) {
        if (idle) {
            time.inputWhileIdle(now, machine.ticks(), machine.timerDeadlineTicks()).ifPresent(recorder::apply);
            time.awake(now, machine.steps());
            // Whether the guest really wakes is its own business: the next slice tells.
            idle = false;
        }
        recorder.apply(input);
        busyUntilNanos = now + BUSY_NANOS;
    }

    private Stop slice(long now) {
        if (idle) {
            // The timer is due: running on passes guest time to its deadline.
            time.awake(now, machine.steps());
            idle = false;
        }
        long steps = now < busyUntilNanos ? settings.busySteps() : settings.quietSteps();
        Stop stop = recorder.run(machine.steps() + steps);
        long after = host.monotonicNanos();
        if (stop == Stop.OUTPUT) {
            busyUntilNanos = after + BUSY_NANOS;
        }
        if (stop == Stop.IDLE) {
            idle = true;
            time.idle(after, machine.steps());
        } else if (stop != Stop.POWERED_OFF) {
            time.running(after, machine.ticks(), machine.steps()).ifPresent(recorder::apply);
        }
        declare(after);
        owePace(after - now);
        return stop;
    }

    private void declare(long now) {
        if (settings.digestSteps() > 0 && machine.steps() >= digestStep) {
            recorder.digest();
            digestStep = machine.steps() + settings.digestSteps();
        }
        if (settings.progressNanos() > 0 && now - progressNanos >= settings.progressNanos()) {
            recorder.progress();
            progressNanos = now;
        }
    }

    private void owePace(long ranNanos) {
        double pace = duty.pace();
        paceDebtNanos = pace >= 1.0 ? 0 : paceDebtNanos + (long) (ranNanos * (1.0 / Math.max(pace, 0.01) - 1.0));
    }

    /// Sleeps off what the machine has run too much; after the owner's turn, so that the log does not wait for it.
    private boolean payPaceDebt() {
        if (paceDebtNanos < PACE_NANOS_MIN) {
            return false;
        }
        long from = host.monotonicNanos();
        host.pause(Math.min(paceDebtNanos, PACE_NANOS_MAX));
        long slept = host.monotonicNanos() - from;
        publishedWaitedNanos += slept;
        // A signal ends the sleep early: the rest stays owed, or busy traffic would undo the slowing down. Too long a
        // sleep is credit, but not for more than one sleep.
        paceDebtNanos = Math.max(paceDebtNanos - slept, -PACE_NANOS_MAX);
        return true;
    }

    private void rest(long now, long nanos) {
        signal.await(nanos);
        publishedWaitedNanos += host.monotonicNanos() - now;
    }
}
