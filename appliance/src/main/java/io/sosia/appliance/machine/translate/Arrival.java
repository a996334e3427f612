package io.sosia.appliance.machine.translate;

/// A translated region that is not in use yet.
final class Arrival {

    final Tier tier;
    final RegionPlan asked;
    /// What it was made of: as much of what was asked for as fits.
    final RegionPlan plan;
    /// State of its pages when it was planned, see [Regions#versions].
    final long[] versions;
    final Region region;
    Arrival next;

    Arrival(Tier tier, RegionPlan asked, RegionPlan plan, long[] versions, Region region) {
        this.tier = tier;
        this.asked = asked;
        this.plan = plan;
        this.versions = versions;
        this.region = region;
    }
}
