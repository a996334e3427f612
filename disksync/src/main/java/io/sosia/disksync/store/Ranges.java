package io.sosia.disksync.store;

import io.sosia.disksync.block.ByteRange;

/// The check every store begins with.
final class Ranges {
    private Ranges() {
    }

    /// The range, if it is whole sectors within the disk.
    static ByteRange inside(BlockStore disk, long offset, long length) {
        if (!ByteRange.fits(offset, length, disk.sizeBytes())) {
            throw new IllegalArgumentException("offset " + offset + " and length " + length
                    + " are not whole sectors of a disk of " + disk.sizeBytes() + " bytes");
        }
        return new ByteRange(offset, length);
    }
}
