package io.sosia.appliance.eventlog;

/// Why a log ends on purpose. The order is part of the log format.
public enum EndReason {
    /// The guest switched itself off in good order.
    POWERED_OFF,
    /// The guest switched itself off or asked for a restart and gave "system failure" as its reason.
    FAILED,
    /// The guest asked for a restart and nobody granted it.
    RESET,
    /// Whoever runs the machine stopped it.
    STOPPED
}
