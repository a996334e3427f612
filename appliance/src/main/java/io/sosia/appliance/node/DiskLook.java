package io.sosia.appliance.node;

import io.sosia.appliance.eventlog.LogEntry;
import io.sosia.appliance.eventlog.LogPosition;
import io.sosia.appliance.pair.PeerMessage;
import io.sosia.disksync.block.Geometry;
import io.sosia.disksync.service.BlockHash;
import io.sosia.disksync.store.DiskStore;
import java.io.IOException;
import java.nio.ByteBuffer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The backup's part in comparing both disks, on its disk's data thread. Mirror of [DiskVerify].
final class DiskLook {

    private static final Logger DIAGNOSTICS = LoggerFactory.getLogger(DiskLook.class);

    private DiskLook() {}

    /// What this disk holds where a verify entry asks; what cannot be read has no hash.
    static PeerMessage at(DiskStore disk, LogPosition at, LogEntry.Verify asked) {
        try {
            if (asked.bytes()) {
                byte[] bytes = new byte[asked.length()];
                disk.read(asked.offset(), ByteBuffer.wrap(bytes));
                return new PeerMessage.DiskBytes(at, bytes);
            }
            long extent = asked.offset() / Geometry.EXTENT_BYTES;
            return new PeerMessage.DiskHashes(at, new BlockHash(disk).of(extent, DiskVerify.blocksOf(disk, extent)));
        } catch (IOException e) {
            DIAGNOSTICS.warn("verify: this disk cannot be read at {}: {}", asked.offset(), e.getMessage());
            return asked.bytes() ? new PeerMessage.DiskBytes(at, new byte[0]) : new PeerMessage.DiskHashes(at, new long[0]);
        }
    }

    /// Writes what the primary has found this disk to lack.
    static void repair(DiskStore disk, LogEntry.Repair repair) {
        try {
            disk.write(repair.offset(), ByteBuffer.wrap(repair.bytes()));
            disk.note("repaired from the primary at " + repair.offset() + ", " + repair.bytes().length + " bytes");
            DIAGNOSTICS.warn("verify: repaired from the primary at {}", repair.offset());
        } catch (IOException e) {
            DIAGNOSTICS.warn("verify: this disk cannot be repaired at {}: {}", repair.offset(), e.getMessage());
        }
    }
}
