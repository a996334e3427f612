package io.sosia.appliance.pair;

/// What becomes of a node whose life is over.
public enum Outcome {
    /// It ends on purpose.
    ENDED,
    /// It ends by a fault that a new life would meet again; evidence is kept.
    FAILED,
    /// It begins a new life at once, without memory of the run, and offers itself to its partner; evidence is kept.
    REJOIN
}
