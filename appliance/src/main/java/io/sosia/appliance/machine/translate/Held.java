package io.sosia.appliance.machine.translate;

/// What is kept of a region in use, and seldom looked at.
final class Held {

    final Tier tier;
    final RegionPlan plan;
    /// The decoded instruction that its sign replaced.
    final long original;
    /// Whether a better one is being made, and how many instructions it may have.
    boolean asked;
    int betterMax = Tier.PEAK.instructionsMax;
    /// Its steps when idle regions were last dropped.
    long stepsBeforeDrop;
    /// How often it was left because accesses that share a look lay in two pages; the steps when these began to be counted; where
    /// a region was asked for because of them.
    int splits;
    long stepsBefore;
    long splitAsked;

    Held(Tier tier, RegionPlan plan, long original) {
        this.tier = tier;
        this.plan = plan;
        this.original = original;
    }

    /// RAM page that it begins in.
    int page() {
        return plan.page(plan.entry());
    }
}
