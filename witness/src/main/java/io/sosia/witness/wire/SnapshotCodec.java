package io.sosia.witness.wire;

import io.sosia.witness.claim.ClaimTable;
import io.sosia.witness.claim.PairId;
import io.sosia.witness.claim.TableEntry;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.zip.CRC32C;

/// Bytes of a whole table: `SOSIACLM`, version (2 bytes), number of pairs (4), the pairs in the order of their ids,
/// CRC-32C of all before (4). Two equal tables have equal bytes.
public final class SnapshotCodec {
    /// The version this code writes, and the only one there is so far.
    public static final int VERSION = 1;
    /// The most bytes a snapshot takes: every pair the table may hold, each with a full audit of the longest orders.
    public static final int BYTES_MAX = 1 << 30;

    private static final byte[] MAGIC = "SOSIACLM".getBytes(StandardCharsets.US_ASCII);
    private static final int CRC_BYTES = 4;

    private SnapshotCodec() {}

    /// The bytes of a table.
    public static byte[] encode(ClaimTable table) {
        FieldWriter out = new FieldWriter();
        out.raw(MAGIC);
        out.u16(VERSION);
        out.i32(table.size());
        for (TableEntry entry : table.entries()) {
            RecordCodec.write(entry, out);
        }
        out.i32(crc(out.toBytes(), out.length()));
        return out.toBytes();
    }

    /// The table in these bytes.
    ///
    /// @throws WireFormatException when they are cut, corrupt, or of an unknown version
    public static ClaimTable decode(byte[] bytes) throws WireFormatException {
        int bodyLength = bytes.length - CRC_BYTES;
        if (bodyLength < 0) {
            throw new WireFormatException("witness snapshot: cut short, " + bytes.length + " bytes");
        }
        return FieldReader.whole("witness snapshot", bytes, BYTES_MAX, in -> {
            if (!Arrays.equals(in.raw(MAGIC.length), MAGIC)) {
                throw in.wrong("this is no witness snapshot");
            }
            int version = in.u16();
            if (version != VERSION) {
                throw in.wrong("snapshot version " + version + ", expected " + VERSION
                        + "; was it written by a newer witness?");
            }
            int crc = crc(bytes, bodyLength);
            int storedCrc = ByteBuffer.wrap(bytes).getInt(bodyLength);
            if (crc != storedCrc) {
                throw in.wrong(String.format("checksum is %08x, expected %08x", crc, storedCrc));
            }
            int pairs = in.i32();
            if (pairs < 0 || pairs > ClaimTable.PAIRS_MAX) {
                throw in.wrong(pairs + " pairs, the limit is " + ClaimTable.PAIRS_MAX);
            }
            List<TableEntry> entries = readEntries(pairs, in);
            in.i32(); // the checksum, compared above
            return ClaimTable.of(entries);
        });
    }

    private static List<TableEntry> readEntries(int pairs, FieldReader in) throws WireFormatException {
        List<TableEntry> entries = new ArrayList<>();
        PairId last = null;
        for (int i = 0; i < pairs; i++) {
            TableEntry entry = RecordCodec.readEntry(in);
            PairId pairId = entry.record().pairId();
            if (last != null && last.compareTo(pairId) >= 0) {
                throw in.wrong("pair " + pairId + " is not after " + last);
            }
            last = pairId;
            entries.add(entry);
        }
        return entries;
    }

    private static int crc(byte[] bytes, int length) {
        CRC32C crc = new CRC32C();
        crc.update(bytes, 0, length);
        return (int) crc.getValue();
    }
}
