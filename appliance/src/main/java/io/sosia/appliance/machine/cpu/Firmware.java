package io.sosia.appliance.machine.cpu;

/// The machine's own answer to `ecall` from S-mode (SBI): there is no M-mode code in the guest.
@FunctionalInterface
public interface Firmware {

    /// Carries out one call: reads the arguments in `a0`..`a7` (`hart.x(10)`..`hart.x(17)`) and writes the results with
    /// [Hart#setX]. `hart.pc()` is the `ecall` itself; execution goes on behind it.
    void call(Hart hart);
}
