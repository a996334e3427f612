package io.sosia.appliance.eventlog;

/// The place of one entry in the event log of a pair. Ordered by epoch, then by sequence number; the sequence number
/// goes on counting through changes of epoch, so no two entries of a pair's life share one position along the history
/// that survives.
///
/// @param epoch the epoch of the primary that wrote the entry, 0 or above
/// @param seq   number of the entry, from 1; 0 stands before the first
public record LogPosition(long epoch, long seq) implements Comparable<LogPosition> {

    /// Before every entry.
    public static final LogPosition START = new LogPosition(0, 0);

    public LogPosition {
        if (epoch < 0 || seq < 0) {
            throw new IllegalArgumentException("log position " + epoch + "/" + seq + ", expected nothing below 0");
        }
    }

    /// The position of the entry after this one, in the same epoch.
    public LogPosition next() {
        return new LogPosition(epoch, seq + 1);
    }

    /// The same place seen from a later epoch: what a new primary continues from.
    ///
    /// @throws IllegalArgumentException when `newEpoch` is not above this one's
    public LogPosition inEpoch(long newEpoch) {
        if (newEpoch <= epoch) {
            throw new IllegalArgumentException("epoch " + newEpoch + " after epoch " + epoch
                    + ", expected a later one");
        }
        return new LogPosition(newEpoch, seq);
    }

    /// Whether this position is `other` or comes after it.
    public boolean reaches(LogPosition other) {
        return compareTo(other) >= 0;
    }

    @Override
    public int compareTo(LogPosition other) {
        int byEpoch = Long.compare(epoch, other.epoch);
        return byEpoch != 0 ? byEpoch : Long.compare(seq, other.seq);
    }

    @Override
    public String toString() {
        return epoch + "/" + seq;
    }
}
