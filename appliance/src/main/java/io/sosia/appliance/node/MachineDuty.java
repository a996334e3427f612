package io.sosia.appliance.node;

import io.sosia.appliance.lockstep.Recorder;

/// What a machine's owner decides about its loop. Called on the loop's thread only; must not block.
public interface MachineDuty {

    /// What to do when the guest has stopped for good or wants a restart.
    enum Next {
        /// The loop returns.
        END,
        /// The board is switched on again from the same image (only after a restart was asked for).
        POWER_ON,
        /// The machine stays as it is and the loop goes on serving its owner.
        STAY
    }

    /// A duty of nobody: the machine runs freely, ends when the guest does.
    MachineDuty ALONE = new MachineDuty() {};

    /// Once a turn, whatever the machine does: releases, heartbeats, lag. May record (progress, released) but not run.
    ///
    /// @param idle whether the guest waits for an interrupt
    default void turn(Recorder recorder, long hostNanos, boolean idle) {}

    /// Whether the machine may execute now; when not (gate or log buffer full, frozen), the loop waits for a signal.
    default boolean mayRun() {
        return true;
    }

    /// The share of host time the machine may use, above 0 to 1: below 1 it is slowed so that a backup can follow.
    default double pace() {
        return 1.0;
    }

    /// The guest has switched itself off, or has asked for a restart.
    default Next stopped(boolean restartWanted) {
        return Next.END;
    }
}
