package io.sosia.appliance.machine.translate;

/// A region in use, where it begins.
final class Held {

    final Tier tier;
    final Region region;
    final RegionPlan plan;
    /// The decoded instruction that its sign replaced.
    final long original;
    /// Steps executed in it, and whether that has been enough to ask for a better one.
    long steps;
    boolean asked;

    Held(Tier tier, Region region, RegionPlan plan, long original) {
        this.tier = tier;
        this.region = region;
        this.plan = plan;
        this.original = original;
    }
}
