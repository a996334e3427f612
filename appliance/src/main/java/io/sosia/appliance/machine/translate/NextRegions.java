package io.sosia.appliance.machine.translate;

import io.sosia.appliance.machine.memory.HostMemory;
import io.sosia.appliance.machine.memory.NativeMemory;
import io.sosia.appliance.machine.mmu.Mmu;
import java.nio.ByteBuffer;

/// Which region begins at a virtual address, as it was found lately: one look, where the way by its page and RAM takes two.
///
/// An entry counts as long as no translation has gone from the table that it was found by ([Mmu#fetchKey]), and all go when a region does.
final class NextRegions {

    private static final int ENTRIES = 1 << 13;
    private static final int ENTRY_SHIFT = 4;
    /// Brings the bits of an address above those that choose an entry down to them.
    private static final int SCATTER_SHIFT = 10;
    /// Of an entry's second word; above them is the key.
    private static final int NUMBER_BITS = 16;
    /// No virtual address of code.
    private static final byte NOWHERE = -1;

    private final ByteBuffer memory = HostMemory.zeros(ENTRIES << ENTRY_SHIFT);
    private final long entries = NativeMemory.address(memory);
    private boolean stale = true;

    /// A region is in use no longer.
    void forget() {
        stale = true;
    }

    /// Where the entries lie, to look into until a region goes.
    long entries() {
        if (stale) {
            NativeMemory.fill(entries, ENTRIES << ENTRY_SHIFT, NOWHERE);
            stale = false;
        }
        return entries;
    }

    /// Number of the region that begins at `pc`, or [Regions#NONE] if that is not known.
    ///
    /// @param key of the table of executable pages
    static int number(long entries, long key, long pc) {
        long entry = entry(entries, pc);
        long number = NativeMemory.getLong(entry + Long.BYTES) ^ key << NUMBER_BITS;
        return NativeMemory.getLong(entry) == pc && number >>> NUMBER_BITS == 0 ? (int) number : Regions.NONE;
    }

    /// Notes where a region begins.
    static void note(long entries, long key, long pc, int number) {
        long entry = entry(entries, pc);
        NativeMemory.putLong(entry, pc);
        NativeMemory.putLong(entry + Long.BYTES, key << NUMBER_BITS | number);
    }

    private static long entry(long entries, long pc) {
        return entries + ((pc << ENTRY_SHIFT - 1 ^ pc >>> SCATTER_SHIFT) & ENTRIES - 1 << ENTRY_SHIFT);
    }
}
