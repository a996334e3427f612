package io.sosia.appliance.machine.translate;

import io.sosia.appliance.machine.cpu.Hart;
import io.sosia.appliance.machine.memory.GuestRam;
import io.sosia.appliance.machine.mmu.Mmu;
import io.sosia.appliance.machine.mmu.Tlb;
import java.lang.invoke.MethodHandles;
import java.nio.ByteOrder;
import sun.misc.Unsafe;

/// What translated code calls: memory through the translation tables, and instructions that are not translated.
///
/// Each machine has a copy of this class of its own, defined by its [RegionLoader]: the arrays of the machine are static
/// constants here, and the JVM's compilers build them into the code. Nobody else may use it.
///
/// An access first asks for a hit in a table ([Region#table]); without one it is left to the interpreter. What the tables lead to lies in
/// RAM, so that RAM, and the tables themselves, are accessed without a check of bounds: by `Unsafe`, since arrays and segments check.
public final class GuestAccess {

    private static final Handover HANDOVER = RegionLoader.handover();
    private static final Hart HART = HANDOVER.hart;
    private static final Mmu MMU = HART.mmu();
    private static final GuestRam RAM = HART.ram();
    private static final byte[] BYTES = RAM.array();
    private static final Unsafe MEMORY = memory();
    private static final boolean LITTLE_ENDIAN = ByteOrder.nativeOrder() == ByteOrder.LITTLE_ENDIAN;
    private static final long BYTES_BASE = Unsafe.ARRAY_BYTE_BASE_OFFSET;
    private static final long[] TLB = MMU.tables();
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

    /// Whether the table leads to the page of `first`, and `last` lies in the same page.
    public static boolean hit8(long first, long last, long table) {
        return (last & -4096) == tag(first, table);
    }

    /// Likewise, and `last` is aligned.
    public static boolean hit16(long first, long last, long table) {
        return (last & (-4096 | 1)) == tag(first, table);
    }

    /// Likewise.
    public static boolean hit32(long first, long last, long table) {
        return (last & (-4096 | 3)) == tag(first, table);
    }

    /// Likewise.
    public static boolean hit64(long first, long last, long table) {
        return (last & (-4096 | 7)) == tag(first, table);
    }

    /// What to add to a virtual address of the page of `va`, for which there was a hit.
    public static long addend(long va, long table) {
        return MEMORY.getLong(TLB, entry(va, table) + 8);
    }

    private static long tag(long va, long table) {
        return MEMORY.getLong(TLB, entry(va, table));
    }

    /// Where the table has its entry for `va`, in bytes: see [Tlb].
    private static long entry(long va, long table) {
        return table + (va >>> Tlb.INDEX_SHIFT - 3 & Tlb.INDEX_MASK << 3);
    }

    /// 1 if two distances from `base` lie in different pages, else 0.
    public static long split(long base, int first, int last) {
        return (base + first ^ base + last) >>> GuestRam.PAGE_SHIFT != 0 ? 1 : 0;
    }

    /// The byte at an offset in RAM: a virtual address with its [#addend].
    public static long get8(long offset) {
        return MEMORY.getByte(BYTES, offset + BYTES_BASE);
    }

    public static long getUnsigned8(long offset) {
        return MEMORY.getByte(BYTES, offset + BYTES_BASE) & 0xff;
    }

    public static long get16(long offset) {
        return ordered(MEMORY.getShort(BYTES, offset + BYTES_BASE));
    }

    public static long getUnsigned16(long offset) {
        return ordered(MEMORY.getShort(BYTES, offset + BYTES_BASE)) & 0xffff;
    }

    public static long get32(long offset) {
        return ordered(MEMORY.getInt(BYTES, offset + BYTES_BASE));
    }

    public static long getUnsigned32(long offset) {
        return ordered(MEMORY.getInt(BYTES, offset + BYTES_BASE)) & 0xffff_ffffL;
    }

    public static long get64(long offset) {
        return ordered(MEMORY.getLong(BYTES, offset + BYTES_BASE));
    }

    public static void put8(long offset, long value) {
        MEMORY.putByte(BYTES, offset + BYTES_BASE, (byte) value);
    }

    public static void put16(long offset, long value) {
        MEMORY.putShort(BYTES, offset + BYTES_BASE, ordered((short) value));
    }

    public static void put32(long offset, long value) {
        MEMORY.putInt(BYTES, offset + BYTES_BASE, ordered((int) value));
    }

    public static void put64(long offset, long value) {
        MEMORY.putLong(BYTES, offset + BYTES_BASE, ordered(value));
    }

    private static short ordered(short value) {
        return LITTLE_ENDIAN ? value : Short.reverseBytes(value);
    }

    private static int ordered(int value) {
        return LITTLE_ENDIAN ? value : Integer.reverseBytes(value);
    }

    private static long ordered(long value) {
        return LITTLE_ENDIAN ? value : Long.reverseBytes(value);
    }

    /// Whether the code's page at `va` is mapped to this page of RAM, as far as the tables know.
    public static boolean mapped(long va, int page) {
        long table = Region.table(MMU.fetches());
        return tag(va, table) == va && (int) (va + addend(va, table)) == page << GuestRam.PAGE_SHIFT;
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
