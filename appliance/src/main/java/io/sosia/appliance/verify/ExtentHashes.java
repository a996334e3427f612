package io.sosia.appliance.verify;

import io.sosia.disksync.block.Geometry;

/// What one disk holds in one extent, in short.
///
/// @param extent     number of the extent of 4 MiB, from 0
/// @param unreadable blocks that the host could not read, one bit each, bit 0 the lowest
/// @param hashes     XXH3-64 of each block of 64 KiB, lowest first: 64, or fewer in the disk's last extent. Meaningless for a
///                   block that cannot be read
public record ExtentHashes(long extent, long unreadable, long[] hashes) {

    /// Refuses what no extent can have.
    public ExtentHashes {
        if (extent < 0 || hashes.length < 1 || hashes.length > Geometry.BLOCKS_PER_EXTENT
                || (unreadable & ~all(hashes.length)) != 0) {
            throw new IllegalArgumentException("extent " + extent + " with " + hashes.length + " hashes, unreadable "
                    + Long.toHexString(unreadable) + ", expected 1 to " + Geometry.BLOCKS_PER_EXTENT + " hashes of blocks");
        }
    }

    /// One bit for each block.
    long blocks() {
        return all(hashes.length);
    }

    private static long all(int count) {
        return -1L >>> Long.SIZE - count;
    }

    /// The blocks that are not known to be the same on both sides.
    ///
    /// @throws IllegalArgumentException when `other` is of another extent or has another number of blocks
    long differ(ExtentHashes other) {
        if (other.extent != extent || other.hashes.length != hashes.length) {
            throw new IllegalArgumentException("hashes of " + other.hashes.length + " blocks of extent " + other.extent
                    + ", expected " + hashes.length + " of extent " + extent);
        }
        long differ = unreadable | other.unreadable;
        for (int block = 0; block < hashes.length; block++) {
            if (hashes[block] != other.hashes[block]) {
                differ |= 1L << block;
            }
        }
        return differ;
    }
}
