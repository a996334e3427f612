package io.sosia.disksync.store;

import io.sosia.disksync.block.ByteRange;
import io.sosia.disksync.block.DirtyMap;
import io.sosia.disksync.block.DiskState;
import io.sosia.disksync.block.DiskView;
import io.sosia.disksync.block.GenerationId;
import io.sosia.disksync.block.Geometry;
import io.sosia.disksync.block.Partner;
import io.sosia.disksync.block.Position;
import io.sosia.disksync.block.ResyncMark;
import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
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
    /// [#receive] writes so much at once, and more, past the host's cache.
    public static final int PAST_CACHE_BYTES_MIN = 512 << 10;

    private static final Logger DIAGNOSTICS = LoggerFactory.getLogger(DiskStore.class);
    private static final SecureRandom RANDOM = new SecureRandom();
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
    private final long sizeBytes;

    private final List<WriteObserver> observers = new CopyOnWriteArrayList<>();
    private final Tracking tracking;
    private Position reached;
    private Position durable;
    private int writing;
    private boolean closed;

    private DiskStore(Path dir, DiskFolder folder, Metadata meta, DataFile data, Settings settings) throws IOException {
        this.dir = dir;
        this.folder = folder;
        this.meta = meta;
        this.data = data;
        // What a killed process wrote may be in the host's cache only; a flush of ours would not know of it.
        data.sync();
        this.tracking = new Tracking(dir, meta, settings.hotExtentsMax());
        this.sizeBytes = tracking.superBlock().sizeBytes();
        this.reached = tracking.superBlock().applied();
        this.durable = reached;
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
        if (!tracking.begin(range, writeback.synced(), mayGrow)) {
            return false;
        }
        writing++;
        return true;
    }

    private synchronized void end(ByteRange range, long waitingBytes) {
        tracking.end(range, writeback.completed(waitingBytes));
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
        tracking.durable(durable);
        try {
            meta.applied(durable);
        } catch (IOException e) {
            // What is stored is an older lower bound, which is as true; if the fault lasts, the next metadata write reports it.
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
        tracking.reached(position);
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
        tracking.partnerDurable(position);
    }

    /// Both nodes' disks are equal at this moment, and generation `generation` begins: when both were made from equal images, or were
    /// closed in order at the same place. What was remembered about a difference is forgotten. Call it between writes.
    ///
    /// @param generation the same on both nodes, and used for nothing else
    /// @param reason     one line for the history
    /// @throws IllegalStateException when a write is under way
    public synchronized void joinedEqual(GenerationId generation, String reason) throws IOException {
        requireStill("called equal");
        tracking.joinedEqual(generation, reason);
    }

    /// From here on a partner follows every write that holds all before: what it has not acknowledged is remembered beside what it
    /// would lack if it went again. Call it between writes.
    ///
    /// @throws IllegalStateException when a write is under way
    public synchronized void beginJoin() {
        requireStill("joined");
        tracking.beginJoin();
    }

    /// The partner that followed since [#beginJoin] has gone again.
    public synchronized void abandonJoin() {
        tracking.abandonJoin();
    }

    /// The partner that follows since [#beginJoin] is the backup now: what it may lack is what it has not acknowledged.
    ///
    /// @param generation begins here, on both disks
    /// @param reason     one line for the history
    public synchronized void joined(GenerationId generation, String reason) throws IOException {
        tracking.joined(generation, reason);
    }

    /// The partner is left behind: from now on every block it may lack is remembered durably, and what is written is a new
    /// generation. Does nothing when it was left behind already. A disk that never had a partner leaves behind whoever was made from the
    /// same image.
    ///
    /// @param reason one line for the history
    public synchronized void split(String reason) throws IOException {
        if (tracking.superBlock().partner() != Partner.AWAY) {
            tracking.split(newGeneration(), reason);
        }
    }

    /// Looks at an extent: says what it should hold, and from here on notices writes to it until the next look. Call it between
    /// writes.
    public synchronized ExtentLook look(long extent) {
        requireStill("looked at");
        return tracking.look(extent);
    }

    /// The partner's disk held the same as this one, at the same place in the log, when `look` was taken: from now on it is known, after a
    /// restart too, what these blocks should hold, but for those written since. Does nothing after another look. It costs no
    /// sync: a crash soon after may forget it.
    ///
    /// @param blocks one bit each, bit 0 the lowest
    /// @param hashes by block; meaningless for the others
    public synchronized void know(ExtentLook look, long blocks, long[] hashes) throws IOException {
        tracking.know(look, blocks, hashes, writeback.synced());
    }

    /// Writes a line into the history.
    public synchronized void note(String event) throws IOException {
        try (Metadata.Change change = meta.change()) {
            change.event(event).commit();
        }
    }

    /// Records what the content is worth.
    ///
    /// @param reason one line for the history
    public synchronized void setState(DiskState state, String reason) throws IOException {
        tracking.setState(state, reason);
    }

    // As the target of a resync.

    /// From now on the content is a mixture of old and new, and worth nothing before [#adopt]; durable on return. What this disk may
    /// lack or have beyond the source stays remembered.
    public synchronized void beginResync(ResyncMark mark, String reason) throws IOException {
        tracking.beginResync(mark, reason);
    }

    /// Writes what the source sent: no write of a guest, so nothing to be remembered. Much at once goes past the host's cache, where
    /// `from` is made for it: see [DataFile#writePastCache].
    ///
    /// @throws IOException outside a resync, and when the host's file system fails
    public void receive(long offset, ByteBuffer from) throws IOException {
        ByteRange range = receivable(offset, from.remaining());
        if (range.length() >= PAST_CACHE_BYTES_MIN) {
            data.writePastCache(range.offset(), from);
        } else {
            data.write(range.offset(), from);
            // A resync writes as fast as the host can; the less of it waits for a sync, the sooner it is acknowledged.
            data.beginWriteback(range.offset(), range.length());
        }
        // What waits is bounded by the source's window: it is acknowledged when it is durable.
        writeback.completed(0);
    }

    /// Much of this range will be received soon: a hint to the host. What is not takes space as well, until zeroes are received for it.
    public void reserve(long offset, long length) {
        data.reserve(offset, length);
    }

    /// As [#receive], of zeroes; they take no space where the host can punch holes.
    public void receiveZeroes(long offset, long length) throws IOException {
        ByteRange range = receivable(offset, length);
        data.zero(range.offset(), range.length());
        writeback.completed(0);
    }

    private ByteRange receivable(long offset, long length) throws IOException {
        if (superBlock().state() != DiskState.INCONSISTENT) {
            throw new IOException("the disk in " + dir + " receives a resync it has not begun");
        }
        writeback.admit();
        ByteRange range = Ranges.inside(this, offset, length);
        synchronized (this) {
            tracking.receiving(range);
        }
        return range;
    }

    /// The content equals the source's at `position`, durably. Guest writes may follow from here on.
    public void received(Position position) throws IOException {
        if (superBlock().state() != DiskState.INCONSISTENT) {
            throw new IOException("the disk in " + dir + " was sent a resync it has not begun");
        }
        // Without the monitor: whoever syncs in the background wants it.
        writeback.flush();
        synchronized (this) {
            requireStill("complete");
            reached = position;
            durable = position;
            tracking.durable(position);
            meta.applied(position);
            tracking.beginJoin();
        }
    }

    /// The source calls this disk its partner, and generation `generation` begins on both.
    ///
    /// @param reason one line for the history
    public synchronized void adopt(GenerationId generation, String reason) throws IOException {
        tracking.adopt(generation, reason);
    }

    private void requireStill(String what) {
        if (writing != 0) {
            throw new IllegalStateException("the disk in " + dir + " is " + what + " with " + writing
                    + " writes under way, expected none");
        }
    }

    /// All this disk can say of itself to a disk it shall be made equal to.
    ///
    /// @throws IOException when the metadata cannot be read, or the disk is closed
    public synchronized DiskView view() throws IOException {
        if (closed) {
            throw new IOException("the disk in " + dir + " is closed");
        }
        SuperBlock block = superBlock();
        return new DiskView(block.disk(), sizeBytes, block.generations(), block.state(), block.partner(),
                block.state() == DiskState.INCONSISTENT && isBlank(), tracking.resync(), suspects());
    }

    /// A new file's last page is written to give it its length.
    private boolean isBlank() throws IOException {
        long first = data.nextData(0);
        long last = Geometry.roundUpToPage(sizeBytes) - Geometry.PAGE_BYTES;
        if (first >= 0 && first < last) {
            return false;
        }
        ByteBuffer page = ByteBuffer.allocate(Geometry.PAGE_BYTES);
        data.read(last, page);
        return page.flip().equals(ByteBuffer.allocate(Geometry.PAGE_BYTES));
    }

    /// The first byte from `offset` on that is not in a hole; -1 when there is none. The host may call zeroes data.
    ///
    /// @throws IOException when the host's file system fails
    public long nextData(long offset) throws IOException {
        return data.nextData(offset);
    }

    /// The first byte from `offset` on that is in a hole, or [#sizeBytes()].
    ///
    /// @throws IOException when the host's file system fails
    public long nextHole(long offset) throws IOException {
        return Math.min(sizeBytes, data.nextHole(offset, sizeBytes));
    }

    /// This range will be read soon: a hint to the host, which costs the caller nothing.
    public void willNeed(long offset, long length) {
        data.willNeed(offset, length);
    }

    /// What is known of the disk as a whole.
    public synchronized SuperBlock superBlock() {
        return tracking.superBlock().with(durable);
    }

    /// The blocks in which the partner's copy may differ from this one: written since the split, not yet acknowledged, or hot
    /// at a crash. A copy.
    public synchronized DirtyMap suspects() {
        return tracking.suspects();
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
        tracking.settle(writeback.synced());
        meta.applied(durable);
    }

    static GenerationId newGeneration() {
        return GenerationId.of(RANDOM.nextLong(), RANDOM.nextLong());
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
