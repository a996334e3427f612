package io.sosia.appliance.eventlog;

import io.sosia.appliance.machine.port.MachineInput;

/// One entry of the event log. Entries are ordered; their steps never go back, so an entry at step `s` also says that
/// nothing is to come before `s`: the backup may run up to the step of the last entry it holds, and no further
/// (architecture, "Frontier").
public sealed interface LogEntry {

    /// The step of the run this entry belongs to, 0 or above.
    long step();

    /// An input applied at this step. A completed read may come without its data: "your own disk has it".
    record Input(long step, MachineInput input) implements LogEntry {}

    /// Everything that left the machine up to this step, so that an output has a place in the log: it may be released
    /// when the backup has received its mark.
    record Mark(long step, OutputTotals totals) implements LogEntry {}

    /// Nothing happened before this step that is not in the log already.
    record Progress(long step) implements LogEntry {}

    /// The machine's digest at this step. Taking one is part of the run: both sides take it at the same places.
    record Digest(long step, long hash) implements LogEntry {}

    /// All outputs up to the mark at `upTo` have been released: a node that goes live need not send them again.
    record Released(long step, LogPosition upTo) implements LogEntry {}

    /// Both disks are looked at here: after every request before this entry and before every one behind it, so they have to hold the
    /// same bytes. Changes nothing in the run.
    ///
    /// @param offset of the first byte, in whole sectors
    /// @param length in bytes, whole sectors; an extent of 4 MiB at most
    /// @param bytes  whether the backup is to give the bytes themselves instead of their hashes
    record Verify(long step, long offset, int length, boolean bytes) implements LogEntry {}

    /// The backup's disk is given these bytes, in its order: the primary's, that it was found to lack. Changes nothing in the run.
    record Repair(long step, long offset, byte[] bytes) implements LogEntry {}

    /// The last entry of a run that was ended on purpose.
    ///
    /// @param totals what had left the machine
    /// @param inputs number of inputs that were applied in the whole log
    /// @param digest the machine's digest at the end
    record End(long step, EndReason reason, OutputTotals totals, long inputs, long digest) implements LogEntry {}

    /// Bytes this entry is counted as in bounded queues: a little more than its payload.
    default int weightBytes() {
        int payload = switch (this) {
            case Input(long _, MachineInput.FramesIn(var frames)) -> {
                int sum = 0;
                for (byte[] frame : frames) {
                    sum += frame.length + 32;
                }
                yield sum;
            }
            case Input(long _, MachineInput.DiskCompleted completed) -> completed.data().length;
            case Input(long _, MachineInput.ConsoleIn(byte[] bytes)) -> bytes.length;
            case Input(long _, MachineInput.Entropy(byte[] bytes)) -> bytes.length;
            case Input(long _, MachineInput.PowerOn on) -> on.seed().length;
            case Repair(long _, long _, byte[] bytes) -> bytes.length;
            case Input _, Mark _, Progress _, Digest _, Released _, Verify _, End _ -> 0;
        };
        return 96 + payload;
    }
}
