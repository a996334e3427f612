package io.sosia.appliance.machine.translate;

import io.sosia.appliance.machine.cpu.Hart;
import io.sosia.appliance.machine.memory.GuestRam;
import io.sosia.appliance.machine.memory.NativeMemory;
import io.sosia.appliance.machine.mmu.Mmu;
import io.sosia.appliance.machine.mmu.Tlb;
import java.lang.invoke.MethodHandles;

/// What translated code calls: memory through the translation tables, and instructions that are not translated.
///
/// Each machine has a copy of this class of its own, defined by its [RegionLoader]: what is the machine's are static
/// constants here, and the JVM's compilers build them into the code. Nobody else may use it.
///
/// An access first asks for a hit in a table ([Tlb]); without one it is left to the interpreter. What the tables lead to lies in RAM.
public final class GuestAccess {

    private static final Handover HANDOVER = RegionLoader.handover();
    private static final Hart HART = HANDOVER.hart;
    private static final Mmu MMU = HART.mmu();
    private static final long RAM_ADDRESS = HART.ram().address();
    /// The integer registers.
    public static final long[] X = HART.registers();

    private GuestAccess() {}

    /// Lets the engine define regions beside this class.
    public static MethodHandles.Lookup lookup() {
        return MethodHandles.lookup();
    }

    /// Whether the table leads to the page of `first`, and `last` lies in the same page.
    public static boolean hit8(long first, long last, long table) {
        return (last & -4096) == NativeMemory.getLong(Tlb.entry(table, first));
    }

    /// Likewise, and `last` is aligned.
    public static boolean hit16(long first, long last, long table) {
        return (last & (-4096 | 1)) == NativeMemory.getLong(Tlb.entry(table, first));
    }

    /// Likewise.
    public static boolean hit32(long first, long last, long table) {
        return (last & (-4096 | 3)) == NativeMemory.getLong(Tlb.entry(table, first));
    }

    /// Likewise.
    public static boolean hit64(long first, long last, long table) {
        return (last & (-4096 | 7)) == NativeMemory.getLong(Tlb.entry(table, first));
    }

    /// What to add to a virtual address of the page of `va`, for which there was a hit, to get where it lies.
    public static long addend(long va, long table) {
        return NativeMemory.getLong(Tlb.entry(table, va) + Tlb.ADDEND);
    }

    /// [Handover#SPLIT] if two distances from `base` lie in different pages, else 0.
    public static long split(long base, int first, int last) {
        return (base + first ^ base + last) >>> GuestRam.PAGE_SHIFT != 0 ? Handover.SPLIT : 0;
    }

    public static long get8(long address) {
        return NativeMemory.getByte(address);
    }

    public static long getUnsigned8(long address) {
        return NativeMemory.getByte(address) & 0xff;
    }

    public static long get16(long address) {
        return NativeMemory.getShort(address);
    }

    public static long getUnsigned16(long address) {
        return NativeMemory.getShort(address) & 0xffff;
    }

    public static long get32(long address) {
        return NativeMemory.getInt(address);
    }

    public static long getUnsigned32(long address) {
        return NativeMemory.getInt(address) & 0xffff_ffffL;
    }

    public static long get64(long address) {
        return NativeMemory.getLong(address);
    }

    public static void put8(long address, long value) {
        NativeMemory.putByte(address, (byte) value);
    }

    public static void put16(long address, long value) {
        NativeMemory.putShort(address, (short) value);
    }

    public static void put32(long address, long value) {
        NativeMemory.putInt(address, (int) value);
    }

    public static void put64(long address, long value) {
        NativeMemory.putLong(address, value);
    }

    /// Whether the code's page at `va` is mapped to this page of RAM, as far as the tables know.
    public static boolean mapped(long va, int page) {
        return Tlb.probe(MMU.fetches(), va) == RAM_ADDRESS + ((long) page << GuestRam.PAGE_SHIFT);
    }

    /// Executes the instruction at `pc` as the interpreter would; the registers it reads are in [#X].
    ///
    /// @param left steps left before it
    /// @return whether the hart wants attention, and [#pc] is where to go on
    public static boolean perform(long word, long pc, int left) {
        HART.at(pc, HANDOVER.limit - left);
        HART.execute(word);
        return HART.attention();
    }

    /// Where the hart is after [#perform].
    public static long pc() {
        return HART.pc();
    }

    /// Leaves the region.
    ///
    /// @param pc where to go on, perhaps with a mark: [Handover#pc]
    public static void leave(long pc) {
        HANDOVER.pc = pc;
    }

    public static long less(long a, long b) {
        return a < b ? 1 : 0;
    }

    public static long lessUnsigned(long a, long b) {
        return a + Long.MIN_VALUE < b + Long.MIN_VALUE ? 1 : 0;
    }
}
