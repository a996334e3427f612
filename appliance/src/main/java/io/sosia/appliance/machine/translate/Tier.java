package io.sosia.appliance.machine.translate;

/// How much effort a region is worth.
public enum Tier {

    /// For code that is warm: of what it does, little is the JVM's compiler's to improve. Counts how often its blocks are executed.
    QUICK,
    /// For code that is hot: through indirect jumps too, and with the guest's registers in those of the host.
    PEAK;

    /// Bytes of bytecode from which on the JVM leaves a method to its interpreter (`HugeMethodLimit`).
    static final int CODE_BYTES_MAX = 8000;

    /// How the simple names of the classes of this tier begin.
    public String className() {
        return this == QUICK ? "Quick" : "Peak";
    }
}
