package io.sosia.disksync.block;

import java.nio.ByteBuffer;
import java.nio.LongBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.NavigableSet;
import java.util.TreeMap;

/// A set of blocks, one bit per 64 KiB, kept in 4 KiB pages so that an untouched disk costs nothing.
///
/// Iterates in ascending order. Not thread-safe: its owner guards it. Grows to one bit per block of the disk at most
/// (2 MiB for a disk of 1 TiB).
public final class DirtyMap {
    private final TreeMap<Long, long[]> pages = new TreeMap<>();
    private long count;

    /// Receives the extents that have dirty blocks, in ascending order.
    @FunctionalInterface
    public interface ExtentVisitor {
        /// Called with an extent and the non-zero bits of its dirty blocks.
        void extent(long extent, long blocks);
    }

    /// Adds every block that `range` touches.
    public void mark(ByteRange range) {
        for (long extent = range.firstExtent(); extent < range.endExtent(); extent++) {
            mark(extent, range.blocksIn(extent));
        }
    }

    /// Adds the blocks of `extent` whose bits are set.
    public void mark(long extent, long blocks) {
        if (blocks != 0) {
            long[] words = pages.computeIfAbsent(pageOf(extent), _ -> new long[Geometry.EXTENTS_PER_MAP_PAGE]);
            count += Long.bitCount(blocks & ~words[indexOf(extent)]);
            words[indexOf(extent)] |= blocks;
        }
    }

    /// Adds everything in `other`.
    public void markAll(DirtyMap other) {
        other.forEachExtent(this::mark);
    }

    /// The dirty blocks of `extent`, one bit each.
    public long blocksOf(long extent) {
        long[] words = pages.get(pageOf(extent));
        return words == null ? 0 : words[indexOf(extent)];
    }

    /// Whether the block that holds `offset` is in the set.
    public boolean contains(long offset) {
        long block = offset / Geometry.BLOCK_BYTES;
        return (blocksOf(block / Geometry.BLOCKS_PER_EXTENT) >>> block % Geometry.BLOCKS_PER_EXTENT & 1) != 0;
    }

    /// Whether no block is dirty.
    public boolean isEmpty() {
        return count == 0;
    }

    /// Removes every block.
    public void clear() {
        pages.clear();
        count = 0;
    }

    /// How many blocks are dirty.
    public long count() {
        return count;
    }

    /// Calls `visitor` with each extent that has dirty blocks, in ascending order.
    public void forEachExtent(ExtentVisitor visitor) {
        for (Map.Entry<Long, long[]> page : pages.entrySet()) {
            long first = page.getKey() * Geometry.EXTENTS_PER_MAP_PAGE;
            for (int i = 0; i < page.getValue().length; i++) {
                if (page.getValue()[i] != 0) {
                    visitor.extent(first + i, page.getValue()[i]);
                }
            }
        }
    }

    /// The extents that have dirty blocks, ascending.
    public List<Long> extents() {
        List<Long> all = new ArrayList<>();
        forEachExtent((extent, _) -> all.add(extent));
        return all;
    }

    /// Removes the blocks of `extent` whose bits are set.
    public void clear(long extent, long blocks) {
        long[] words = pages.get(pageOf(extent));
        if (words != null) {
            count -= Long.bitCount(blocks & words[indexOf(extent)]);
            words[indexOf(extent)] &= ~blocks;
        }
    }

    /// The first extent from `extent` on that has dirty blocks; -1 when there is none.
    public long nextExtent(long extent) {
        if (count == 0) {
            return -1;
        }
        for (Map.Entry<Long, long[]> page : pages.tailMap(pageOf(extent), true).entrySet()) {
            long first = page.getKey() * Geometry.EXTENTS_PER_MAP_PAGE;
            for (int i = (int) Math.max(0, extent - first); i < page.getValue().length; i++) {
                if (page.getValue()[i] != 0) {
                    return first + i;
                }
            }
        }
        return -1;
    }

    /// The numbers of the stored pages this map needs, ascending.
    public NavigableSet<Long> pageNumbers() {
        return pages.navigableKeySet();
    }

    /// The number of the stored page that holds the bits of `extent`.
    public static long pageOf(long extent) {
        return extent / Geometry.EXTENTS_PER_MAP_PAGE;
    }

    /// The stored form of a page: 4 KiB, one big-endian `long` per extent.
    public byte[] encodePage(long page) {
        byte[] bytes = new byte[Geometry.PAGE_BYTES];
        long[] words = pages.get(page);
        if (words != null) {
            ByteBuffer.wrap(bytes).asLongBuffer().put(words);
        }
        return bytes;
    }

    /// Adds the blocks of a stored page.
    ///
    /// @throws IllegalArgumentException when `stored` is not 4 KiB long or `page` is negative
    public void decodePage(long page, byte[] stored) {
        if (page < 0 || stored.length != Geometry.PAGE_BYTES) {
            throw new IllegalArgumentException("dirty map page " + page + " has " + stored.length + " bytes, expected "
                    + Geometry.PAGE_BYTES);
        }
        LongBuffer words = ByteBuffer.wrap(stored).asLongBuffer();
        for (int i = 0; i < Geometry.EXTENTS_PER_MAP_PAGE; i++) {
            mark(page * Geometry.EXTENTS_PER_MAP_PAGE + i, words.get(i));
        }
    }

    private static int indexOf(long extent) {
        return (int) (extent % Geometry.EXTENTS_PER_MAP_PAGE);
    }
}
