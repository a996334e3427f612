package io.sosia.appliance.node;

import io.sosia.appliance.pair.PeerMessage;
import io.sosia.appliance.pair.PeerMessage.Envelope;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Where a node is taken in by its partner: what that says from then on waits until it is durable that this node is a backup of that epoch.
/// When that cannot be written the node is no backup: the link is closed, and the partner goes on without it.
///
/// Nothing is read from the link meanwhile, so what waits is no more than what had arrived. All on the event loop.
final class Admission {

    /// What happens to the link.
    interface Link {
        void readable(boolean readable);

        void lose(String reason);
    }

    private static final Logger DIAGNOSTICS = LoggerFactory.getLogger(Admission.class);

    private final Notebook notebook;
    private final Consumer<Envelope> inside;
    private final Link link;
    private final Deque<Envelope> waiting = new ArrayDeque<>();

    /// @param inside takes what may be followed
    Admission(Notebook notebook, Consumer<Envelope> inside, Link link) {
        this.notebook = notebook;
        this.inside = inside;
        this.link = link;
    }

    /// One message of the partner's.
    ///
    /// @param awaited whether this node waits to be taken in, and is whom the message is for
    void received(Envelope envelope, boolean awaited) {
        if (!waiting.isEmpty()) {
            waiting.add(envelope);
        } else if (awaited && takesIn(envelope.message())) {
            waiting.add(envelope);
            link.readable(false);
            boolean begun = notebook.follows(envelope.epoch(), () -> open(envelope), failure -> shut(envelope, failure.toString()));
            if (!begun) {
                shut(envelope, "something else is being written");
            }
        } else {
            inside.accept(envelope);
        }
    }

    private static boolean takesIn(PeerMessage message) {
        return message instanceof PeerMessage.Welcome || message instanceof PeerMessage.Invitation;
    }

    /// The link is another one now, or none.
    void forget() {
        waiting.clear();
    }

    private void open(Envelope first) {
        if (waiting.peek() == first) {
            link.readable(true);
            Deque<Envelope> all = new ArrayDeque<>(waiting);
            waiting.clear();
            all.forEach(inside);
        }
    }

    private void shut(Envelope first, String why) {
        if (waiting.peek() == first) {
            waiting.clear();
            DIAGNOSTICS.warn("this node does not become a backup, since the epoch {} cannot be written down: {}", first.epoch(), why);
            link.lose("the epoch cannot be written down");
        }
    }
}
