package io.sosia.disksync.block;

/// The units a disk is measured in. Each is a power of two and divides the next.
///
/// The numbers belong together: an extent holds exactly 64 blocks, so what is dirty within an extent is one `long`.
public final class Geometry {
    /// The smallest unit a guest can address (virtio 1.2, 5.2).
    public static final int SECTOR_BYTES = 512;
    /// The unit the data file is aligned to.
    public static final int PAGE_BYTES = 4 << 10;
    /// What one bit of a [DirtyMap] stands for.
    public static final int BLOCK_BYTES = 64 << 10;
    /// What one entry of the activity log stands for.
    public static final int EXTENT_BYTES = 4 << 20;
    /// Blocks in an extent: one `long` of bits.
    public static final int BLOCKS_PER_EXTENT = EXTENT_BYTES / BLOCK_BYTES;
    /// Extents whose bits fit one stored 4 KiB page of a [DirtyMap]: 2 GiB of disk.
    public static final int EXTENTS_PER_MAP_PAGE = PAGE_BYTES / Long.BYTES;

    private Geometry() {
    }

    /// `bytes` rounded up to whole pages.
    public static long roundUpToPage(long bytes) {
        return Math.addExact(bytes, PAGE_BYTES - 1) & -PAGE_BYTES;
    }
}
