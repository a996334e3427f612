package io.sosia.disksync.block;

/// What this disk knows of the partner's disk.
public enum Partner {
    /// There has never been one: nothing is tracked.
    NONE(1),
    /// It receives every write: what it has not yet reported durable is remembered.
    IN_SYNC(2),
    /// It was left behind with the base generation: every block written since is remembered.
    AWAY(3);

    private final int code;

    Partner(int code) {
        this.code = code;
    }

    /// The number it is stored as.
    public int code() {
        return code;
    }
}
