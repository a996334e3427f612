package io.sosia.appliance.lockstep;

import io.sosia.appliance.eventlog.LogBatch;
import io.sosia.appliance.eventlog.LogEntry;
import io.sosia.appliance.eventlog.LogFormatException;
import io.sosia.appliance.eventlog.LogPosition;
import io.sosia.appliance.eventlog.MarkedOutput;
import io.sosia.appliance.eventlog.OutputTotals;
import io.sosia.appliance.eventlog.RunPoint;
import io.sosia.appliance.machine.port.GuestMachine;
import io.sosia.appliance.machine.port.MachineInput;
import io.sosia.appliance.machine.port.MachineOutput;
import io.sosia.appliance.machine.port.MachineOutput.DiskRequest;
import io.sosia.appliance.machine.port.Stop;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// Repeats a recorded run: applies each logged input at its exact step, never runs past the last step the log declares
/// final, and compares digests and output totals with the log's. Mirror of [Recorder]. One thread at a time.
public final class Replayer {

    private record Queued(LogPosition position, LogEntry entry) {}

    private final GuestMachine machine;
    private final ReplayLimits limits;
    private final DiskAnswers disk;
    private final OutputSink outputs;
    private final ArrayDeque<Queued> queue = new ArrayDeque<>();
    private final List<MachineOutput> unmarked = new ArrayList<>();
    private long unmarkedBytes;
    private boolean unmarkedEvents;
    private final Unreleased unreleased;

    private long queuedBytes;
    private LogPosition received;
    private long receivedStep;
    private LogPosition executed;
    private OutputTotals totals;
    private long inputs;
    private Optional<ReplayResult> finished = Optional.empty();
    private boolean handedOver;

    /// @param machine a machine at the point of its run that `start` tells
    /// @param start   [RunPoint#start] for a machine just built, or what came with its snapshot
    /// @param disk    what the own disk has done of the requests given to `outputs`
    /// @param outputs told of disk requests at once and of external outputs when their mark is replayed
    public Replayer(GuestMachine machine, RunPoint start, ReplayLimits limits, DiskAnswers disk, OutputSink outputs) {
        this.machine = machine;
        this.limits = limits;
        this.disk = disk;
        this.outputs = outputs;
        this.received = start.last();
        this.receivedStep = machine.steps();
        this.executed = start.last();
        this.totals = start.totals();
        this.inputs = start.inputs();
        this.unreleased = new Unreleased(start.last(), limits.unreleasedBytesMax());
    }

    /// Whether another batch may be given to [#accept]; if not, the sender has to wait until some have been replayed.
    public boolean hasRoom() {
        return queue.size() < limits.entriesMax() && queuedBytes < limits.bytesMax();
    }

    /// Takes the next entries of the log. A batch is taken whole, so the queue may pass its bounds by one batch.
    ///
    /// @throws LogFormatException    when they do not follow the entries received so far; nothing is taken then
    /// @throws IllegalStateException when there is no room
    public void accept(LogBatch batch) throws LogFormatException {
        checkOurs();
        if (!hasRoom()) {
            throw new IllegalStateException("replay queue full: " + queue.size() + " entries, " + queuedBytes
                    + " bytes");
        }
        if (!batch.first().equals(received.next())) {
            throw new LogFormatException("log goes on with entry " + batch.first() + ", expected " + received.next());
        }
        if (batch.entries().getFirst().step() < receivedStep) {
            throw new LogFormatException("log entry " + batch.first() + " is for step "
                    + batch.entries().getFirst().step()
                    + ", but the entry before it was for step " + receivedStep);
        }
        for (LogEntry entry : batch.entries()) {
            received = received.next();
            receivedStep = entry.step();
            enqueue(new Queued(received, entry));
        }
    }

    private void checkOurs() {
        if (handedOver) {
            throw new IllegalStateException("the machine went live at log entry " + executed);
        }
    }

    private void enqueue(Queued next) {
        if (next.entry() instanceof LogEntry.Released(long _, LogPosition upTo)) {
            // Has no step of its own to wait for; taken early so that the outputs kept for re-emission stay few.
            unreleased.released(upTo);
        }
        if (!queue.isEmpty() && queue.peekLast().entry() instanceof LogEntry.Progress progress) {
            queue.removeLast();
            queuedBytes -= progress.weightBytes();
        }
        queue.add(next);
        queuedBytes += next.entry().weightBytes();
    }

    /// Replays what has been received, at most `stepsMax` steps of it.
    ///
    /// @throws IllegalStateException when the machine runs past the step it was told to stop at
    public ReplayResult advance(long stepsMax) {
        checkOurs();
        if (finished.isPresent()) {
            return finished.get();
        }
        long budgetEnd = stepsMax > Long.MAX_VALUE - machine.steps() ? Long.MAX_VALUE : machine.steps() + stepsMax;
        while (true) {
            Queued next = queue.peek();
            if (next == null) {
                return new ReplayResult.WaitingLog();
            }
            Optional<ReplayResult> stopped = next.entry().step() <= machine.steps()
                    ? replay(next)
                    : runTowards(next, budgetEnd);
            if (stopped.isPresent()) {
                switch (stopped.get()) {
                    case ReplayResult.Diverged _, ReplayResult.DiskFailed _, ReplayResult.Ended _ -> finished = stopped;
                    case ReplayResult.Ran _, ReplayResult.WaitingLog _, ReplayResult.WaitingDisk _ -> { }
                }
                return stopped.get();
            }
        }
    }

    private Optional<ReplayResult> runTowards(Queued next, long budgetEnd) {
        long until = Math.min(next.entry().step(), budgetEnd);
        long from = machine.steps();
        if (until == from) {
            return Optional.of(new ReplayResult.Ran());
        }
        Stop stop = runAndDrain(until);
        if (machine.steps() == from) {
            // It may only have told of a wait it is in; asked again it goes on, if it can.
            stop = runAndDrain(until);
        }
        if (machine.steps() == from) {
            // The recorded machine went on from here without an input; this one cannot.
            return diverged(next, "machine stands still", "a run on to step " + next.entry().step(), stop.toString());
        }
        if (machine.steps() < next.entry().step()
                && (unmarkedEvents || unmarkedBytes > limits.unreleasedBytesMax())) {
            // A recorded machine stops at such an output, and its mark is the next entry, for this very step.
            return diverged(next, "output", "none before step " + next.entry().step(), totals.toString());
        }
        return Optional.empty();
    }

    private Stop runAndDrain(long until) {
        long from = machine.steps();
        Stop stop = machine.run(until);
        if (machine.steps() < from || machine.steps() > until) {
            throw new IllegalStateException(
                    "machine ran from step " + from + " to " + machine.steps() + ", expected at most " + until);
        }
        drain();
        return stop;
    }

    private Optional<ReplayResult> replay(Queued next) {
        if (next.entry().step() < machine.steps()) {
            return diverged(next, "step", String.valueOf(next.entry().step()), String.valueOf(machine.steps()));
        }
        if (!unmarked.isEmpty() && !(next.entry() instanceof LogEntry.Mark)) {
            return diverged(next, "output", "none without a mark", totals.toString());
        }
        Optional<ReplayResult> stopped = switch (next.entry()) {
            case LogEntry.Input(long _, MachineInput input) -> replayInput(next, input);
            case LogEntry.Mark(long _, OutputTotals marked) -> replayMark(next, marked);
            case LogEntry.Progress _, LogEntry.Released _ -> Optional.empty();
            case LogEntry.Verify verify -> {
                outputs.verify(next.position(), verify);
                yield Optional.empty();
            }
            case LogEntry.Repair repair -> {
                outputs.repair(repair);
                yield Optional.empty();
            }
            case LogEntry.Digest(long _, long hash) -> compareDigest(next, hash);
            case LogEntry.End end -> replayEnd(next, end);
        };
        if (stopped.isEmpty()) {
            queue.remove();
            queuedBytes -= next.entry().weightBytes();
            executed = next.position();
        }
        return stopped;
    }

    private Optional<ReplayResult> replayInput(Queued next, MachineInput input) {
        MachineInput toApply = input;
        if (input instanceof MachineInput.DiskCompleted completed) {
            Optional<DiskRequest> request = pending(completed.requestId());
            if (request.isEmpty()) {
                return diverged(next, "disk request completed", String.valueOf(completed.requestId()),
                        "no such request under way");
            }
            switch (DiskReplay.decide(request.get(), completed, disk)) {
                case DiskReplay.Apply(var withData) -> toApply = withData;
                case DiskReplay.Wait _ -> {
                    return Optional.of(new ReplayResult.WaitingDisk(completed.requestId()));
                }
                case DiskReplay.Failed(var status) -> {
                    return Optional.of(new ReplayResult.DiskFailed(completed.requestId(), status));
                }
                case DiskReplay.Wrong(String expected, String got) -> {
                    return diverged(next, "disk data", expected, got);
                }
            }
        }
        try {
            machine.apply(toApply);
        } catch (IllegalStateException e) {
            // The recorded machine took this input at this very step.
            return diverged(next, "input " + input.getClass().getSimpleName(), "taken", String.valueOf(e.getMessage()));
        }
        inputs++;
        drain();
        return Optional.empty();
    }

    private Optional<DiskRequest> pending(long requestId) {
        for (DiskRequest request : machine.pendingDiskRequests()) {
            if (request.requestId() == requestId) {
                return Optional.of(request);
            }
        }
        return Optional.empty();
    }

    private Optional<ReplayResult> replayMark(Queued next, OutputTotals marked) {
        if (!marked.equals(totals)) {
            return diverged(next, "output", marked.toString(), totals.toString());
        }
        for (MachineOutput output : unmarked) {
            MarkedOutput closed = new MarkedOutput(output, next.position());
            unreleased.add(closed);
            outputs.external(closed);
        }
        unmarked.clear();
        unmarkedBytes = 0;
        unmarkedEvents = false;
        return Optional.empty();
    }

    private Optional<ReplayResult> compareDigest(Queued next, long hash) {
        long own = machine.digest();
        return own == hash ? Optional.empty()
                : diverged(next, "digest", "%016x".formatted(hash), "%016x".formatted(own));
    }

    private Optional<ReplayResult> replayEnd(Queued next, LogEntry.End end) {
        if (!end.totals().equals(totals)) {
            return diverged(next, "output", end.totals().toString(), totals.toString());
        }
        if (end.inputs() != inputs) {
            return diverged(next, "number of inputs", String.valueOf(end.inputs()), String.valueOf(inputs));
        }
        Optional<ReplayResult> digest = compareDigest(next, end.digest());
        if (digest.isPresent()) {
            return digest;
        }
        executed = next.position();
        queue.remove();
        return Optional.of(new ReplayResult.Ended(end));
    }

    private Optional<ReplayResult> diverged(Queued at, String what, String expected, String got) {
        return Optional.of(
                new ReplayResult.Diverged(new Divergence(at.position(), machine.steps(), what, expected, got)));
    }

    private void drain() {
        machine.drain(output -> {
            totals = totals.plus(output);
            switch (output) {
                case DiskRequest request -> outputs.disk(request);
                case MachineOutput.EntropyWanted(int bytes) -> outputs.entropyWanted(bytes);
                case MachineOutput.FrameOut _, MachineOutput.ConsoleOut _, MachineOutput.PowerOff _,
                     MachineOutput.ResetRequested _ -> {
                    unmarked.add(output);
                    unmarkedBytes += MarkedOutput.weightBytes(output);
                    unmarkedEvents |= !(output instanceof MachineOutput.ConsoleOut);
                }
            }
        });
    }

    /// Position of the last entry taken: what a receipt may acknowledge.
    public LogPosition received() {
        return received;
    }

    /// Position of the last entry replayed.
    public LogPosition executed() {
        return executed;
    }

    /// The last step declared final: how far the machine may run.
    public long frontierStep() {
        return Math.max(receivedStep, machine.steps());
    }

    /// Entries waiting to be replayed.
    public int queuedEntries() {
        return queue.size();
    }

    /// The replaying machine, for looking only.
    public GuestMachine machine() {
        return machine;
    }

    /// Whether every output the machine has produced is in [#point] by its mark: whoever goes on from there owes none.
    public boolean atMark() {
        return unmarked.isEmpty();
    }

    /// Where the run stands.
    public RunPoint point() {
        return new RunPoint(executed, totals, inputs);
    }

    /// Ends the replay and hands over the machine and all that a new primary needs.
    ///
    /// @throws IllegalStateException when the run has diverged, its disk has failed, or something received is not
    ///                replayed yet
    public GoLive goLive() {
        checkOurs();
        if (finished.isPresent() && !(finished.get() instanceof ReplayResult.Ended)) {
            throw new IllegalStateException("cannot go live: " + finished.get());
        }
        if (!queue.isEmpty()) {
            throw new IllegalStateException("cannot go live at entry " + executed + ": received up to " + received);
        }
        for (MachineOutput output : unmarked) {
            // Its mark was lost with the primary, which therefore cannot have released it.
            unreleased.add(new MarkedOutput(output, executed.next()));
        }
        unmarked.clear();
        handedOver = true;
        return new GoLive(machine, point(), unreleased.all(), unreleased.forgotten(), unreleased.releasedUpTo(),
                machine.pendingDiskRequests(), machine.pendingEntropy(), machine.ticks(), machine.ticksPerStepQ32());
    }
}
