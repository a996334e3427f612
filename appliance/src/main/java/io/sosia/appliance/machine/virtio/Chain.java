package io.sosia.appliance.machine.virtio;

import io.sosia.appliance.machine.device.StateFields;
import io.sosia.appliance.machine.memory.GuestRam;
import io.sosia.appliance.machine.state.BadStateException;
import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;
import java.util.Arrays;

/// The buffers of one descriptor chain: some the device reads, then some it writes. All of them lie in RAM and none is
/// empty; they may overlap.
final class Chain {

    private final int head;
    private int[] offsets = new int[8];
    private int[] lengths = new int[8];
    private int count;
    private int readable;
    private long readableBytes;
    private long writableBytes;

    /// @param head index of the first descriptor, what the used ring names the chain by
    Chain(int head) {
        this.head = head;
    }

    int head() {
        return head;
    }

    /// Number of buffers.
    int count() {
        return count;
    }

    /// Bytes the device may read, in all.
    long readableBytes() {
        return readableBytes;
    }

    /// Bytes the device may write, in all.
    long writableBytes() {
        return writableBytes;
    }

    /// Appends a buffer.
    ///
    /// @return whether the order holds: what the device reads comes before what it writes
    boolean add(int offset, int length, boolean writable) {
        if (!writable && readable < count) {
            return false;
        }
        if (count == offsets.length) {
            offsets = Arrays.copyOf(offsets, 2 * count);
            lengths = Arrays.copyOf(lengths, 2 * count);
        }
        offsets[count] = offset;
        lengths[count] = length;
        count++;
        if (writable) {
            writableBytes += length;
        } else {
            readable++;
            readableBytes += length;
        }
        return true;
    }

    /// Copies `[from, from + into.length)` of what the device reads; the caller has checked the range.
    void read(GuestRam ram, long from, byte[] into) {
        long start = 0;
        int done = 0;
        for (int i = 0; i < readable && done < into.length; i++) {
            long skip = from + done - start;
            if (skip < lengths[i]) {
                int part = (int) Math.min(lengths[i] - skip, into.length - done);
                ram.read(offsets[i] + (int) skip, into, done, part);
                done += part;
            }
            start += lengths[i];
        }
        requireAll(done, into.length);
    }

    /// Copies `bytes[at, at + length)` to `[from, from + length)` of what the device writes; the caller has checked the
    /// range.
    void write(GuestRam ram, long from, byte[] bytes, int at, int length) {
        long start = 0;
        int done = 0;
        for (int i = readable; i < count && done < length; i++) {
            long skip = from + done - start;
            if (skip < lengths[i]) {
                int part = (int) Math.min(lengths[i] - skip, length - done);
                ram.write(offsets[i] + (int) skip, bytes, at + done, part);
                done += part;
            }
            start += lengths[i];
        }
        requireAll(done, length);
    }

    private static void requireAll(int done, int length) {
        if (done != length) {
            throw new IllegalStateException("copied " + done + " bytes of a descriptor chain, expected " + length);
        }
    }

    void save(DataOutput out) throws IOException {
        out.writeInt(head);
        out.writeInt(count);
        out.writeInt(readable);
        for (int i = 0; i < count; i++) {
            out.writeInt(offsets[i]);
            out.writeInt(lengths[i]);
        }
    }

    /// Reads what [#save] wrote; the buffers must lie in `ram`.
    static Chain load(DataInput in, GuestRam ram, int buffersMax) throws IOException {
        Chain chain = new Chain(StateFields.within(in, "descriptor chain head", 0, 0xffff));
        int count = StateFields.count(in, "buffers of a descriptor chain", buffersMax);
        int readable = StateFields.count(in, "readable buffers of a descriptor chain", count);
        for (int i = 0; i < count; i++) {
            int offset = in.readInt();
            int length = in.readInt();
            if (length <= 0 || !ram.contains(GuestRam.BASE + offset, length)) {
                throw new BadStateException("descriptor chain with a buffer of " + length + " bytes at " + offset
                        + ", outside RAM");
            }
            chain.add(offset, length, i >= readable);
        }
        return chain;
    }
}
