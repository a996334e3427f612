package io.sosia.appliance.node;

import io.sosia.appliance.pair.NodeState;
import io.sosia.disksync.export.NbdAddress;
import io.sosia.disksync.export.PointInTimeView;
import io.sosia.disksync.store.DiskStore;
import java.io.IOException;
import java.net.SocketAddress;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.Supplier;

/// The exports of one node's disk: one at a time, begun on a backup, where reading costs the running machine nothing.
///
/// A node that is promoted meanwhile goes on exporting: what is shown is the past and stays consistent. It ends with the
/// node's life. Any thread.
public final class DiskExports implements AutoCloseable {
    private static final long BLOCK_BYTES = 64 << 10;

    private final MachineDisk disk;
    private final Path folder;
    private final String node;
    private final String partner;
    private final Supplier<NodeState> state;
    private DiskExport current;
    private boolean closed;

    /// @param state   where the node stands now
    /// @param folder  the disk's own
    /// @param node    this node's name
    /// @param partner its partner's
    DiskExports(MachineDisk disk, Path folder, String node, String partner, Supplier<NodeState> state) {
        this.disk = disk;
        this.folder = folder;
        this.node = node;
        this.partner = partner;
        this.state = state;
    }

    /// Keeps the disk as it is now and serves it; it has to be kept alive by [#renew] from then on.
    ///
    /// @param bind      where to listen: `ADDRESS:PORT` or `unix:PATH`
    /// @param sideBytes old content that may be put aside, in bytes; 0 for the usual amount
    /// @throws IllegalArgumentException when the address or the amount makes no sense
    /// @throws ExportRefusedException   when this node exports nothing now
    /// @throws IOException              when the host cannot do it
    public synchronized ExportStatus start(String bind, long sideBytes) throws IOException, InterruptedException {
        SocketAddress address = NbdAddress.parse(bind);
        if (sideBytes != 0 && sideBytes < BLOCK_BYTES) {
            throw new IllegalArgumentException("a side file of " + sideBytes + " bytes holds nothing, expected at least "
                    + BLOCK_BYTES);
        }
        Optional<String> refusal = refusal();
        if (refusal.isPresent()) {
            throw new ExportRefusedException(refusal.get());
        }
        long sizeBytes = disk.store().map(DiskStore::sizeBytes).orElseThrow();
        current = DiskExport.begin(new DiskExport.Wanted(disk, folder, address,
                sideBytes == 0 ? PointInTimeView.usualSideBytes(sizeBytes) : sideBytes, "disk of node " + node));
        return current.asked().orElseThrow(() -> new IOException("the export has ended at once"));
    }

    private Optional<String> refusal() {
        if (closed) {
            return Optional.of("node " + node + " is ending; ask its partner " + partner);
        }
        if (disk.store().isEmpty()) {
            return Optional.of("the machine of node " + node + " has no disk");
        }
        if (current != null && current.isAlive()) {
            return Optional.of("node " + node + " exports its disk already, at " + current.uri()
                    + "; end that export first");
        }
        try {
            NodeState now = state.get();
            if (now instanceof NodeState.Following) {
                return Optional.empty();
            }
            return Optional.of(now.isPrimary()
                    ? "node " + node + " is the primary (" + now.word() + "): reading its disk would cost the running machine; "
                            + "ask the backup, node " + partner
                    : "node " + node + " is " + now.word() + ", so its disk may not be complete; ask again when it is READY");
        } catch (RejectedExecutionException ending) {
            return Optional.of("node " + node + " is ending; ask its partner " + partner);
        }
    }

    /// Keeps an export alive for another while.
    ///
    /// @return how it stands; empty when there is none of that name any more
    public synchronized Optional<ExportStatus> renew(String id) {
        return exists(id) ? current.asked() : Optional.empty();
    }

    /// Ends an export, and returns when it has ended.
    ///
    /// @return false when there is none of that name any more
    public synchronized boolean end(String id) {
        if (!exists(id)) {
            return false;
        }
        current.end();
        current.awaitEnd();
        return true;
    }

    private boolean exists(String id) {
        return current != null && current.id().equals(id) && current.isAlive();
    }

    /// Ends what there is and begins nothing more. Before the disk is closed.
    @Override
    public synchronized void close() {
        closed = true;
        if (current != null) {
            current.end();
            current.awaitEnd();
        }
    }
}
