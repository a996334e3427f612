package io.sosia.appliance.pair;

/// What a node keeps of the backup's renunciations of the present epoch, each known by its number (architecture, "Renounce").
///
/// A backup that cannot reach the witness could not claim anyway; with its renunciation in hand a primary that cannot reach
/// it either need not stop when the backup is lost.
public sealed interface Renunciation {

    /// On a backup: its last one. While it is outstanding this life does not claim.
    ///
    /// @param number      of the last one granted, 0 before the first
    /// @param outstanding whether the primary may rely on it
    /// @param askedNanos  when it was last asked back
    record Granted(long number, boolean outstanding, long askedNanos) implements Renunciation {
        /// Nothing was ever renounced.
        public static final Granted NONE = new Granted(0, false, Long.MIN_VALUE / 2);

        Granted next() {
            return new Granted(number + 1, true, askedNanos);
        }

        Granted askedBack(long now) {
            return new Granted(number, outstanding, now);
        }

        Granted takenBack() {
            return new Granted(number, false, askedNanos);
        }
    }

    /// On a primary: the one it may rely on.
    ///
    /// @param number     its number, 0 for none
    /// @param forgotten  up to this number all have been given back: they count no more, however late they come
    /// @param askedNanos when the backup was last asked for one
    /// @param reliance   whether output rests on it
    record Held(long number, long forgotten, long askedNanos, Reliance reliance) implements Renunciation {
        /// None.
        public static final Held NONE = new Held(0, 0, Long.MIN_VALUE / 2, Reliance.NOT);

        boolean any() {
            return number > 0;
        }

        Held asked(long now) {
            return new Held(number, forgotten, now, reliance);
        }

        /// Takes another one, unless that has been given back already.
        Held with(long other) {
            return other > forgotten && other > number ? new Held(other, forgotten, askedNanos, reliance) : this;
        }

        /// Gives back all up to this number.
        Held without(long other) {
            return new Held(number > other ? number : 0, Math.max(forgotten, other), askedNanos, reliance);
        }

        /// Gives back all there are and takes no more in this epoch.
        Held withoutAny() {
            return without(Long.MAX_VALUE);
        }

        Held relying(Reliance how) {
            return new Held(number, forgotten, askedNanos, how);
        }
    }

    /// Whether a primary's output rests on a renunciation.
    enum Reliance {
        /// It does not.
        NOT,
        /// RELIED of this epoch is being written: from here on nothing is given back, and nothing leaves yet.
        WRITING,
        /// RELIED of this epoch is durable: output leaves without receipts, until a later epoch.
        DURABLE
    }

    /// For an operator, in a few words; empty when there is nothing to say.
    default String summary() {
        return switch (this) {
            case Granted granted -> granted.outstanding() ? "granted " + granted.number() : "";
            case Held held when held.reliance() != Reliance.NOT -> "relied";
            case Held held -> held.any() ? "held " + held.number() : "";
        };
    }
}
