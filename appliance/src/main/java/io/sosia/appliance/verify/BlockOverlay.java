package io.sosia.appliance.verify;

import io.sosia.appliance.machine.port.MachineOutput.ByteRange;
import io.sosia.appliance.machine.port.MachineOutput.DiskDiscard;
import io.sosia.appliance.machine.port.MachineOutput.DiskFlush;
import io.sosia.appliance.machine.port.MachineOutput.DiskRead;
import io.sosia.appliance.machine.port.MachineOutput.DiskRequest;
import io.sosia.appliance.machine.port.MachineOutput.DiskWrite;
import io.sosia.appliance.machine.port.MachineOutput.DiskWriteZeroes;
import io.sosia.disksync.block.Geometry;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;

/// What the guest's requests since a place in the log make of one block: brings bytes that were read at that place to the
/// present one, without anything having to wait.
///
/// Why this is exact: a disk carries out its requests in the order in which the machine asks for them, so the block's content at
/// a place in the log is a function of that order alone. Let `base` be the content after all requests asked for before place
/// p, read by a piece of work that stands at p in that order. If every request asked for from p to q is shown to
/// [#submitted], then [#over] of `base`, asked at q, is the content after all requests asked for before q: each request either
/// replaces whole sectors by bytes known here, or changes nothing. A request that a disk refuses because it lies beyond its end
/// changes nothing on either node, so it is left out here too; one that fails for a fault of the host ends the pair's
/// protection and with it the run.
///
/// One thread.
public final class BlockOverlay {

    private final long offset;
    private final long diskBytes;
    private final byte[] latest;
    private final BitSet written;

    /// Begins at the present place.
    ///
    /// @param offset    of the block, in bytes
    /// @param length    of the block: a positive multiple of 512
    /// @param diskBytes size of the disk
    public BlockOverlay(long offset, int length, long diskBytes) {
        if (!io.sosia.disksync.block.ByteRange.fits(offset, length, diskBytes) || length == 0) {
            throw new IllegalArgumentException(
                    length + " bytes at " + offset + " of a disk of " + diskBytes + ", expected whole sectors of it");
        }
        this.offset = offset;
        this.diskBytes = diskBytes;
        this.latest = new byte[length];
        this.written = new BitSet(length / Geometry.SECTOR_BYTES);
    }

    /// The block's first byte on the disk.
    public long offset() {
        return offset;
    }

    /// Bytes of the block.
    public int length() {
        return latest.length;
    }

    /// The guest has asked for this.
    public void submitted(DiskRequest request) {
        switch (request) {
            case DiskWrite(long _, long at, byte[] data) -> {
                if (fits(at, data.length)) {
                    lay(at, data.length, data);
                }
            }
            case DiskDiscard(long _, List<ByteRange> ranges) -> zero(ranges);
            case DiskWriteZeroes(long _, List<ByteRange> ranges, boolean _) -> zero(ranges);
            case DiskRead _, DiskFlush _ -> { }
        }
    }

    private boolean fits(long at, long bytes) {
        return io.sosia.disksync.block.ByteRange.fits(at, bytes, diskBytes);
    }

    private void zero(List<ByteRange> ranges) {
        // All of its ranges, or none: as the disk carries it out.
        if (ranges.stream().allMatch(range -> fits(range.offset(), range.length()))) {
            ranges.forEach(range -> lay(range.offset(), range.length(), null));
        }
    }

    /// @param data null for zeroes
    private void lay(long at, long bytes, byte[] data) {
        long from = Math.max(at, offset);
        long to = Math.min(at + bytes, offset + latest.length);
        if (from >= to) {
            return;
        }
        int inBlock = (int) (from - offset);
        int count = (int) (to - from);
        if (data == null) {
            Arrays.fill(latest, inBlock, inBlock + count, (byte) 0);
        } else {
            System.arraycopy(data, (int) (from - at), latest, inBlock, count);
        }
        written.set(inBlock / Geometry.SECTOR_BYTES, (inBlock + count) / Geometry.SECTOR_BYTES);
    }

    /// The block at the present place.
    ///
    /// @param base what it held where this overlay began
    public byte[] over(byte[] base) {
        if (base.length != latest.length) {
            throw new IllegalArgumentException("a block of " + base.length + " bytes, expected " + latest.length);
        }
        byte[] now = base.clone();
        written.stream().forEach(sector -> System.arraycopy(latest, sector * Geometry.SECTOR_BYTES, now,
                sector * Geometry.SECTOR_BYTES, Geometry.SECTOR_BYTES));
        return now;
    }
}
