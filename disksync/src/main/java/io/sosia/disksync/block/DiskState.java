package io.sosia.disksync.block;

/// What a disk's content is worth.
public enum DiskState {
    /// A consistent disk, the newest that this node knows of.
    UP_TO_DATE(1),
    /// A consistent disk, older than the partner's.
    OUTDATED(2),
    /// In the middle of a resync: parts of it are old and parts new. Nothing may boot from it.
    INCONSISTENT(3);

    private final int code;

    DiskState(int code) {
        this.code = code;
    }

    /// The number it is stored as.
    public int code() {
        return code;
    }
}
