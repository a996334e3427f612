package io.sosia.appliance.machine.cpu;

/// The F and D extensions on the hart's registers.
final class FloatingPoint {

    private final Hart hart;

    FloatingPoint(Hart hart) {
        this.hart = hart;
    }

    void execute(int instruction) {
        hart.illegal();
    }
}
