package io.sosia.appliance.machine.translate;

import io.sosia.appliance.machine.mmu.Tlb;
import sun.misc.Unsafe;

/// Guest code as one method of JVM bytecode: basic blocks of one or a few pages, entered at the first.
///
/// What it computes is a function of the guest's registers and memory alone; which virtual page it is entered at is an
/// argument, so that it serves every mapping of the same physical page.
public abstract class Region {

    /// Where it begins in RAM, in halfwords.
    int begin = -1;
    /// Steps executed in it, and after how many that is worth telling.
    long steps;
    long stepsMax;
    /// What else there is to it, when it is in use.
    Held held;

    /// Executes from the first block on.
    ///
    /// @param base   virtual address of the page that the first block lies in
    /// @param left   steps that may be executed; below zero, nothing is touched at all
    /// @param loads  byte of the tables' array that the table of readable pages begins at
    /// @param stores likewise, of writable pages
    /// @return steps left; [Handover#pc] is the next instruction. `left` when nothing was executed
    public abstract int run(long base, int left, long loads, long stores);

    /// A table as translated code takes it: its first byte in the array that all are in.
    ///
    /// @param base of the table, see [Tlb]
    public static long table(int base) {
        return Unsafe.ARRAY_LONG_BASE_OFFSET + (long) Unsafe.ARRAY_LONG_INDEX_SCALE * base;
    }
}
