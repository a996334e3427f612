package io.sosia.appliance.machine.mmu;

import io.sosia.appliance.machine.memory.NativeMemory;

/// Direct-mapped translation caches in [NativeMemory], laid out for engines to probe inline.
///
/// A table is named by its address. At the [#entry] of a virtual address it has the page's virtual address (the tag), and behind it what
/// to add to a virtual address of the page to get where it lies in the host's memory. An access hits if the tag is the page of its last
/// byte; one that goes on in the next page never does, as that has another entry. Only RAM is ever entered.
///
/// Behind the entries lie the *recent* ones: a few copies that translated code makes and finds without knowing the address. Their places
/// do not tell pages apart: both ends of an access are to be compared. What they hold is among the entries too; when one of these goes, all
/// recent ones go.
///
/// Two pages that take turns in one entry cost more than a hundred instructions each time, and a guest under load has some hundreds of
/// pages in use, in several parts of its address space: hence many more entries than that. What is written, and dropped again, is a few
/// chunks of them.
public final class Tlb {

    /// Entries of one table.
    public static final int ENTRIES = 1 << 14;

    /// From an entry to what is to be added.
    public static final int ADDEND = 8;

    private static final int ENTRY_SHIFT = 4;
    private static final int PAGE_SHIFT = 12;

    private static final int ENTRIES_SIZE = ENTRIES << ENTRY_SHIFT;

    /// Recent entries of one table.
    public static final int RECENT_ENTRIES = 64;
    private static final int RECENT_SIZE = RECENT_ENTRIES << ENTRY_SHIFT;

    /// Bytes of one table.
    static final int SIZE = ENTRIES_SIZE + RECENT_SIZE;

    /// How far a virtual address is shifted to the right for what [#entry] adds to the table's.
    public static final int PLACE_SHIFT = PAGE_SHIFT - ENTRY_SHIFT;
    /// The bits of that that count.
    public static final int PLACE_MASK = ENTRIES_SIZE - (1 << ENTRY_SHIFT);

    /// From an entry of a table of readable pages to that of the writable ones, which lies behind it.
    public static final int WRITABLE = SIZE;

    /// Neighbouring entries that are cleared together.
    private static final int CHUNK_SHIFT = 6;
    /// Bytes of the address space that a chunk stands for, as a power of two: less than the smallest region.
    static final int CHUNK_REACH_SHIFT = PAGE_SHIFT + CHUNK_SHIFT;
    /// Chunks of one table.
    static final int CHUNKS = ENTRIES >> CHUNK_SHIFT;
    private static final int CHUNK_SIZE = ENTRIES_SIZE / CHUNKS;

    /// A tag no masked address equals; its bytes are all the same.
    private static final long NONE = -1;

    private Tlb() {}

    /// Address of the entry for `va`.
    public static long entry(long table, long va) {
        return table + (va >>> PLACE_SHIFT & PLACE_MASK);
    }

    /// From a table to one of its recent entries.
    public static int recent(int number) {
        return ENTRIES_SIZE + (number << ENTRY_SHIFT);
    }

    /// The chunk that the entry for `va` lies in.
    static int chunk(long va) {
        return (int) (va >>> CHUNK_REACH_SHIFT) & CHUNKS - 1;
    }

    static void clear(long table) {
        NativeMemory.fill(table, SIZE, (byte) NONE);
    }

    /// Leaves the recent entries: [#clearRecent] has to follow.
    static void clearChunk(long table, int chunk) {
        NativeMemory.fill(table + (long) chunk * CHUNK_SIZE, CHUNK_SIZE, (byte) NONE);
    }

    /// Empties the recent entries.
    static void clearRecent(long table) {
        NativeMemory.fill(table + ENTRIES_SIZE, RECENT_SIZE, (byte) NONE);
    }

    /// @param address where the page of `va` lies
    /// @return whether another has gone for it
    static boolean enter(long table, long va, long address) {
        long page = va & -4096;
        long e = entry(table, va);
        boolean gone = NativeMemory.getLong(e) != NONE;
        if (gone) {
            clearRecent(table);
        }
        NativeMemory.putLong(e, page);
        NativeMemory.putLong(e + ADDEND, address - page);
        return gone;
    }

    /// Where `va` lies in the host's memory, or 0 when it is not entered.
    public static long probe(long table, long va) {
        long e = entry(table, va);
        return NativeMemory.getLong(e) == (va & -4096) ? va + NativeMemory.getLong(e + ADDEND) : 0;
    }

    /// @return whether it was entered
    static boolean drop(long table, long vaPage) {
        long e = entry(table, vaPage);
        boolean gone = NativeMemory.getLong(e) == vaPage;
        if (gone) {
            NativeMemory.putLong(e, NONE);
            clearRecent(table);
        }
        return gone;
    }

    /// Drops what a chunk has of the aligned region of `2^shift` bytes.
    ///
    /// @return whether that was any
    static boolean dropRegion(long table, int chunk, long va, int shift) {
        long first = table + (long) chunk * CHUNK_SIZE;
        boolean any = false;
        for (long e = first; e < first + CHUNK_SIZE; e += 1 << ENTRY_SHIFT) {
            if ((NativeMemory.getLong(e) ^ va) >>> shift == 0) {
                NativeMemory.putLong(e, NONE);
                any = true;
            }
        }
        if (any) {
            clearRecent(table);
        }
        return any;
    }
}
