package io.sosia.appliance.partition;

import io.sosia.appliance.control.ControlClient;
import io.sosia.appliance.node.NodeStatus;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;

/// Everybody who uses the guest: types a random letter on the console of every node that calls itself the primary, reads the
/// answers of both, and types the next. It keeps one history of all answers and checks every answer of every node against it: two nodes that both
/// went on, or one that went on without something it had answered, give different answers at the same place, since each was
/// asked for other letters.
///
/// Threads: one of its own; a lock guards the history because rows begin new runs.
final class Outside implements AutoCloseable {

    private static final long PAUSE_NANOS = 10_000_000;
    /// A letter may be lost with the machine that took it: it is typed again after so many rounds without an answer.
    private static final int PATIENCE_ROUNDS = 60;
    private static final char FIRST_LETTER = '"';
    private static final char LAST_LETTER = '~';

    private final Map<String, Dialogue> nodes = new LinkedHashMap<>();
    private final StringBuilder history = new StringBuilder();
    private final Random random = new Random();
    private final AtomicLong rounds = new AtomicLong();
    private final AtomicLong diskErrors = new AtomicLong();
    private final Thread thread;
    private volatile Optional<String> contradiction = Optional.empty();
    private volatile boolean closing;

    /// What was said to and by one node.
    private static final class Dialogue {
        private final ControlClient control;
        private volatile Optional<NodeStatus> status = Optional.empty();
        private final AtomicLong answers = new AtomicLong();
        private long read;
        private int waited = PATIENCE_ROUNDS;

        Dialogue(ControlClient control) {
            this.control = control;
        }
    }

    Outside(Map<String, ControlClient> controls) {
        controls.forEach((node, control) -> nodes.put(node, new Dialogue(control)));
        thread = Thread.ofPlatform().daemon().name("outside").start(this::run);
    }

    private void run() {
        while (!closing) {
            nodes.forEach(this::talk);
            rounds.incrementAndGet();
            LockSupport.parkNanos(PAUSE_NANOS);
        }
    }

    private synchronized void talk(String name, Dialogue node) {
        try {
            node.status = Optional.of(node.control.status());
            NodeStatus status = node.status.get();
            if (!status.role().equals("primary")) {
                return;
            }
            read(name, node);
            if (++node.waited > PATIENCE_ROUNDS) {
                node.control.type(new byte[] {(byte) random.nextInt(FIRST_LETTER, LAST_LETTER + 1)});
                node.waited = 0;
            }
        } catch (IOException notNow) {
            node.status = Optional.empty();
        }
    }

    private void read(String name, Dialogue node) throws IOException {
        ControlClient.ConsolePiece piece = node.control.console(node.read);
        long offset = piece.offset();
        if (offset > history.length()) {
            contradict(name + " has answered at " + offset + ", but only " + history.length() + " answers are known");
            return;
        }
        for (byte answer : piece.bytes()) {
            char letter = (char) answer;
            if (offset < history.length()) {
                if (history.charAt((int) offset) != letter) {
                    contradict(name + " answers " + letter + " at " + offset + " where "
                            + history.charAt((int) offset) + " was answered before");
                }
            } else {
                history.append(letter);
                node.answers.incrementAndGet();
                node.waited = PATIENCE_ROUNDS;
                if (letter == '!') {
                    diskErrors.incrementAndGet();
                }
            }
            offset++;
        }
        node.read = offset;
    }

    private void contradict(String what) {
        if (contradiction.isEmpty()) {
            contradiction = Optional.of(what);
        }
    }

    /// The machine begins anew, without memory: so do the answers.
    synchronized void beginNewRun() {
        history.setLength(0);
        nodes.keySet().forEach(this::forget);
    }

    /// A node's process is a new one: what it shows of the console is read from the start.
    synchronized void forget(String node) {
        Dialogue dialogue = nodes.get(node);
        dialogue.read = 0;
        dialogue.waited = PATIENCE_ROUNDS;
    }

    /// What a node said of itself when it was last asked; empty when it did not.
    Optional<NodeStatus> status(String node) {
        return nodes.get(node).status;
    }

    /// Answers a node gave first.
    long answers(String node) {
        return nodes.get(node).answers.get();
    }

    /// How often all nodes were asked.
    long rounds() {
        return rounds.get();
    }

    /// Answers that told of a disk error.
    long diskErrors() {
        return diskErrors.get();
    }

    /// What must never be seen, once it was.
    Optional<String> contradiction() {
        return contradiction;
    }

    @Override
    public void close() throws InterruptedException {
        closing = true;
        thread.join();
    }
}
