package io.sosia.disksync.block;

/// A run of whole sectors of a disk: `length` bytes from `offset`, both multiples of 512.
///
/// @param offset first byte, at least 0
/// @param length bytes, at least 0
public record ByteRange(long offset, long length) {
    /// Refuses what is negative, not whole sectors, or past the largest `long`.
    public ByteRange {
        if (!valid(offset, length)) {
            throw new IllegalArgumentException("offset " + offset + " and length " + length
                    + " must be multiples of " + Geometry.SECTOR_BYTES + ", not negative, and end below 2^63");
        }
    }

    /// Whether the two numbers name whole sectors of a disk of `sizeBytes`; for input that a guest chose.
    public static boolean fits(long offset, long length, long sizeBytes) {
        return valid(offset, length) && offset + length <= sizeBytes;
    }

    private static boolean valid(long offset, long length) {
        return offset >= 0 && length >= 0 && length <= Long.MAX_VALUE - offset
                && (offset | length) % Geometry.SECTOR_BYTES == 0;
    }

    /// The first byte after the range.
    public long end() {
        return offset + length;
    }

    /// The extent that holds the first byte.
    public long firstExtent() {
        return offset / Geometry.EXTENT_BYTES;
    }

    /// The first extent after the range; equal to [#firstExtent()] when the range is empty.
    public long endExtent() {
        return length == 0 ? firstExtent() : (end() - 1) / Geometry.EXTENT_BYTES + 1;
    }

    /// The blocks of `extent` that the range touches, one bit each, bit 0 the lowest block; 0 when it touches none.
    public long blocksIn(long extent) {
        long start = Math.max(offset, extent * Geometry.EXTENT_BYTES);
        long stop = Math.min(end(), (extent + 1) * Geometry.EXTENT_BYTES);
        if (start >= stop) {
            return 0;
        }
        int first = (int) (start / Geometry.BLOCK_BYTES % Geometry.BLOCKS_PER_EXTENT);
        int last = (int) ((stop - 1) / Geometry.BLOCK_BYTES % Geometry.BLOCKS_PER_EXTENT);
        return (-1L << first) & (-1L >>> (63 - last));
    }

    /// The head of the range that ends no later than `extents` extents after the one it starts in.
    public ByteRange head(int extents) {
        long stop = (firstExtent() + extents) * Geometry.EXTENT_BYTES;
        return new ByteRange(offset, Math.min(end(), stop) - offset);
    }

    /// What is left of the range after its first `bytes` bytes.
    public ByteRange after(long bytes) {
        return new ByteRange(offset + bytes, length - bytes);
    }
}
