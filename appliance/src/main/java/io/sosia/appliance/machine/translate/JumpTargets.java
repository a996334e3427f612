package io.sosia.appliance.machine.translate;

import io.sosia.appliance.machine.memory.HostMemory;
import io.sosia.appliance.machine.memory.NativeMemory;
import java.nio.ByteBuffer;
import java.util.Arrays;

/// Where indirect jumps have led lately: translated code notes it, and better regions are planned by it.
///
/// Each jump has a few pairs of entries, of which a target's address chooses one: for the last target and the last other one. Jumps far
/// apart share entries; then what was noted last counts. Targets are guesses, and what is made of them compares.
public final class JumpTargets {

    /// Pairs of a jump, as a power of two.
    private static final int PAIRS_SHIFT = 3;
    private static final int ENTRIES = 2 << PAIRS_SHIFT;
    private static final int JUMP_BYTES_SHIFT = PAIRS_SHIFT + 4;
    /// Scatters targets over the pairs: 2^64 by the golden ratio.
    private static final long SCATTER = 0x9e37_79b9_7f4a_7c15L;
    /// Jumps that there are entries for.
    private static final int JUMPS = 1 << 14;
    /// The part of an entry that is a target. Above it are the upper bits of where the jump lies, and one that is set.
    private static final int TARGET_BITS = 48;
    private static final long TARGET = (1L << TARGET_BITS) - 1;

    private final ByteBuffer entries = HostMemory.zeros(JUMPS << JUMP_BYTES_SHIFT);

    /// Where all entries lie.
    public long address() {
        return NativeMemory.address(entries);
    }

    /// Notes where a jump leads.
    ///
    /// @param address where all entries lie
    /// @param jump    where the jump is in RAM, in halfwords
    public static void note(long address, int jump, long target) {
        long pair = first(address, jump) + (target * SCATTER >>> Long.SIZE - PAIRS_SHIFT) * 2 * Long.BYTES;
        long entry = mark(jump) | target & TARGET;
        long last = NativeMemory.getLong(pair);
        if (last != entry) {
            NativeMemory.putLong(pair, entry);
            NativeMemory.putLong(pair + Long.BYTES, last);
        }
    }

    /// Where a jump has led lately.
    ///
    /// @param jump where it is in RAM, in halfwords
    long[] of(int jump) {
        long first = first(address(), jump);
        long[] targets = new long[ENTRIES];
        int count = 0;
        for (int i = 0; i < ENTRIES; i++) {
            long entry = NativeMemory.getLong(first + (long) i * Long.BYTES);
            if ((entry & ~TARGET) == mark(jump)) {
                targets[count++] = entry << Long.SIZE - TARGET_BITS >> Long.SIZE - TARGET_BITS;
            }
        }
        return Arrays.copyOf(targets, count);
    }

    private static long first(long address, int jump) {
        return address + ((long) (jump & JUMPS - 1) << JUMP_BYTES_SHIFT);
    }

    private static long mark(int jump) {
        return Long.MIN_VALUE | (long) (jump / JUMPS) << TARGET_BITS;
    }
}
