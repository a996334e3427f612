package io.sosia.disksync.block;

import java.util.Arrays;

/// What the blocks of an extent should hold, as far as that is known.
///
/// @param blocks the blocks of which it is known, one bit each, bit 0 the lowest
/// @param hashes theirs, lowest block first: as many as there are bits
public record KnownBlocks(long blocks, long[] hashes) {

    /// Nothing is known.
    public static final KnownBlocks NOTHING = new KnownBlocks(0, new long[0]);

    /// Refuses another number of hashes than of blocks.
    public KnownBlocks {
        if (Long.bitCount(blocks) != hashes.length) {
            throw new IllegalArgumentException(hashes.length + " hashes of blocks " + Long.toHexString(blocks) + ", expected "
                    + Long.bitCount(blocks));
        }
    }

    /// Whether it is known what `block` should hold.
    public boolean has(int block) {
        return (blocks >>> block & 1) != 0;
    }

    /// Hash of what `block` should hold.
    ///
    /// @throws IllegalArgumentException when that is not known
    public long hash(int block) {
        if (!has(block)) {
            throw new IllegalArgumentException("nothing is known of block " + block);
        }
        return hashes[Long.bitCount(blocks & (1L << block) - 1)];
    }

    /// The same, with nothing known of `forgotten`.
    public KnownBlocks without(long forgotten) {
        long left = blocks & ~forgotten;
        return left == blocks ? this : select(left, 0, new long[0]);
    }

    /// The same, but for `learnt`, of which `byBlock` is known now.
    ///
    /// @param byBlock by number of the block; meaningless for the others
    public KnownBlocks with(long learnt, long[] byBlock) {
        return select(blocks | learnt, learnt, byBlock);
    }

    private KnownBlocks select(long all, long learnt, long[] byBlock) {
        long[] selected = new long[Long.bitCount(all)];
        int at = 0;
        for (long left = all; left != 0; left &= left - 1) {
            int block = Long.numberOfTrailingZeros(left);
            selected[at++] = (learnt >>> block & 1) != 0 ? byBlock[block] : hash(block);
        }
        return new KnownBlocks(all, selected);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof KnownBlocks(long itsBlocks, long[] itsHashes)
                && blocks == itsBlocks && Arrays.equals(hashes, itsHashes);
    }

    @Override
    public int hashCode() {
        return 31 * Long.hashCode(blocks) + Arrays.hashCode(hashes);
    }

    @Override
    public String toString() {
        return "known blocks " + Long.toHexString(blocks);
    }
}
