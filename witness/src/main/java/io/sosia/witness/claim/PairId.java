package io.sosia.witness.claim;

import java.util.Objects;
import java.util.UUID;

/// The name of one pair, for all its life. Given once by `sosia pair init`.
///
/// @param value never null
public record PairId(UUID value) implements Comparable<PairId> {
    public PairId {
        Objects.requireNonNull(value, "pair id");
    }

    /// Reads the text form written by `toString`.
    ///
    /// @throws IllegalArgumentException when the text is no UUID
    public static PairId parse(String text) {
        return new PairId(UUID.fromString(text));
    }

    /// Orders as unsigned 128-bit numbers do, which is also the order of the text form.
    @Override
    public int compareTo(PairId other) {
        int high = Long.compareUnsigned(value.getMostSignificantBits(), other.value.getMostSignificantBits());
        return high != 0
                ? high
                : Long.compareUnsigned(value.getLeastSignificantBits(), other.value.getLeastSignificantBits());
    }

    @Override
    public String toString() {
        return value.toString();
    }
}
