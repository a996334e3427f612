package io.sosia.appliance.node;

import java.util.List;

/// How far the comparing of both disks is, or how it ended.
///
/// @param running    whether it goes on
/// @param bytesDone  compared
/// @param bytesTotal of the disk
/// @param found      blocks of 64 KiB that were not the same
/// @param ended      how it ended: `identical`, `differences found`, or why it was given up; empty while it runs or before the first
public record VerifyStatus(boolean running, long bytesDone, long bytesTotal, List<Found> found, String ended) {

    /// A block that was not the same on both disks.
    ///
    /// @param offset   of its first byte
    /// @param side     whose bytes have changed by themselves: `primary`, `backup`, or `unknown` when no earlier comparison tells
    /// @param repaired `backup` when it was given the primary's bytes, `primary` the other way round, `no`
    public record Found(long offset, String side, String repaired) {}
}
