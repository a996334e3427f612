package io.sosia.appliance.machine.translate;

/// A region in use.
final class Held {

    final Tier tier;
    final Region region;
    final RegionPlan plan;
    /// Its entrances that have not been given to a better region.
    int entrances;

    Held(Tier tier, Region region, RegionPlan plan) {
        this.tier = tier;
        this.region = region;
        this.plan = plan;
    }
}
