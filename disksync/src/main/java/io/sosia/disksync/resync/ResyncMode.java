package io.sosia.disksync.resync;

/// How a disk is made equal to another.
public enum ResyncMode {
    /// Only blocks that may differ, known from both disks' memory of what was written.
    INCREMENTAL,
    /// Every block is compared by its hash; those that differ are sent.
    BY_HASH,
    /// Everything that is not a hole is sent, to a disk that holds nothing.
    FULL;

    /// As people say it.
    public String word() {
        return switch (this) {
            case INCREMENTAL -> "incremental";
            case BY_HASH -> "by hash";
            case FULL -> "full";
        };
    }
}
