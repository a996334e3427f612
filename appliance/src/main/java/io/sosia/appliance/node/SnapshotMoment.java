package io.sosia.appliance.node;

import io.sosia.appliance.eventlog.RunPoint;
import io.sosia.appliance.machine.port.GuestMachine;
import io.sosia.appliance.snapshot.SnapshotDraft;
import io.sosia.appliance.snapshot.SnapshotHeader.FileSum;
import io.sosia.disksync.export.PointInTimeView;
import io.sosia.disksync.store.DiskStore;
import java.io.Closeable;
import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.time.Instant;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;

/// The one moment a snapshot is of: the machine is written while it stands still, and the disk is kept as all requests before
/// that moment, and none after, have left it.
///
/// Threads: the machine's ([#at]), the disk's data thread, and the one that saves.
final class SnapshotMoment implements FollowLoop.Moment, Closeable {

    /// What the machine's thread has found and written.
    record Taken(RunPoint point, long step, Instant at, FileSum state) {}

    /// Told how many bytes of the machine are written; may throw to end it.
    interface Watch {
        void wrote(long bytes) throws IOException;
    }

    private final MachineDisk disk;
    private final SnapshotDraft draft;
    private final Watch watch;
    private final CompletableFuture<Taken> machine = new CompletableFuture<>();
    private final CompletableFuture<Optional<PointInTimeView>> past = new CompletableFuture<>();
    private volatile long pauseNanos;

    // Guarded by this object's monitor.
    private boolean closed;
    private boolean standing;

    SnapshotMoment(MachineDisk disk, SnapshotDraft draft, Watch watch) {
        this.disk = disk;
        this.draft = draft;
        this.watch = watch;
    }

    @Override
    public void at(GuestMachine still, RunPoint point) {
        synchronized (this) {
            if (closed) {
                return;
            }
            standing = true;
        }
        long from = System.nanoTime();
        try {
            disk.store().ifPresentOrElse(store -> disk.between(() -> keep(store)), () -> past.complete(Optional.empty()));
            Instant now = Instant.now();
            FileSum state = draft.writeState(out -> still.save(new Watched(out)));
            pauseNanos = System.nanoTime() - from;
            machine.complete(new Taken(point, still.steps(), now, state));
        } catch (IOException e) {
            machine.completeExceptionally(e);
        } finally {
            synchronized (this) {
                standing = false;
                notifyAll();
            }
        }
    }

    @Override
    public void never(String reason) {
        machine.completeExceptionally(new IOException(reason + "; ask the node that is READY now"));
    }

    /// On the disk's data thread.
    private void keep(DiskStore store) {
        try {
            PointInTimeView view = PointInTimeView.take(store, store.dataPath().getParent(),
                    PointInTimeView.usualSideBytes(store.sizeBytes()));
            if (!past.complete(Optional.of(view))) {
                view.close();
            }
        } catch (IOException e) {
            past.completeExceptionally(new IOException("the disk cannot be kept as it is now: " + e.getMessage(), e));
        }
    }

    /// The machine, when it is written.
    CompletableFuture<Taken> machine() {
        return machine;
    }

    /// The disk as it was, when its turn has come; empty for a machine without one.
    CompletableFuture<Optional<PointInTimeView>> past() {
        return past;
    }

    /// Whether the machine stands still now.
    synchronized boolean standing() {
        return standing;
    }

    /// How long the machine stood still, in host nanoseconds.
    long pauseNanos() {
        return pauseNanos;
    }

    /// Lets go of the disk's past, and returns when nobody writes to the draft for this any more.
    @Override
    public void close() throws IOException {
        boolean interrupted = false;
        synchronized (this) {
            closed = true;
            while (standing) {
                try {
                    wait();
                } catch (InterruptedException e) {
                    interrupted = true;
                }
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
        past.completeExceptionally(new IOException("too late"));
        if (!past.isCompletedExceptionally()) {
            Optional<PointInTimeView> view = past.join();
            if (view.isPresent()) {
                view.get().close();
            }
        }
    }

    private final class Watched extends FilterOutputStream {
        private long bytes;

        Watched(OutputStream out) {
            super(out);
        }

        @Override
        public void write(byte[] from, int offset, int length) throws IOException {
            out.write(from, offset, length);
            bytes += length;
            watch.wrote(bytes);
        }

        @Override
        public void write(int one) throws IOException {
            out.write(one);
            bytes++;
        }
    }
}
