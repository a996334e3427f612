package io.sosia.disksync.block;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// Where a disk's content comes from: what it is now, what the absent partner still has, and what came before.
///
/// @param current the generation being written
/// @param base    the generation that the absent partner was left with; empty when no partner was left behind
/// @param history earlier bases, newest first, at most [#HISTORY_MAX]
public record Generations(GenerationId current, Optional<GenerationId> base, List<GenerationId> history) {
    /// How many earlier bases are remembered.
    public static final int HISTORY_MAX = 32;

    /// Copies and checks the history.
    public Generations {
        history = List.copyOf(history);
        if (history.size() > HISTORY_MAX) {
            throw new IllegalArgumentException(
                    "generation history has " + history.size() + " entries, at most " + HISTORY_MAX);
        }
    }

    /// A new disk's generations.
    public static Generations first(GenerationId current) {
        return new Generations(current, Optional.empty(), List.of());
    }

    /// The partner stays behind with the current generation; what is written from now on is generation `next`.
    ///
    /// @throws IllegalStateException when a partner was left behind already
    public Generations split(GenerationId next) {
        if (base.isPresent()) {
            throw new IllegalStateException("already split from generation " + base.get());
        }
        return new Generations(next, Optional.of(current), history);
    }

    /// Both disks are equal and begin generation `next`; what this one was becomes history. A disk that had the same content once
    /// but was not there at this moment does not have this generation.
    public Generations renewed(GenerationId next) {
        List<GenerationId> longer = new ArrayList<>(history);
        base.ifPresent(longer::addFirst);
        longer.addFirst(current);
        return new Generations(next, Optional.empty(), longer.subList(0, Math.min(longer.size(), HISTORY_MAX)));
    }
}
