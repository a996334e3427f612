package io.sosia.disksync.service;

import com.dynatrace.hash4j.hashing.HashValue128;
import com.dynatrace.hash4j.hashing.Hashing;
import io.sosia.disksync.block.Geometry;
import io.sosia.disksync.store.DiskStore;
import java.io.IOException;
import java.nio.ByteBuffer;

/// Hashes blocks of a disk. One thread.
final class BlockHash {
    private final DiskStore disk;
    private final byte[] block = new byte[Geometry.BLOCK_BYTES];

    BlockHash(DiskStore disk) {
        this.disk = disk;
    }

    /// XXH3-128 of each block of `extent` whose bit is set, two words each, lowest block first.
    long[] of(long extent, long blocks) throws IOException {
        long[] words = new long[2 * Long.bitCount(blocks)];
        int at = 0;
        for (long left = blocks; left != 0; left &= left - 1) {
            long offset = extent * Geometry.EXTENT_BYTES + Long.numberOfTrailingZeros(left) * (long) Geometry.BLOCK_BYTES;
            int length = (int) Math.min(Geometry.BLOCK_BYTES, disk.sizeBytes() - offset);
            disk.read(offset, ByteBuffer.wrap(block, 0, length));
            HashValue128 hash = Hashing.xxh3_128().hashBytesTo128Bits(block, 0, length);
            words[at++] = hash.getMostSignificantBits();
            words[at++] = hash.getLeastSignificantBits();
        }
        return words;
    }

    /// The blocks among `blocks` whose hashes are not the same.
    ///
    /// @throws IllegalArgumentException when there are not two words for each block
    static long differ(long blocks, long[] ours, long[] theirs) {
        if (ours.length != theirs.length) {
            throw new IllegalArgumentException(theirs.length + " words of hashes, expected " + ours.length);
        }
        long differ = 0;
        int at = 0;
        for (long left = blocks; left != 0; left &= left - 1, at += 2) {
            if (ours[at] != theirs[at] || ours[at + 1] != theirs[at + 1]) {
                differ |= Long.lowestOneBit(left);
            }
        }
        return differ;
    }
}
