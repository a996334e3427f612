package io.sosia.appliance.node;

import io.sosia.appliance.pair.NodeState;
import io.sosia.appliance.snapshot.SnapshotHeader.Build;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.function.Supplier;

/// The snapshots of one node: one at a time, begun on a backup, whose replay stands still for it and catches up while the
/// primary goes on. They end with the node's life. Any thread.
public final class Snapshots implements AutoCloseable {
    private final PairedMachine machine;
    private final NodeHome home;
    private final Build build;
    private final Errands<SnapshotStatus> errands;

    /// @param partner name of the node's partner
    /// @param state   where the node stands now
    Snapshots(PairedMachine machine, NodeHome home, Build build, String partner, Supplier<NodeState> state) {
        this.machine = machine;
        this.home = home;
        this.build = build;
        this.errands = new Errands<>(new Errands.Place(home.node().toString(), partner, state,
                "its machine would have to stand still", "its machine or disk may not be complete"));
    }

    /// Begins to save machine and disk as they are at one place in the log; to be asked for by [#renew] from then on.
    ///
    /// @param folder absolute path on this node's host, which must not exist
    /// @throws IllegalArgumentException when that is none
    /// @throws RefusedException         when this node saves nothing now
    public SnapshotStatus start(String folder) throws IOException, InterruptedException {
        Path path = Path.of(folder);
        if (!path.isAbsolute() || path.getFileName() == null) {
            throw new IllegalArgumentException("folder " + folder + ": expected an absolute path");
        }
        return errands.start(() -> SnapshotSave.begin(new SnapshotSave.Wanted(machine, home, build, path.normalize())));
    }

    /// How a save stands; keeps it alive for another while.
    ///
    /// @return empty when there is none of that name
    public Optional<SnapshotStatus> renew(String id) {
        return errands.renew(id);
    }

    /// Gives a save up, and returns when nothing is left of it; one that is done stays.
    ///
    /// @return false when there is none of that name
    public boolean end(String id) {
        return errands.end(id);
    }

    /// Gives up what there is and begins nothing more. Before the machine and its disk are closed.
    @Override
    public void close() {
        errands.close();
    }
}
