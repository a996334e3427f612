package io.sosia.appliance.lockstep;

import io.sosia.appliance.eventlog.EndReason;
import io.sosia.appliance.eventlog.LogEntry;
import io.sosia.appliance.eventlog.LogLimits;
import io.sosia.appliance.eventlog.LogPosition;
import io.sosia.appliance.eventlog.LogSink;
import io.sosia.appliance.eventlog.MarkedOutput;
import io.sosia.appliance.eventlog.OutputTotals;
import io.sosia.appliance.eventlog.RunPoint;
import io.sosia.appliance.machine.port.GuestMachine;
import io.sosia.appliance.machine.port.MachineInput;
import io.sosia.appliance.machine.port.MachineOutput;
import io.sosia.appliance.machine.port.MachineOutput.DiskRequest;
import io.sosia.appliance.machine.port.Stop;
import java.util.ArrayList;
import java.util.List;

/// Runs a live machine so that the run can be repeated: every input is stamped with its step and written to the log,
/// every external output closes the log with a mark. Mirror of [Replayer]. One thread at a time.
public final class Recorder {

    /// What the log holds of completed reads.
    public enum ReadData {
        /// The data: a replay needs no disk.
        LOGGED,
        /// Only that they completed: the backup reads its own disk.
        OWN_DISK
    }

    private final GuestMachine machine;
    private final ReadData readData;
    private final LogSink sink;
    private final OutputSink outputs;

    private LogPosition last;
    private long lastEntryStep;
    private OutputTotals totals;
    private long inputs;
    private boolean busy;
    private boolean ended;

    /// @param machine the machine, at the point of its run that `start` tells
    /// @param start   [RunPoint#start] for a machine just built; of a machine that went live its point, in the new
    ///                epoch
    public Recorder(GuestMachine machine, RunPoint start, ReadData readData, LogSink sink, OutputSink outputs) {
        this.machine = machine;
        this.last = start.last();
        this.totals = start.totals();
        this.inputs = start.inputs();
        this.readData = readData;
        this.sink = sink;
        this.outputs = outputs;
        this.lastEntryStep = machine.steps();
    }

    /// Applies an input at the machine's present step and writes it down.
    ///
    /// @return position of its entry
    /// @throws IllegalArgumentException when it is beyond [LogLimits]; nothing has happened then
    /// @throws IllegalStateException    when the machine cannot take it
    public LogPosition apply(MachineInput input) {
        enter();
        LogLimits.check(input);
        if (input instanceof MachineInput.DiskCompleted completed) {
            checkReadLength(completed);
        }
        machine.apply(input);
        inputs++;
        LogPosition at = append(new LogEntry.Input(machine.steps(), logged(input)));
        drain();
        return at;
    }

    /// Runs to `untilSteps` or an earlier stop and hands over what was produced.
    public Stop run(long untilSteps) {
        enter();
        long from = machine.steps();
        Stop stop = machine.run(untilSteps);
        if (machine.steps() < from || machine.steps() > Math.max(from, untilSteps)) {
            throw new IllegalStateException(
                    "machine ran from step " + from + " to " + machine.steps() + ", expected at most " + untilSteps);
        }
        drain();
        return stop;
    }

    /// Declares everything before the present step final, unless the last entry says so already.
    ///
    /// @return whether an entry was written
    public boolean progress() {
        enter();
        if (machine.steps() == lastEntryStep) {
            return false;
        }
        append(new LogEntry.Progress(machine.steps()));
        return true;
    }

    /// Takes a digest here and writes it down, for the other side to compare.
    public long digest() {
        enter();
        long hash = machine.digest();
        append(new LogEntry.Digest(machine.steps(), hash));
        return hash;
    }

    /// Tells that all outputs up to the mark at `upTo` have left.
    ///
    /// @throws IllegalArgumentException when that lies beyond the log
    public void released(LogPosition upTo) {
        enter();
        if (upTo.compareTo(last) > 0) {
            throw new IllegalArgumentException("released up to " + upTo + ", but the log ends at " + last);
        }
        append(new LogEntry.Released(machine.steps(), upTo));
    }

    /// Has both disks looked at here.
    ///
    /// @return position of the entry, which the partner's answer names
    public LogPosition verify(long offset, int length, boolean bytes) {
        enter();
        return append(new LogEntry.Verify(machine.steps(), offset, length, bytes));
    }

    /// Gives the partner's disk these bytes.
    public LogPosition repair(long offset, byte[] bytes) {
        enter();
        return append(new LogEntry.Repair(machine.steps(), offset, bytes));
    }

    /// Ends the log on purpose; nothing can be recorded afterwards.
    public LogEntry.End end(EndReason reason) {
        enter();
        LogEntry.End end = new LogEntry.End(machine.steps(), reason, totals, inputs, machine.digest());
        append(end);
        ended = true;
        return end;
    }

    /// Where the run stands: position of the last entry, output totals, number of inputs.
    public RunPoint point() {
        return new RunPoint(last, totals, inputs);
    }

    /// The recorded machine, for looking only: whatever changes it goes through this recorder.
    public GuestMachine machine() {
        return machine;
    }

    private void enter() {
        if (ended) {
            throw new IllegalStateException("the log has ended at " + last);
        }
        if (busy) {
            throw new IllegalStateException("called from inside an output consumer");
        }
    }

    private void checkReadLength(MachineInput.DiskCompleted completed) {
        for (DiskRequest request : machine.pendingDiskRequests()) {
            if (request.requestId() == completed.requestId()) {
                int expected = DiskReplay.dataBytes(request, completed.status());
                if (completed.data().length != expected) {
                    throw new IllegalArgumentException("disk request " + completed.requestId() + " completed with "
                            + completed.data().length + " bytes, expected " + expected);
                }
            }
        }
    }

    private MachineInput logged(MachineInput input) {
        if (readData == ReadData.OWN_DISK
                && input instanceof MachineInput.DiskCompleted(long id, var status, byte[] data) && data.length > 0) {
            return new MachineInput.DiskCompleted(id, status, new byte[0]);
        }
        return input;
    }

    private LogPosition append(LogEntry entry) {
        last = last.next();
        lastEntryStep = entry.step();
        sink.append(last, entry);
        return last;
    }

    private void drain() {
        List<MachineOutput> produced = new ArrayList<>(4);
        machine.drain(produced::add);
        if (produced.isEmpty()) {
            return;
        }
        boolean external = false;
        for (MachineOutput output : produced) {
            totals = totals.plus(output);
            external |= output.external();
        }
        LogPosition mark = external ? append(new LogEntry.Mark(machine.steps(), totals)) : last;
        busy = true;
        for (MachineOutput output : produced) {
            switch (output) {
                case DiskRequest request -> outputs.disk(request);
                case MachineOutput.EntropyWanted(int bytes) -> outputs.entropyWanted(bytes);
                case MachineOutput.FrameOut _, MachineOutput.ConsoleOut _, MachineOutput.PowerOff _,
                     MachineOutput.ResetRequested _ -> outputs.external(new MarkedOutput(output, mark));
            }
        }
        busy = false;
    }
}
