package io.sosia.appliance.machine.memory;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;

/// The guest's RAM: one contiguous block at [#BASE], little-endian, with dirty flags and write watches for each 4 KiB page.
///
/// Offsets are relative to [#BASE]; callers of the offset methods have checked them with [#contains]. Every write, by the hart
/// or by a device, marks its page dirty, at the latest when its page is opened to writes, and tells the watcher of its kind if the page is watched (it holds page-table entries the
/// TLB was filled from, or decoded code).
public final class GuestRam {

    /// Physical address of the first byte.
    public static final long BASE = 0x8000_0000L;

    public static final int PAGE_SHIFT = 12;
    public static final int PAGE_SIZE = 1 << PAGE_SHIFT;

    /// Largest RAM a machine can have, in bytes: what a Java buffer holds, in whole pages of 2 MiB.
    public static final long SIZE_MAX = 2046L << 20;

    /// Dirty flag of the digest: written since the last digest.
    public static final byte DIRTY_DIGEST = 1;
    /// Dirty flag of the clone: written since the last pre-copy round.
    public static final byte DIRTY_CLONE = 2;

    /// Watch flag: the page holds page-table entries that a cached translation came from.
    public static final byte WATCH_PAGE_TABLE = 1;
    /// Watch flag: the page holds instructions that are cached in decoded form.
    public static final byte WATCH_CODE = 2;

    /// Told of every write to a watched page, after the write.
    @FunctionalInterface
    public interface WriteWatcher {
        /// @param offset first byte written, relative to [GuestRam#BASE]
        /// @param length bytes written; never crosses a page
        void written(int offset, int length);
    }

    private final ByteBuffer bytes;
    private final long address;
    private final int size;
    private final byte[] dirty;
    private final byte[] watch;
    /// Whether any page may be open to writes.
    private boolean open;
    private Runnable closer = () -> {};
    private WriteWatcher pageTableWatcher = (offset, length) -> {};
    private WriteWatcher codeWatcher = (offset, length) -> {};

    /// @param sizeBytes a multiple of 2 MiB, at most [#SIZE_MAX]
    public GuestRam(long sizeBytes) {
        if (sizeBytes <= 0 || sizeBytes > SIZE_MAX || (sizeBytes & ((2 << 20) - 1)) != 0) {
            throw new IllegalArgumentException("RAM of " + sizeBytes + " bytes, expected a multiple of 2 MiB up to "
                    + (SIZE_MAX >> 20) + " MiB");
        }
        size = (int) sizeBytes;
        bytes = HostMemory.zeros(size);
        address = NativeMemory.address(bytes);
        dirty = new byte[size >> PAGE_SHIFT];
        watch = new byte[dirty.length];
        Arrays.fill(dirty, (byte) -1);
    }

    public int size() {
        return size;
    }

    public int pages() {
        return dirty.length;
    }

    /// Where the first byte lies in [NativeMemory], for the engines' fast paths. Whoever writes there marks and watches by itself.
    public long address() {
        return address;
    }

    /// All bytes, to be read.
    public ByteBuffer contents() {
        return bytes.asReadOnlyBuffer().order(ByteOrder.LITTLE_ENDIAN);
    }

    /// Sets all bytes to zero.
    public void clear() {
        NativeMemory.fill(address, size, (byte) 0);
        touched(0, size);
    }

    /// Whether a page has been written, or may have been, since this flag was last taken off it.
    public boolean isDirty(int page, byte flag) {
        return (dirty[page] & flag) != 0;
    }

    /// Sets a dirty flag on every page.
    public void markAllDirty(byte flag) {
        for (int page = 0; page < dirty.length; page++) {
            dirty[page] |= flag;
        }
    }

    /// Sets all dirty flags of a page that may be written without notice from now on, until one of any page is taken off: a page
    /// in a table of writable pages.
    public void openToWrites(int page) {
        dirty[page] = -1;
        open = true;
    }

    /// Takes a dirty flag off a page. No page is open to writes afterwards.
    public void clean(int page, byte flag) {
        if (open) {
            open = false;
            closer.run();
        }
        dirty[page] &= (byte) ~flag;
    }

    /// Names who closes all pages that are open to writes.
    public void setCloser(Runnable closer) {
        this.closer = closer;
    }

    /// Watch flags by page, `WATCH_*` bits.
    public byte[] watchFlags() {
        return watch;
    }

    /// Names who is told of writes to pages flagged [#WATCH_PAGE_TABLE].
    public void setPageTableWatcher(WriteWatcher watcher) {
        pageTableWatcher = watcher;
    }

    /// Names who is told of writes to pages flagged [#WATCH_CODE].
    public void setCodeWatcher(WriteWatcher watcher) {
        codeWatcher = watcher;
    }

    /// Whether the physical range lies in RAM as a whole.
    public boolean contains(long address, long length) {
        long offset = address - BASE;
        return offset >= 0 && length >= 0 && offset <= size - length;
    }

    /// @param address a physical address for which [#contains] holds
    public static int offset(long address) {
        return (int) (address - BASE);
    }

    public byte read8(int offset) {
        return bytes.get(offset);
    }

    public short read16(int offset) {
        return bytes.getShort(offset);
    }

    public int read32(int offset) {
        return bytes.getInt(offset);
    }

    public long read64(int offset) {
        return bytes.getLong(offset);
    }

    public void write8(int offset, byte value) {
        bytes.put(offset, value);
        touched(offset, 1);
    }

    public void write16(int offset, short value) {
        bytes.putShort(offset, value);
        touched(offset, 2);
    }

    public void write32(int offset, int value) {
        bytes.putInt(offset, value);
        touched(offset, 4);
    }

    public void write64(int offset, long value) {
        bytes.putLong(offset, value);
        touched(offset, 8);
    }

    /// Copies out of RAM.
    public void read(int offset, byte[] into, int at, int length) {
        bytes.get(offset, into, at, length);
    }

    /// Copies into RAM.
    public void write(int offset, byte[] from, int at, int length) {
        bytes.put(offset, from, at, length);
        touched(offset, length);
    }

    /// Copies into RAM.
    public void write(int offset, ByteBuffer from, int at, int length) {
        bytes.put(offset, from, at, length);
        touched(offset, length);
    }

    /// Marks `[offset, offset + length)` as written: for writes made by [#address].
    public void touched(int offset, int length) {
        int end = offset + length;
        int from = offset;
        while (from < end) {
            int page = from >> PAGE_SHIFT;
            int to = Math.min(end, (page + 1) << PAGE_SHIFT);
            dirty[page] = -1;
            byte watched = watch[page];
            if ((watched & WATCH_PAGE_TABLE) != 0) {
                pageTableWatcher.written(from, to - from);
            }
            if ((watched & WATCH_CODE) != 0) {
                codeWatcher.written(from, to - from);
            }
            from = to;
        }
    }
}
