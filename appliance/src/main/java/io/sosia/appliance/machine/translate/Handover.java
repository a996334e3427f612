package io.sosia.appliance.machine.translate;

import io.sosia.appliance.machine.cpu.Hart;

/// What the engine and translated code of one machine pass each other.
public final class Handover {

    /// The hart that the code is for.
    public final Hart hart;
    /// Where the code stopped.
    public long pc;
    /// The step at which no steps are left.
    public long limit;

    Handover(Hart hart) {
        this.hart = hart;
    }
}
