package io.sosia.appliance.machine.translate;

import io.sosia.appliance.machine.cpu.Hart;
import io.sosia.appliance.machine.memory.GuestRam;
import io.sosia.appliance.machine.mmu.Mmu;
import io.sosia.appliance.machine.mmu.Tlb;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/// What translated code calls: memory through the translation tables, and instructions that are not translated.
///
/// Each machine has a copy of this class of its own, defined by its [RegionLoader]: the arrays of the machine are static
/// constants here, and the JVM's compilers build them into the code. Nobody else may use it.
///
/// The `at` methods give the RAM offset of an access, or -1 when it has to be left to the interpreter: it faults, reaches a
/// device, crosses a page, or writes to a page that is watched. Then nothing has happened that could not happen twice.
public final class GuestAccess {

    private static final VarHandle SHORTS =
            MethodHandles.byteArrayViewVarHandle(short[].class, ByteOrder.LITTLE_ENDIAN);
    private static final VarHandle INTS = MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);
    private static final VarHandle LONGS = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

    private static final Handover HANDOVER = RegionLoader.handover();
    private static final Hart HART = HANDOVER.hart;
    private static final Mmu MMU = HART.mmu();
    private static final GuestRam RAM = HART.ram();
    private static final byte[] BYTES = RAM.array();
    private static final long[] TLB = MMU.tables();
    /// Masks an index of an entry to no effect but that the JVM's compiler sees it lies within.
    private static final int TLB_MASK = TLB.length - 2;
    /// The integer registers.
    public static final long[] X = HART.registers();

    private GuestAccess() {}

    /// Lets the engine define regions beside this class.
    public static MethodHandles.Lookup lookup() {
        return MethodHandles.lookup();
    }

    private static int entry(long va, int table) {
        return table + ((int) (va >>> Tlb.INDEX_SHIFT) & Tlb.INDEX_MASK) & TLB_MASK;
    }

    public static int load8(long va, int table) {
        int e = entry(va, table);
        return TLB[e] == (va & -4096) ? (int) (va + TLB[e + 1]) : missedLoad(va, 1);
    }

    public static int load16(long va, int table) {
        int e = entry(va, table);
        return TLB[e] == (va & (-4096 | 1)) ? (int) (va + TLB[e + 1]) : missedLoad(va, 2);
    }

    public static int load32(long va, int table) {
        int e = entry(va, table);
        return TLB[e] == (va & (-4096 | 3)) ? (int) (va + TLB[e + 1]) : missedLoad(va, 4);
    }

    public static int load64(long va, int table) {
        int e = entry(va, table);
        return TLB[e] == (va & (-4096 | 7)) ? (int) (va + TLB[e + 1]) : missedLoad(va, 8);
    }

    public static int store8(long va, int table) {
        int e = entry(va, table);
        return TLB[e] == (va & -4096) ? (int) (va + TLB[e + 1]) : missedStore(va, 1);
    }

    public static int store16(long va, int table) {
        int e = entry(va, table);
        return TLB[e] == (va & (-4096 | 1)) ? (int) (va + TLB[e + 1]) : missedStore(va, 2);
    }

    public static int store32(long va, int table) {
        int e = entry(va, table);
        return TLB[e] == (va & (-4096 | 3)) ? (int) (va + TLB[e + 1]) : missedStore(va, 4);
    }

    public static int store64(long va, int table) {
        int e = entry(va, table);
        return TLB[e] == (va & (-4096 | 7)) ? (int) (va + TLB[e + 1]) : missedStore(va, 8);
    }

    private static int missedLoad(long va, int width) {
        return missed(va, width, Mmu.LOAD);
    }

    private static int missedStore(long va, int width) {
        int offset = missed(va, width, Mmu.STORE);
        return offset < 0 || RAM.watchFlags()[offset >> GuestRam.PAGE_SHIFT] != 0 ? -1 : offset;
    }

    private static int missed(long va, int width, int access) {
        if (((int) va & GuestRam.PAGE_SIZE - 1) + width > GuestRam.PAGE_SIZE) {
            return -1;
        }
        long address = MMU.translate(va, access);
        // Setting an A or D bit may have changed the very code that is being executed.
        return RAM.contains(address, width) && !HART.attention() ? GuestRam.offset(address) : -1;
    }

    public static long get8(int offset) {
        return BYTES[offset];
    }

    public static long getUnsigned8(int offset) {
        return BYTES[offset] & 0xff;
    }

    public static long get16(int offset) {
        return (short) SHORTS.get(BYTES, offset);
    }

    public static long getUnsigned16(int offset) {
        return (short) SHORTS.get(BYTES, offset) & 0xffff;
    }

    public static long get32(int offset) {
        return (int) INTS.get(BYTES, offset);
    }

    public static long getUnsigned32(int offset) {
        return (int) INTS.get(BYTES, offset) & 0xffff_ffffL;
    }

    public static long get64(int offset) {
        return (long) LONGS.get(BYTES, offset);
    }

    public static void put8(int offset, long value) {
        BYTES[offset] = (byte) value;
    }

    public static void put16(int offset, long value) {
        SHORTS.set(BYTES, offset, (short) value);
    }

    public static void put32(int offset, long value) {
        INTS.set(BYTES, offset, (int) value);
    }

    public static void put64(int offset, long value) {
        LONGS.set(BYTES, offset, value);
    }

    /// Whether the code's page at `va` is mapped to this page of RAM, as far as the tables know.
    public static boolean mapped(long va, int page) {
        int e = entry(va, MMU.fetches());
        return TLB[e] == va && (int) (va + TLB[e + 1]) == page << GuestRam.PAGE_SHIFT;
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
