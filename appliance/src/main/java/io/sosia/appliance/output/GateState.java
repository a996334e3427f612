package io.sosia.appliance.output;

import java.util.UUID;

/// Why output may leave, or may not.
public sealed interface GateState {

    /// Nothing leaves: nobody has granted anything.
    record Closed(String reason) implements GateState {}

    /// Output leaves at once.
    ///
    /// @param epoch the epoch for which it was granted
    /// @param basis on what
    record Open(long epoch, Basis basis) implements GateState {}

    /// Output leaves with the receipts of one life of one backup.
    ///
    /// @param epoch             the epoch at which receipts count
    /// @param backupIncarnation whose receipts count
    /// @param commitment        how far the pair is bound to that backup
    record Gated(long epoch, UUID backupIncarnation, Commitment commitment) implements GateState {}

    /// What an open gate rests on.
    enum Basis {
        /// The arbiter granted SOLO by a compare-and-set.
        SOLO_GRANTED,
        /// The backup has renounced, and RELIED is on this node's disk. Final for the epoch.
        RELIED
    }

    /// Where a gated node stands between SOLO and PROTECTED.
    enum Commitment {
        /// The record still says SOLO: should the backup die, the gate may be opened again at the same epoch.
        STILL_SOLO,
        /// PROTECTED has been asked for: until a definite answer nobody knows what the record says.
        PROTECT_ASKED,
        /// The record says PROTECTED, naming this backup: only a later epoch, or its renunciation, opens the gate.
        PROTECTED
    }
}
