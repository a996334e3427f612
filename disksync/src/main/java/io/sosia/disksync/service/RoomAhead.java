package io.sosia.disksync.service;

import io.sosia.disksync.store.DiskStore;

/// Has the host allot the space of data that is about to be written: file systems write into a hole one after the other, and side by side only
/// where there is space already. The longer data has followed data, the more of it is expected. One thread at a time.
final class RoomAhead {
    private static final long BYTES_MAX = 16L << 20;

    private final DiskStore disk;
    /// Where the data without a gap begins that was expected last, and where it ends.
    private long begin = -1;
    private long end = -1;
    /// That data has its space up to here.
    private long reserved;
    /// Nothing beyond this has come yet; what lies before may be a hole that nobody fills or punches again.
    private long furthest;

    RoomAhead(DiskStore disk) {
        this.disk = disk;
    }

    /// This will be written next.
    void expect(long offset, long length) {
        if (offset != end) {
            begin = offset;
            reserved = offset;
        }
        end = offset + length;
        if (end > reserved) {
            long ahead = end > furthest ? Math.min(BYTES_MAX, end - begin) : 0;
            long upTo = Math.min(disk.sizeBytes(), end + ahead);
            disk.reserve(reserved, upTo - reserved);
            reserved = upTo;
        }
        furthest = Math.max(furthest, end);
    }

    /// Nothing but zeroes goes here.
    void skip(long offset, long length) {
        furthest = Math.max(furthest, offset + length);
    }
}
