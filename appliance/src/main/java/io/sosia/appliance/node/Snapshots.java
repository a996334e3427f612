package io.sosia.appliance.node;

import io.sosia.appliance.pair.NodeState;
import io.sosia.appliance.snapshot.SnapshotHeader.Build;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.Supplier;

/// The snapshots of one node: one at a time, begun on a backup, whose replay stands still for it and catches up while the
/// primary goes on. They end with the node's life. Any thread.
public final class Snapshots implements AutoCloseable {
    private final PairedMachine machine;
    private final NodeHome home;
    private final Build build;
    private final String partner;
    private final Supplier<NodeState> state;
    private SnapshotSave current;
    private boolean closed;

    /// @param partner name of the node's partner
    /// @param state   where the node stands now
    Snapshots(PairedMachine machine, NodeHome home, Build build, String partner, Supplier<NodeState> state) {
        this.machine = machine;
        this.home = home;
        this.build = build;
        this.partner = partner;
        this.state = state;
    }

    /// Begins to save machine and disk as they are at one place in the log; to be asked for by [#renew] from then on.
    ///
    /// @param folder absolute path on this node's host, which must not exist
    /// @throws IllegalArgumentException when that is none
    /// @throws SnapshotRefusedException when this node saves nothing now
    public synchronized SnapshotStatus start(String folder) throws IOException {
        Path path = Path.of(folder);
        if (!path.isAbsolute() || path.getFileName() == null) {
            throw new IllegalArgumentException("folder " + folder + ": expected an absolute path");
        }
        Optional<String> refusal = refusal();
        if (refusal.isPresent()) {
            throw new SnapshotRefusedException(refusal.get());
        }
        current = SnapshotSave.begin(new SnapshotSave.Wanted(machine, home, build, path.normalize()));
        return current.asked();
    }

    private Optional<String> refusal() {
        if (closed) {
            return Optional.of("node " + home.node() + " is ending; ask its partner " + partner);
        }
        if (current != null && current.isAlive()) {
            return Optional.of("node " + home.node() + " is saving a snapshot already, to " + current.asked().folder());
        }
        try {
            NodeState now = state.get();
            if (now instanceof NodeState.Following) {
                return Optional.empty();
            }
            return Optional.of(now.isPrimary()
                    ? "node " + home.node() + " is the primary (" + now.word() + "): its machine would have to stand still; "
                            + "ask the backup, node " + partner
                    : "node " + home.node() + " is " + now.word() + ", so its machine or disk may not be complete; ask again when it "
                            + "is READY");
        } catch (RejectedExecutionException ending) {
            return Optional.of("node " + home.node() + " is ending; ask its partner " + partner);
        }
    }

    /// How a save stands; keeps it alive for another while.
    ///
    /// @return empty when there is none of that name
    public synchronized Optional<SnapshotStatus> renew(String id) {
        return current != null && current.id().equals(id) ? Optional.of(current.asked()) : Optional.empty();
    }

    /// Gives a save up, and returns when nothing is left of it; one that is done stays.
    ///
    /// @return false when there is none of that name
    public synchronized boolean end(String id) {
        if (renew(id).isEmpty()) {
            return false;
        }
        current.end();
        current.awaitEnd();
        return true;
    }

    /// Gives up what there is and begins nothing more. Before the machine and its disk are closed.
    @Override
    public synchronized void close() {
        closed = true;
        if (current != null) {
            current.end();
            current.awaitEnd();
        }
    }
}
