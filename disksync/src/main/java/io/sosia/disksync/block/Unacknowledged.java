package io.sosia.disksync.block;

import java.util.ArrayDeque;
import java.util.Deque;

/// The blocks written here that the partner has not yet reported as durable on its own disk.
///
/// Writes collect in an open bucket; [#reached(Position)] closes it under a log position, and the partner's durable
/// position drops the buckets it covers. Only [#BUCKETS_MAX] buckets are kept: when all are in use the newest one grows
/// instead, which keeps blocks for longer than needed but never drops one early. Not thread-safe: its owner guards it.
public final class Unacknowledged {
    /// Closed buckets kept at most.
    public static final int BUCKETS_MAX = 64;

    private record Bucket(Position upTo, DirtyMap blocks) {
    }

    private final Deque<Bucket> closed = new ArrayDeque<>();
    private DirtyMap open = new DirtyMap();

    /// Adds the blocks of a write, before it is carried out.
    public void mark(ByteRange range) {
        open.mark(range);
    }

    /// Every write marked so far was caused by the log up to `position`.
    public void reached(Position position) {
        if (open.isEmpty()) {
            return;
        }
        if (closed.size() < BUCKETS_MAX) {
            closed.addLast(new Bucket(position, open));
        } else {
            Bucket newest = closed.removeLast();
            newest.blocks().markAll(open);
            closed.addLast(new Bucket(position, newest.blocks()));
        }
        open = new DirtyMap();
    }

    /// The partner's disk durably holds everything caused by the log up to `position`.
    public void acknowledged(Position position) {
        while (!closed.isEmpty() && closed.getFirst().upTo().compareTo(position) <= 0) {
            closed.removeFirst();
        }
    }

    /// Whether any block of `extent` is unacknowledged.
    public boolean touches(long extent) {
        return open.blocksOf(extent) != 0
                || closed.stream().anyMatch(bucket -> bucket.blocks().blocksOf(extent) != 0);
    }

    /// All unacknowledged blocks, as a new map.
    public DirtyMap all() {
        DirtyMap all = new DirtyMap();
        closed.forEach(bucket -> all.markAll(bucket.blocks()));
        all.markAll(open);
        return all;
    }

    /// Forgets everything: there is no partner to acknowledge, or it has everything.
    public void clear() {
        closed.clear();
        open = new DirtyMap();
    }
}
