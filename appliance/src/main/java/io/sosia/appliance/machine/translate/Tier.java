package io.sosia.appliance.machine.translate;

/// How much effort a region is worth.
public enum Tier {

    /// For code that is warm: little for the JVM's compiler to do.
    QUICK(100),
    /// For code that is hot: larger, and with the guest's registers in those of the host.
    PEAK(240);

    /// Bytes of bytecode from which on the JVM leaves a method to its interpreter (`HugeMethodLimit`).
    static final int CODE_BYTES_MAX = 8000;

    /// Calls by which a region has been compiled, if the JVM is told to do so at the first ones.
    private static final int CALLS = 30;

    final int instructionsMax;

    Tier(int instructionsMax) {
        this.instructionsMax = instructionsMax;
    }

    /// Simple name of the classes of this tier.
    public String className() {
        return this == QUICK ? "Quick" : "Peak";
    }

    /// Has the JVM compile the region on this thread, if it does so in the foreground.
    static void warm(Region region) {
        for (int i = 0; i < CALLS; i++) {
            region.run(0, -1, 0);
        }
    }
}
