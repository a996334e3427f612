package io.sosia.appliance.node;

import io.sosia.appliance.pair.NodeState;
import java.io.IOException;
import java.util.Optional;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.Supplier;

/// What a backup does for somebody beside following its primary: one errand of a kind at a time, on a thread of its own, for as long as
/// somebody keeps asking for it. A node that is promoted meanwhile goes on with it. It ends with the node's life. Any thread.
///
/// @param <S> how an errand stands
final class Errands<S> implements AutoCloseable {

    /// One errand, from its beginning on.
    interface Errand<S> {
        String id();

        /// Whether its thread goes on.
        boolean isAlive();

        /// How it stands, which keeps it alive; empty when there is nothing more to say.
        Optional<S> asked();

        /// What it is doing, as in "node a ..."; it keeps another from beginning.
        String doing();

        /// Asks it to end.
        void end();

        /// Returns when it has ended.
        void awaitEnd();
    }

    /// Begins one.
    interface Beginning<S> {
        Errand<S> begin() throws IOException, InterruptedException;
    }

    /// Whose errands they are.
    ///
    /// @param node       its name
    /// @param partner    its partner's
    /// @param state      where the node stands now
    /// @param cost       why not on a primary
    /// @param incomplete what may be so on a node that does not follow
    record Place(String node, String partner, Supplier<NodeState> state, String cost, String incomplete) {}

    private final Place place;
    private Optional<Errand<S>> current = Optional.empty();
    private boolean closed;

    Errands(Place place) {
        this.place = place;
    }

    /// Begins one; it has to be kept alive by [#renew] from then on.
    ///
    /// @throws RefusedException when this node does nothing of the kind now
    /// @throws IOException      when it cannot begin
    synchronized S start(Beginning<S> beginning) throws IOException, InterruptedException {
        Optional<String> refusal = refusal();
        if (refusal.isPresent()) {
            throw new RefusedException(refusal.get());
        }
        Errand<S> errand = beginning.begin();
        current = Optional.of(errand);
        return errand.asked().orElseThrow(() -> new IOException("it has ended at once"));
    }

    private Optional<String> refusal() {
        String ending = "node " + place.node() + " is ending; ask its partner " + place.partner();
        if (closed) {
            return Optional.of(ending);
        }
        if (current.isPresent() && current.get().isAlive()) {
            return Optional.of("node " + place.node() + " " + current.get().doing());
        }
        try {
            NodeState now = place.state().get();
            if (now instanceof NodeState.Following) {
                return Optional.empty();
            }
            return Optional.of("node " + place.node() + " is " + (now.isPrimary()
                    ? "the primary (" + now.word() + "): " + place.cost() + "; ask the backup, node " + place.partner()
                    : now.word() + ", so " + place.incomplete() + "; ask again when it is READY"));
        } catch (RejectedExecutionException e) {
            return Optional.of(ending);
        }
    }

    /// How one stands; keeps it alive for another while.
    ///
    /// @return empty when there is none of that name any more
    synchronized Optional<S> renew(String id) {
        return named(id).flatMap(Errand::asked);
    }

    /// Ends one, and returns when it has ended.
    ///
    /// @return false when there is none of that name any more
    synchronized boolean end(String id) {
        if (renew(id).isEmpty()) {
            return false;
        }
        end(current.orElseThrow());
        return true;
    }

    private Optional<Errand<S>> named(String id) {
        return current.filter(errand -> errand.id().equals(id));
    }

    private static void end(Errand<?> errand) {
        errand.end();
        errand.awaitEnd();
    }

    /// Ends what there is and begins nothing more. Before the machine and its disk are closed.
    @Override
    public synchronized void close() {
        closed = true;
        current.ifPresent(Errands::end);
    }
}
