package io.sosia.disksync.service;

import io.sosia.disksync.store.DiskStore;

/// Has the host allot the space of data that is about to be written: file systems write into a hole one after the other, and side by side only
/// where there is space already. The longer data has followed data, the more of it is expected. One thread at a time.
final class RoomAhead {
    private static final long BYTES_MAX = 16L << 20;

    private final DiskStore disk;
    /// Data has come without a gap from here
    private long begin = -1;
    /// to here, and has its space up to there.
    private long end = -1;
    private long reserved;

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
            long upTo = Math.min(disk.sizeBytes(), end + Math.min(BYTES_MAX, end - begin));
            disk.reserve(reserved, upTo - reserved);
            reserved = upTo;
        }
    }
}
