package io.sosia.appliance.pair;

import io.sosia.appliance.pair.PeerMessage.Envelope;
import io.sosia.appliance.pair.PeerMessage.Hello;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/// The network between the two hosts: connections that keep order, and everything that can happen to them.
final class SimNet {

    private static final int REMEMBERED_MAX = 300;
    private static final long RETRY_NANOS = 60_000_000;

    private record Item(long at, Envelope envelope) {
        boolean end() {
            return envelope == null;
        }
    }

    private record Remembered(Link link, int to, Envelope envelope) {}

    /// One connection.
    final class Link {
        private final Pipe toAcceptor;
        private final Pipe toDialler;

        private Link(SimNode dialler, SimNode acceptor) {
            toAcceptor = new Pipe(this, dialler, acceptor);
            toDialler = new Pipe(this, acceptor, dialler);
        }

        private Pipe from(SimNode sender) {
            return toAcceptor.from == sender ? toAcceptor : toDialler;
        }

        SimNode other(SimNode node) {
            return from(node).to;
        }
    }

    /// One direction of a connection.
    private final class Pipe {
        private final Link link;
        private final SimNode from;
        private final SimNode to;
        private final ArrayDeque<Item> items = new ArrayDeque<>();
        private boolean shut;

        private Pipe(Link link, SimNode from, SimNode to) {
            this.link = link;
            this.from = from;
            this.to = to;
        }

        private void put(Envelope envelope) {
            if (shut) {
                return;
            }
            shut = envelope == null;
            long at = timeline.now() + delay();
            items.add(new Item(items.isEmpty() ? at : Math.max(at, items.peekLast().at()), envelope));
            timeline.in(items.peekLast().at() - timeline.now(), this::pump);
        }

        private void pump() {
            List<Item> ready = new ArrayList<>();
            boolean through = !blocked[from.host.number][to.host.number];
            while (through && !items.isEmpty() && items.peek().at() <= timeline.now()) {
                ready.add(items.remove());
            }
            if (!ready.isEmpty()) {
                List<Envelope> messages = ready.stream().filter(i -> !i.end()).map(Item::envelope).toList();
                timeline.in(0, to, () -> to.arrived(link, messages, ready.getLast().end()));
            }
        }

        /// The connection breaks: some of what is on its way still arrives.
        private void cut(boolean seen) {
            int keep = random.nextInt(items.size() + 1);
            while (items.size() > keep) {
                items.removeLast();
            }
            shut = false;
            if (seen) {
                put(null);
            }
            shut = true;
        }
    }

    private final Timeline timeline;
    private final SplittableRandom random;
    private final boolean[][] blocked = new boolean[2][2];
    private final List<Pipe> pipes = new ArrayList<>();
    private final List<Remembered> sent = new ArrayList<>();
    boolean slow;

    SimNet(Timeline timeline, SplittableRandom random) {
        this.timeline = timeline;
        this.random = random;
    }

    private long delay() {
        return slow ? 1_000_000 + random.nextLong(300_000_000) : 50_000 + random.nextLong(3_000_000);
    }

    /// Stops or lets through what goes from one host to the other; what is stopped arrives later, as TCP makes it.
    void block(int from, int to, boolean stop) {
        blocked[from][to] = stop;
        for (Pipe pipe : List.copyOf(pipes)) {
            pipe.pump();
        }
    }

    /// Keeps trying to connect while the node wants it.
    void dial(SimNode dialler) {
        timeline.in(delay(), dialler, () -> {
            if (!dialler.wantsLink || dialler.link != null) {
                return;
            }
            SimNode acceptor = dialler.host.partner().node();
            int here = dialler.host.number;
            if (acceptor == null || blocked[here][1 - here] || blocked[1 - here][here]) {
                timeline.in(RETRY_NANOS, dialler, () -> dial(dialler));
                return;
            }
            Link link = new Link(dialler, acceptor);
            pipes.removeIf(pipe -> pipe.items.isEmpty() && pipe.shut);
            pipes.add(link.toAcceptor);
            pipes.add(link.toDialler);
            dialler.link = link;
            dialler.core.dialled(timeline.now());
        });
    }

    void send(SimNode from, Envelope envelope) {
        if (from.link == null) {
            return;
        }
        Pipe pipe = from.link.from(from);
        pipe.put(envelope);
        if (random.nextInt(4) == 0) {
            Remembered remembered = new Remembered(from.link, pipe.to.host.number, envelope);
            if (sent.size() < REMEMBERED_MAX) {
                sent.add(remembered);
            } else {
                sent.set(random.nextInt(REMEMBERED_MAX), remembered);
            }
        }
    }

    /// An end closes its connection in order; the other end learns of it after all that was sent before.
    void close(SimNode node) {
        if (node.link != null) {
            node.link.from(node).put(null);
            node.link = null;
        }
    }

    /// Breaks the connection a node has.
    void cut(SimNode node, boolean seenHere, boolean seenThere) {
        if (node.link != null) {
            Link link = node.link;
            SimNode other = link.other(node);
            link.from(other).cut(seenHere);
            link.from(node).cut(seenThere);
        }
    }

    /// Lets a message of an earlier connection arrive on the present one.
    void deliverStale(SimNode to) {
        List<Remembered> candidates = sent.stream()
                .filter(m -> m.to() == to.host.number && m.link() != to.link).toList();
        if (to.link == null || candidates.isEmpty()) {
            return;
        }
        Remembered stale = candidates.get(random.nextInt(candidates.size()));
        timeline.in(0, to, () -> {
            if (to.link != null && stale.link() != to.link) {
                timeline.trace(to + " receives a stale " + stale.envelope());
                to.core.received(to.seen(stale.envelope()), timeline.now());
                to.core.readComplete();
            }
        });
    }

    /// As a listening node does: the first message of a connection is a Hello, and one connection is enough.
    static boolean introduces(SimNode acceptor, Envelope first) {
        return acceptor.link == null && first.message() instanceof Hello;
    }
}
