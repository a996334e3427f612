package io.sosia.appliance.node;

import io.sosia.appliance.pair.NodeState;
import io.sosia.disksync.export.NbdAddress;
import io.sosia.disksync.export.PointInTimeView;
import java.io.IOException;
import java.net.SocketAddress;
import java.nio.file.Path;
import java.util.Optional;
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
    private final Errands<ExportStatus> errands;

    /// @param state   where the node stands now
    /// @param folder  the disk's own
    /// @param node    this node's name
    /// @param partner its partner's
    DiskExports(MachineDisk disk, Path folder, String node, String partner, Supplier<NodeState> state) {
        this.disk = disk;
        this.folder = folder;
        this.node = node;
        this.errands = new Errands<>(new Errands.Place(node, partner, state,
                "reading its disk would cost the running machine", "its disk may not be complete"));
    }

    /// Keeps the disk as it is now and serves it; it has to be kept alive by [#renew] from then on.
    ///
    /// @param bind      where to listen: `ADDRESS:PORT` or `unix:PATH`
    /// @param sideBytes old content that may be put aside, in bytes; 0 for the usual amount
    /// @throws IllegalArgumentException when the address or the amount makes no sense
    /// @throws RefusedException         when this node exports nothing now
    /// @throws IOException              when the host cannot do it
    public ExportStatus start(String bind, long sideBytes) throws IOException, InterruptedException {
        SocketAddress address = NbdAddress.parse(bind);
        if (sideBytes != 0 && sideBytes < BLOCK_BYTES) {
            throw new IllegalArgumentException("a side file of " + sideBytes + " bytes holds nothing, expected at least "
                    + BLOCK_BYTES);
        }
        if (disk.store().isEmpty()) {
            throw new RefusedException("the machine of node " + node + " has no disk");
        }
        long sizeBytes = disk.store().get().sizeBytes();
        return errands.start(() -> DiskExport.begin(new DiskExport.Wanted(disk, folder, address,
                sideBytes == 0 ? PointInTimeView.usualSideBytes(sizeBytes) : sideBytes, "disk of node " + node)));
    }

    /// Keeps an export alive for another while.
    ///
    /// @return how it stands; empty when there is none of that name any more
    public Optional<ExportStatus> renew(String id) {
        return errands.renew(id);
    }

    /// Ends an export, and returns when it has ended.
    ///
    /// @return false when there is none of that name any more
    public boolean end(String id) {
        return errands.end(id);
    }

    /// Ends what there is and begins nothing more. Before the disk is closed.
    @Override
    public void close() {
        errands.close();
    }
}
