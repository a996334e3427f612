package io.sosia.appliance.node;

import io.sosia.disksync.block.ByteRange;
import io.sosia.disksync.block.Geometry;
import io.sosia.disksync.store.WriteObserver;
import java.util.BitSet;

/// Remembers of each block what both disks were found to hold, as long as it has not been written since: so that a later comparison
/// can tell whose bytes have changed by themselves. Disks of more than [#BYTES_MAX] are not remembered.
///
/// Any thread.
final class BlockLedger implements WriteObserver {

    /// 16 bytes for each 64 KiB: 64 MiB of memory at most.
    static final long BYTES_MAX = 256L << 30;

    private final long[] words;
    private final BitSet looked = new BitSet();
    private final BitSet known = new BitSet();

    BlockLedger(long sizeBytes) {
        long blocks = sizeBytes > BYTES_MAX ? 0 : (sizeBytes + Geometry.BLOCK_BYTES - 1) / Geometry.BLOCK_BYTES;
        words = new long[(int) (2 * blocks)];
    }

    @Override
    public void before(ByteRange range) {
        forget(range);
    }

    @Override
    public void after(ByteRange range) {
        forget(range);
    }

    private synchronized void forget(ByteRange range) {
        int first = (int) (range.offset() / Geometry.BLOCK_BYTES);
        int end = (int) ((range.end() + Geometry.BLOCK_BYTES - 1) / Geometry.BLOCK_BYTES);
        looked.clear(first, end);
        known.clear(first, end);
    }

    /// The block has been looked at just now, in the order of the requests.
    synchronized void looked(int block) {
        if (2 * block < words.length) {
            looked.set(block);
        }
    }

    /// Both disks held these bytes when it was looked at.
    synchronized void equal(int block, long high, long low) {
        if (looked.get(block)) {
            looked.clear(block);
            words[2 * block] = high;
            words[2 * block + 1] = low;
            known.set(block);
        }
    }

    /// Whose bytes have changed by themselves.
    synchronized String side(int block, long[] ours, long[] theirs, int at) {
        if (!known.get(block)) {
            return "unknown";
        }
        boolean oursAsBefore = words[2 * block] == ours[at] && words[2 * block + 1] == ours[at + 1];
        boolean theirsAsBefore = words[2 * block] == theirs[at] && words[2 * block + 1] == theirs[at + 1];
        return oursAsBefore ? "backup" : theirsAsBefore ? "primary" : "unknown";
    }
}
