package io.sosia.appliance.machine.translate;

/// How much effort a region is worth. The JVM is told by the classes' names which of its compilers to use for which.
public enum Tier {

    /// For code that is warm: compiled soon, by the JVM's quick compiler (C1).
    QUICK(100),
    /// For code that is hot: compiled well, by its optimizing compiler (C2).
    PEAK(240);

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
            region.run(0, -1, 0, 0);
        }
    }
}
