package io.sosia.witness.claim;

/// What a pair's record promises. Within one epoch a record only ever moves down this list, never up, so epoch and
/// state together name one record.
public enum PairState {
    /// The owner alone may be live. Its partner, if it has one, is out of date.
    SOLO,
    /// Both named incarnations hold the machine's state; the owner is live, and either may claim the next epoch.
    PROTECTED,
    /// The guest was powered off on purpose; nobody is live, and nobody may claim.
    STOPPED
}
