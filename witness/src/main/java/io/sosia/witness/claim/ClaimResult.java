package io.sosia.witness.claim;

import java.util.Objects;

/// The definite answer to a command.
public sealed interface ClaimResult {
    /// The command was carried out, now or when it came first; this is the record it wrote.
    record Granted(PairRecord record) implements ClaimResult {
        public Granted {
            Objects.requireNonNull(record, "record");
        }
    }

    /// The command changed nothing. When it expects a record its sender has seen (read, or been granted) this is for
    /// ever: records never come back, so no late copy of the command can still be granted.
    ///
    /// @param record the record that stands
    /// @param reason why
    record Refused(PairRecord record, Reason reason) implements ClaimResult {
        public Refused {
            Objects.requireNonNull(record, "record");
            Objects.requireNonNull(reason, "reason");
        }
    }

    /// This witness has no record of the pair. The node never serves: its witness is another one, or lost its storage.
    record UnknownPair(PairId pairId) implements ClaimResult {
        public UnknownPair {
            Objects.requireNonNull(pairId, "pair id");
        }
    }

    /// The pair was not born because the table holds as many as it may.
    ///
    /// @param pairsMax that number
    record TableFull(PairId pairId, int pairsMax) implements ClaimResult {
        /// @throws IllegalArgumentException when `pairsMax` is not positive
        public TableFull {
            Objects.requireNonNull(pairId, "pair id");
            if (pairsMax <= 0) {
                throw new IllegalArgumentException("a table of " + pairsMax + " pairs");
            }
        }
    }

    /// Why a command was refused.
    enum Reason {
        /// The pair was born already.
        PAIR_EXISTS,
        /// The record is of another epoch than expected: somebody else's change came first.
        EPOCH_DIFFERS,
        /// The record is of the epoch expected, but in another state.
        STATE_DIFFERS,
        /// The node is no member of the pair.
        NOT_A_MEMBER,
        /// Only the recorded owner may do this.
        NOT_OWNER,
        /// The record does not name this incarnation in sync: its memory state is not the machine's.
        NOT_IN_SYNC,
        /// A process that begins must name an incarnation the record does not name yet.
        INCARNATION_NOT_NEW,
        /// The nonce of the command that wrote the record came with a different command.
        NONCE_REUSED
    }
}
