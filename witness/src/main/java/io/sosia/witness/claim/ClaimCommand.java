package io.sosia.witness.claim;

import java.util.Objects;
import java.util.Optional;

/// One request to change a pair's record. Every change is one compare-and-set; a command that finds another record than
/// it expects changes nothing. Sent again unchanged, nonce included, it is answered as the first time.
public sealed interface ClaimCommand {
    /// The pair it is about.
    PairId pairId();

    /// Marks this command and all its retries.
    Nonce nonce();

    /// The operator's word it was given on; empty for what nodes do by the rules.
    default Optional<OperatorWord> operatorWord() {
        return switch (this) {
            case Reinitialise c -> Optional.of(c.word());
            case Override c -> Optional.of(c.word());
            case Initialise _, ClaimSolo _, ColdBoot _, Start _, Protect _, Stop _ -> Optional.empty();
        };
    }

    /// Writes the record of a pair that this witness does not know.
    sealed interface Birth extends ClaimCommand {}

    /// Replaces the record of a pair that this witness knows.
    sealed interface Change extends ClaimCommand {
        /// The record to be replaced.
        Expected expected();
    }

    /// Gives birth to a pair: epoch 1, SOLO, no incarnation live yet. SOLO because from birth on exactly one node, the
    /// owner, may cold-boot the machine; once it has, and its partner has joined at the first step from its own copy of
    /// the same image, `Protect` makes the pair PROTECTED.
    record Initialise(PairId pairId, Members members, NodeName owner, Nonce nonce) implements Birth {
        /// @throws IllegalArgumentException when the owner is no member
        public Initialise {
            checkBirth(pairId, members, owner, nonce);
        }
    }

    /// Tells a witness that lost its storage about a pair again, on an operator's word: SOLO with one owner, one epoch
    /// above both nodes' durable epochs, so that nothing claimed before can be claimed again.
    ///
    /// @param ownerIncarnation the owner's incarnation when it is running: it then takes the record over with
    ///     `ClaimSolo`. Empty when it is down: it then cold-boots
    /// @param aboveEpoch the greater of both nodes' durable epochs, 1 to `Epoch.LAST - 1`
    record Reinitialise(
            PairId pairId,
            Members members,
            NodeName owner,
            Optional<Incarnation> ownerIncarnation,
            long aboveEpoch,
            OperatorWord word,
            Nonce nonce)
            implements Birth {
        /// @throws IllegalArgumentException when the owner is no member or the epoch is out of range
        public Reinitialise {
            checkBirth(pairId, members, owner, nonce);
            Objects.requireNonNull(ownerIncarnation, "owner incarnation");
            Objects.requireNonNull(word, "operator's word");
            Epoch.checkHasNext(aboveEpoch);
        }
    }

    /// Goes live, or goes on, alone: (e, PROTECTED naming my incarnation) becomes (e+1, me, SOLO). The owner may also
    /// claim from SOLO naming its incarnation: so it takes over a record that an operator wrote for it, and so it
    /// makes certain that a `Protect` of which it has no answer comes too late.
    record ClaimSolo(PairId pairId, Expected expected, NodeName node, Incarnation incarnation, Nonce nonce)
            implements Change {
        /// @throws IllegalArgumentException when the expected state is STOPPED
        public ClaimSolo {
            checkChange(pairId, expected, nonce);
            checkMayBeLive(expected);
            Objects.requireNonNull(node, "node");
            Objects.requireNonNull(incarnation, "incarnation");
        }
    }

    /// Boots the machine without memory state: (e, SOLO or PROTECTED, owner me) becomes (e+1, me, SOLO) naming the new
    /// incarnation. For the recorded owner only: its disk holds every flushed write whose effect became visible.
    record ColdBoot(PairId pairId, Expected expected, NodeName node, Incarnation incarnation, Nonce nonce)
            implements Change {
        /// @throws IllegalArgumentException when the expected state is STOPPED; see `Start`
        public ColdBoot {
            checkChange(pairId, expected, nonce);
            checkMayBeLive(expected);
            Objects.requireNonNull(node, "node");
            Objects.requireNonNull(incarnation, "incarnation");
        }
    }

    /// Starts a machine that was powered off: (e, STOPPED, owner me) becomes (e+1, me, SOLO) naming the new
    /// incarnation.
    ///
    /// @param expectedEpoch the epoch in which it stopped, 1 to `Epoch.LAST - 1`
    record Start(PairId pairId, long expectedEpoch, NodeName node, Incarnation incarnation, Nonce nonce)
            implements Change {
        public Start {
            checkChange(pairId, new Expected(expectedEpoch, PairState.STOPPED), nonce);
            Objects.requireNonNull(node, "node");
            Objects.requireNonNull(incarnation, "incarnation");
        }

        @java.lang.Override
        public Expected expected() {
            return new Expected(expectedEpoch, PairState.STOPPED);
        }
    }

    /// Names a partner that now holds all the state: (e, SOLO, owner me) becomes (e, PROTECTED) with both incarnations.
    /// The epoch stays: who is live does not change, and the acks the backup gave in this epoch go on counting.
    ///
    /// @param expectedEpoch the epoch of the SOLO record, 1 to `Epoch.LAST - 1`
    record Protect(
            PairId pairId,
            long expectedEpoch,
            NodeName owner,
            Incarnation ownerIncarnation,
            Incarnation backupIncarnation,
            Nonce nonce)
            implements Change {
        /// @throws IllegalArgumentException when both incarnations are the same
        public Protect {
            checkChange(pairId, new Expected(expectedEpoch, PairState.SOLO), nonce);
            Objects.requireNonNull(owner, "owner");
            Objects.requireNonNull(ownerIncarnation, "owner incarnation");
            Objects.requireNonNull(backupIncarnation, "backup incarnation");
            if (ownerIncarnation.equals(backupIncarnation)) {
                throw new IllegalArgumentException("owner and backup both have incarnation " + ownerIncarnation);
            }
        }

        @java.lang.Override
        public Expected expected() {
            return new Expected(expectedEpoch, PairState.SOLO);
        }
    }

    /// Records that the guest powered off: (e, SOLO or PROTECTED, owner me) becomes (e, STOPPED). The epoch stays, and
    /// the record goes on naming the incarnations that were in sync: those nodes' disks ended equal.
    record Stop(PairId pairId, Expected expected, NodeName owner, Incarnation incarnation, Nonce nonce)
            implements Change {
        /// @throws IllegalArgumentException when the expected state is STOPPED already
        public Stop {
            checkChange(pairId, expected, nonce);
            checkMayBeLive(expected);
            Objects.requireNonNull(owner, "owner");
            Objects.requireNonNull(incarnation, "incarnation");
        }
    }

    /// Names the owner on an operator's word, against the rules: (e, any state) becomes (e' > e, SOLO) with that owner.
    /// The one change after which output already released may be missing in the node that carries on.
    ///
    /// @param owner the member to go live
    /// @param ownerIncarnation its incarnation if its memory state is to live on (it then claims with `ClaimSolo`);
    ///     empty if it is to cold-boot
    /// @param aboveEpoch the greatest epoch either node knows; the new epoch is above it and above the expected one
    record Override(
            PairId pairId,
            Expected expected,
            NodeName owner,
            Optional<Incarnation> ownerIncarnation,
            long aboveEpoch,
            OperatorWord word,
            Nonce nonce)
            implements Change {
        public Override {
            checkChange(pairId, expected, nonce);
            Objects.requireNonNull(owner, "owner");
            Objects.requireNonNull(ownerIncarnation, "owner incarnation");
            Objects.requireNonNull(word, "operator's word");
            Epoch.checkHasNext(aboveEpoch);
        }

        /// The epoch of the record this writes.
        long nextEpoch() {
            return Math.max(expected.epoch(), aboveEpoch) + 1;
        }
    }

    private static void checkBirth(PairId pairId, Members members, NodeName owner, Nonce nonce) {
        Objects.requireNonNull(pairId, "pair id");
        Objects.requireNonNull(members, "members");
        Objects.requireNonNull(owner, "owner");
        Objects.requireNonNull(nonce, "nonce");
        if (!members.has(owner)) {
            throw new IllegalArgumentException(
                    "owner " + owner + " is neither " + members.first() + " nor " + members.second());
        }
    }

    private static void checkChange(PairId pairId, Expected expected, Nonce nonce) {
        Objects.requireNonNull(pairId, "pair id");
        Objects.requireNonNull(expected, "expected record");
        Objects.requireNonNull(nonce, "nonce");
    }

    private static void checkMayBeLive(Expected expected) {
        if (expected.state() == PairState.STOPPED) {
            throw new IllegalArgumentException("a record in state STOPPED was expected; only Start leaves STOPPED");
        }
    }
}
