package io.sosia.appliance.machine.translate;

import io.sosia.appliance.machine.memory.GuestRam;

/// A place where a region in use is entered.
final class Entrance {

    final Held held;
    final Region region;
    /// Which of the plan's entries it is.
    final int index;
    /// Bytes from the page that the region was planned from to this place's page.
    final long distance;
    /// The decoded instruction that its sign replaced.
    final long original;
    /// Steps executed from here since a better region was last asked for, and whether one is being made.
    long steps;
    boolean asked;
    /// Instructions that the better one may have.
    int betterMax = Tier.PEAK.instructionsMax;

    Entrance(Held held, int index, long original) {
        this.held = held;
        region = held.region;
        this.index = index;
        distance = held.plan.entries()[index] & -(long) GuestRam.PAGE_SIZE;
        this.original = original;
    }
}
