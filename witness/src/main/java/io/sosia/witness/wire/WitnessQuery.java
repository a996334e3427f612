package io.sosia.witness.wire;

import io.sosia.witness.claim.PairId;
import java.util.Objects;

/// A question that changes nothing.
public sealed interface WitnessQuery {
    /// What is held of this pair?
    record Lookup(PairId pairId) implements WitnessQuery {
        public Lookup {
            Objects.requireNonNull(pairId, "pair id");
        }
    }

    /// Is anybody there? Answered only by a witness that could carry out a command now.
    record Ping() implements WitnessQuery {}

    /// How many has this member turned away? Of the member asked alone, whoever leads.
    record Refusals() implements WitnessQuery {}
}
