package io.sosia.witness.wire;

import io.sosia.witness.claim.PairId;
import io.sosia.witness.claim.TableEntry;
import java.util.Objects;

/// The answer to a `WitnessQuery`.
public sealed interface QueryReply {
    /// The pair is known, and this is all that is held of it.
    record Known(TableEntry entry) implements QueryReply {
        public Known {
            Objects.requireNonNull(entry, "entry");
        }
    }

    /// The witness has no record of this pair.
    record Unknown(PairId pairId) implements QueryReply {
        public Unknown {
            Objects.requireNonNull(pairId, "pair id");
        }
    }

    /// The witness is there.
    ///
    /// @param pairs how many pairs it knows, 0 or more
    record Pong(int pairs) implements QueryReply {
        /// @throws IllegalArgumentException when `pairs` is negative
        public Pong {
            if (pairs < 0) {
                throw new IllegalArgumentException("a table of " + pairs + " pairs");
            }
        }
    }

    /// What a member has turned away since it started.
    ///
    /// @param count connections and requests, 0 or more
    record Refused(long count) implements QueryReply {
        /// @throws IllegalArgumentException when `count` is negative
        public Refused {
            if (count < 0) {
                throw new IllegalArgumentException(count + " refusals");
            }
        }
    }
}
