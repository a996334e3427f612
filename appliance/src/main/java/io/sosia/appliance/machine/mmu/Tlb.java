package io.sosia.appliance.machine.mmu;

import java.util.Arrays;

/// One direct-mapped translation cache, laid out for engines to probe inline.
///
/// Entry `e` of a virtual address is `(int) (va >>> INDEX_SHIFT) & INDEX_MASK`: `table[e]` is the page's virtual address (the
/// tag), `table[e + 1]` what to add to a virtual address to get its RAM offset. Comparing the tag with
/// `va & (-4096 | width - 1)` also refuses misaligned accesses. Only RAM is ever entered.
public final class Tlb {

    /// Entries of one table.
    public static final int ENTRIES = 512;
    public static final int INDEX_SHIFT = 11;
    public static final int INDEX_MASK = 2 * ENTRIES - 2;

    /// A tag no masked address equals.
    static final long NONE = -1;

    private Tlb() {}

    static long[] table() {
        long[] table = new long[2 * ENTRIES];
        Arrays.fill(table, NONE);
        return table;
    }

    static void enter(long[] table, long va, int ramOffset) {
        long page = va & -4096;
        int e = (int) (va >>> INDEX_SHIFT) & INDEX_MASK;
        table[e] = page;
        table[e + 1] = (ramOffset & -4096) - page;
    }

    /// RAM offset of `va`, or -1 when it is not entered.
    static int probe(long[] table, long va) {
        int e = (int) (va >>> INDEX_SHIFT) & INDEX_MASK;
        return table[e] == (va & -4096) ? (int) (va + table[e + 1]) : -1;
    }

    static void drop(long[] table, long vaPage) {
        int e = (int) (vaPage >>> INDEX_SHIFT) & INDEX_MASK;
        if (table[e] == vaPage) {
            table[e] = NONE;
        }
    }

    /// Drops what lies in the aligned region of `2^shift` bytes.
    static void dropRegion(long[] table, long va, int shift) {
        for (int e = 0; e < table.length; e += 2) {
            if ((table[e] ^ va) >>> shift == 0) {
                table[e] = NONE;
            }
        }
    }

    /// Drops the entries that lead to one RAM page.
    static void dropTarget(long[] table, int ramOffset) {
        for (int e = 0; e < table.length; e += 2) {
            if (table[e] != NONE && (int) (table[e] + table[e + 1]) == ramOffset) {
                table[e] = NONE;
            }
        }
    }
}
