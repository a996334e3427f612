package io.sosia.appliance.machine.memory;

import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import sun.misc.Unsafe;

/// Memory outside the JVM's heap by its address, little-endian and without any check: for what every access of the guest goes
/// through. Arrays and segments check bounds, and an array's address has to be named at each access, because it may move.
/// An address need not be aligned: 64-bit hosts that there is a JVM for take any.
///
/// Memory is that of a buffer, which whoever uses its address keeps. For the same purpose elements of arrays are accessed unchecked.
public final class NativeMemory {

    private static final Unsafe UNSAFE = unsafe();
    /// Whether the host is: then [#direct] may be used instead of what is here.
    public static final boolean LITTLE_ENDIAN = ByteOrder.nativeOrder() == ByteOrder.LITTLE_ENDIAN;

    private NativeMemory() {}

    /// What is behind this class, for generated code that has no room for a detour: its methods have the names of those here.
    public static Unsafe direct() {
        return UNSAFE;
    }

    private static Unsafe unsafe() {
        try {
            var field = Unsafe.class.getDeclaredField("theUnsafe");
            field.setAccessible(true);
            return (Unsafe) field.get(null);
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException(e);
        }
    }

    /// Where a direct buffer begins.
    public static long address(ByteBuffer buffer) {
        return MemorySegment.ofBuffer(buffer).address();
    }

    public static byte getByte(long address) {
        return UNSAFE.getByte(address);
    }

    public static short getShort(long address) {
        short value = UNSAFE.getShort(address);
        return LITTLE_ENDIAN ? value : Short.reverseBytes(value);
    }

    public static int getInt(long address) {
        int value = UNSAFE.getInt(address);
        return LITTLE_ENDIAN ? value : Integer.reverseBytes(value);
    }

    public static long getLong(long address) {
        long value = UNSAFE.getLong(address);
        return LITTLE_ENDIAN ? value : Long.reverseBytes(value);
    }

    public static void putByte(long address, byte value) {
        UNSAFE.putByte(address, value);
    }

    public static void putShort(long address, short value) {
        UNSAFE.putShort(address, LITTLE_ENDIAN ? value : Short.reverseBytes(value));
    }

    public static void putInt(long address, int value) {
        UNSAFE.putInt(address, LITTLE_ENDIAN ? value : Integer.reverseBytes(value));
    }

    public static void putLong(long address, long value) {
        UNSAFE.putLong(address, LITTLE_ENDIAN ? value : Long.reverseBytes(value));
    }

    /// An array's element, where the index is known to be one of its.
    public static long get(long[] array, int index) {
        return UNSAFE.getLong(array, Unsafe.ARRAY_LONG_BASE_OFFSET + ((long) index << 3));
    }

    /// Likewise, writes it.
    public static void put(long[] array, int index, long value) {
        UNSAFE.putLong(array, Unsafe.ARRAY_LONG_BASE_OFFSET + ((long) index << 3), value);
    }

    /// Sets `length` bytes to `value`.
    public static void fill(long address, long length, byte value) {
        UNSAFE.setMemory(address, length, value);
    }
}
