package io.sosia.appliance.eventlog;

/// Where a run stands in its log: what goes with a machine (or its snapshot) so that recording or replaying can go on.
///
/// @param last   position of the last entry that is part of the machine's past
/// @param totals what has left the machine
/// @param inputs number of inputs applied since the log began
public record RunPoint(LogPosition last, OutputTotals totals, long inputs) {
    public RunPoint {
        if (inputs < 0) {
            throw new IllegalArgumentException("inputs " + inputs + ", expected nothing below 0");
        }
    }

    /// The start of a log: a machine that was just built.
    public static RunPoint start(long epoch) {
        return new RunPoint(new LogPosition(epoch, 0), OutputTotals.NONE, 0);
    }

    /// The same point, to be continued by the primary of a later epoch.
    public RunPoint inEpoch(long epoch) {
        return new RunPoint(last.inEpoch(epoch), totals, inputs);
    }
}
