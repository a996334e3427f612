package io.sosia.appliance.pair;

/// What a node wants with the claim it has sent to the witness.
public enum Purpose {
    /// The recorded owner starts without memory of a run.
    COLD_BOOT,
    /// The owner, alone and still off, takes its partner in.
    PROTECT,
    /// The primary, running alone, has taken its partner in.
    PROTECT_LIVE,
    /// The primary goes on without its backup.
    GO_SOLO,
    /// The primary parts with its backup, which does not know of it yet, to take it in afresh.
    LET_GO,
    /// The backup, having drained its log, goes live.
    PROMOTE,
    /// The guest has switched itself off: the run is over.
    STOP;

    /// Whether this node holds the machine's memory while the claim is out.
    boolean holdsMemory() {
        return machineRuns() || this == PROMOTE;
    }

    /// Whether the machine runs as primary while the claim is out.
    boolean machineRuns() {
        return this == GO_SOLO || this == LET_GO || this == STOP || this == PROTECT_LIVE;
    }
}
