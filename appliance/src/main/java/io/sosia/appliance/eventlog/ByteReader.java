package io.sosia.appliance.eventlog;

import java.util.Arrays;

/// Reads the integer forms of the log out of a byte array; whatever does not fit is a [LogFormatException] naming the
/// field.
public final class ByteReader {
    private final byte[] bytes;
    private int at;

    /// Reads from the first of `bytes`.
    public ByteReader(byte[] bytes) {
        this.bytes = bytes;
    }

    /// Bytes not read yet.
    public int remaining() {
        return bytes.length - at;
    }

    /// One byte, 0 to 255.
    public int u8(String field) throws LogFormatException {
        need(1, field);
        return bytes[at++] & 0xff;
    }

    /// A base-128 number of at most 63 bits.
    public long varint(String field) throws LogFormatException {
        long value = 0;
        for (int shift = 0; shift < 63; shift += 7) {
            int b = u8(field);
            value |= (long) (b & 0x7f) << shift;
            if (b < 0x80) {
                return value;
            }
        }
        throw new LogFormatException(field + " has more than 63 bits");
    }

    /// A base-128 number within bounds.
    public long varint(String field, long min, long max) throws LogFormatException {
        long value = varint(field);
        if (value < min || value > max) {
            throw new LogFormatException(field + " is " + value + ", expected " + min + " to " + max);
        }
        return value;
    }

    /// Four bytes, big-endian.
    public int i32(String field) throws LogFormatException {
        need(4, field);
        int value = 0;
        for (int i = 0; i < 4; i++) {
            value = value << 8 | bytes[at++] & 0xff;
        }
        return value;
    }

    /// Eight bytes, big-endian.
    public long i64(String field) throws LogFormatException {
        long high = i32(field);
        return high << 32 | i32(field) & 0xffff_ffffL;
    }

    /// Length, then so many bytes.
    public byte[] block(String field, int min, int max) throws LogFormatException {
        int length = (int) varint(field + " length", min, max);
        need(length, field);
        at += length;
        return Arrays.copyOfRange(bytes, at - length, at);
    }

    private void need(int count, String field) throws LogFormatException {
        if (remaining() < count) {
            throw new LogFormatException(
                    "ends in the middle of " + field + ": " + count + " bytes needed, " + remaining() + " left");
        }
    }
}
