package io.sosia.appliance.node;

import io.sosia.appliance.pair.NodeState;
import io.sosia.disksync.block.Geometry;
import io.sosia.disksync.store.DiskEvent;
import io.sosia.disksync.store.DiskStore;
import io.sosia.disksync.store.SuperBlock;
import java.io.IOException;
import java.util.List;

/// What an operator may ask of a node's disk; any thread.
public final class NodeDisk {

    private final DiskStore disk;
    private final DiskVerify verify;
    private final ResyncOffer offer;
    private final PairNode pair;
    private final String node;
    private final String partner;

    NodeDisk(DiskStore disk, DiskVerify verify, ResyncOffer offer, PairNode pair, String node, String partner) {
        this.disk = disk;
        this.verify = verify;
        this.offer = offer;
        this.pair = pair;
        this.node = node;
        this.partner = partner;
    }

    /// How the disk is.
    public DiskReport report() {
        SuperBlock block = disk.superBlock();
        return new DiskReport(node, state().word(), disk.sizeBytes(), block.state().name(), block.partner().name(),
                block.generations().current().toString(), block.applied().toString(),
                disk.suspects().count() * Geometry.BLOCK_BYTES, pair.cloneProgress().orElse(null), verify.status(),
                cannotBoot());
    }

    private String cannotBoot() {
        try {
            return MachineDisk.cannotBoot(disk);
        } catch (IOException e) {
            return "cannot be read (" + e.getMessage() + ")";
        }
    }

    private NodeState state() {
        NodeState[] now = new NodeState[1];
        pair.look(core -> now[0] = core.state());
        return now[0];
    }

    /// What has happened to the disk, oldest first.
    public List<DiskEvent> history() throws IOException {
        return disk.events();
    }

    /// Begins to compare this primary's disk with its backup's; see [#report].
    ///
    /// @return why that cannot be; empty when it begins
    public String verify(DiskVerify.Request request) {
        return verify.ask(request);
    }

    /// Gives comparing up.
    ///
    /// @return false when nothing was being compared
    public boolean cancelVerify() {
        return verify.cancel();
    }

    /// Has the partner taken in afresh.
    ///
    /// @param full whether everything is sent although less would do
    /// @return why that cannot be; empty when it begins
    public String resync(boolean full) {
        NodeState state = state();
        if (!state.isPrimary()) {
            return "this node is " + state.word() + ", not the primary; the live disk is that of node " + partner
                    + ": ask that node";
        }
        if (state instanceof NodeState.Solo && full) {
            offer.wantFull();
            return "";
        }
        if (state instanceof NodeState.Solo) {
            return "partner " + partner + " is not here; it is taken in by itself as soon as it comes, with what has changed";
        }
        if (!(state instanceof NodeState.Protected)) {
            return "this node is " + state.word() + ", and takes its partner in already";
        }
        return pair.letGo("a resync was asked for", full ? offer::wantFull : () -> { });
    }
}
