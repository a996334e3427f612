package io.sosia.appliance.machine.translate;

import io.sosia.appliance.machine.cpu.Hart;

/// What the engine and translated code of one machine pass each other.
public final class Handover {

    /// The hart that the code is for.
    public final Hart hart;
    /// Where the guest's indirect jumps have led.
    public final JumpTargets jumps = new JumpTargets();
    /// Mark in [#pc], whose low bit is free: the code stopped at accesses that look for their page together, perhaps because they lie in two.
    static final long SPLIT = 1;

    /// Where the code stopped, perhaps with a mark.
    public long pc;
    /// The step at which no steps are left.
    public long limit;

    Handover(Hart hart) {
        this.hart = hart;
    }
}
