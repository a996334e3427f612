package io.sosia.disksync.store;

import io.sosia.disksync.block.DirtyMap;
import io.sosia.disksync.block.GenerationId;
import io.sosia.disksync.block.KnownBlocks;
import io.sosia.disksync.block.Position;
import io.sosia.disksync.block.ResyncMark;
import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.TreeMap;
import java.util.UUID;
import org.rocksdb.ColumnFamilyDescriptor;
import org.rocksdb.ColumnFamilyHandle;
import org.rocksdb.ColumnFamilyOptions;
import org.rocksdb.CompressionType;
import org.rocksdb.DBOptions;
import org.rocksdb.InfoLogLevel;
import org.rocksdb.ReadOptions;
import org.rocksdb.RocksDB;
import org.rocksdb.RocksDBException;
import org.rocksdb.RocksIterator;
import org.rocksdb.Slice;
import org.rocksdb.WALRecoveryMode;
import org.rocksdb.WriteBatch;
import org.rocksdb.WriteOptions;

/// The metadata of a disk in RocksDB, one column family each for the super block, hot extents, dirty maps, known hashes
/// and events.
///
/// Keys are big-endian, so they sort by number. A [Change] is atomic; one that fails may have taken effect, and what failed is opened again,
/// with all that should be there stated anew ([Memory]), before the next. Not thread-safe: its owner guards it.
final class Metadata implements Closeable {
    /// Events kept at most; the oldest go first.
    static final int EVENTS_MAX = 1_000;

    private static final byte[] SUPER_KEY = "disk".getBytes(StandardCharsets.US_ASCII);
    private static final byte[] RESYNC_KEY = "resync".getBytes(StandardCharsets.US_ASCII);
    private static final byte[] APPLIED_KEY = "applied".getBytes(StandardCharsets.US_ASCII);
    private static final byte[] SETTLED_KEY = "settled".getBytes(StandardCharsets.US_ASCII);
    private static final List<String> FAMILIES = List.of("default", "super", "al", "dirty", "events", "hashes");

    static {
        RocksDB.loadLibrary();
    }

    /// Between a failed write and opening again, twice as long after each that is of no use.
    private static final long PAUSE_NANOS_MIN = 100_000_000L;
    private static final long PAUSE_NANOS_MAX = 30_000_000_000L;
    private static final int PROBE_BYTES = 4096;

    private final Path dir;
    private final DBOptions options;
    private final ColumnFamilyOptions familyOptions;
    private final List<ColumnFamilyHandle> families = new ArrayList<>();
    /// Empty when it could not be opened again, and after [#close].
    private Optional<RocksDB> opened = Optional.empty();
    private Memory memory = _ -> {};
    private Writer writer = RocksDB::write;
    /// RocksDB takes no more writes after one that failed, until it is opened again.
    private boolean refusesWrites;
    private boolean closed;
    private long triedNanos;
    private long pauseNanos = PAUSE_NANOS_MIN;
    private final WriteOptions synced = new WriteOptions().setSync(true);
    private final WriteOptions unsynced = new WriteOptions();
    private long nextEvent;

    /// Whoever holds in memory what the metadata should be.
    @FunctionalInterface
    interface Memory {
        /// Writes down all of it again: a change that failed may have taken effect nevertheless.
        void restate(Change change) throws IOException;
    }

    /// How a batch is written.
    @FunctionalInterface
    interface Writer {
        void write(RocksDB db, WriteOptions how, WriteBatch batch) throws RocksDBException;
    }

    private Metadata(Path dir, boolean create) throws IOException {
        this.dir = dir;
        this.options = new DBOptions().setCreateIfMissing(create)
                // A disk of an earlier release knows no hashes.
                .setCreateMissingColumnFamilies(true)
                // A log damaged in its midst must not pass for an older state: only an unfinished end may be dropped.
                .setWalRecoveryMode(WALRecoveryMode.TolerateCorruptedTailRecords)
                .setErrorIfExists(create).setMaxBackgroundJobs(1).setMaxOpenFiles(64).setMaxTotalWalSize(4L << 20)
                .setInfoLogLevel(InfoLogLevel.WARN_LEVEL).setKeepLogFileNum(2).setStatsDumpPeriodSec(0)
                .setStatsPersistPeriodSec(0);
        this.familyOptions = new ColumnFamilyOptions().setWriteBufferSize(1L << 20).setMaxWriteBufferNumber(2)
                .setCompressionType(CompressionType.NO_COMPRESSION);
        try {
            open();
            options.setCreateIfMissing(false).setErrorIfExists(false);
            List<DiskEvent> events = events();
            nextEvent = events.isEmpty() ? 0 : events.getLast().sequence() + 1;
        } catch (RocksDBException e) {
            closeAll();
            throw new DiskFormatException("disk metadata " + dir + " cannot be opened: " + e.getMessage()
                    + "; without it nobody can say what the disk holds: make the disk anew from its image or its partner", e);
        } catch (IOException | RuntimeException e) {
            closeAll();
            throw e;
        }
    }

    private void open() throws RocksDBException {
        List<ColumnFamilyDescriptor> descriptors = FAMILIES.stream()
                .map(name -> new ColumnFamilyDescriptor(name.getBytes(StandardCharsets.US_ASCII), familyOptions)).toList();
        opened = Optional.of(RocksDB.open(options, dir.toString(), descriptors, families));
    }

    /// Names who knows what the metadata should be after a failure.
    void remember(Memory memory) {
        this.memory = memory;
    }

    /// For tests, which make it fail.
    void setWriter(Writer writer) {
        this.writer = writer;
    }

    private RocksDB db() throws IOException {
        return opened.orElseThrow(() -> new IOException("disk metadata " + dir + (closed ? " is closed"
                : " could not be opened again after a failure")));
    }

    /// Before a change: opens again what takes no more writes, if it is time to.
    private void recover() throws IOException {
        boolean due = (opened.isEmpty() || refusesWrites) && !closed;
        if (!due || System.nanoTime() - triedNanos < pauseNanos) {
            return;
        }
        try {
            // What can only be read stays readable.
            probe();
            closeDb();
            open();
            try (Change everything = new Change()) {
                memory.restate(everything);
                writer.write(db(), synced, everything.batch);
            }
            refusesWrites = false;
            pauseNanos = PAUSE_NANOS_MIN;
        } catch (IOException | RocksDBException e) {
            pauseNanos = Math.min(PAUSE_NANOS_MAX, 2 * pauseNanos);
            throw new IOException("disk metadata " + dir + " cannot be opened again after a failure: " + e.getMessage(), e);
        } finally {
            triedNanos = System.nanoTime();
        }
    }

    private void probe() throws IOException {
        Path probe = dir.resolveSibling(dir.getFileName() + ".probe");
        try {
            Files.write(probe, new byte[PROBE_BYTES], StandardOpenOption.CREATE, StandardOpenOption.WRITE, StandardOpenOption.SYNC);
        } finally {
            Files.deleteIfExists(probe);
        }
    }

    private void write(WriteOptions how, WriteBatch batch) throws IOException {
        RocksDB db = db();
        if (refusesWrites) {
            throw new IOException("cannot write disk metadata " + dir + ": it has failed, and is to be opened again");
        }
        try {
            writer.write(db, how, batch);
        } catch (RocksDBException e) {
            refusesWrites = true;
            triedNanos = System.nanoTime();
            throw failure("write", e);
        }
    }

    /// Makes empty metadata in a directory that has none.
    static Metadata create(Path dir) throws IOException {
        return new Metadata(dir, true);
    }

    /// Opens existing metadata, as of the last crash or close.
    static Metadata open(Path dir) throws IOException {
        return new Metadata(dir, false);
    }

    /// The super block.
    SuperBlock superBlock() throws IOException {
        try {
            byte[] block = db().get(family("super"), SUPER_KEY);
            if (block == null) {
                throw new DiskFormatException("disk metadata " + dir + " has no super block; make the disk anew");
            }
            byte[] applied = db().get(family("super"), APPLIED_KEY);
            return SuperBlock.decode(block, applied == null ? Position.START : decodePosition(applied));
        } catch (RocksDBException e) {
            throw failure("read", e);
        } catch (IndexOutOfBoundsException | IllegalArgumentException e) {
            throw new DiskFormatException("disk metadata " + dir + ", applied position: " + e.getMessage()
                    + "; make the disk anew from its image or its partner", e);
        }
    }

    /// What is remembered of a resync that is not complete.
    Optional<ResyncMark> resync() throws IOException {
        try {
            byte[] stored = db().get(family("super"), RESYNC_KEY);
            return stored == null ? Optional.empty() : Optional.of(new ResyncMark(
                    new UUID(number(stored, 0), number(stored, 8)), new GenerationId(number(stored, 16))));
        } catch (RocksDBException e) {
            throw failure("read", e);
        } catch (IndexOutOfBoundsException | IllegalArgumentException e) {
            throw new DiskFormatException("disk metadata " + dir + ", resync: " + e.getMessage()
                    + "; make the disk anew from its image or its partner", e);
        }
    }

    /// The extents that were hot, and the generation in which each became so.
    NavigableMap<Long, GenerationId> hotExtents() throws IOException {
        NavigableMap<Long, GenerationId> hot = new TreeMap<>();
        scan("al", new byte[0], (key, value) -> hot.put(number(key, 0), new GenerationId(number(value, 0))));
        return hot;
    }

    /// The stored dirty map of `generation`.
    DirtyMap dirty(GenerationId generation) throws IOException {
        DirtyMap map = new DirtyMap();
        scan("dirty", longs(generation.value()), (key, value) -> map.decodePage(number(key, Long.BYTES), value));
        return map;
    }

    /// What is known of an extent's content.
    KnownBlocks hashes(long extent) throws IOException {
        try {
            byte[] row = db().get(family("hashes"), longs(extent));
            if (row == null) {
                return KnownBlocks.NOTHING;
            }
            long[] words = new long[row.length / Long.BYTES];
            ByteBuffer.wrap(row).asLongBuffer().get(words);
            return new KnownBlocks(words[0], Arrays.copyOfRange(words, 1, words.length));
        } catch (RocksDBException e) {
            throw failure("read", e);
        } catch (IndexOutOfBoundsException | IllegalArgumentException e) {
            throw new DiskFormatException("disk metadata " + dir + ", hashes: " + e.getMessage(), e);
        }
    }

    /// Forgets what is known of an extent's content; not synced by itself.
    void forgetHashes(long extent) throws IOException {
        try (Change change = change()) {
            change.hashes(extent, KnownBlocks.NOTHING).commitLater();
        }
    }

    /// Whether the disk was closed in order and not opened since.
    boolean settled() throws IOException {
        try {
            return db().get(family("super"), SETTLED_KEY) != null;
        } catch (RocksDBException e) {
            throw failure("read", e);
        }
    }

    /// All kept events, oldest first.
    List<DiskEvent> events() throws IOException {
        List<DiskEvent> events = new ArrayList<>();
        scan("events", new byte[0], (key, value) -> events.add(new DiskEvent(number(key, 0),
                Instant.ofEpochMilli(number(value, 0)),
                new String(value, Long.BYTES, value.length - Long.BYTES, StandardCharsets.UTF_8))));
        return events;
    }

    /// Records the applied position; not synced by itself, because an older one is as true.
    void applied(Position position) throws IOException {
        try (Change change = change()) {
            change.put("super", APPLIED_KEY, longs(position.epoch(), position.sequence())).commitLater();
        }
    }

    /// Starts an atomic change.
    Change change() throws IOException {
        recover();
        return new Change();
    }

    /// Changes that take effect together, durably, at [#commit()]; dropped when it is closed without.
    final class Change implements AutoCloseable {
        private final WriteBatch batch = new WriteBatch();
        /// Of the next event, if this succeeds.
        private long sequence = nextEvent;

        Change superBlock(SuperBlock block) throws IOException {
            return put("super", SUPER_KEY, block.encode());
        }

        Change resync(ResyncMark mark) throws IOException {
            return put("super", RESYNC_KEY, longs(mark.session().getMostSignificantBits(),
                    mark.session().getLeastSignificantBits(), mark.source().value()));
        }

        Change endResync() throws IOException {
            return delete("super", RESYNC_KEY);
        }

        Change hot(long extent, GenerationId generation) throws IOException {
            return put("al", longs(extent), longs(generation.value()));
        }

        Change cold(long extent) throws IOException {
            return delete("al", longs(extent));
        }

        /// No extent is hot but those named after this.
        Change allCold() throws IOException {
            // Extents are not negative.
            return deleteRange("al", longs(0), longs(-1));
        }

        private Change deleteRange(String family, byte[] from, byte[] to) throws IOException {
            return with(family(family), (batch, handle) -> batch.deleteRange(handle, from, to));
        }

        private Change delete(String family, byte[] key) throws IOException {
            return with(family(family), (batch, handle) -> batch.delete(handle, key));
        }

        private Change put(String family, byte[] key, byte[] value) throws IOException {
            return with(family(family), (batch, handle) -> batch.put(handle, key, value));
        }

        private Change with(ColumnFamilyHandle family, Edit edit) throws IOException {
            try {
                edit.make(batch, family);
                return this;
            } catch (RocksDBException e) {
                throw failure("write", e);
            }
        }

        Change dirtyPage(GenerationId generation, long page, DirtyMap map) throws IOException {
            return put("dirty", longs(generation.value(), page), map.encodePage(page));
        }

        Change dirty(GenerationId generation, DirtyMap map) throws IOException {
            for (long page : map.pageNumbers()) {
                dirtyPage(generation, page, map);
            }
            return this;
        }

        Change forgetDirty(GenerationId generation) throws IOException {
            // Keys are (generation, page), and pages are not negative.
            return deleteRange("dirty", longs(generation.value(), 0), longs(generation.value(), -1));
        }

        /// Nothing known deletes the row.
        Change hashes(long extent, KnownBlocks known) throws IOException {
            if (known.blocks() == 0) {
                return delete("hashes", longs(extent));
            }
            long[] words = new long[1 + known.hashes().length];
            words[0] = known.blocks();
            System.arraycopy(known.hashes(), 0, words, 1, known.hashes().length);
            return put("hashes", longs(extent), longs(words));
        }

        Change forgetAllHashes() throws IOException {
            // Extents are not negative.
            return deleteRange("hashes", longs(0), longs(-1));
        }

        Change settled(boolean closedInOrder) throws IOException {
            return closedInOrder ? put("super", SETTLED_KEY, new byte[0]) : delete("super", SETTLED_KEY);
        }

        Change event(String text) throws IOException {
            byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
            ByteBuffer value = ByteBuffer.allocate(Long.BYTES + bytes.length);
            value.putLong(System.currentTimeMillis()).put(bytes);
            put("events", longs(sequence), value.array());
            if (sequence >= EVENTS_MAX) {
                delete("events", longs(sequence - EVENTS_MAX));
            }
            sequence++;
            return this;
        }

        /// Returns when the change is durable.
        void commit() throws IOException {
            write(synced);
        }

        /// The change becomes durable with the next one that is: after a crash all of it may be missing.
        void commitLater() throws IOException {
            write(unsynced);
        }

        private void write(WriteOptions how) throws IOException {
            Metadata.this.write(how, batch);
            nextEvent = sequence;
        }

        @Override
        public void close() {
            batch.close();
        }
    }

    @FunctionalInterface
    private interface Edit {
        void make(WriteBatch batch, ColumnFamilyHandle family) throws RocksDBException;
    }

    @Override
    public void close() throws IOException {
        try {
            if (opened.isPresent()) {
                opened.get().syncWal();
            }
        } catch (RocksDBException e) {
            throw failure("sync", e);
        } finally {
            closeAll();
        }
    }

    private void closeDb() {
        families.forEach(ColumnFamilyHandle::close);
        families.clear();
        opened.ifPresent(RocksDB::close);
        opened = Optional.empty();
    }

    private void closeAll() {
        closed = true;
        closeDb();
        options.close();
        familyOptions.close();
        synced.close();
        unsynced.close();
    }

    @FunctionalInterface
    private interface Entry {
        void accept(byte[] key, byte[] value);
    }

    private void scan(String family, byte[] prefix, Entry entry) throws IOException {
        byte[] after = new byte[prefix.length + Long.BYTES + 1];
        Arrays.fill(after, (byte) 0xff);
        System.arraycopy(prefix, 0, after, 0, prefix.length);
        try (Slice end = new Slice(after); ReadOptions options = new ReadOptions().setIterateUpperBound(end);
             RocksIterator each = db().newIterator(family(family), options)) {
            for (each.seek(prefix); each.isValid(); each.next()) {
                entry.accept(each.key(), each.value());
            }
            each.status();
        } catch (RocksDBException e) {
            throw failure("read", e);
        } catch (IndexOutOfBoundsException | IllegalArgumentException e) {
            throw new DiskFormatException("disk metadata " + dir + ", " + family + ": " + e.getMessage()
                    + "; make the disk anew from its image or its partner", e);
        }
    }

    private ColumnFamilyHandle family(String name) throws IOException {
        db();
        return families.get(FAMILIES.indexOf(name));
    }

    private IOException failure(String what, RocksDBException cause) {
        return new IOException("cannot " + what + " disk metadata " + dir + ": " + cause.getMessage(), cause);
    }

    private static byte[] longs(long... values) {
        ByteBuffer out = ByteBuffer.allocate(values.length * Long.BYTES);
        out.asLongBuffer().put(values);
        return out.array();
    }

    private static long number(byte[] bytes, int at) {
        return ByteBuffer.wrap(bytes).getLong(at);
    }

    private static Position decodePosition(byte[] stored) {
        return new Position(number(stored, 0), number(stored, Long.BYTES));
    }
}
