package io.sosia.appliance.machine.translate;

import io.sosia.appliance.machine.cpu.FloatRegisters;
import io.sosia.appliance.machine.cpu.Hart;
import io.sosia.appliance.machine.fpu.Float32;
import io.sosia.appliance.machine.fpu.Float64;
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
/// The `load` and `store` methods give the RAM offset of an access, or -1 when it is to be left to the interpreter: the tables do not
/// have it.
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
    /// Masks an offset likewise, if the size of RAM is a power of two.
    private static final int RAM_MASK = Integer.bitCount(BYTES.length) == 1 ? BYTES.length - 1 : -1;
    private static final long[] TLB = MMU.tables();
    /// Masks an index of an entry to no effect but that the JVM's compiler sees it lies within.
    private static final int TLB_MASK = TLB.length - 2;
    private static final FloatRegisters FLOATS = HART.floats();
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
        return TLB[e] == (va & -4096) ? (int) (va + TLB[e + 1]) : -1;
    }

    public static int load16(long va, int table) {
        int e = entry(va, table);
        return TLB[e] == (va & (-4096 | 1)) ? (int) (va + TLB[e + 1]) : -1;
    }

    public static int load32(long va, int table) {
        int e = entry(va, table);
        return TLB[e] == (va & (-4096 | 3)) ? (int) (va + TLB[e + 1]) : -1;
    }

    public static int load64(long va, int table) {
        int e = entry(va, table);
        return TLB[e] == (va & (-4096 | 7)) ? (int) (va + TLB[e + 1]) : -1;
    }

    public static int store8(long va, int table) {
        int e = entry(va, table);
        return TLB[e] == (va & -4096) ? (int) (va + TLB[e + 1]) : -1;
    }

    public static int store16(long va, int table) {
        int e = entry(va, table);
        return TLB[e] == (va & (-4096 | 1)) ? (int) (va + TLB[e + 1]) : -1;
    }

    public static int store32(long va, int table) {
        int e = entry(va, table);
        return TLB[e] == (va & (-4096 | 3)) ? (int) (va + TLB[e + 1]) : -1;
    }

    public static int store64(long va, int table) {
        int e = entry(va, table);
        return TLB[e] == (va & (-4096 | 7)) ? (int) (va + TLB[e + 1]) : -1;
    }

    public static long get8(int offset) {
        return BYTES[offset & RAM_MASK];
    }

    public static long getUnsigned8(int offset) {
        return BYTES[offset & RAM_MASK] & 0xff;
    }

    public static long get16(int offset) {
        return (short) SHORTS.get(BYTES, offset & RAM_MASK - 1);
    }

    public static long getUnsigned16(int offset) {
        return (short) SHORTS.get(BYTES, offset & RAM_MASK - 1) & 0xffff;
    }

    public static long get32(int offset) {
        return (int) INTS.get(BYTES, offset & RAM_MASK - 3);
    }

    public static long getUnsigned32(int offset) {
        return (int) INTS.get(BYTES, offset & RAM_MASK - 3) & 0xffff_ffffL;
    }

    public static long get64(int offset) {
        return (long) LONGS.get(BYTES, offset & RAM_MASK - 7);
    }

    public static void put8(int offset, long value) {
        BYTES[offset & RAM_MASK] = (byte) value;
    }

    public static void put16(int offset, long value) {
        SHORTS.set(BYTES, offset & RAM_MASK - 1, (short) value);
    }

    public static void put32(int offset, long value) {
        INTS.set(BYTES, offset & RAM_MASK - 3, (int) value);
    }

    public static void put64(int offset, long value) {
        LONGS.set(BYTES, offset & RAM_MASK - 7, value);
    }

    /// Whether floating-point instructions can be executed without a trap.
    public static boolean floatsReady() {
        return FLOATS.ready();
    }

    /// The bits of a floating-point register.
    public static long floatBits(int register) {
        return FLOATS.get(register);
    }

    /// Writes a floating-point register.
    public static void setDouble(long bits, int register) {
        FLOATS.set(register, bits);
    }

    /// Writes a single to a floating-point register.
    public static void setSingle(long bits, int register) {
        FLOATS.set(register, bits | -1L << 32);
    }

    public static void add64(int i) {
        FLOATS.set(i >>> 7 & 31, Float64.add(twice(i >>> 15), twice(i >>> 20), FLOATS.rounding(i), FLOATS.flags()));
    }

    public static void sub64(int i) {
        FLOATS.set(i >>> 7 & 31, Float64.sub(twice(i >>> 15), twice(i >>> 20), FLOATS.rounding(i), FLOATS.flags()));
    }

    public static void mul64(int i) {
        FLOATS.set(i >>> 7 & 31, Float64.mul(twice(i >>> 15), twice(i >>> 20), FLOATS.rounding(i), FLOATS.flags()));
    }

    public static void div64(int i) {
        FLOATS.set(i >>> 7 & 31, Float64.div(twice(i >>> 15), twice(i >>> 20), FLOATS.rounding(i), FLOATS.flags()));
    }

    public static void add32(int i) {
        FLOATS.set(i >>> 7 & 31, Float32.box(Float32.add(single(i >>> 15), single(i >>> 20), FLOATS.rounding(i), FLOATS.flags())));
    }

    public static void sub32(int i) {
        FLOATS.set(i >>> 7 & 31, Float32.box(Float32.sub(single(i >>> 15), single(i >>> 20), FLOATS.rounding(i), FLOATS.flags())));
    }

    public static void mul32(int i) {
        FLOATS.set(i >>> 7 & 31, Float32.box(Float32.mul(single(i >>> 15), single(i >>> 20), FLOATS.rounding(i), FLOATS.flags())));
    }

    public static void div32(int i) {
        FLOATS.set(i >>> 7 & 31, Float32.box(Float32.div(single(i >>> 15), single(i >>> 20), FLOATS.rounding(i), FLOATS.flags())));
    }

    private static long twice(int register) {
        return FLOATS.get(register & 31);
    }

    private static int single(int register) {
        return Float32.unbox(FLOATS.get(register & 31));
    }

    /// Executes any floating-point computation, on [#X] where integers are concerned.
    public static void compute(int instruction) {
        HART.compute(instruction);
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
