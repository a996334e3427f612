package io.sosia.appliance.node;

import io.sosia.disksync.export.NbdServer;
import io.sosia.disksync.export.PointInTimeView;
import io.sosia.disksync.store.DiskStore;
import java.io.IOException;
import java.net.SocketAddress;
import java.nio.file.Path;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// One export of a disk, from its moment to its end, on a thread of its own: that thread alone touches the disk for it, so
/// that an impatient client's cancelled request cannot interrupt the disk's I/O.
///
/// It lasts as long as somebody keeps asking for it, and ends when nobody has for [#LEASE_NANOS].
final class DiskExport implements Errands.Errand<ExportStatus> {
    static final long LEASE_NANOS = 5_000_000_000L;

    private static final Logger DIAGNOSTICS = LoggerFactory.getLogger(DiskExport.class);
    private static final long MOMENT_SECONDS = 30;
    private static final long CHECK_MILLIS = 250;

    /// What an export needs.
    ///
    /// @param disk         with the disk's data thread
    /// @param folder       the disk's own
    /// @param sideBytesMax what may be put aside, in bytes
    record Wanted(MachineDisk disk, Path folder, SocketAddress address, long sideBytesMax, String description) {}

    private final String id = UUID.randomUUID().toString();
    private final Wanted wanted;
    private final Thread thread;
    private final CompletableFuture<PointInTimeView> moment = new CompletableFuture<>();
    private final CompletableFuture<NbdServer> served = new CompletableFuture<>();

    // Guarded by this object's monitor.
    private long askedNanos = System.nanoTime();
    private boolean ending;

    private DiskExport(Wanted wanted) {
        this.wanted = wanted;
        this.thread = Thread.ofPlatform().daemon().name("disk export").unstarted(this::run);
    }

    /// Begins; returns when clients are served.
    ///
    /// @throws IOException when the disk cannot be kept as it is, or nobody can listen at the address
    static DiskExport begin(Wanted wanted) throws IOException, InterruptedException {
        DiskExport export = new DiskExport(wanted);
        export.thread.start();
        try {
            export.served.get();
            return export;
        } catch (ExecutionException e) {
            throw new IOException(e.getCause().getMessage(), e.getCause());
        } catch (InterruptedException e) {
            export.end();
            export.awaitEnd();
            throw e;
        }
    }

    @Override
    public String id() {
        return id;
    }

    @Override
    public String doing() {
        return "exports its disk already, at " + served.join().uri() + "; end that export first";
    }

    @Override
    public boolean isAlive() {
        return thread.isAlive();
    }

    @Override
    public synchronized Optional<ExportStatus> asked() {
        if (ending || !isAlive()) {
            return Optional.empty();
        }
        askedNanos = System.nanoTime();
        PointInTimeView view = moment.join();
        NbdServer server = served.join();
        return Optional.of(new ExportStatus(id, server.uri(), view.sizeBytes(), server.sentBytes(), server.connections(),
                view.sideBytes(), view.sideBytesMax(), view.ended().orElse("")));
    }

    @Override
    public synchronized void end() {
        ending = true;
        notifyAll();
    }

    @Override
    public void awaitEnd() {
        Threads.awaitEnd(thread);
    }

    private void run() {
        try (PointInTimeView view = take(); NbdServer server = new NbdServer(view, wanted.address(), wanted.description())) {
            DIAGNOSTICS.info("disk export begun: uri={} disk-bytes={} side-bytes-max={}", server.uri(), view.sizeBytes(),
                    view.sideBytesMax());
            begun();
            served.complete(server);
            String reason = awaitReason();
            DIAGNOSTICS.info("disk export ended: uri={} sent-bytes={} reason={}", server.uri(), server.sentBytes(), reason);
        } catch (IOException | RuntimeException e) {
            if (!served.completeExceptionally(e)) {
                DIAGNOSTICS.warn("disk export did not end in order: {}", e.toString());
            }
        }
    }

    /// Between two requests, so that a guest's file system finds what it would after a power cut.
    private PointInTimeView take() throws IOException {
        DiskStore store = wanted.disk().store().orElseThrow();
        store.flush();
        wanted.disk().between(() -> {
            try {
                PointInTimeView view = PointInTimeView.take(store, wanted.folder(), wanted.sideBytesMax());
                if (!moment.complete(view)) {
                    view.close();
                }
            } catch (IOException e) {
                moment.completeExceptionally(e);
            }
        });
        try {
            return moment.get(MOMENT_SECONDS, TimeUnit.SECONDS);
        } catch (ExecutionException e) {
            throw new IOException("the disk cannot be kept as it is now: " + e.getCause().getMessage(), e.getCause());
        } catch (TimeoutException e) {
            if (moment.completeExceptionally(e)) {
                throw new IOException("the disk has been busy for " + MOMENT_SECONDS + " s; try again", e);
            }
            return moment.join();
        } catch (InterruptedException e) {
            throw new IllegalStateException("nobody interrupts this thread", e);
        }
    }

    private synchronized void begun() {
        askedNanos = System.nanoTime();
    }

    private synchronized String awaitReason() {
        while (!ending) {
            if (System.nanoTime() - askedNanos > LEASE_NANOS) {
                ending = true;
                return "nobody has asked for it for " + TimeUnit.NANOSECONDS.toSeconds(LEASE_NANOS) + " s";
            }
            try {
                wait(CHECK_MILLIS);
            } catch (InterruptedException e) {
                throw new IllegalStateException("nobody interrupts this thread", e);
            }
        }
        return "asked to";
    }
}
