package io.sosia.appliance.disk;

import io.sosia.appliance.verify.ExtentHashes;
import io.sosia.appliance.verify.Known;
import io.sosia.disksync.block.ByteRange;
import io.sosia.disksync.store.WriteObserver;
import java.util.HashMap;
import java.util.Map;

/// What a disk should hold: the hashes of blocks that were the same on both nodes when they were last compared and have not been
/// written since. It tells whose disk has changed by itself when the two differ.
///
/// Hashing and writing are on the disk's data thread, so a hash belongs to the content between two writes; that it was the
/// same on the partner comes later, from any thread. In memory only, half a KiB for 4 MiB of disk, for the first
/// extents up to a bound: of the others nothing is known.
public final class KnownHashes implements WriteObserver {

    /// Extents that are kept: 256 GiB of disk, in 32 MiB.
    public static final int EXTENTS_MAX = 65_536;

    private static final class Extent {
        private final long[] hashes;
        private long blocks;

        Extent(int count) {
            hashes = new long[count];
        }
    }

    private final Map<Long, Extent> extents = new HashMap<>();
    /// The one hashed last, of which nobody knows yet whether the partner's is the same.
    private ExtentHashes latest;
    private long unwritten;

    /// An extent has just been hashed.
    ///
    /// @return what was known of it before
    public synchronized Known hashed(ExtentHashes hashes) {
        latest = hashes;
        unwritten = -1L;
        Extent extent = extents.get(hashes.extent());
        return extent == null ? Known.NOTHING : new Known(extent.blocks, extent.hashes.clone());
    }

    /// The partner's disk held the same in these blocks. Does nothing when another extent has been hashed since.
    ///
    /// @param hashes as given to [#hashed]
    public synchronized void confirmed(ExtentHashes hashes, long blocks) {
        if (latest != hashes || extents.size() >= EXTENTS_MAX && !extents.containsKey(hashes.extent())) {
            return;
        }
        Extent extent = extents.computeIfAbsent(hashes.extent(), _ -> new Extent(hashes.hashes().length));
        for (long left = blocks & unwritten; left != 0; left &= left - 1) {
            int block = Long.numberOfTrailingZeros(left);
            extent.hashes[block] = hashes.hashes()[block];
        }
        extent.blocks |= blocks & unwritten;
    }

    @Override
    public void before(ByteRange range) {
        // Whoever asks is on this same thread.
    }

    @Override
    public synchronized void after(ByteRange range) {
        for (long number = range.firstExtent(); number < range.endExtent(); number++) {
            long written = range.blocksIn(number);
            Extent extent = extents.get(number);
            if (extent != null) {
                extent.blocks &= ~written;
            }
            if (latest != null && latest.extent() == number) {
                unwritten &= ~written;
            }
        }
    }
}
