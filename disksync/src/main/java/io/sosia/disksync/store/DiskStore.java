package io.sosia.disksync.store;

import io.sosia.disksync.block.ByteRange;
import io.sosia.disksync.block.DirtyMap;
import io.sosia.disksync.block.GenerationId;
import io.sosia.disksync.block.Generations;
import io.sosia.disksync.block.Geometry;
import io.sosia.disksync.block.Position;
import io.sosia.disksync.block.Unacknowledged;
import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.List;
import java.util.Optional;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.LongPredicate;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// A node's own copy of the pair's disk: a sparse data file, and metadata that says, after any crash, which blocks may differ
/// from the partner's copy.
///
/// The rules, each of which a crash test holds:
/// * an extent is in the activity log, durably, before the first write to it since it was last cold;
/// * it leaves the activity log only when its writes are durable, the partner has them, and, while the partner is away, its
///   dirty bits are stored by the same atomic change;
/// * a flush returns when what was written before it is durable; the applied position moves only after that, so it is a
///   lower bound.
///
/// Locks: this object's monitor guards the maps and the metadata; it is held during metadata writes, never during data I/O.
public final class DiskStore implements BlockStore {
    /// Hot extents beyond which the least recently written are made cold: 4.7 GiB of disk.
    public static final int HOT_EXTENTS_MAX = 1_200;

    private static final Logger DIAGNOSTICS = LoggerFactory.getLogger(DiskStore.class);
    private static final SecureRandom RANDOM = new SecureRandom();
    private static final int EVICTED_TOGETHER = 32;
    private static final int EXTENTS_PER_CHANGE = 64;

    /// What a test replaces.
    record Settings(DataFile.Opener opener, Writeback.Limits limits, int hotExtentsMax) {
        static final Settings DEFAULT = new Settings(LinuxDataFile::open, Writeback.Limits.DEFAULT, HOT_EXTENTS_MAX);
    }

    @FunctionalInterface
    private interface Io {
        /// Returns how many bytes wait to be written back.
        long run(ByteRange range) throws IOException;
    }

    private final DiskFolder folder;
    private final Path dir;
    private final DataFile data;
    private final Metadata meta;
    private final Writeback writeback;
    private final int hotExtentsMax;
    private final long sizeBytes;

    private final List<WriteObserver> observers = new CopyOnWriteArrayList<>();
    private final ActivityLog hot = new ActivityLog();
    private final Unacknowledged unacknowledged = new Unacknowledged();
    /// Extents found hot when the disk was opened after a crash: the partner may hold other bytes there.
    private final SortedSet<Long> inherited = new TreeSet<>();
    /// Blocks written since the base generation; empty unless the partner is away.
    private final DirtyMap dirty;
    private SuperBlock superBlock;
    private Position reached;
    private Position durable;
    private int writing;
    private boolean closed;

    private DiskStore(Path dir, DiskFolder folder, Metadata meta, DataFile data, Settings settings) throws IOException {
        this.dir = dir;
        this.folder = folder;
        this.meta = meta;
        this.data = data;
        this.hotExtentsMax = settings.hotExtentsMax();
        this.superBlock = meta.superBlock();
        this.sizeBytes = superBlock.sizeBytes();
        this.reached = superBlock.applied();
        this.durable = reached;
        this.dirty = superBlock.partner() == Partner.AWAY ? meta.dirty(base()) : new DirtyMap();
        // What a killed process wrote may be in the host's cache only; a flush of ours would not know of it.
        data.sync();
        recover(meta.hotExtents().navigableKeySet());
        this.writeback = new Writeback(dir.getFileName().toString(), data, settings.limits(), this::aroundSync);
    }

    /// Makes a disk of `sizeBytes` zero bytes in `dir`, which must not exist or be empty. An interrupted creation is begun
    /// afresh.
    ///
    /// @param sizeBytes a positive multiple of 512
    /// @throws DiskFormatException when the directory holds something else or the size is not whole sectors
    public static void create(Path dir, DiskBirth birth, long sizeBytes) throws IOException {
        requireSectors(sizeBytes);
        DiskFolder.create(dir, birth, sizeBytes, Optional.empty());
    }

    /// Makes a disk of `sizeBytes` in `dir` that begins with the content of `image`; holes and zeroes take no space.
    ///
    /// @param image a raw image of whole sectors, no longer than `sizeBytes`
    /// @throws DiskFormatException as for the other `create`, and when the image cannot be used
    public static void create(Path dir, DiskBirth birth, long sizeBytes, Path image) throws IOException {
        requireSectors(sizeBytes);
        long imageBytes = ImageFile.checkedSize(image, false);
        if (imageBytes > sizeBytes) {
            throw new DiskFormatException("a disk of " + sizeBytes + " bytes is too small for image " + image + " of "
                    + imageBytes + " bytes; make the disk at least that large");
        }
        DiskFolder.create(dir, birth, sizeBytes, Optional.of(image));
    }

    /// Opens the disk in `dir`, and keeps other processes out until it is closed.
    ///
    /// @throws DiskFormatException when there is no disk, it is in use, unfinished or damaged; the message says which
    public static DiskStore open(Path dir) throws IOException {
        return open(dir, Settings.DEFAULT);
    }

    static DiskStore open(Path dir, Settings settings) throws IOException {
        DiskFolder folder = DiskFolder.open(dir);
        Metadata meta = null;
        DataFile data = null;
        try {
            meta = Metadata.open(folder.meta());
            long expected = Geometry.roundUpToPage(meta.superBlock().sizeBytes());
            long found = Files.size(folder.data());
            if (found != expected) {
                throw new DiskFormatException(folder.data() + " has " + found + " bytes, expected " + expected
                        + "; bring the file back, or make the disk anew from its image or its partner");
            }
            data = settings.opener().open(folder.data());
            return new DiskStore(dir, folder, meta, data, settings);
        } catch (IOException | RuntimeException e) {
            closeAll(e, data, meta, folder);
            throw e;
        }
    }

    /// After a crash the hot extents may differ from the partner's copy: keep that knowledge until it is settled.
    private void recover(SortedSet<Long> hotBefore) throws IOException {
        if (hotBefore.isEmpty()) {
            return;
        }
        try (Metadata.Change change = meta.change()) {
            switch (superBlock.partner()) {
                case IN_SYNC -> {
                    inherited.addAll(hotBefore);
                    hotBefore.forEach(hot::add);
                }
                case AWAY -> {
                    hotBefore.forEach(extent -> dirty.mark(wholeExtent(extent)));
                    change.dirty(base(), dirty);
                    coolAll(change, hotBefore);
                }
                case NONE -> coolAll(change, hotBefore);
            }
            change.event("opened with " + hotBefore.size() + " hot extents, partner " + superBlock.partner()
                    + ": not closed, or closed before the partner had everything");
            change.commit();
        }
        DIAGNOSTICS.info("disk {} opened with hot extents: partner={} hot-extents={} applied={}", dir,
                superBlock.partner(), hotBefore.size(), durable);
    }

    @Override
    public long sizeBytes() {
        return sizeBytes;
    }

    /// The file that holds the disk's bytes, for [SparseFile].
    public Path dataPath() {
        return folder.data();
    }

    @Override
    public void read(long offset, ByteBuffer into) throws IOException {
        Ranges.inside(this, offset, into.remaining());
        data.read(offset, into);
    }

    @Override
    public void write(long offset, ByteBuffer from) throws IOException {
        ByteRange all = Ranges.inside(this, offset, from.remaining());
        int base = from.position();
        change(all, range -> {
            int at = base + (int) (range.offset() - offset);
            data.write(range.offset(), from.slice(at, (int) range.length()));
            return range.length();
        });
        from.position(from.limit());
    }

    @Override
    public void discard(long offset, long length) throws IOException {
        writeZeroes(offset, length);
    }

    @Override
    public void writeZeroes(long offset, long length) throws IOException {
        change(Ranges.inside(this, offset, length), range -> data.zero(range.offset(), range.length()));
    }

    /// Carries out a change piece by piece, so that no change needs more hot extents than the log has room for.
    private void change(ByteRange all, Io io) throws IOException {
        ByteRange left = all;
        while (left.length() > 0) {
            ByteRange piece = left.head(EXTENTS_PER_CHANGE);
            writeback.admit();
            begin(piece);
            long waiting = piece.length();
            try {
                for (WriteObserver observer : observers) {
                    observer.before(piece);
                }
                waiting = io.run(piece);
            } finally {
                observers.forEach(observer -> observer.after(piece));
                end(piece, waiting);
            }
            left = left.after(piece.length());
        }
    }

    private void begin(ByteRange range) throws IOException {
        if (!tryBegin(range, false)) {
            // No extent can be made cold before its writes are durable.
            writeback.flush();
            tryBegin(range, true);
        }
    }

    private synchronized boolean tryBegin(ByteRange range, boolean mayGrow) throws IOException {
        if (closed) {
            throw new IOException("the disk in " + dir + " is closed");
        }
        List<Long> cold = hot.coldIn(range);
        if (!cold.isEmpty() && !heat(cold, range, mayGrow)) {
            return false;
        }
        switch (superBlock.partner()) {
            case NONE -> { }
            case IN_SYNC -> unacknowledged.mark(range);
            case AWAY -> dirty.mark(range);
        }
        hot.begin(range);
        writing++;
        return true;
    }

    /// Makes extents hot, durably, and others cold by the same change when there are too many.
    ///
    /// @return false when there is no room, a flush would make some, and `mayGrow` is false: nothing has changed
    private boolean heat(List<Long> cold, ByteRange range, boolean mayGrow) throws IOException {
        int excess = hot.size() + cold.size() - hotExtentsMax;
        List<Long> evicted = List.of();
        if (excess > 0) {
            LongPredicate kept = extent -> range.blocksIn(extent) != 0 || isPinned(extent);
            evicted = hot.evictable(Math.max(excess, EVICTED_TOGETHER), writeback.synced(), kept);
            boolean flushHelps = evicted.size() < excess
                    && hot.evictable(excess, Long.MAX_VALUE, kept).size() > evicted.size();
            if (flushHelps && !mayGrow) {
                return false;
            }
        }
        try (Metadata.Change change = meta.change()) {
            for (long extent : cold) {
                change.hot(extent, superBlock.generations().current());
            }
            storeDirtyOf(evicted, change);
            for (long extent : evicted) {
                change.cold(extent);
            }
            change.commit();
        }
        evicted.forEach(hot::remove);
        cold.forEach(hot::add);
        return true;
    }

    private void storeDirtyOf(List<Long> extents, Metadata.Change change) throws IOException {
        if (superBlock.partner() != Partner.AWAY) {
            return;
        }
        SortedSet<Long> pages = new TreeSet<>();
        extents.forEach(extent -> pages.add(DirtyMap.pageOf(extent)));
        for (long page : pages) {
            change.dirtyPage(base(), page, dirty);
        }
    }

    /// An extent stays hot while the partner may lack what was written there.
    private boolean isPinned(long extent) {
        return superBlock.partner() == Partner.IN_SYNC
                && (inherited.contains(extent) || unacknowledged.touches(extent));
    }

    private synchronized void end(ByteRange range, long waitingBytes) {
        hot.end(range, writeback.completed(waitingBytes));
        writing--;
        notifyAll();
    }

    /// From now on `observer` is told of every change. One that is under way may be told of its end only.
    public void observe(WriteObserver observer) {
        observers.add(observer);
    }

    /// Undoes [#observe]; a change that is under way may still be told.
    public void ignore(WriteObserver observer) {
        observers.remove(observer);
    }

    @Override
    public void flush() throws IOException {
        writeback.flush();
    }

    private Runnable aroundSync() {
        Position covered;
        synchronized (this) {
            covered = reached;
        }
        return () -> becameDurable(covered);
    }

    private synchronized void becameDurable(Position covered) {
        Position now = writeback.isClean() ? reached : covered;
        if (now.compareTo(durable) <= 0) {
            return;
        }
        durable = now;
        superBlock = superBlock.with(durable);
        try {
            meta.applied(durable);
        } catch (IOException e) {
            // What is stored is an older lower bound, which is as true; the next metadata write reports the fault.
            DIAGNOSTICS.warn("disk {} applied={} not recorded: {}", dir, durable, e.getMessage());
        }
    }

    /// Everything that the log up to `position` asks of this disk has been carried out, and nothing beyond it. Call it
    /// between writes: in that order on one thread, for instance.
    ///
    /// @throws IllegalStateException when a write is under way or the position goes back
    public synchronized void reached(Position position) {
        if (writing != 0 || position.compareTo(reached) < 0) {
            throw new IllegalStateException("position " + position + " after " + reached + " with " + writing
                    + " writes under way, expected a later one and none");
        }
        reached = position;
        unacknowledged.reached(position);
        if (writeback.isClean()) {
            durable = position;
        }
    }

    /// Everything caused by the log up to here is durable on this disk.
    public synchronized Position durablePosition() {
        return durable;
    }

    /// The partner's disk durably holds everything caused by the log up to `position`: those blocks need not be remembered.
    public synchronized void partnerDurable(Position position) {
        unacknowledged.acknowledged(position);
    }

    /// The partner's disk is equal to this one, but for writes on their way to it: after a resync, or when both were made from
    /// equal images. What was remembered about the difference is forgotten. Call it between writes.
    ///
    /// @param reason one line for the history
    /// @throws IllegalStateException when a write is under way
    public synchronized void joined(String reason) throws IOException {
        if (writing != 0) {
            throw new IllegalStateException("joined with " + writing + " writes under way, expected none");
        }
        Generations before = superBlock.generations();
        SuperBlock next = superBlock.with(before.joined(), Partner.IN_SYNC);
        try (Metadata.Change change = meta.change()) {
            change.superBlock(next);
            if (before.base().isPresent()) {
                change.forgetDirty(before.base().get());
            }
            change.event("joined, generation " + next.generations().current() + ": " + reason).commit();
        }
        dirty.clear();
        inherited.clear();
        unacknowledged.clear();
        become(next, reason);
    }

    /// The partner is left behind: from now on every block it may lack is remembered durably, and what is written is a new
    /// generation. Does nothing when it was left behind already.
    ///
    /// @param reason one line for the history
    /// @throws IllegalStateException when there was never a partner to be left behind
    public synchronized void split(String reason) throws IOException {
        if (superBlock.partner() == Partner.AWAY) {
            return;
        }
        if (superBlock.partner() == Partner.NONE) {
            throw new IllegalStateException("the disk in " + dir + " has no partner; expected joined() before split()");
        }
        Generations generations = superBlock.generations().split(newGeneration());
        SuperBlock next = superBlock.with(generations, Partner.AWAY);
        DirtyMap missing = suspects();
        try (Metadata.Change change = meta.change()) {
            change.superBlock(next).dirty(generations.base().orElseThrow(), missing)
                    .event("split, generation " + generations.current() + ", blocks " + missing.count() + ": " + reason)
                    .commit();
        }
        dirty.markAll(missing);
        inherited.clear();
        unacknowledged.clear();
        become(next, reason);
    }

    /// Records what the content is worth.
    ///
    /// @param reason one line for the history
    public synchronized void setState(DiskState state, String reason) throws IOException {
        SuperBlock next = superBlock.with(state);
        try (Metadata.Change change = meta.change()) {
            change.superBlock(next).event(superBlock.state() + " -> " + state + ": " + reason).commit();
        }
        become(next, reason);
    }

    private void become(SuperBlock next, String reason) {
        DIAGNOSTICS.info("disk {} {}/{} -> {}/{} generation={} applied={} reason={}", dir, superBlock.partner(),
                superBlock.state(), next.partner(), next.state(), next.generations().current(), durable, reason);
        superBlock = next;
    }

    /// What is known of the disk as a whole.
    public synchronized SuperBlock superBlock() {
        return superBlock.with(durable);
    }

    /// The blocks in which the partner's copy may differ from this one: written since the split, not yet acknowledged, or hot
    /// at a crash. A copy.
    public synchronized DirtyMap suspects() {
        DirtyMap all = unacknowledged.all();
        all.markAll(dirty);
        inherited.forEach(extent -> all.mark(wholeExtent(extent)));
        return all;
    }

    /// The history of this disk, oldest first: at most 1,000 events.
    public synchronized List<DiskEvent> events() throws IOException {
        return meta.events();
    }

    /// Waits for writes under way, makes everything durable, and records that nothing is in doubt but what the partner has not
    /// acknowledged. When the last sync fails, the activity log stays as after a crash.
    @Override
    public void close() throws IOException {
        if (!refuseWrites()) {
            return;
        }
        try {
            writeback.close();
            settle();
        } catch (IOException e) {
            closeAll(e, data, meta, folder);
            throw e;
        }
        IOException failed = closeAll(null, data, meta, folder);
        if (failed != null) {
            throw failed;
        }
    }

    private synchronized boolean refuseWrites() {
        if (closed) {
            return false;
        }
        closed = true;
        boolean interrupted = false;
        while (writing != 0) {
            try {
                wait();
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
        return true;
    }

    private synchronized void settle() throws IOException {
        durable = reached;
        List<Long> settled = hot.evictable(Integer.MAX_VALUE, writeback.synced(), this::isPinned);
        try (Metadata.Change change = meta.change()) {
            storeDirtyOf(settled, change);
            coolAll(change, settled);
            change.commit();
        }
        meta.applied(durable);
    }

    private static void coolAll(Metadata.Change change, Iterable<Long> extents) throws IOException {
        for (long extent : extents) {
            change.cold(extent);
        }
    }

    private GenerationId base() {
        return superBlock.generations().base().orElseThrow();
    }

    private ByteRange wholeExtent(long extent) {
        long offset = extent * Geometry.EXTENT_BYTES;
        return new ByteRange(offset, Math.min(Geometry.EXTENT_BYTES, sizeBytes - offset));
    }

    private static GenerationId newGeneration() {
        long value;
        do {
            value = RANDOM.nextLong();
        } while (value == 0);
        return new GenerationId(value);
    }

    private static void requireSectors(long sizeBytes) throws DiskFormatException {
        if (sizeBytes <= 0 || !ByteRange.fits(0, sizeBytes, sizeBytes)) {
            throw new DiskFormatException("a disk of " + sizeBytes + " bytes cannot be made; give a positive multiple of "
                    + Geometry.SECTOR_BYTES);
        }
    }

    /// Closes everything; the first failure carries the others.
    private static IOException closeAll(Throwable first, Closeable... all) {
        IOException failed = null;
        for (Closeable each : all) {
            try {
                if (each != null) {
                    each.close();
                }
            } catch (IOException e) {
                if (first != null) {
                    first.addSuppressed(e);
                } else if (failed != null) {
                    failed.addSuppressed(e);
                } else {
                    failed = e;
                }
            }
        }
        return failed;
    }
}
