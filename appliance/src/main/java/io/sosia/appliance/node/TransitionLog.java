package io.sosia.appliance.node;

import io.sosia.appliance.node.NodeStatus.Transition;
import io.sosia.appliance.pair.NodeState;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayDeque;
import java.util.List;

/// Remembers a node's last changes of state, each with its time and reason.
final class TransitionLog {

    private static final int KEPT_MAX = 64;

    private final ArrayDeque<Transition> kept = new ArrayDeque<>();

    synchronized void add(NodeState from, NodeState to, long step, String reason) {
        if (kept.size() == KEPT_MAX) {
            kept.remove();
        }
        long atMicros = ChronoUnit.MICROS.between(Instant.EPOCH, Instant.now());
        kept.add(new Transition(atMicros, from.word(), to.word(), to.epoch(), step, reason));
    }

    synchronized List<Transition> all() {
        return List.copyOf(kept);
    }

    synchronized String lastReason() {
        return kept.isEmpty() ? "" : kept.getLast().reason();
    }
}
