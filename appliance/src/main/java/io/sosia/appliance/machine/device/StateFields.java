package io.sosia.appliance.machine.device;

import com.dynatrace.hash4j.hashing.ByteAccess;
import com.dynatrace.hash4j.hashing.Hashing;
import io.sosia.appliance.machine.state.BadStateException;
import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;
import java.nio.ByteBuffer;

/// Checked fields of saved device state: lengths and ranges are looked at before anything is allocated.
public final class StateFields {

    private StateFields() {}

    /// Reads a count of 0 to `max` things.
    public static int count(DataInput in, String what, int max) throws IOException {
        int count = in.readInt();
        if (count < 0 || count > max) {
            throw new BadStateException(what + ": " + count + ", expected 0 to " + max);
        }
        return count;
    }

    /// Writes the length and the bytes.
    public static void writeBytes(DataOutput out, byte[] bytes) throws IOException {
        out.writeInt(bytes.length);
        out.write(bytes);
    }

    /// Reads what [#writeBytes] wrote, at most `max` bytes.
    public static byte[] readBytes(DataInput in, String what, int max) throws IOException {
        byte[] bytes = new byte[count(in, what + " length", max)];
        in.readFully(bytes);
        return bytes;
    }

    /// Reads a number that must lie in `[min, max]`.
    public static int within(DataInput in, String what, int min, int max) throws IOException {
        int value = in.readInt();
        if (value < min || value > max) {
            throw new BadStateException(what + ": " + value + ", expected " + min + " to " + max);
        }
        return value;
    }

    /// 64-bit hash (XXH3) of the bytes.
    public static long hash(byte[] bytes) {
        return Hashing.xxh3_64().hashBytesToLong(bytes);
    }

    /// The same, of a whole buffer.
    public static long hash(ByteBuffer bytes) {
        return Hashing.xxh3_64().hashBytesToLong(bytes, 0, bytes.limit(), ByteAccess.forByteBuffer(bytes.order()));
    }
}
