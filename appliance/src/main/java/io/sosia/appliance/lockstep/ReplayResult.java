package io.sosia.appliance.lockstep;

import io.sosia.appliance.eventlog.LogEntry;
import io.sosia.appliance.machine.port.DiskStatus;

/// Why `Replayer.advance` returned.
public sealed interface ReplayResult {

    /// It ran as many steps as it was allowed; there is more to do.
    record Ran() implements ReplayResult {}

    /// The frontier is reached: it cannot know what comes next before another entry arrives.
    record WaitingLog() implements ReplayResult {}

    /// The log completes a request that the own disk has not done yet.
    record WaitingDisk(long requestId) implements ReplayResult {}

    /// The run differs from the recorded one. Final: this machine must never go live.
    record Diverged(Divergence evidence) implements ReplayResult {}

    /// The own disk failed a request that the primary's disk carried out. Final: this node has to retire.
    record DiskFailed(long requestId, DiskStatus status) implements ReplayResult {}

    /// The log was ended on purpose and has been reproduced to its last output byte. Final.
    record Ended(LogEntry.End end) implements ReplayResult {}
}
