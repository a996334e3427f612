package io.sosia.appliance.machine.exec;

import io.sosia.appliance.machine.cpu.Hart;

/// The pre-decoded interpreter.
public final class Interpreter implements Engine {

    private final Hart hart;

    public Interpreter(Hart hart) {
        this.hart = hart;
    }

    @Override
    public void run(long untilSteps) {
        hart.beginRun();
        hart.proceed(untilSteps);
    }

    @Override
    public void dropCaches() {
        hart.mmu().dropAll();
    }
}
