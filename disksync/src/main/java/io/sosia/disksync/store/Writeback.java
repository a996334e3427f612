package io.sosia.disksync.store;

import java.io.Closeable;
import java.io.IOException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;

/// Makes what was written durable: on demand for a flush, and in the background so that a flush never has much to do.
///
/// Every completed write takes the next *ticket*; a sync covers all tickets given before it began. The background thread
/// syncs when [Limits#softBytes()] are waiting or the oldest has waited [Limits#intervalMillis()]; a writer waits while
/// [Limits#hardBytes()] are waiting. After a failed sync Linux may have dropped the data while a second sync
/// would report success, so the first failure is final: every later call fails with it.
///
/// Locks: `turn` admits one sync at a time and is held during it; `state` guards the counters and is never held during I/O.
final class Writeback implements Closeable {
    /// @param softBytes      start a sync in the background from here on
    /// @param hardBytes      writers wait from here on: with the disk's speed, this is the longest a flush can take
    /// @param intervalMillis the longest that a write waits for its sync
    record Limits(long softBytes, long hardBytes, long intervalMillis) {
        /// A flush under 100 ms on an SSD, under a second on a hard disk.
        static final Limits DEFAULT = new Limits(16L << 20, 64L << 20, 1_000);
    }

    private final DataFile file;
    private final Limits limits;
    private final Supplier<Runnable> aroundSync;
    private final Thread thread;

    private final ReentrantLock turn = new ReentrantLock();
    private final ReentrantLock state = new ReentrantLock();
    private final Condition work = state.newCondition();
    private final Condition drained = state.newCondition();
    private long completed;
    private long synced;
    private long waitingBytes;
    private boolean closing;
    private IOException failure;

    /// Starts the background thread.
    ///
    /// @param aroundSync called before each sync, without locks; what it returns is run when that sync has succeeded
    Writeback(String name, DataFile file, Limits limits, Supplier<Runnable> aroundSync) {
        this.file = file;
        this.limits = limits;
        this.aroundSync = aroundSync;
        this.thread = Thread.ofPlatform().daemon().name("writeback " + name).start(this::run);
    }

    /// Before a write: waits while too much is waiting to be made durable.
    void admit() throws IOException {
        state.lock();
        try {
            while (failure == null && waitingBytes >= limits.hardBytes()) {
                drained.awaitUninterruptibly();
            }
            requireSound();
        } finally {
            state.unlock();
        }
    }

    /// After a write of `bytes`, complete or not.
    ///
    /// @return its ticket
    long completed(long bytes) {
        state.lock();
        try {
            boolean first = synced == completed;
            boolean crossed = waitingBytes < limits.softBytes() && waitingBytes + bytes >= limits.softBytes();
            waitingBytes += bytes;
            if (first || crossed) {
                work.signal();
            }
            return ++completed;
        } finally {
            state.unlock();
        }
    }

    /// Every write up to this ticket is durable.
    long synced() {
        state.lock();
        try {
            return synced;
        } finally {
            state.unlock();
        }
    }

    /// Whether every completed write is durable.
    boolean isClean() {
        state.lock();
        try {
            return synced == completed && failure == null;
        } finally {
            state.unlock();
        }
    }

    /// Returns when every write completed before the call is durable. Calls that wait for each other share one sync.
    void flush() throws IOException {
        long wanted;
        state.lock();
        try {
            requireSound();
            wanted = completed;
        } finally {
            state.unlock();
        }
        turn.lock();
        try {
            syncOnce(wanted);
        } finally {
            turn.unlock();
        }
    }

    private void syncOnce(long wanted) throws IOException {
        long covers;
        long bytes;
        Runnable whenDurable = aroundSync.get();
        state.lock();
        try {
            requireSound();
            if (synced >= wanted) {
                return;
            }
            covers = completed;
            bytes = waitingBytes;
        } finally {
            state.unlock();
        }
        IOException failed = null;
        try {
            file.sync();
        } catch (IOException e) {
            failed = e;
        }
        state.lock();
        try {
            if (failed == null) {
                synced = covers;
                waitingBytes -= bytes;
            } else {
                failure = failed;
                work.signal();
            }
            drained.signalAll();
            requireSound();
        } finally {
            state.unlock();
        }
        whenDurable.run();
    }

    private void run() {
        try {
            while (awaitWork()) {
                flush();
            }
        } catch (IOException e) {
            // Kept in `failure`: the next write or flush reports it.
        }
    }

    private boolean awaitWork() throws IOException {
        state.lock();
        try {
            while (!closing && failure == null && synced == completed) {
                work.awaitUninterruptibly();
            }
            long nanos = TimeUnit.MILLISECONDS.toNanos(limits.intervalMillis());
            while (!closing && failure == null && waitingBytes < limits.softBytes() && nanos > 0) {
                nanos = work.awaitNanos(nanos);
            }
            return !closing && failure == null;
        } catch (InterruptedException e) {
            throw new IOException("background sync was interrupted", e);
        } finally {
            state.unlock();
        }
    }

    private void requireSound() throws IOException {
        if (failure != null) {
            throw new IOException("an earlier sync of this disk failed, so what was written may be lost: "
                    + failure.getMessage(), failure);
        }
    }

    /// Syncs what is left and stops the thread. The thread is stopped also when the sync fails.
    @Override
    public void close() throws IOException {
        state.lock();
        try {
            closing = true;
            work.signal();
        } finally {
            state.unlock();
        }
        boolean interrupted = false;
        while (thread.isAlive()) {
            try {
                thread.join();
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
        flush();
    }
}
