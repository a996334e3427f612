package io.sosia.disksync.export;

/// What a run of a disk's bytes is made of.
///
/// @param bytes its length, above 0
/// @param zero  whether all of it is known to read as zeroes; otherwise it may hold anything
record Allocation(long bytes, boolean zero) {
    Allocation {
        if (bytes <= 0) {
            throw new IllegalArgumentException("a run of " + bytes + " bytes, expected some");
        }
    }
}
