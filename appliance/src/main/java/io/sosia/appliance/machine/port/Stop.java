package io.sosia.appliance.machine.port;

/// Why `GuestMachine.run` returned.
public enum Stop {
    /// The step asked for has been reached.
    REACHED,
    /// The guest waits for an interrupt (WFI). The next `run` with a later step passes the time to the timer's deadline by
    /// itself, if there is one. An input applied before may end the wait instead; if it does not, `run` reports the wait
    /// again before it passes any time.
    IDLE,
    /// An output other than console bytes, or a great many of those, was produced by the last step or input: drain it now.
    OUTPUT,
    /// The guest has switched itself off; no further step will be executed.
    POWERED_OFF,
    /// The guest asked for a restart; no further step before [MachineInput.PowerOn].
    RESET
}
