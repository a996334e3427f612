package io.sosia.appliance.pair;

import java.util.ArrayDeque;
import java.util.PriorityQueue;

/// Simulated time: what is to happen, in order. What belongs to a node that has died never happens; what belongs to
/// one that is stopped happens when it goes on.
final class Timeline {

    private record Event(long at, long number, SimNode owner, Runnable action) implements Comparable<Event> {
        @Override
        public int compareTo(Event other) {
            int byTime = Long.compare(at, other.at);
            return byTime != 0 ? byTime : Long.compare(number, other.number);
        }
    }

    private static final int TRACE_LINES_MAX = 400;

    private final PriorityQueue<Event> events = new PriorityQueue<>();
    private final ArrayDeque<String> trace = new ArrayDeque<>();
    private long now = 1_000_000_000L;
    private long numbers;

    long now() {
        return now;
    }

    /// Something of nobody's.
    void in(long nanos, Runnable action) {
        in(nanos, null, action);
    }

    /// Something of one life of a node.
    void in(long nanos, SimNode owner, Runnable action) {
        events.add(new Event(now + nanos, numbers++, owner, action));
    }

    /// Lets the next thing happen.
    ///
    /// @return whether there was one before `until`
    boolean step(long until) {
        Event next = events.peek();
        if (next == null || next.at() > until) {
            now = until;
            return false;
        }
        events.remove();
        now = next.at();
        if (next.owner() == null) {
            happen(next.owner(), next.action());
        } else if (!next.owner().dead()) {
            if (next.owner().stopped()) {
                next.owner().defer(() -> happen(next.owner(), next.action()));
            } else {
                happen(next.owner(), next.action());
            }
        }
        return true;
    }

    private void happen(SimNode owner, Runnable action) {
        try {
            if (owner == null || !owner.dead()) {
                action.run();
            }
        } catch (SimNode.Crash crash) {
            crash.node().die("crash point");
        }
    }

    /// One line for whoever has to understand a failing seed; the last ones are kept.
    void trace(String line) {
        if (trace.size() >= TRACE_LINES_MAX) {
            trace.remove();
        }
        trace.add("%10.3f ms  %s".formatted((now - 1_000_000_000L) / 1e6, line));
    }

    String trace() {
        return String.join("\n", trace);
    }
}
