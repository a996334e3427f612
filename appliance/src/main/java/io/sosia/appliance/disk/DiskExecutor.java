package io.sosia.appliance.disk;

import io.sosia.appliance.machine.port.DiskStatus;
import io.sosia.appliance.machine.port.MachineInput.DiskCompleted;
import io.sosia.appliance.machine.port.MachineOutput.ByteRange;
import io.sosia.appliance.machine.port.MachineOutput.DiskDiscard;
import io.sosia.appliance.machine.port.MachineOutput.DiskFlush;
import io.sosia.appliance.machine.port.MachineOutput.DiskRead;
import io.sosia.appliance.machine.port.MachineOutput.DiskRequest;
import io.sosia.appliance.machine.port.MachineOutput.DiskWrite;
import io.sosia.appliance.machine.port.MachineOutput.DiskWriteZeroes;
import io.sosia.disksync.block.Position;
import io.sosia.disksync.store.BlockStore;
import io.sosia.disksync.store.DiskStore;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.LongConsumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Carries out a machine's disk requests, on two threads of its own.
///
/// The *data* thread does reads, writes, discards and zeroes one after the other, in the order they were submitted, so requests
/// that overlap have one outcome, the same on both nodes (FT paper, 3.2). When it comes to a flush, everything before it is
/// written; it hands the flush to the *flush* thread and goes on, so that reads do not wait for the host's disk to
/// sync. Flushes that are waiting together share one sync. One data thread is enough: what it does is a copy to or from the
/// host's page cache most of the time.
///
/// Submitting, waiting and closing may be done from any thread; order is the order of the calls.
public final class DiskExecutor implements AutoCloseable {
    private static final Logger DIAGNOSTICS = LoggerFactory.getLogger(DiskExecutor.class);

    /// @param pendingMax   requests submitted and not completed at most; more is a broken invariant, because the guest's queue is
    ///                     smaller
    /// @param readAttempts how often a read is tried in its place before it is completed as failed, at least 1: the primary's
    ///                     guest is told at once, a backup tries again before it gives up (architecture, "Disk determinism")
    public record Settings(int pendingMax, int readAttempts) {
        /// For the node whose guest sees the errors.
        public static final Settings PRIMARY = new Settings(4_096, 1);
        /// For a node that has to follow.
        public static final Settings BACKUP = new Settings(4_096, 3);

        /// Refuses what would never do anything.
        public Settings {
            if (pendingMax < 1 || readAttempts < 1) {
                throw new IllegalArgumentException("pendingMax " + pendingMax + " and readAttempts " + readAttempts
                        + ", expected 1 or more");
            }
        }
    }

    private sealed interface Work {
        record Request(DiskRequest request, long submittedNanos) implements Work {
        }

        record Reached(Position position) implements Work {
        }

        record Between(Runnable task) implements Work {
        }
    }

    private final BlockStore disk;
    private final Settings settings;
    private final Consumer<DiskCompleted> completions;
    private final Consumer<Throwable> broken;
    private final DiskLane dataLane;
    private final DiskLane flushLane;

    private volatile LongConsumer onRequest = _ -> { };

    // Guarded by this object's monitor.
    private final Deque<Work> work = new ArrayDeque<>();
    private final Deque<DiskFlush> flushes = new ArrayDeque<>();
    private int pending;
    private boolean working;
    private boolean closing;
    private boolean dataEnded;
    private Throwable failure;
    private long ioErrors;

    /// Starts the threads. The disk stays the caller's, who closes it after this executor.
    ///
    /// @param completions receives each completion once, from the disk's threads; must not wait for this executor. Data is
    ///                    the bytes read for a read that ended OK, else empty
    /// @param broken      told of a broken invariant (by a disk thread, once): the node has to stop
    public DiskExecutor(BlockStore disk, Settings settings, Consumer<DiskCompleted> completions,
                        Consumer<Throwable> broken) {
        this.disk = disk;
        this.settings = settings;
        this.completions = completions;
        this.broken = broken;
        this.dataLane = new DiskLane("disk", this::dataRound, this::fail);
        this.flushLane = new DiskLane("disk flush", this::flushRound, this::fail);
    }

    /// Takes a request. It is completed exactly once, also when the guest named sectors that the disk does not have
    /// ([DiskStatus#IO_ERROR]).
    ///
    /// @throws IllegalStateException when closed, broken, or when more requests are pending than a guest's queue can hold
    public synchronized void submit(DiskRequest request) {
        requireRunning();
        if (pending >= settings.pendingMax()) {
            throw new IllegalStateException("disk request " + request.requestId() + " with " + pending
                    + " pending, expected at most " + settings.pendingMax());
        }
        pending++;
        work.addLast(new Work.Request(request, System.nanoTime()));
        notifyAll();
    }

    /// All requests that the log up to `position` causes have been submitted, and none beyond it. The disk is told when they
    /// have been carried out; positions that it has not come to yet are overtaken by later ones.
    public synchronized void reached(Position position) {
        requireRunning();
        if (work.peekLast() instanceof Work.Reached) {
            work.removeLast();
        }
        work.addLast(new Work.Reached(position));
        notifyAll();
    }

    /// Runs `task` on the data thread when everything submitted before has been carried out and nothing submitted after: with no
    /// read or write under way.
    ///
    /// @param task must not wait for this executor; what it throws is a broken invariant
    public synchronized void between(Runnable task) {
        requireRunning();
        work.addLast(new Work.Between(task));
        notifyAll();
    }

    /// Everything caused by the log up to here is durable; empty for a disk that keeps no positions.
    public Optional<Position> durablePosition() {
        return disk instanceof DiskStore store ? Optional.of(store.durablePosition()) : Optional.empty();
    }

    /// From now on `told` gets how long each read and write took, in nanoseconds from its submission; on the data thread.
    public void onRequest(LongConsumer told) {
        onRequest = told;
    }

    /// Requests submitted and not completed.
    public synchronized int pending() {
        return pending;
    }

    /// Requests that the disk has failed so far.
    public synchronized long ioErrors() {
        return ioErrors;
    }

    /// Returns when everything submitted before the call has been carried out and its completion delivered.
    ///
    /// @throws IllegalStateException when a disk thread has broken
    public synchronized void drain() throws InterruptedException {
        while (failure == null && (pending > 0 || working || !work.isEmpty())) {
            wait();
        }
        requireSound();
    }

    /// Returns when everything submitted before the call is durable: what a node does before it claims.
    ///
    /// @throws IOException when the disk cannot make it durable
    public void drainDurably() throws IOException, InterruptedException {
        drain();
        disk.flush();
    }

    /// Carries out what has been submitted, then stops the threads. Does not close the disk.
    @Override
    public void close() {
        synchronized (this) {
            closing = true;
            notifyAll();
        }
        dataLane.join();
        flushLane.join();
    }

    private boolean dataRound() {
        Work next = nextWork();
        if (next == null) {
            return false;
        }
        switch (next) {
            case Work.Request(DiskFlush flush, long _) -> queueFlush(flush);
            case Work.Request(DiskRequest request, long submittedNanos) -> {
                complete(carryOut(request));
                onRequest.accept(System.nanoTime() - submittedNanos);
            }
            case Work.Between(Runnable task) -> task.run();
            case Work.Reached(Position position) -> {
                if (disk instanceof DiskStore store) {
                    store.reached(position);
                }
            }
        }
        endWork();
        return true;
    }

    private synchronized Work nextWork() {
        while (work.isEmpty() && !closing && failure == null) {
            waitForWork();
        }
        Work next = failure == null ? work.pollFirst() : null;
        working = next != null;
        if (next == null) {
            dataEnded = true;
            notifyAll();
        }
        return next;
    }

    private synchronized void endWork() {
        working = false;
        notifyAll();
    }

    private synchronized void queueFlush(DiskFlush flush) {
        flushes.addLast(flush);
        notifyAll();
    }

    private boolean flushRound() {
        List<DiskFlush> together = nextFlushes();
        if (together.isEmpty()) {
            return false;
        }
        DiskStatus status = attempt(together.getFirst(), disk::flush);
        for (DiskFlush flush : together) {
            complete(new DiskCompleted(flush.requestId(), status, new byte[0]));
        }
        return true;
    }

    private synchronized List<DiskFlush> nextFlushes() {
        while (flushes.isEmpty() && !dataEnded && failure == null) {
            waitForWork();
        }
        List<DiskFlush> together = failure == null ? new ArrayList<>(flushes) : List.of();
        flushes.clear();
        return together;
    }

    private void waitForWork() {
        try {
            wait();
        } catch (InterruptedException e) {
            // An interrupt during I/O would close the disk's file: nobody may interrupt these threads.
            throw new IllegalStateException("a disk thread was interrupted", e);
        }
    }

    private DiskCompleted carryOut(DiskRequest request) {
        return switch (request) {
            case DiskRead read -> read(read);
            case DiskWrite(long id, long offset, byte[] data) -> done(request, fits(offset, data.length),
                    () -> disk.write(offset, ByteBuffer.wrap(data)));
            case DiskDiscard(long id, List<ByteRange> ranges) -> done(request, fit(ranges), () -> {
                for (ByteRange range : ranges) {
                    disk.discard(range.offset(), range.length());
                }
            });
            case DiskWriteZeroes(long id, List<ByteRange> ranges, boolean unmap) -> done(request, fit(ranges), () -> {
                for (ByteRange range : ranges) {
                    disk.writeZeroes(range.offset(), range.length());
                }
            });
            case DiskFlush flush -> throw new IllegalStateException("flush " + flush.requestId() + " on the data thread");
        };
    }

    private DiskCompleted read(DiskRead read) {
        if (read.length() < 0 || !fits(read.offset(), read.length())) {
            return done(read, false, () -> { });
        }
        byte[] data = new byte[read.length()];
        DiskStatus status = DiskStatus.IO_ERROR;
        // Tried again here, in its place: later it could see the writes of requests that follow it.
        for (int left = settings.readAttempts(); left > 0 && status != DiskStatus.OK; left--) {
            status = attempt(read, () -> disk.read(read.offset(), ByteBuffer.wrap(data)));
        }
        return new DiskCompleted(read.requestId(), status, status == DiskStatus.OK ? data : new byte[0]);
    }

    @FunctionalInterface
    private interface Io {
        void run() throws IOException;
    }

    private DiskCompleted done(DiskRequest request, boolean valid, Io io) {
        DiskStatus status = valid ? attempt(request, io) : DiskStatus.IO_ERROR;
        return new DiskCompleted(request.requestId(), status, new byte[0]);
    }

    private DiskStatus attempt(DiskRequest request, Io io) {
        try {
            io.run();
            return DiskStatus.OK;
        } catch (IOException e) {
            countError(request, e);
            return DiskStatus.IO_ERROR;
        }
    }

    private synchronized void countError(DiskRequest request, IOException cause) {
        ioErrors++;
        // A disk that fails everything must not fill the diagnostics: the 1st, 2nd, 4th, 8th ... are shown.
        if (Long.bitCount(ioErrors) == 1) {
            DIAGNOSTICS.warn("disk {} id={} failed, errors so far {}: {}", request.getClass().getSimpleName(),
                    request.requestId(), ioErrors, cause.getMessage());
        }
    }

    private boolean fits(long offset, long length) {
        return io.sosia.disksync.block.ByteRange.fits(offset, length, disk.sizeBytes());
    }

    private boolean fit(List<ByteRange> ranges) {
        return ranges.stream().allMatch(range -> fits(range.offset(), range.length()));
    }

    private void complete(DiskCompleted completed) {
        completions.accept(completed);
        synchronized (this) {
            pending--;
            notifyAll();
        }
    }

    private void fail(Throwable cause) {
        boolean first;
        synchronized (this) {
            first = failure == null;
            if (first) {
                failure = cause;
            }
            notifyAll();
        }
        if (first) {
            broken.accept(cause);
        }
    }

    private void requireRunning() {
        requireSound();
        if (closing) {
            throw new IllegalStateException("the disk executor is closed");
        }
    }

    private void requireSound() {
        if (failure != null) {
            throw new IllegalStateException("a disk thread has broken: " + failure, failure);
        }
    }
}
