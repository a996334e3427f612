package io.sosia.appliance.node;

import io.sosia.appliance.eventlog.LogPosition;
import io.sosia.appliance.lockstep.Recorder;
import io.sosia.appliance.machine.port.MachineOutput.DiskFlush;
import io.sosia.appliance.pair.PeerMessage;
import io.sosia.disksync.block.Geometry;
import io.sosia.disksync.service.BlockHash;
import io.sosia.disksync.store.DiskStore;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Compares both disks of a pair through the log, on the primary: an entry makes both nodes look at an extent after the same
/// requests, so they have to see the same bytes, whatever the guest writes meanwhile.
///
/// A block that differs is repaired: the primary's bytes, read while the machine stands still for a moment and no request is under way,
/// go into the log, and the backup writes them in its order. When an earlier comparison shows that it is the primary's that have
/// changed, the backup's are taken instead, which the machine waits for. The extent is then compared again.
///
/// Threads: the machine's calls [#turn] and [#standsStill], the disk's look, the event loop tells what the backup saw, any asks.
/// The monitor guards what they share.
final class DiskVerify {

    private static final Logger DIAGNOSTICS = LoggerFactory.getLogger(DiskVerify.class);
    private static final int AT_ONCE = 2;
    /// At most 400 MiB a second, and a request of the guest waits for one extent at most.
    private static final long EXTENT_NANOS = 10_000_000;
    private static final long ANSWER_NANOS_MAX = 30_000_000_000L;
    private static final long BYTES_NANOS_MAX = 2_000_000_000L;
    private static final int FOUND_MAX = 1_000;

    private static final class Comparison {
        private final long extent;
        private final boolean again;
        private final long askedNanos;
        private long[] ours;
        private long[] theirs;

        Comparison(long extent, boolean again, long askedNanos) {
            this.extent = extent;
            this.again = again;
            this.askedNanos = askedNanos;
        }
    }

    private record Broken(long block, String side) {}

    private final DiskStore disk;
    private final MachineDisk inOrder;
    private final LoopSignal signal;
    private final BlockHash hash;
    private final BlockLedger ledger;

    private boolean running;
    private boolean repairs;
    private long nextExtent;
    private long extentsDone;
    private long askedNanos;
    private final ArrayDeque<Long> again = new ArrayDeque<>();
    private final TreeMap<LogPosition, Comparison> asked = new TreeMap<>();
    private final ArrayDeque<Broken> broken = new ArrayDeque<>();
    private final List<VerifyStatus.Found> found = new ArrayList<>();
    private LogPosition bytesAsked = LogPosition.START;
    private byte[] bytes;
    private long bytesAskedNanos;
    private String ended = "";

    /// @param signal wakes the machine's thread
    DiskVerify(DiskStore disk, MachineDisk inOrder, LoopSignal signal) {
        this.disk = disk;
        this.inOrder = inOrder;
        this.signal = signal;
        this.hash = new BlockHash(disk);
        this.ledger = new BlockLedger(disk.sizeBytes());
        disk.observe(ledger);
    }

    // Any thread.

    /// Begins to compare everything; the caller has seen to it that the pair is PROTECTED.
    ///
    /// @param repair whether what differs is repaired
    /// @return why that cannot be; empty when it begins
    synchronized String start(boolean repair) {
        if (running) {
            return "the disks are being compared already";
        }
        running = true;
        repairs = repair;
        nextExtent = 0;
        extentsDone = 0;
        found.clear();
        ended = "";
        signal.raise();
        return "";
    }

    /// Gives up.
    synchronized void stop(String reason) {
        if (running) {
            end(reason);
        }
    }

    synchronized VerifyStatus status() {
        return new VerifyStatus(running, Math.min(extentsDone * Geometry.EXTENT_BYTES, disk.sizeBytes()), disk.sizeBytes(),
                List.copyOf(found), ended);
    }

    private void end(String how) {
        running = false;
        ended = how;
        again.clear();
        asked.clear();
        broken.clear();
        bytes = null;
        bytesAsked = LogPosition.START;
        DIAGNOSTICS.info("verify: {}, {} blocks not the same", how, found.size());
        notifyAll();
        signal.raise();
    }

    /// The event loop: what the backup saw.
    synchronized void seen(PeerMessage message) {
        switch (message) {
            case PeerMessage.DiskHashes(LogPosition at, long[] words) -> {
                Comparison comparison = asked.get(at);
                if (comparison != null) {
                    comparison.theirs = words;
                    compare(at, comparison);
                }
            }
            case PeerMessage.DiskBytes(LogPosition at, byte[] seen) -> {
                if (at.equals(bytesAsked)) {
                    bytes = seen;
                }
            }
            default -> throw new IllegalArgumentException("no answer to a verify entry: " + message);
        }
        signal.raise();
    }

    // The disk's data thread.

    private void look(LogPosition at) {
        long extent;
        synchronized (this) {
            Comparison comparison = asked.get(at);
            if (comparison == null) {
                return;
            }
            extent = comparison.extent;
        }
        long[] words;
        try {
            words = hash.of(extent, blocks(extent));
        } catch (IOException e) {
            stop("this node's disk cannot be read: " + e.getMessage());
            return;
        }
        for (int i = 0; i < words.length / 2; i++) {
            ledger.looked((int) (extent * Geometry.BLOCKS_PER_EXTENT) + i);
        }
        synchronized (this) {
            Comparison comparison = asked.get(at);
            if (comparison != null) {
                comparison.ours = words;
                compare(at, comparison);
            }
        }
        signal.raise();
    }

    private long blocks(long extent) {
        return blocksOf(disk, extent);
    }

    /// The blocks an extent of a disk has, one bit each.
    static long blocksOf(DiskStore disk, long extent) {
        long bytes = Math.min(Geometry.EXTENT_BYTES, disk.sizeBytes() - extent * Geometry.EXTENT_BYTES);
        int count = (int) ((bytes + Geometry.BLOCK_BYTES - 1) / Geometry.BLOCK_BYTES);
        return -1L >>> (Geometry.BLOCKS_PER_EXTENT - count);
    }

    private void compare(LogPosition at, Comparison done) {
        if (done.ours == null || done.theirs == null) {
            return;
        }
        asked.remove(at);
        if (done.theirs.length != done.ours.length) {
            end("the backup answers with " + done.theirs.length + " words for extent " + done.extent + ", expected "
                    + done.ours.length);
            return;
        }
        long differ = BlockHash.differ(blocks(done.extent), done.ours, done.theirs);
        for (int i = 0; i < done.ours.length / 2; i++) {
            long block = done.extent * Geometry.BLOCKS_PER_EXTENT + i;
            if ((differ >>> i & 1) == 0) {
                ledger.equal((int) block, done.ours[2 * i], done.ours[2 * i + 1]);
            } else if (done.again) {
                end("block at " + block * Geometry.BLOCK_BYTES + " differs again after it was repaired");
                return;
            } else {
                differs(block, ledger.side((int) block, done.ours, done.theirs, 2 * i));
            }
        }
        extentsDone += done.again ? 0 : 1;
    }

    private void differs(long block, String side) {
        long offset = block * Geometry.BLOCK_BYTES;
        String repaired = !repairs ? "no" : side.equals("primary") ? "primary" : "backup";
        DIAGNOSTICS.warn("verify: the disks differ at {}, side {}, repaired: {}", offset, side, repaired);
        if (found.size() < FOUND_MAX) {
            found.add(new VerifyStatus.Found(offset, side, repaired));
        }
        if (repairs) {
            broken.add(new Broken(block, side));
        }
    }

    // The machine's thread.

    /// Whether the machine must not run now: a block is being repaired.
    synchronized boolean standsStill() {
        return !broken.isEmpty();
    }

    /// Between two slices.
    synchronized void turn(Recorder recorder, long now) throws IOException {
        if (!running) {
            return;
        }
        if (!asked.isEmpty() && now - asked.firstEntry().getValue().askedNanos > ANSWER_NANOS_MAX) {
            end("the backup has not answered within " + ANSWER_NANOS_MAX / 1_000_000_000 + " s");
        } else if (!broken.isEmpty()) {
            repair(recorder, now);
        } else if (asked.size() < AT_ONCE && now - askedNanos >= EXTENT_NANOS) {
            ask(recorder, now);
        }
    }

    private void ask(Recorder recorder, long now) {
        long extents = (disk.sizeBytes() + Geometry.EXTENT_BYTES - 1) / Geometry.EXTENT_BYTES;
        boolean repeated = !again.isEmpty();
        if (!repeated && nextExtent >= extents) {
            if (asked.isEmpty()) {
                end(found.isEmpty() ? "identical" : "differences found");
            }
            return;
        }
        long extent = repeated ? again.remove() : nextExtent++;
        long offset = extent * Geometry.EXTENT_BYTES;
        int length = (int) Math.min(Geometry.EXTENT_BYTES, disk.sizeBytes() - offset);
        askedNanos = now;
        LogPosition at = recorder.verify(offset, length, false);
        asked.put(at, new Comparison(extent, repeated, now));
        inOrder.between(() -> look(at));
        signal.raise();
    }

    private void repair(Recorder recorder, long now) throws IOException {
        boolean dataPending = recorder.machine().pendingDiskRequests().stream()
                .anyMatch(request -> !(request instanceof DiskFlush));
        if (dataPending) {
            return;
        }
        Broken next = broken.peek();
        long offset = next.block() * Geometry.BLOCK_BYTES;
        int length = (int) Math.min(Geometry.BLOCK_BYTES, disk.sizeBytes() - offset);
        if (!next.side().equals("primary")) {
            byte[] ours = new byte[length];
            disk.read(offset, ByteBuffer.wrap(ours));
            recorder.repair(offset, ours);
        } else if (bytesAsked.equals(LogPosition.START)) {
            bytesAsked = recorder.verify(offset, length, true);
            bytesAskedNanos = now;
            return;
        } else if (bytes != null && bytes.length == length) {
            disk.write(offset, ByteBuffer.wrap(bytes));
        } else if (bytes != null || now - bytesAskedNanos > BYTES_NANOS_MAX) {
            end("the backup has not given its bytes at " + offset);
            return;
        } else {
            return;
        }
        bytes = null;
        bytesAsked = LogPosition.START;
        broken.remove();
        again.add(next.block() / Geometry.BLOCKS_PER_EXTENT);
    }
}
