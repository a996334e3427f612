package io.sosia.appliance.pair;

import io.sosia.witness.claim.ClaimCommand;
import io.sosia.witness.claim.Incarnation;
import io.sosia.witness.claim.PairRecord;

/// Where a node stands. `epoch` is the last epoch this node took part in, 0 before it knows one.
public sealed interface NodeState {

    long epoch();

    /// Asks the witness for the pair's record.
    record Reading(long epoch, long askedNanos) implements NodeState {}

    /// Owner by the record, whose partner was in sync and may be about to claim: waits, and reads again.
    ///
    /// @param partner the incarnation the record names in sync
    record Waiting(PairRecord record, Incarnation partner, long untilNanos, long askedNanos) implements NodeState {
        @Override
        public long epoch() {
            return record.epoch();
        }
    }

    /// A claim is with the witness and stays there until it is granted or refused.
    ///
    /// @param purpose     what for
    /// @param command     the claim itself, repeated unchanged
    /// @param sinceNanos  when it was first sent
    /// @param askedNanos  when it was last sent
    /// @param partnerGone whether the backup was lost while a claim for PROTECTED is out
    /// @param frozen      whether the machine has been paused for want of an answer
    /// @param held        the backup's renunciation
    record Claiming(
            long epoch,
            Purpose purpose,
            ClaimCommand command,
            long sinceNanos,
            long askedNanos,
            boolean partnerGone,
            boolean frozen,
            Renunciation.Held held)
            implements NodeState {

        Claiming askedAgain(long now) {
            return new Claiming(epoch, purpose, command, sinceNanos, now, partnerGone, frozen, held);
        }

        Claiming withoutPartner() {
            return new Claiming(epoch, purpose, command, sinceNanos, askedNanos, true, frozen, held);
        }

        Claiming inFrost() {
            return new Claiming(epoch, purpose, command, sinceNanos, askedNanos, partnerGone, true, held);
        }

        Claiming thawed() {
            return new Claiming(epoch, purpose, command, sinceNanos, askedNanos, partnerGone, false, held);
        }

        Claiming with(Renunciation.Held other) {
            return new Claiming(epoch, purpose, command, sinceNanos, askedNanos, partnerGone, frozen, other);
        }

        /// Whether output leaves without receipts though the claim has no answer.
        boolean relied() {
            return held.reliance() == Renunciation.Reliance.DURABLE;
        }
    }

    /// Granted SOLO with the machine still off: gives the partner time to come, so that both start from the first step.
    record Alone(long epoch, long untilNanos) implements NodeState {}

    /// Primary with a backup: output leaves with its acknowledgement.
    ///
    /// @param held the backup's renunciation
    record Protected(long epoch, Incarnation backup, Renunciation.Held held) implements NodeState {
        /// A backup that has renounced nothing.
        public Protected(long epoch, Incarnation backup) {
            this(epoch, backup, Renunciation.Held.NONE);
        }

        Protected with(Renunciation.Held other) {
            return new Protected(epoch, backup, other);
        }
    }

    /// Primary without a backup.
    ///
    /// @param askedNanos when the record was last asked for
    record Solo(long epoch, long askedNanos) implements NodeState {
        /// It has not asked for the record yet.
        public Solo(long epoch) {
            this(epoch, Long.MIN_VALUE / 2);
        }
    }

    /// Primary that takes its partner in: the machine runs on at SOLO while its disk and memory are copied.
    ///
    /// @param backup the life of the partner that is taken in
    record Taking(long epoch, Incarnation backup, Phase phase) implements NodeState {
        /// How far it is.
        public enum Phase {
            /// Disk and memory are on their way.
            COPYING,
            /// The partner has been sent all; it replays the log from the cut on, and still lags.
            FOLLOWED,
            /// It has caught up: output waits for its receipts, but SOLO is still what the record says.
            GATED
        }
    }

    /// Not the owner and not yet a backup: dials the partner, and now and then looks at the record, since a claim
    /// that an earlier life of this node left behind may be granted late.
    record Standby(long epoch, String why, long askedNanos) implements NodeState {}

    /// Becomes a backup: receives disk and memory from the running primary, then its log. Not a backup before the record says
    /// so.
    ///
    /// @param restored whether disk and memory are here: it acknowledges the log
    record Syncing(long epoch, Incarnation primary, boolean restored) implements NodeState {}

    /// Backup that holds all the primary's log: READY.
    ///
    /// @param granted its renunciation
    record Following(long epoch, Incarnation primary, Renunciation.Granted granted) implements NodeState {
        /// A backup that has renounced nothing.
        public Following(long epoch, Incarnation primary) {
            this(epoch, primary, Renunciation.Granted.NONE);
        }

        Following with(Renunciation.Granted other) {
            return new Following(epoch, primary, other);
        }
    }

    /// Backup that has closed the link and replays what it acknowledged.
    ///
    /// @param promote    whether it claims afterwards, or ends
    /// @param granted    its renunciation; while that is outstanding it must not claim, and waits for the record to move on
    /// @param named      whether the record is known to have named this life in sync: without that it has to be read before the
    ///                   first claim, since a claim that expects a record nobody has seen yet may come true much later
    /// @param denials    answers that did not name it, so far
    /// @param askedNanos when the record was last asked for
    record Draining(
            long epoch,
            boolean promote,
            Renunciation.Granted granted,
            boolean named,
            int denials,
            String reason,
            long askedNanos)
            implements NodeState {

        boolean renounced() {
            return granted.outstanding();
        }

        Draining asked(long now) {
            return new Draining(epoch, promote, granted, named, denials, reason, now);
        }

        Draining denied(long now) {
            return new Draining(epoch, promote, granted, named, denials + 1, reason, now);
        }

        Draining knownAsNamed() {
            return new Draining(epoch, promote, granted, true, 0, reason, askedNanos);
        }
    }

    /// Primary whose machine stands at a mark, that hands over. One that is to live on keeps its machine until the record has
    /// moved on.
    ///
    /// @param outcome    what becomes of this node then
    /// @param held       the backup's renunciation
    /// @param told       whether the backup has been told to go live
    /// @param askedNanos when the record was last asked for
    record HandingOver(
            long epoch,
            Incarnation backup,
            Outcome outcome,
            String reason,
            long untilNanos,
            Renunciation.Held held,
            boolean told,
            long askedNanos)
            implements NodeState {

        HandingOver with(Renunciation.Held other) {
            return new HandingOver(epoch, backup, outcome, reason, untilNanos, other, told, askedNanos);
        }

        HandingOver endingAs(Outcome other, String why) {
            return new HandingOver(epoch, backup, other, why, untilNanos, held, told, askedNanos);
        }

        HandingOver asked(long now) {
            return new HandingOver(epoch, backup, outcome, reason, untilNanos, held, told, now);
        }

        /// With these words every renunciation of the backup's is forgotten, and none is taken any more.
        HandingOver tells(long now) {
            return new HandingOver(epoch, backup, outcome, reason, untilNanos, held.withoutAny(), true, now);
        }
    }

    /// Ended on purpose.
    record Stopped(long epoch, String reason) implements NodeState {}

    /// Ended by a lost claim or a fault; evidence is kept.
    record Halted(long epoch, String reason) implements NodeState {}

    /// The word an operator sees.
    default String word() {
        return switch (this) {
            case Reading r -> "STARTING";
            case Waiting w -> "WAITING";
            case Claiming c -> c.relied() ? "RELYING" : c.frozen() ? "FROZEN" : "CLAIMING";
            case Alone a -> "ALONE";
            case Protected p -> "PROTECTED";
            case Solo s -> "SOLO";
            case Taking t -> "SYNCING";
            case Standby s -> "STANDBY";
            case Syncing s -> "SYNCING";
            case Following f -> "READY";
            case Draining d -> "DRAINING";
            case HandingOver h -> "HANDING-OVER";
            case Stopped s -> "STOPPED";
            case Halted h -> "HALTED";
        };
    }

    /// What this node keeps of the backup's renunciation.
    default Renunciation renunciation() {
        return switch (this) {
            case Claiming c -> c.held();
            case Protected p -> p.held();
            case HandingOver h -> h.held();
            case Following f -> f.granted();
            case Draining d -> d.granted();
            case Reading _, Waiting _, Alone _, Solo _, Taking _, Standby _, Syncing _, Stopped _, Halted _ ->
                    Renunciation.Granted.NONE;
        };
    }

    /// Whether this node's machine is, or is about to be, the live one.
    default boolean isPrimary() {
        return switch (this) {
            case Alone a -> true;
            case Protected p -> true;
            case Solo s -> true;
            case Taking t -> true;
            case HandingOver h -> true;
            case Claiming c -> c.purpose() != Purpose.PROMOTE;
            case Reading r -> false;
            case Waiting w -> false;
            case Standby s -> false;
            case Syncing s -> false;
            case Following f -> false;
            case Draining d -> false;
            case Stopped s -> false;
            case Halted h -> false;
        };
    }

    /// Whether it follows a primary's machine, or is about to go on with it.
    default boolean isBackup() {
        return this instanceof Following || this instanceof Syncing || this instanceof Draining
                || this instanceof Claiming claiming && claiming.purpose() == Purpose.PROMOTE;
    }

    /// `primary`, `backup` or `none`.
    default String role() {
        return isPrimary() ? "primary" : isBackup() ? "backup" : "none";
    }
}
