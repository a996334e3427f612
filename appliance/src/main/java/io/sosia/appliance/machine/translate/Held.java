package io.sosia.appliance.machine.translate;

/// A region in use, where it begins.
final class Held {

    final Tier tier;
    final Region region;
    final RegionPlan plan;
    /// The decoded instruction that its sign replaced.
    final long original;
    /// Steps executed in it since a better one was last asked for, and whether one is being made.
    long steps;
    boolean asked;
    /// Instructions that the better one may have.
    int betterMax = Tier.PEAK.instructionsMax;

    Held(Tier tier, Region region, RegionPlan plan, long original) {
        this.tier = tier;
        this.region = region;
        this.plan = plan;
        this.original = original;
    }
}
