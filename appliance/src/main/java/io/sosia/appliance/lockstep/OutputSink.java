package io.sosia.appliance.lockstep;

import io.sosia.appliance.eventlog.LogEntry;
import io.sosia.appliance.eventlog.LogPosition;
import io.sosia.appliance.eventlog.MarkedOutput;
import io.sosia.appliance.machine.port.MachineOutput.DiskRequest;

/// Takes what a machine produced, in order. Calls come from inside `Recorder` and `Replayer` and must not call back
/// into them.
public interface OutputSink {

    /// An external output whose mark is in the log. The recorder's is for the output gate; the replayer's only shows
    /// what the primary may have sent.
    void external(MarkedOutput output);

    /// A request for the node's own disk.
    void disk(DiskRequest request);

    /// A replay has come to where both disks are to be compared; of no concern to a recorder's node, nor to one without a partner.
    default void verify(LogPosition at, LogEntry.Verify verify) {}

    /// A replay has come to where its node's disk is to be repaired.
    default void repair(LogEntry.Repair repair) {}

    /// The guest waits for up to `bytes` random bytes. Of no concern to a replayer's node.
    void entropyWanted(int bytes);
}
