package io.sosia.witness.claim;

import java.util.Objects;

/// The record a command is meant to replace: the "compare" of its compare-and-set. Epoch and state are enough, because
/// no two records of a pair share both.
///
/// @param epoch `Epoch.FIRST` to `Epoch.LAST - 1`
/// @param state never null
public record Expected(long epoch, PairState state) {
    public Expected {
        Epoch.checkHasNext(epoch);
        Objects.requireNonNull(state, "state");
    }
}
