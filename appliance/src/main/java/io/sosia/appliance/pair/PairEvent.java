package io.sosia.appliance.pair;

import io.sosia.witness.claim.Incarnation;
import io.sosia.witness.claim.Nonce;
import io.sosia.witness.claim.PairRecord;

/// What a node's pair machine is told. Events that describe a lasting condition ([PartnerOffers], [CannotBeJoined],
/// [Drained], [HandedOver], [PowerOffReleased], [PartnerCaughtUp],
/// [PartnerHoldsAllReleased]) are repeated until they have had their effect; telling one twice
/// changes nothing.
public sealed interface PairEvent {

    /// Time has passed.
    record Tick() implements PairEvent {}

    /// The witness answered a read: the pair's record.
    record RecordRead(PairRecord record) implements PairEvent {}

    /// The witness answered a read: it does not know this pair.
    record RecordUnknown() implements PairEvent {}

    /// What a renunciation depends on.
    sealed interface OfRenunciation extends PairEvent
            permits WitnessLost, WitnessAnswers, RenounceAsked, Renounced, ReturnAsked, Forgotten, ReliedWritten {}

    /// The witness has not answered for a while; told again and again. Wrong or late, it costs time only.
    record WitnessLost() implements OfRenunciation {}

    /// The witness has answered lately; told again and again.
    record WitnessAnswers() implements OfRenunciation {}

    /// The primary asks us to renounce.
    ///
    /// @param witnessLost whether we have lost the witness too
    record RenounceAsked(boolean witnessLost) implements OfRenunciation {}

    /// Our backup renounces.
    record Renounced(long number) implements OfRenunciation {}

    /// Our backup asks to have its renunciation back.
    record ReturnAsked(long number) implements OfRenunciation {}

    /// Our primary has forgotten that renunciation.
    record Forgotten(long number) implements OfRenunciation {}

    /// RELIED of this epoch is durable.
    record ReliedWritten(long epoch) implements OfRenunciation {}

    /// The witness granted the claim with this nonce.
    record ClaimGranted(Nonce nonce, PairRecord record) implements PairEvent {}

    /// The witness refused the claim with this nonce.
    record ClaimRefused(Nonce nonce, String reason) implements PairEvent {}

    /// The witness refused the claim with this nonce, because an operator's order has written another record.
    record Overruled(Nonce nonce, PairRecord record) implements PairEvent {}

    /// A read or a claim had no answer in time; a claim's outcome is unknown.
    record WitnessSilent() implements PairEvent {}

    /// The partner has connected and said who it is.
    ///
    /// @param incarnation the partner's present life
    /// @param difference  what differs, for the operator; empty if nothing does
    record PartnerOffers(Incarnation incarnation, Fit fit, String difference) implements PairEvent {}

    /// How a partner that offers itself can be taken in.
    enum Fit {
        /// Its machine is built the same and its disk holds the same bytes: both can start from the first step.
        EQUAL,
        /// Its machine is built the same: it needs our disk and memory.
        BY_CLONE,
        /// Not at all.
        UNFIT
    }

    /// No partner can be taken in from the first step, whoever comes.
    record CannotBeJoined(String why) implements PairEvent {}

    /// The primary takes us as its backup from the start of its log.
    record Welcomed(long epoch, Incarnation primary) implements PairEvent {}

    /// The running primary takes us in: its disk and memory follow.
    record Invited(long epoch, Incarnation primary) implements PairEvent {}

    /// Disk and memory are here, durable, at the log position from which on the log is replayed.
    record Restored() implements PairEvent {}

    /// The primary says that the record names us in sync.
    record Confirmed(long epoch) implements PairEvent {}

    /// All of our disk and memory has been sent; the log follows.
    record CloneSent() implements PairEvent {}

    /// The partner we take in executes close behind us.
    record PartnerCaughtUp() implements PairEvent {}

    /// The partner we take in has acknowledged all that was ever released without it.
    record PartnerHoldsAllReleased() implements PairEvent {}

    /// The partner cannot be given our disk or memory, for a reason that is not the link's.
    record CloneFailed(String reason) implements PairEvent {}

    /// The primary does not take us.
    record Refused(String reason) implements PairEvent {}

    /// The link to the partner is gone: reset, closed, silent.
    record PartnerLost(String reason) implements PairEvent {}

    /// The partner, our backup, leaves on purpose.
    record PartnerLeaves(String reason) implements PairEvent {}

    /// The operator wants our backup to be taken in afresh.
    record LetGo(String reason) implements PairEvent {}

    /// The partner, our primary, has stopped its machine and hands over: all of its log is here.
    record PartnerHandsOver() implements PairEvent {}

    /// The partner, our primary, has recorded the end of the run: nobody goes live.
    record PartnerStopped() implements PairEvent {}

    /// All that was acknowledged has been replayed and its disk writes are durable.
    record Drained() implements PairEvent {}

    /// Our machine stands at a mark and the backup has acknowledged the whole log.
    record HandedOver() implements PairEvent {}

    /// The guest's power-off has been released by the output rule.
    record PowerOffReleased() implements PairEvent {}

    /// This node can go on no longer: its disk failed, its machine is wedged, its replay diverged.
    record LocalFault(String reason) implements PairEvent {}

    /// The operator asks this primary to become the backup.
    record SwitchOver() implements PairEvent {}

    /// The operator asks this node to end (SIGTERM).
    record Terminate() implements PairEvent {}
}
