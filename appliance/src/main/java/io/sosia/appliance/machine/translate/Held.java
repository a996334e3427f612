package io.sosia.appliance.machine.translate;

/// What is kept of a region in use, and seldom looked at.
final class Held {

    final Tier tier;
    final RegionPlan plan;
    /// The decoded instruction that its sign replaced.
    final long original;
    /// Whether a better one is being made.
    boolean asked;
    /// How often it was left because accesses that share a look lay in two pages, and the steps when this began to be counted.
    int splits;
    long stepsBefore;
    /// Where some of these accesses are, see [RegionPlan#alone].
    int[] splitAt = {};

    Held(Tier tier, RegionPlan plan, long original) {
        this.tier = tier;
        this.plan = plan;
        this.original = original;
    }
}
