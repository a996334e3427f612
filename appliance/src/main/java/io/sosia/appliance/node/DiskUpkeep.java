package io.sosia.appliance.node;

import io.sosia.appliance.disk.ExtentHasher;
import io.sosia.appliance.eventlog.LogEntry;
import io.sosia.appliance.eventlog.LogPosition;
import io.sosia.appliance.lockstep.Recorder;
import io.sosia.appliance.machine.port.MachineOutput.DiskRequest;
import io.sosia.appliance.verify.BlockOverlay;
import io.sosia.appliance.verify.ExtentHashes;
import io.sosia.disksync.block.ByteRange;
import io.sosia.disksync.block.Geometry;
import io.sosia.disksync.block.KnownBlocks;
import io.sosia.disksync.store.DiskStore;
import io.sosia.disksync.store.ExtentLook;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Optional;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The machine's thread's share in comparing and mending the disk: puts the entries in the log, between two slices of a primary or
/// where a backup's replay comes to them, and the work that belongs to each in the disk's queue at that very place.
///
/// Why both disks are looked at in the same moment of their lives: the machine asks for its requests in the same order on both
/// nodes; an entry stands in the log behind all inputs and steps that led to the requests before it; and on both sides this
/// thread puts its work in the disk's queue when exactly those have been submitted. The disk's data thread keeps that
/// order. It waits for nothing: what a repair needs of a later place is brought there by a [BlockOverlay].
///
/// The machine's thread calls [#submitted], [#turn], [#settle] and [#replayed]; any thread asks.
final class DiskUpkeep {

    /// Told on the disk's data thread or the machine's; must not block.
    interface Listener {
        /// A verify entry of a primary: what its disk holds at that place.
        ///
        /// @param known what it should hold, as far as is known
        /// @param tookNanos for how long the disk did nothing else
        void hashed(LogPosition at, ExtentHashes hashes, KnownBlocks known, long tookNanos);

        /// A verify entry of the primary's: what this backup's disk holds at that place.
        ///
        /// @param known what it should hold, as far as is known
        void replayedVerify(LogPosition at, ExtentHashes hashes, KnownBlocks known);

        /// A verify entry of the primary's that asks for the bytes of a block; empty when it cannot be read.
        void replayedFetch(LogPosition at, byte[] bytes);

        /// A block has been mended.
        ///
        /// @param failure why it could not be, in a line; else empty
        void mended(long offset, String failure);

        /// This backup cannot do what the log asks of its disk.
        void failed(String reason);
    }

    private sealed interface Asked {
        record Compare(long extent) implements Asked {}

        record MendBackup(long offset, int length) implements Asked {}

        record ReadHere(BlockOverlay block, byte[] bytes) implements Asked {}

        record MendPrimary(long offset, int length) implements Asked {}

        record ReadThere(LogPosition at, byte[] bytes) implements Asked {}

        record Abandon() implements Asked {}
    }

    /// A block that is being mended: what the guest has asked of it since.
    ///
    /// @param fetchedAt where the partner reads it; empty when it is read here
    private record Mending(BlockOverlay block, Optional<LogPosition> fetchedAt) {}

    /// The last extent that was hashed.
    private record Look(LogPosition at, ExtentLook taken, ExtentHashes hashes) {}

    private static final Logger DIAGNOSTICS = LoggerFactory.getLogger("io.sosia.disk");

    private final DiskStore disk;
    private final Consumer<Runnable> inOrder;
    private final Runnable wake;
    private final ExtentHasher hasher;
    private final ConcurrentLinkedQueue<Asked> asked = new ConcurrentLinkedQueue<>();
    private final ConcurrentLinkedQueue<Runnable> later = new ConcurrentLinkedQueue<>();
    private volatile Listener listener;
    private Optional<Mending> mending = Optional.empty();
    /// The disk's data thread's.
    private Optional<Look> latest = Optional.empty();

    /// @param inOrder runs something on the disk's data thread, between what was submitted before and after
    /// @param wake    wakes the machine's thread
    DiskUpkeep(DiskStore disk, Consumer<Runnable> inOrder, Runnable wake) {
        this.disk = disk;
        this.inOrder = inOrder;
        this.wake = wake;
        this.hasher = new ExtentHasher(disk);
    }

    /// Once, before the machine starts.
    void tell(Listener told) {
        listener = told;
    }

    /// Size of the disk in bytes.
    long diskBytes() {
        return disk.sizeBytes();
    }

    // Any thread.

    /// Have this extent hashed on both nodes; answers [Listener#hashed] here.
    void compare(long extent) {
        ask(new Asked.Compare(extent));
    }

    /// Both disks held the same in these blocks at a verify entry: worth knowing, unless there was another one since.
    void confirmed(LogPosition at, long blocks) {
        later(() -> know(at, blocks));
    }

    /// Have the backup's block overwritten with this node's.
    void mendBackup(long offset, int length) {
        ask(new Asked.MendBackup(offset, length));
    }

    /// Have this node's block overwritten with the backup's, which then comes by [#fetched].
    void mendPrimary(long offset, int length) {
        ask(new Asked.MendPrimary(offset, length));
    }

    /// What the backup's disk held in the block at a verify entry that asked for its bytes.
    void fetched(LogPosition at, byte[] bytes) {
        ask(new Asked.ReadThere(at, bytes));
    }

    /// Whatever is being mended is left as it is.
    void abandon() {
        ask(new Asked.Abandon());
    }

    private void ask(Asked what) {
        asked.add(what);
        wake.run();
    }

    /// Adds a line to the disk's history, when its data thread comes to it.
    void note(String text) {
        later(() -> writeHistory(text));
    }

    /// Has something done on the disk's data thread, soon.
    void later(Runnable what) {
        later.add(what);
        wake.run();
    }

    // The machine's thread.

    /// The guest has asked for this, just now.
    void submitted(DiskRequest request) {
        if (mending.isPresent()) {
            mending.get().block().submitted(request);
        }
    }

    /// Passes on what is to be done at no special place.
    void settle() {
        for (Runnable each = later.poll(); each != null; each = later.poll()) {
            inOrder.accept(each);
        }
    }

    /// Between two slices of a primary whose log goes on.
    void turn(Recorder recorder) {
        for (Asked each = asked.poll(); each != null; each = asked.poll()) {
            switch (each) {
                case Asked.Compare(long extent) -> {
                    long offset = extent * Geometry.EXTENT_BYTES;
                    LogPosition at = recorder.verify(
                            offset, (int) Math.min(Geometry.EXTENT_BYTES, disk.sizeBytes() - offset), false);
                    settle();
                    inOrder.accept(() -> hash(at, extent));
                }
                case Asked.MendBackup(long offset, int length) -> {
                    BlockOverlay block = new BlockOverlay(offset, length, disk.sizeBytes());
                    mending = Optional.of(new Mending(block, Optional.empty()));
                    inOrder.accept(() -> readHere(block));
                }
                case Asked.ReadHere(BlockOverlay block, byte[] bytes) -> {
                    if (mending.isPresent() && mending.get().block() == block) {
                        recorder.repair(block.offset(), block.over(bytes));
                        mended(block, "");
                    }
                }
                case Asked.MendPrimary(long offset, int length) -> {
                    BlockOverlay block = new BlockOverlay(offset, length, disk.sizeBytes());
                    mending = Optional.of(new Mending(block, Optional.of(recorder.verify(offset, length, true))));
                }
                case Asked.ReadThere(LogPosition at, byte[] bytes) -> writeFetched(at, bytes);
                case Asked.Abandon _ -> mending = Optional.empty();
            }
        }
        settle();
    }

    private void mended(BlockOverlay block, String failure) {
        mending = Optional.empty();
        listener.mended(block.offset(), failure);
    }

    private void writeFetched(LogPosition at, byte[] bytes) {
        if (mending.isEmpty() || !mending.get().fetchedAt().equals(Optional.of(at))) {
            return;
        }
        BlockOverlay block = mending.get().block();
        if (bytes.length != block.length()) {
            mended(block, bytes.length == 0 ? "the backup cannot read it either"
                    : "the backup sent " + bytes.length + " bytes, expected " + block.length());
            return;
        }
        byte[] now = block.over(bytes);
        mending = Optional.empty();
        inOrder.accept(() -> listener.mended(block.offset(), write(block.offset(), now)));
    }

    /// Where a backup's replay comes to a verify entry.
    void replayed(LogPosition at, LogEntry.Verify entry) {
        long offset = entry.offset();
        int length = entry.length();
        int unit = entry.bytes() ? Geometry.BLOCK_BYTES : Geometry.EXTENT_BYTES;
        if (isPiece(offset, length, unit) && length == Math.min(unit, disk.sizeBytes() - offset)) {
            settle();
            inOrder.accept(entry.bytes() ? () -> listener.replayedFetch(at, read(offset, length))
                    : () -> hashReplayed(at, offset / Geometry.EXTENT_BYTES));
        } else {
            notOfThisDisk(offset, length);
        }
    }

    /// Where a backup's replay comes to a repair entry.
    void replayed(LogEntry.Repair entry) {
        if (isPiece(entry.offset(), entry.bytes().length, Geometry.BLOCK_BYTES)) {
            inOrder.accept(() -> repair(entry.offset(), entry.bytes()));
        } else {
            notOfThisDisk(entry.offset(), entry.bytes().length);
        }
    }

    private boolean isPiece(long offset, int length, int unit) {
        return length > 0 && length <= unit && offset % unit == 0 && ByteRange.fits(offset, length, disk.sizeBytes());
    }

    private void notOfThisDisk(long offset, int length) {
        listener.failed("the log asks for " + length + " bytes at " + offset + " of a disk of " + disk.sizeBytes() + " bytes");
    }

    // The disk's data thread.

    private void hash(LogPosition at, long extent) {
        long from = System.nanoTime();
        Look look = look(at, extent);
        listener.hashed(at, look.hashes(), look.taken().known(), System.nanoTime() - from);
    }

    private void hashReplayed(LogPosition at, long extent) {
        Look look = look(at, extent);
        listener.replayedVerify(at, look.hashes(), look.taken().known());
    }

    private Look look(LogPosition at, long extent) {
        Look look = new Look(at, disk.look(extent), hasher.hash(extent));
        latest = Optional.of(look);
        return look;
    }

    private void know(LogPosition at, long blocks) {
        if (latest.isPresent() && latest.get().at().equals(at)) {
            try {
                disk.know(latest.get().taken(), blocks, latest.get().hashes().hashes());
            } catch (IOException e) {
                DIAGNOSTICS.warn("disk: what it should hold cannot be kept: {}", e.getMessage());
            }
        }
    }

    private void readHere(BlockOverlay block) {
        byte[] bytes = read(block.offset(), block.length());
        if (bytes.length == 0) {
            listener.mended(block.offset(), "this node cannot read it either");
        } else {
            ask(new Asked.ReadHere(block, bytes));
        }
    }

    /// @return empty when it cannot be read
    private byte[] read(long offset, int length) {
        byte[] bytes = new byte[length];
        try {
            disk.read(offset, ByteBuffer.wrap(bytes));
            return bytes;
        } catch (IOException e) {
            DIAGNOSTICS.warn("disk: {} bytes at {} cannot be read: {}", length, offset, e.getMessage());
            return new byte[0];
        }
    }

    /// @return why it cannot be written; empty when it has been
    private String write(long offset, byte[] bytes) {
        try {
            disk.write(offset, ByteBuffer.wrap(bytes));
            return "";
        } catch (IOException e) {
            return "it cannot be written: " + e.getMessage();
        }
    }

    private void repair(long offset, byte[] bytes) {
        String failure = write(offset, bytes);
        if (!failure.isEmpty()) {
            listener.failed("the block at " + offset + " of the disk, to be repaired: " + failure);
            return;
        }
        DIAGNOSTICS.warn("verify: repaired from the primary at {}, {} bytes", offset, bytes.length);
        writeHistory("repaired from the primary at " + offset + ", " + bytes.length + " bytes");
    }

    private void writeHistory(String text) {
        try {
            disk.note(text);
        } catch (IOException e) {
            DIAGNOSTICS.warn("disk: its history cannot be written: {}", e.getMessage());
        }
    }
}
