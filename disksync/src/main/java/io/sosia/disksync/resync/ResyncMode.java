package io.sosia.disksync.resync;

/// How a disk is made equal to another.
public enum ResyncMode {
    /// Only blocks that may differ, known from both disks' memory of what was written.
    INCREMENTAL,
    /// Every block is compared by its hash; those that differ are sent.
    BY_HASH,
    /// Every block is sent, whatever the target holds, so that nothing of it stays; of a hole only that it is one.
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
