package io.sosia.appliance.machine.device;

import io.sosia.appliance.machine.port.MachineOutput.ByteRange;
import io.sosia.appliance.machine.port.MachineOutput.DiskDiscard;
import io.sosia.appliance.machine.port.MachineOutput.DiskFlush;
import io.sosia.appliance.machine.port.MachineOutput.DiskRead;
import io.sosia.appliance.machine.port.MachineOutput.DiskRequest;
import io.sosia.appliance.machine.port.MachineOutput.DiskWrite;
import io.sosia.appliance.machine.port.MachineOutput.DiskWriteZeroes;
import io.sosia.appliance.machine.state.BadStateException;
import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/// Bytes of disk requests in saved state.
public final class DiskRequestFormat {

    /// Longest data of one request, in bytes: what the block device's SIZE_MAX and SEG_MAX allow together, and a little
    /// more.
    public static final int DATA_BYTES_MAX = 16 << 20;

    /// Most ranges in one discard or write-zeroes request.
    public static final int RANGES_MAX = 64;

    private DiskRequestFormat() {}

    /// Writes one request.
    public static void write(DiskRequest request, DataOutput out) throws IOException {
        switch (request) {
            case DiskRead r -> {
                out.writeByte(0);
                out.writeLong(r.requestId());
                out.writeLong(r.offset());
                out.writeInt(r.length());
            }
            case DiskWrite w -> {
                out.writeByte(1);
                out.writeLong(w.requestId());
                out.writeLong(w.offset());
                StateFields.writeBytes(out, w.data());
            }
            case DiskFlush f -> {
                out.writeByte(2);
                out.writeLong(f.requestId());
            }
            case DiskDiscard d -> {
                out.writeByte(3);
                out.writeLong(d.requestId());
                writeRanges(d.ranges(), out);
            }
            case DiskWriteZeroes z -> {
                out.writeByte(4);
                out.writeLong(z.requestId());
                writeRanges(z.ranges(), out);
                out.writeBoolean(z.unmap());
            }
        }
    }

    /// Reads what [#write] wrote.
    public static DiskRequest read(DataInput in) throws IOException {
        int kind = in.readUnsignedByte();
        long id = in.readLong();
        return switch (kind) {
            case 0 -> new DiskRead(id, in.readLong(), StateFields.count(in, "disk read length", DATA_BYTES_MAX));
            case 1 -> new DiskWrite(id, in.readLong(), StateFields.readBytes(in, "disk write", DATA_BYTES_MAX));
            case 2 -> new DiskFlush(id);
            case 3 -> new DiskDiscard(id, readRanges(in));
            case 4 -> new DiskWriteZeroes(id, readRanges(in), in.readBoolean());
            default -> throw new BadStateException("disk request of kind " + kind + ", expected 0 to 4");
        };
    }

    private static void writeRanges(List<ByteRange> ranges, DataOutput out) throws IOException {
        out.writeInt(ranges.size());
        for (ByteRange range : ranges) {
            out.writeLong(range.offset());
            out.writeLong(range.length());
        }
    }

    private static List<ByteRange> readRanges(DataInput in) throws IOException {
        int count = StateFields.count(in, "disk ranges", RANGES_MAX);
        List<ByteRange> ranges = new ArrayList<>(count);
        for (int i = 0; i < count; i++) {
            ranges.add(new ByteRange(in.readLong(), in.readLong()));
        }
        return List.copyOf(ranges);
    }
}
