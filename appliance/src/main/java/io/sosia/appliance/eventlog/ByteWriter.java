package io.sosia.appliance.eventlog;

import java.util.Arrays;

/// A growing byte array with the integer forms of the log.
public final class ByteWriter {
    private byte[] bytes = new byte[256];
    private int length;

    /// One byte, the low one of `value`.
    public void u8(int value) {
        room(1);
        bytes[length++] = (byte) value;
    }

    /// Little-endian base 128: 7 bits a byte, the high bit set while more follow.
    public void varint(long value) {
        if (value < 0) {
            throw new IllegalArgumentException("number " + value + " in a log, expected nothing below 0");
        }
        room(9);
        long rest = value;
        while (rest > 0x7f) {
            bytes[length++] = (byte) (rest | 0x80);
            rest >>>= 7;
        }
        bytes[length++] = (byte) rest;
    }

    /// Four bytes, big-endian.
    public void i32(int value) {
        room(4);
        for (int shift = 24; shift >= 0; shift -= 8) {
            bytes[length++] = (byte) (value >>> shift);
        }
    }

    /// Eight bytes, big-endian.
    public void i64(long value) {
        i32((int) (value >>> 32));
        i32((int) value);
    }

    /// The bytes as they are.
    public void raw(byte[] data) {
        room(data.length);
        System.arraycopy(data, 0, bytes, length, data.length);
        length += data.length;
    }

    /// Length, then the bytes.
    public void block(byte[] data) {
        varint(data.length);
        raw(data);
    }

    /// What has been written so far.
    public byte[] toByteArray() {
        return Arrays.copyOf(bytes, length);
    }

    private void room(int more) {
        int needed = Math.addExact(length, more);
        if (needed > bytes.length) {
            bytes = Arrays.copyOf(bytes, Math.max(needed, Math.clamp(bytes.length * 2L, needed, 1 << 30)));
        }
    }
}
