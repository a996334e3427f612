package io.sosia.appliance.machine.exec;

import io.sosia.appliance.machine.memory.GuestRam;

/// Builds Sv39 page tables in a board's RAM, from the host's side.
public final class PageTables {

    public static final int V = 1;
    public static final int R = 2;
    public static final int W = 4;
    public static final int X = 8;
    public static final int U = 16;
    public static final int G = 32;
    public static final int A = 64;
    public static final int D = 128;

    private final GuestRam ram;
    private final long root;
    private long free;

    /// @param tables where the tables go, a page boundary; the first becomes the root
    public PageTables(GuestRam ram, long tables) {
        this.ram = ram;
        root = tables;
        free = tables + GuestRam.PAGE_SIZE;
    }

    public long satp() {
        return 8L << 60 | root >>> 12;
    }

    public static long entry(long physical, int flags) {
        return physical >>> 12 << 10 | flags;
    }

    /// Maps one page of level 0 (4 KiB), 1 (2 MiB) or 2 (1 GiB).
    public void map(long va, long physical, int level, int flags) {
        ram.write64(GuestRam.offset(slot(va, level)), entry(physical, flags));
    }

    /// Physical address of the entry for `va` at `level`, tables above it made as needed.
    public long slot(long va, int level) {
        long table = root;
        for (int l = 2; l > level; l--) {
            long at = table + 8 * (va >>> 12 + 9 * l & 511);
            long entry = ram.read64(GuestRam.offset(at));
            if ((entry & V) == 0) {
                entry = entry(free, V);
                free += GuestRam.PAGE_SIZE;
                ram.write64(GuestRam.offset(at), entry);
            }
            table = entry >>> 10 << 12;
        }
        return table + 8 * (va >>> 12 + 9 * level & 511);
    }
}
