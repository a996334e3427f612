package io.sosia.disksync.store;

import io.sosia.disksync.block.ByteRange;
import io.sosia.disksync.block.KnownBlocks;

/// A look that somebody takes at an extent between two writes; see [DiskStore#look]. Its disk guards it.
public final class ExtentLook {
    private final long extent;
    private final KnownBlocks known;
    private long unwritten = -1L;

    ExtentLook(long extent, KnownBlocks known) {
        this.extent = extent;
        this.known = known;
    }

    /// Number of the extent.
    public long extent() {
        return extent;
    }

    /// What the disk should hold there.
    public KnownBlocks known() {
        return known;
    }

    void wrote(ByteRange range) {
        unwritten &= ~range.blocksIn(extent);
    }

    /// The blocks in which no write has begun since.
    long unwritten() {
        return unwritten;
    }
}
