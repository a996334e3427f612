package io.sosia.appliance.pair;

import io.sosia.witness.claim.ClaimCommand;
import io.sosia.witness.claim.Incarnation;

/// What the node carries out for its pair machine, in order.
public sealed interface PairAction {

    /// Ask the witness for the record; answers [PairEvent.RecordRead], [PairEvent.RecordUnknown] or
    /// [PairEvent.WitnessSilent].
    record ReadRecord() implements PairAction {}

    /// Submit the claim; repeating the same claim is harmless. Answers [PairEvent.ClaimGranted],
    /// [PairEvent.ClaimRefused] or [PairEvent.WitnessSilent].
    record Submit(ClaimCommand claim) implements PairAction {}

    /// Connect to the partner and say Hello; keep trying.
    record Dial() implements PairAction {}

    /// Close the link for good: nothing more is read or acknowledged in this epoch.
    record CloseLink(String reason) implements PairAction {}

    /// Tell the partner it is our backup from the start of the log.
    record Welcome(long epoch, Incarnation backup) implements PairAction {}

    /// Take the partner in while our machine runs: tell it, and send disk and memory. Answers [PairEvent.CloneSent] or
    /// [PairEvent.CloneFailed].
    record Invite(long epoch, Incarnation backup) implements PairAction {}

    /// Stop what [Invite] began, or what it led to.
    record AbandonClone(String reason) implements PairAction {}

    /// From here on output waits for the receipts of the partner being taken in, though SOLO still stands.
    record WaitForBackup(Incarnation backup) implements PairAction {}

    /// Output leaves at once again: SOLO stood all the time.
    record BackToSolo() implements PairAction {}

    /// PROTECTED is about to be asked for: until the answer only receipts open the gate.
    record AskProtection() implements PairAction {}

    /// The answer: the record says PROTECTED.
    record ProtectionGranted() implements PairAction {}

    /// Tell the partner that the record names it in sync.
    record Confirm() implements PairAction {}

    /// Receive the primary's disk and memory. Answers [PairEvent.Restored] or [PairEvent.LocalFault].
    record Join(long epoch) implements PairAction {}

    /// Tell the partner it cannot be our backup now.
    record Refuse(String reason) implements PairAction {}

    /// From here on output leaves only with this backup's acknowledgement in this epoch.
    record GateByAcks(long epoch, Incarnation backup) implements PairAction {}

    /// From here on output leaves at once: SOLO was granted.
    record GateOpen(long epoch) implements PairAction {}

    /// Switch the machine on: the log of this epoch begins.
    record StartMachine(long epoch) implements PairAction {}

    /// Replay the primary's log of this epoch.
    record Follow(long epoch) implements PairAction {}

    /// Replay all that was acknowledged, make it durable, then tell [PairEvent.Drained].
    record Drain() implements PairAction {}

    /// The replayed machine becomes the live one in this epoch: re-issue pending requests, re-emit what may not have
    /// left, announce.
    record GoLive(long epoch) implements PairAction {}

    /// Execute no further step until [Resume]; output is held.
    record Pause() implements PairAction {}

    /// Go on after [Pause] or [StopAtMark].
    record Resume() implements PairAction {}

    /// Tell the partner something of a renunciation.
    record Say(PeerMessage.OfRenunciation message) implements PairAction {}

    /// Write durably that in this epoch output leaves without receipts, relying on the backup's renunciation. Answers
    /// [PairEvent.ReliedWritten] when that is done.
    record WriteRelied(long epoch) implements PairAction {}

    /// From here on output leaves at once, though PROTECTED stands: RELIED is durable.
    record Rely() implements PairAction {}

    /// Let the machine stand at a mark until [Resume], and tell [PairEvent.HandedOver] when all is acknowledged.
    record StopAtMark() implements PairAction {}

    /// Tell the backup that all of the log is with it and that it is to go live.
    record SendHandOver() implements PairAction {}

    /// Tell the backup that the run has ended by the guest's own power-off.
    record SendStopped() implements PairAction {}

    /// Tell the primary that we leave.
    record SendLeaving(String reason) implements PairAction {}

    /// End of this node's life: close all in order.
    record Finish(Outcome outcome, String reason) implements PairAction {}
}
