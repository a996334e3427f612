package io.sosia.appliance.verify;

import io.sosia.appliance.eventlog.LogPosition;

/// What a [VerifyRun] wants done.
public sealed interface VerifyAction {

    /// Write a verify entry for this extent; answers [VerifyRun#ours] and [VerifyRun#theirs].
    record Compare(long extent) implements VerifyAction {}

    /// Both disks held the same in these blocks.
    ///
    /// @param at the verify entry's position
    record Confirm(LogPosition at, long blocks) implements VerifyAction {}

    /// Write a repair entry with what the primary's disk holds in this block; answers [VerifyRun#mended].
    record MendBackup(long offset, int length) implements VerifyAction {}

    /// Have the backup's block fetched and written to the primary's disk; answers [VerifyRun#mended].
    record MendPrimary(long offset, int length) implements VerifyAction {}

    /// A difference has been found.
    record Found(Finding finding) implements VerifyAction {}

    /// It is decided what became of a difference.
    record Settled(Finding finding) implements VerifyAction {}

    /// The run is over; see [VerifyRun#result].
    record Finished() implements VerifyAction {}
}
