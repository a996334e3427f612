package io.sosia.appliance.node;

import io.sosia.appliance.snapshot.SnapshotDraft;
import io.sosia.appliance.snapshot.SnapshotHeader;
import io.sosia.appliance.snapshot.SnapshotHeader.Build;
import io.sosia.appliance.snapshot.SnapshotHeader.FileSum;
import io.sosia.appliance.snapshot.SnapshotHeader.Origin;
import io.sosia.disksync.export.ImageCopy;
import io.sosia.disksync.export.PointInTimeView;
import io.sosia.disksync.store.DiskStore;
import io.sosia.disksync.store.SparseFile;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// One snapshot being saved, on a thread of its own. It is given up when nobody has asked for it for [#LEASE_NANOS].
final class SnapshotSave implements Errands.Errand<SnapshotStatus> {
    static final long LEASE_NANOS = 10_000_000_000L;

    private static final Logger DIAGNOSTICS = LoggerFactory.getLogger(SnapshotSave.class);
    private static final long MOMENT_NANOS = 30_000_000_000L;
    private static final long CHECK_MILLIS = 250;

    /// What a save needs.
    ///
    /// @param home   whose disk and pair it is
    /// @param build  what the machine is built from
    /// @param folder absolute; what the snapshot becomes
    record Wanted(PairedMachine machine, NodeHome home, Build build, Path folder) {}

    private final String id = UUID.randomUUID().toString();
    private final Wanted wanted;
    private final long diskBytes;
    private final Thread thread;

    private volatile long askedNanos = System.nanoTime();
    private volatile boolean ending;
    private volatile SnapshotStatus status;

    private SnapshotSave(Wanted wanted) {
        this.wanted = wanted;
        this.diskBytes = wanted.machine().disk().store().map(DiskStore::sizeBytes).orElse(0L);
        this.status = new SnapshotStatus(id, wanted.folder().toString(), "waiting", "", 0, 0,
                wanted.build().ramBytes() + diskBytes, 0, 0, "");
        this.thread = Thread.ofPlatform().daemon().name("snapshot").unstarted(this::run);
    }

    static SnapshotSave begin(Wanted wanted) {
        SnapshotSave save = new SnapshotSave(wanted);
        save.thread.start();
        return save;
    }

    @Override
    public String id() {
        return id;
    }

    @Override
    public boolean isAlive() {
        return thread.isAlive();
    }

    @Override
    public Optional<SnapshotStatus> asked() {
        askedNanos = System.nanoTime();
        return Optional.of(status);
    }

    @Override
    public String doing() {
        return "is saving a snapshot already, to " + status.folder();
    }

    @Override
    public void end() {
        ending = true;
    }

    @Override
    public void awaitEnd() {
        Threads.awaitEnd(thread);
    }

    // The save's own thread.

    private void run() {
        try {
            SnapshotDraft draft = SnapshotDraft.begin(wanted.folder(), bytesMax());
            try {
                SnapshotHeader header = write(draft);
                draft.finish(header);
                SnapshotStatus last = status;
                become("done", last.totalBytes());
                DIAGNOSTICS.info("snapshot saved: folder={} position={} step={} pause-millis={}", wanted.folder(),
                        last.position(), last.step(), last.pauseMillis());
            } catch (IOException | RuntimeException e) {
                draft.abandon();
                throw e;
            }
        } catch (IOException | RuntimeException e) {
            DIAGNOSTICS.warn("snapshot not saved: folder={} reason={}", wanted.folder(), e.toString());
            fail(e instanceof IOException io ? SnapshotDraft.reason(io) : e.toString());
        }
    }

    /// What it takes at most, as the disk is now.
    private long bytesMax() throws IOException {
        Optional<DiskStore> store = wanted.machine().disk().store();
        long bytes = wanted.build().ramBytes();
        if (store.isPresent()) {
            try (SparseFile data = SparseFile.open(store.get().dataPath())) {
                long from = data.nextData(0);
                while (from >= 0 && from < diskBytes) {
                    long to = data.nextHole(from, diskBytes);
                    bytes += to - from;
                    from = to < diskBytes ? data.nextData(to) : diskBytes;
                }
            }
        }
        return bytes;
    }

    private SnapshotHeader write(SnapshotDraft draft) throws IOException {
        MachineDisk disk = wanted.machine().disk();
        if (disk.store().isPresent()) {
            disk.store().get().flush();
        }
        long ramBytes = wanted.build().ramBytes();
        Origin origin = new Origin(wanted.home().pairId().toString(), wanted.home().node().value(),
                wanted.home().stamp().content());
        try (SnapshotMoment moment = new SnapshotMoment(disk, draft, bytes -> at("machine", Math.min(ramBytes, bytes)))) {
            wanted.machine().ask(moment);
            SnapshotMoment.Taken taken = await(moment.machine(), moment);
            found(taken, moment.pauseNanos());
            Optional<PointInTimeView> past = await(moment.past(), moment);
            Optional<FileSum> image = past.isEmpty() ? Optional.empty() : Optional.of(new FileSum(diskBytes,
                    ImageCopy.copy(past.get(), draft.disk(), bytes -> at("disk", ramBytes + bytes))));
            return new SnapshotHeader(origin, wanted.build(), taken.point(), taken.step(), taken.at(), taken.state(), image);
        }
    }

    private <T> T await(CompletableFuture<T> what, SnapshotMoment moment) throws IOException {
        long fromNanos = System.nanoTime();
        while (true) {
            requireWanted();
            try {
                return what.get(CHECK_MILLIS, TimeUnit.MILLISECONDS);
            } catch (ExecutionException e) {
                if (e.getCause() instanceof IOException io) {
                    throw io;
                }
                throw new IllegalStateException("not written", e.getCause());
            } catch (TimeoutException e) {
                if (System.nanoTime() - fromNanos > MOMENT_NANOS && !moment.standing()) {
                    throw new IOException("this backup has found no moment for it in " + MOMENT_NANOS / 1_000_000_000
                            + " s; try again", e);
                }
            } catch (InterruptedException e) {
                throw new IllegalStateException("nobody interrupts this thread", e);
            }
        }
    }

    private void requireWanted() throws IOException {
        if (ending) {
            throw new IOException("it was given up");
        }
        if (System.nanoTime() - askedNanos > LEASE_NANOS) {
            throw new IOException("nobody has asked for it for " + LEASE_NANOS / 1_000_000_000 + " s");
        }
    }

    private void at(String phase, long doneBytes) throws IOException {
        requireWanted();
        become(phase, doneBytes);
    }

    private void become(String phase, long doneBytes) {
        SnapshotStatus now = status;
        status = new SnapshotStatus(id, now.folder(), phase, now.position(), now.step(), doneBytes, now.totalBytes(),
                now.stateBytes(), now.pauseMillis(), now.error());
    }

    private void found(SnapshotMoment.Taken taken, long pauseNanos) {
        SnapshotStatus now = status;
        status = new SnapshotStatus(id, now.folder(), "disk", taken.point().last().toString(), taken.step(),
                wanted.build().ramBytes(), now.totalBytes(), taken.state().bytes(), pauseNanos / 1e6, "");
    }

    private void fail(String reason) {
        SnapshotStatus now = status;
        status = new SnapshotStatus(id, now.folder(), "failed", now.position(), now.step(), now.doneBytes(), now.totalBytes(),
                now.stateBytes(), now.pauseMillis(), reason);
    }
}
