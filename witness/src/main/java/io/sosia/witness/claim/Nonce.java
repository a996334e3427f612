package io.sosia.witness.claim;

import java.util.Objects;
import java.util.UUID;

/// Marks one command. Drawn at random when the command is first sent and repeated with every retry of it, so that a
/// retry of a command already carried out is answered with the grant it got the first time.
///
/// @param value never null
public record Nonce(UUID value) {
    public Nonce {
        Objects.requireNonNull(value, "nonce");
    }

    @Override
    public String toString() {
        return value.toString();
    }
}
