package io.sosia.appliance.machine.mmu;

import java.util.Arrays;

/// Direct-mapped translation caches, many in one array, laid out for engines to probe inline.
///
/// A table is the part of the array that begins at its base. Entry `e` of a virtual address is
/// `base + ((int) (va >>> INDEX_SHIFT) & INDEX_MASK)`: `tables[e]` is the page's virtual address (the tag), `tables[e + 1]` what
/// to add to a virtual address to get its RAM offset. Comparing the tag with `va & (-4096 | width - 1)` also refuses misaligned
/// accesses. Only RAM is ever entered.
public final class Tlb {

    /// Entries of one table.
    public static final int ENTRIES = 1024;
    public static final int INDEX_SHIFT = 11;
    public static final int INDEX_MASK = 2 * ENTRIES - 2;

    /// Array elements of one table.
    static final int SIZE = 2 * ENTRIES;

    /// A tag no masked address equals.
    static final long NONE = -1;

    private Tlb() {}

    static void clear(long[] tables, int base) {
        Arrays.fill(tables, base, base + SIZE, NONE);
    }

    static void enter(long[] tables, int base, long va, int ramOffset) {
        long page = va & -4096;
        int e = entry(base, va);
        tables[e] = page;
        tables[e + 1] = (ramOffset & -4096) - page;
    }

    /// RAM offset of `va`, or -1 when it is not entered.
    static int probe(long[] tables, int base, long va) {
        int e = entry(base, va);
        return tables[e] == (va & -4096) ? (int) (va + tables[e + 1]) : -1;
    }

    static void drop(long[] tables, int base, long vaPage) {
        int e = entry(base, vaPage);
        if (tables[e] == vaPage) {
            tables[e] = NONE;
        }
    }

    /// Drops what lies in the aligned region of `2^shift` bytes.
    static void dropRegion(long[] tables, int base, long va, int shift) {
        for (int e = base; e < base + SIZE; e += 2) {
            if ((tables[e] ^ va) >>> shift == 0) {
                tables[e] = NONE;
            }
        }
    }

    /// Drops the entries that lead to one RAM page.
    static void dropTarget(long[] tables, int base, int ramOffset) {
        for (int e = base; e < base + SIZE; e += 2) {
            if (tables[e] != NONE && (int) (tables[e] + tables[e + 1]) == ramOffset) {
                tables[e] = NONE;
            }
        }
    }

    private static int entry(int base, long va) {
        return base + ((int) (va >>> INDEX_SHIFT) & INDEX_MASK);
    }
}
