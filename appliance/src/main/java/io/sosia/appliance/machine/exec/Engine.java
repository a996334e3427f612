package io.sosia.appliance.machine.exec;

/// Executes a hart's instructions. Every engine gives the same guest-visible result, bit by bit, whatever its caches hold.
public interface Engine {

    /// Executes until `hart.steps() == untilSteps`, or returns earlier: when the hart has arrived at a wait for interrupts
    /// (`hart.waiting()`), or right after the instruction during which a stop was requested.
    ///
    /// Called again while the hart waits, with a later step to reach, it passes guest time to the timer's deadline and goes
    /// on; without a timer that would wake the hart it returns at once.
    void run(long untilSteps);

    /// Forgets everything derived from RAM or hart state: translations and decoded code. Needed after either was replaced
    /// behind the hart's back (a snapshot loaded); allowed at any time between runs, and never visible to the guest.
    void dropCaches();
}
