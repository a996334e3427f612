package io.sosia.appliance.machine.sbi;

/// What the guest can do to the board as a whole (SBI 2.0, chapter "System Reset Extension").
public interface PowerSwitch {

    /// Switches the board off.
    ///
    /// @param failure whether the guest's reason is "system failure"
    void powerOff(boolean failure);

    /// Restarts the board.
    ///
    /// @param failure whether the guest's reason is "system failure"
    void restart(boolean failure);
}
