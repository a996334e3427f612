package io.sosia.disksync.block;

/// The name of one line of a disk's content: two disks of the same generation were equal when it began.
///
/// @param value 64 random bits, not 0
public record GenerationId(long value) {
    /// Refuses 0, which stands for "none" where an id is stored.
    public GenerationId {
        if (value == 0) {
            throw new IllegalArgumentException("generation id must not be 0");
        }
    }

    @Override
    public String toString() {
        return "%016x".formatted(value);
    }
}
