package io.sosia.disksync.block;

import java.util.Comparator;

/// A place in the event log: everything up to and including entry `sequence` of `epoch`.
///
/// @param epoch    at least 0
/// @param sequence number of the entry within the log, at least 0
public record Position(long epoch, long sequence) implements Comparable<Position> {
    /// Before the first entry.
    public static final Position START = new Position(0, 0);

    private static final Comparator<Position> ORDER =
            Comparator.comparingLong(Position::epoch).thenComparingLong(Position::sequence);

    /// Refuses negative numbers.
    public Position {
        if (epoch < 0 || sequence < 0) {
            throw new IllegalArgumentException("position " + epoch + "/" + sequence + " must not be negative");
        }
    }

    /// By epoch, then by sequence.
    @Override
    public int compareTo(Position other) {
        return ORDER.compare(this, other);
    }

    @Override
    public String toString() {
        return epoch + "/" + sequence;
    }
}
