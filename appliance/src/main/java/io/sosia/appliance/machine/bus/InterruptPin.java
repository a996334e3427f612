package io.sosia.appliance.machine.bus;

/// One level-triggered interrupt wire.
@FunctionalInterface
public interface InterruptPin {

    /// Drives the wire; telling it the level it already has is harmless.
    void level(boolean asserted);
}
