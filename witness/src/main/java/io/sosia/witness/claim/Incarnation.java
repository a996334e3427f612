package io.sosia.witness.claim;

import java.util.Objects;
import java.util.UUID;

/// One life of a node's process: drawn at random when the process starts, never used again. The memory state of the
/// machine dies with it.
///
/// @param value never null
public record Incarnation(UUID value) {
    public Incarnation {
        Objects.requireNonNull(value, "incarnation");
    }

    @Override
    public String toString() {
        return value.toString();
    }
}
