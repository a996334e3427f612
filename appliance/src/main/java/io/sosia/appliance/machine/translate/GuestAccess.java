package io.sosia.appliance.machine.translate;

import io.sosia.appliance.machine.cpu.FloatRegisters;
import io.sosia.appliance.machine.cpu.Hart;
import io.sosia.appliance.machine.fpu.Float32;
import io.sosia.appliance.machine.fpu.Float64;
import io.sosia.appliance.machine.memory.GuestRam;
import io.sosia.appliance.machine.mmu.Mmu;
import io.sosia.appliance.machine.mmu.Tlb;
import java.lang.invoke.MethodHandles;
import sun.misc.Unsafe;

/// What translated code calls: memory through the translation tables, and instructions that are not translated.
///
/// Each machine has a copy of this class of its own, defined by its [RegionLoader]: the arrays of the machine are static
/// constants here, and the JVM's compilers build them into the code. Nobody else may use it.
///
/// The `load` and `store` methods give the RAM offset of an access, or -1 when it is to be left to the interpreter: the tables do not
/// have it.
public final class GuestAccess {

    private static final Handover HANDOVER = RegionLoader.handover();
    private static final Hart HART = HANDOVER.hart;
    private static final Mmu MMU = HART.mmu();
    private static final GuestRam RAM = HART.ram();
    private static final byte[] BYTES = RAM.array();
    private static final Unsafe MEMORY = memory();
    private static final long BYTES_BASE = Unsafe.ARRAY_BYTE_BASE_OFFSET;
    private static final long[] TLB = MMU.tables();
    private static final FloatRegisters FLOATS = HART.floats();
    /// The integer registers.
    public static final long[] X = HART.registers();

    private GuestAccess() {}

    private static Unsafe memory() {
        try {
            var field = Unsafe.class.getDeclaredField("theUnsafe");
            field.setAccessible(true);
            return (Unsafe) field.get(null);
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException(e);
        }
    }

    /// Lets the engine define regions beside this class.
    public static MethodHandles.Lookup lookup() {
        return MethodHandles.lookup();
    }

    /// Whether the table at byte `table` of the tables leads to the byte at `va`.
    public static boolean hit8(long va, long table) {
        return tag(va, table) == (va & -4096);
    }

    public static boolean hit16(long va, long table) {
        return tag(va, table) == (va & (-4096 | 1));
    }

    public static boolean hit32(long va, long table) {
        return tag(va, table) == (va & (-4096 | 3));
    }

    public static boolean hit64(long va, long table) {
        return tag(va, table) == (va & (-4096 | 7));
    }

    private static long entry(long va, long table) {
        return table + (va >>> Tlb.INDEX_SHIFT - 3 & Tlb.INDEX_MASK << 3);
    }

    private static long tag(long va, long table) {
        return MEMORY.getLong(TLB, entry(va, table));
    }

    private static long at(long va, long table) {
        return va + MEMORY.getLong(TLB, entry(va, table) + 8) + BYTES_BASE;
    }

    public static long get8(long va, long table) {
        return MEMORY.getByte(BYTES, at(va, table));
    }

    public static long getUnsigned8(long va, long table) {
        return MEMORY.getByte(BYTES, at(va, table)) & 0xff;
    }

    public static long get16(long va, long table) {
        return MEMORY.getShort(BYTES, at(va, table));
    }

    public static long getUnsigned16(long va, long table) {
        return MEMORY.getShort(BYTES, at(va, table)) & 0xffff;
    }

    public static long get32(long va, long table) {
        return MEMORY.getInt(BYTES, at(va, table));
    }

    public static long getUnsigned32(long va, long table) {
        return MEMORY.getInt(BYTES, at(va, table)) & 0xffff_ffffL;
    }

    public static long get64(long va, long table) {
        return MEMORY.getLong(BYTES, at(va, table));
    }

    public static void put8(long va, long value, long table) {
        MEMORY.putByte(BYTES, at(va, table), (byte) value);
    }

    public static void put16(long va, long value, long table) {
        MEMORY.putShort(BYTES, at(va, table), (short) value);
    }

    public static void put32(long va, long value, long table) {
        MEMORY.putInt(BYTES, at(va, table), (int) value);
    }

    public static void put64(long va, long value, long table) {
        MEMORY.putLong(BYTES, at(va, table), value);
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
        return MMU.probe(va, Mmu.FETCH) == page << GuestRam.PAGE_SHIFT;
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
