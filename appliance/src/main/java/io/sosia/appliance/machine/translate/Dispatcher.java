package io.sosia.appliance.machine.translate;

/// Calls the regions of a batch: this one those that no better one ([DispatcherCompiler]) has been written for.
public class Dispatcher {

    private final Region[] regions;

    /// @param regions by their places; those that have none yet are null
    public Dispatcher(Region[] regions) {
        this.regions = regions;
    }

    /// Has the region at a place executed, see [Region#run]: the place comes last, so that the other arguments stay in their registers.
    public int run(long base, int left, long tables, int place) {
        return regions[place].run(base, left, tables);
    }
}
