package io.sosia.appliance.lockstep;

import io.sosia.appliance.eventlog.LogPosition;
import io.sosia.appliance.eventlog.MarkedOutput;
import io.sosia.appliance.eventlog.RunPoint;
import io.sosia.appliance.machine.port.GuestMachine;
import io.sosia.appliance.machine.port.MachineOutput.DiskRequest;
import java.util.List;

/// All that a new primary needs to go on where the log ends.
///
/// @param machine          the machine, at the step of the last replayed entry
/// @param point            where the run stands; a [Recorder] continues from `point.inEpoch(newEpoch)`
/// @param unreleased       external outputs that the old primary may not have released, oldest first: to be sent again
/// @param forgotten        how many more of them were dropped because of the bound
/// @param releasedUpTo     the last position known to be released
/// @param pendingDisk      requests without a logged completion, in submission order: to be issued again
/// @param pendingEntropy   random bytes the guest waits for, 0 if none
/// @param ticks            guest time, in ticks of 100 ns
/// @param ticksPerStepQ32  rate of guest time
public record GoLive(
        GuestMachine machine, RunPoint point, List<MarkedOutput> unreleased, long forgotten, LogPosition releasedUpTo,
        List<DiskRequest> pendingDisk, int pendingEntropy, long ticks, long ticksPerStepQ32) {
    public GoLive {
        unreleased = List.copyOf(unreleased);
        pendingDisk = List.copyOf(pendingDisk);
    }
}
