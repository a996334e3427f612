package io.sosia.appliance.machine.virtio;

import io.sosia.appliance.machine.device.DiskRequestFormat;
import io.sosia.appliance.machine.memory.GuestRam;
import io.sosia.appliance.machine.port.MachineOutput.ByteRange;
import io.sosia.appliance.machine.port.MachineOutput.DiskDiscard;
import io.sosia.appliance.machine.port.MachineOutput.DiskFlush;
import io.sosia.appliance.machine.port.MachineOutput.DiskRead;
import io.sosia.appliance.machine.port.MachineOutput.DiskRequest;
import io.sosia.appliance.machine.port.MachineOutput.DiskWrite;
import io.sosia.appliance.machine.port.MachineOutput.DiskWriteZeroes;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/// What a chain asks of the disk (virtio 1.2, 5.2.6): a request for the outside, or an answer that is known at once.
sealed interface BlockRequest {

    int HEADER_BYTES = 16;

    /// Longest segment of a request (VIRTIO_BLK_F_SIZE_MAX).
    int SEGMENT_BYTES_MAX = 64 << 10;

    /// Longest range of a discard or write-zeroes request: 1 GiB.
    int RANGE_SECTORS_MAX = 1 << 21;

    int ID_BYTES = 20;
    int RANGE_BYTES = 16;

    /// To be carried out by the disk.
    record Forwarded(DiskRequest request) implements BlockRequest {}

    /// Answered by the device itself.
    ///
    /// @param status a [BlockStatus]
    /// @param data   goes before the status byte; fits the chain
    record Answered(int status, byte[] data) implements BlockRequest {}

    /// Reads a chain that has at least a header to read and a status byte to write.
    ///
    /// @param id the id of the request if it is to be forwarded
    static BlockRequest parse(Chain chain, GuestRam ram, long diskBytes, long id) {
        byte[] header = new byte[HEADER_BYTES];
        chain.read(ram, 0, header);
        ByteBuffer fields = ByteBuffer.wrap(header).order(ByteOrder.LITTLE_ENDIAN);
        int type = fields.getInt(0);
        long sector = fields.getLong(8);
        return switch (type) {
            case 0 -> read(chain, diskBytes, sector, id);
            case 1 -> write(chain, ram, diskBytes, sector, id);
            case 4 -> new Forwarded(new DiskFlush(id));
            case 8 -> identity(chain);
            case 11, 13 -> ranges(chain, ram, diskBytes, type == 13, id);
            default -> failed(BlockStatus.UNSUPPORTED);
        };
    }

    private static BlockRequest read(Chain chain, long diskBytes, long sector, long id) {
        long length = chain.writableBytes() - 1;
        if (!transferable(length) || !onDisk(sector, length / BlockDevice.SECTOR_BYTES, diskBytes)) {
            return failed(BlockStatus.IO_ERROR);
        }
        return new Forwarded(new DiskRead(id, sector * BlockDevice.SECTOR_BYTES, (int) length));
    }

    private static BlockRequest write(Chain chain, GuestRam ram, long diskBytes, long sector, long id) {
        long length = chain.readableBytes() - HEADER_BYTES;
        if (!transferable(length) || !onDisk(sector, length / BlockDevice.SECTOR_BYTES, diskBytes)) {
            return failed(BlockStatus.IO_ERROR);
        }
        byte[] data = new byte[(int) length];
        chain.read(ram, HEADER_BYTES, data);
        return new Forwarded(new DiskWrite(id, sector * BlockDevice.SECTOR_BYTES, data));
    }

    private static BlockRequest identity(Chain chain) {
        if (chain.writableBytes() - 1 < ID_BYTES) {
            return failed(BlockStatus.IO_ERROR);
        }
        return new Answered(BlockStatus.OK, Arrays.copyOf("sosia-disk".getBytes(StandardCharsets.US_ASCII), ID_BYTES));
    }

    private static BlockRequest ranges(Chain chain, GuestRam ram, long diskBytes, boolean writeZeroes, long id) {
        long length = chain.readableBytes() - HEADER_BYTES;
        long count = length / RANGE_BYTES;
        if (length % RANGE_BYTES != 0 || count < 1 || count > DiskRequestFormat.RANGES_MAX) {
            return failed(BlockStatus.IO_ERROR);
        }
        byte[] table = new byte[(int) length];
        chain.read(ram, HEADER_BYTES, table);
        ByteBuffer fields = ByteBuffer.wrap(table).order(ByteOrder.LITTLE_ENDIAN);
        List<ByteRange> ranges = new ArrayList<>();
        boolean unmap = true;
        while (fields.hasRemaining()) {
            long sector = fields.getLong();
            long sectors = Integer.toUnsignedLong(fields.getInt());
            int flags = fields.getInt();
            if ((flags & ~(writeZeroes ? 1 : 0)) != 0) {
                return failed(BlockStatus.UNSUPPORTED);
            }
            if (sectors == 0 || sectors > RANGE_SECTORS_MAX || !onDisk(sector, sectors, diskBytes)) {
                return failed(BlockStatus.IO_ERROR);
            }
            unmap &= flags != 0;
            ranges.add(new ByteRange(sector * BlockDevice.SECTOR_BYTES, sectors * BlockDevice.SECTOR_BYTES));
        }
        List<ByteRange> all = List.copyOf(ranges);
        return new Forwarded(writeZeroes ? new DiskWriteZeroes(id, all, unmap) : new DiskDiscard(id, all));
    }

    private static boolean transferable(long length) {
        return length > 0 && length <= DiskRequestFormat.DATA_BYTES_MAX && length % BlockDevice.SECTOR_BYTES == 0;
    }

    private static boolean onDisk(long sector, long sectors, long diskBytes) {
        return sector >= 0 && sector <= diskBytes / BlockDevice.SECTOR_BYTES - sectors;
    }

    private static BlockRequest failed(int status) {
        return new Answered(status, new byte[0]);
    }
}
