package io.sosia.disksync.export;

import io.sosia.disksync.block.ByteRange;
import io.sosia.disksync.block.Geometry;
import io.sosia.disksync.store.DiskStore;
import io.sosia.disksync.store.SparseFile;
import io.sosia.disksync.store.WriteObserver;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The past by copy-before-write: before a block of 64 KiB is changed for the first time, its old bytes go to the side file.
///
/// A read takes the live bytes and then asks whether the block has been put aside meanwhile: a block is marked before its
/// change begins, so live bytes of an unmarked block are old, and those of a marked one are thrown away for the copy. When
/// the side file is full, or anything fails, the view is over and the change goes on: a writer never waits for a reader, and
/// never fails because of one.
///
/// Locks: `copying` lets one writer at a time put blocks aside; this object's monitor guards the marks and is held for no I/O.
final class CopiedView implements PointInTimeView, WriteObserver {
    private static final Logger DIAGNOSTICS = LoggerFactory.getLogger(CopiedView.class);
    private static final int BLOCK = Geometry.BLOCK_BYTES;
    private static final int UNTOUCHED = -1;
    private static final int ZERO = -2;

    private final DiskStore disk;
    private final SparseFile live;
    private final FileChannel side;
    private final long sizeBytes;
    private final int slotsMax;

    private final Object copying = new Object();
    private final ByteBuffer old = ByteBuffer.allocateDirect(BLOCK);

    // Guarded by this object's monitor.
    private final BitSet touched = new BitSet();
    /// Blocks put aside that are not all zeroes, with their place in the side file.
    private final Map<Integer, Integer> slots = new HashMap<>();
    private String over;

    /// @param live the disk's data file, for its holes
    /// @param side an empty file; this object closes both
    CopiedView(DiskStore disk, SparseFile live, FileChannel side, long sideBytesMax) {
        if (sideBytesMax < BLOCK) {
            throw new IllegalArgumentException("a side file of " + sideBytesMax + " bytes, expected at least " + BLOCK);
        }
        this.disk = disk;
        this.live = live;
        this.side = side;
        this.sizeBytes = disk.sizeBytes();
        this.slotsMax = (int) Math.min(sideBytesMax / BLOCK, Integer.MAX_VALUE);
        blocksOf(new ByteRange(0, sizeBytes));
    }

    private static int blocksOf(ByteRange range) {
        return Math.toIntExact((range.end() + BLOCK - 1) / BLOCK);
    }

    @Override
    public void before(ByteRange range) {
        synchronized (copying) {
            try {
                long data = -1;
                for (int block = (int) (range.offset() / BLOCK); block < blocksOf(range); block++) {
                    if (!isToBeKept(block)) {
                        continue;
                    }
                    long start = (long) block * BLOCK;
                    if (data < start) {
                        data = nextData(start);
                    }
                    if (data >= start + BLOCK) {
                        mark(block, ZERO);
                    } else if (!keep(block)) {
                        return;
                    }
                }
            } catch (IOException e) {
                end("the old content of the disk cannot be put aside: " + e.getMessage());
            }
        }
    }

    @Override
    public void after(ByteRange range) {
        // Nothing to do: what was there before is safe.
    }

    private synchronized boolean isToBeKept(int block) {
        return over == null && !touched.get(block);
    }

    private long nextData(long from) throws IOException {
        long data = live.nextData(from);
        return data < 0 ? Long.MAX_VALUE : data;
    }

    /// @return false when there is no room for it: the view is over
    private boolean keep(int block) throws IOException {
        int bytes = blockBytes(block);
        disk.read((long) block * BLOCK, old.clear().limit(bytes));
        old.flip();
        if (isZero(old)) {
            mark(block, ZERO);
            return true;
        }
        int slot = usedSlots();
        if (slot >= slotsMax) {
            end("the side file is full: " + (long) slotsMax * BLOCK + " bytes of the disk were overwritten since the export "
                    + "began; export again with more room (--side-bytes), or while the machine writes less");
            return false;
        }
        long at = (long) slot * BLOCK;
        while (old.hasRemaining()) {
            at += side.write(old, at);
        }
        mark(block, slot);
        return true;
    }

    private synchronized int usedSlots() {
        return slots.size();
    }

    private synchronized void mark(int block, int slot) {
        if (slot != ZERO) {
            slots.put(block, slot);
        }
        touched.set(block);
    }

    private static boolean isZero(ByteBuffer bytes) {
        int at = bytes.position();
        for (; at + Long.BYTES <= bytes.limit(); at += Long.BYTES) {
            if (bytes.getLong(at) != 0) {
                return false;
            }
        }
        return true;
    }

    private int blockBytes(int block) {
        return (int) Math.min(BLOCK, sizeBytes - (long) block * BLOCK);
    }

    @Override
    public long sizeBytes() {
        return sizeBytes;
    }

    @Override
    public void read(long offset, ByteBuffer into) throws IOException {
        if (!ByteRange.fits(offset, into.remaining(), sizeBytes)) {
            throw new IllegalArgumentException("offset " + offset + " and length " + into.remaining()
                    + " are not whole sectors of a disk of " + sizeBytes + " bytes");
        }
        long at = offset;
        while (into.hasRemaining()) {
            int block = (int) (at / BLOCK);
            int within = (int) (at % BLOCK);
            int bytes = Math.min(into.remaining(), blockBytes(block) - within);
            try {
                readWithin(block, within, into.slice(into.position(), bytes));
            } catch (IOException e) {
                requireGoingOn();
                throw e;
            }
            into.position(into.position() + bytes);
            at += bytes;
        }
    }

    private void readWithin(int block, int within, ByteBuffer into) throws IOException {
        int slot = slotOf(block);
        if (slot == UNTOUCHED) {
            disk.read((long) block * BLOCK + within, into);
            slot = slotOf(block);
            if (slot == UNTOUCHED) {
                return;
            }
            into.clear();
        }
        if (slot == ZERO) {
            into.put(new byte[into.remaining()]);
            return;
        }
        long at = (long) slot * BLOCK + within;
        while (into.hasRemaining()) {
            int got = side.read(into, at);
            if (got < 0) {
                throw new EOFException("the side file ends before byte " + at);
            }
            at += got;
        }
    }

    private synchronized int slotOf(int block) throws ExportEndedException {
        requireGoingOn();
        return touched.get(block) ? slots.getOrDefault(block, ZERO) : UNTOUCHED;
    }

    private synchronized void requireGoingOn() throws ExportEndedException {
        if (over != null) {
            throw new ExportEndedException(over);
        }
    }

    /// By blocks: a hole within a block that has other bytes counts as data.
    @Override
    public List<Allocation> allocation(long offset, long length, int runsMax) throws IOException {
        long end = offset + length;
        Runs runs = new Runs(runsMax);
        try {
            long data = -1;
            long hole = -1;
            for (long at = offset; at < end;) {
                int block = (int) (at / BLOCK);
                long start = (long) block * BLOCK;
                long stop = Math.min(end, start + BLOCK);
                if (data < start && hole < stop) {
                    data = nextData(start);
                    hole = data < start + BLOCK ? live.nextHole(Math.max(start, data), Long.MAX_VALUE) : -1;
                }
                // Looked at before it is asked for: as long as the block is untouched, it was so in the past.
                boolean wasHole = data >= start + BLOCK;
                int slot = slotOf(block);
                if (!runs.add(stop - at, slot == UNTOUCHED ? wasHole : slot == ZERO)) {
                    break;
                }
                at = stop;
            }
        } catch (IOException e) {
            requireGoingOn();
            throw e;
        }
        return runs.all();
    }

    private void end(String reason) {
        synchronized (this) {
            if (over != null) {
                return;
            }
            over = reason;
            touched.clear();
            slots.clear();
        }
        disk.ignore(this);
        DIAGNOSTICS.info("export ended: {}", reason);
        try (side) {
            live.close();
        } catch (IOException e) {
            DIAGNOSTICS.warn("the side file of an export cannot be closed: {}", e.getMessage());
        }
    }

    @Override
    public synchronized Optional<String> ended() {
        return Optional.ofNullable(over);
    }

    @Override
    public synchronized long sideBytes() {
        return (long) slots.size() * BLOCK;
    }

    @Override
    public long sideBytesMax() {
        return (long) slotsMax * BLOCK;
    }

    @Override
    public void close() {
        end("the export is closed");
    }
}
