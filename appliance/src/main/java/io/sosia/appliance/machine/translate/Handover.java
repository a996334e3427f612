package io.sosia.appliance.machine.translate;

import io.sosia.appliance.machine.cpu.Hart;

/// What the engine and translated code of one machine pass each other.
public final class Handover {

    /// The hart that the code is for.
    public final Hart hart;
    /// What the code calls.
    public final Calls calls;
    /// Where the code stopped.
    public long pc;
    /// The step at which no steps are left.
    public long limit;

    /// Executes what a region calls.
    @FunctionalInterface
    public interface Calls {
        /// Executes regions from the one at `pc` on, until the guest is to go on at `back`.
        ///
        /// @param left   steps that may be executed
        /// @param loads  base of the table of readable pages
        /// @param stores base of the table of writable pages
        /// @return steps left if it is to go on there, else their complement, and [#pc] is where: with no region, or with attention
        int call(long pc, long back, int left, int loads, int stores);
    }

    /// @param hart  that the code is for
    /// @param calls executes the regions that code calls
    Handover(Hart hart, Calls calls) {
        this.hart = hart;
        this.calls = calls;
    }
}
