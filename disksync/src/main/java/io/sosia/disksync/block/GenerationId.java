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

    /// One made of these words, the same every time.
    public static GenerationId of(long... words) {
        long value = 0x9e37_79b9_7f4a_7c15L;
        for (long word : words) {
            value = (value ^ word) * 0xbf58_476d_1ce4_e5b9L;
            value ^= value >>> 31;
        }
        return new GenerationId(value == 0 ? 1 : value);
    }

    @Override
    public String toString() {
        return "%016x".formatted(value);
    }
}
