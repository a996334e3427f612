package io.sosia.appliance.recording;

import java.nio.charset.StandardCharsets;
import java.util.zip.CRC32C;

/// The frame of a recording: magic, version, header, then batches until one that holds the end. Header and batches are
/// each their length (4 bytes, big-endian), their CRC32C (4 bytes) and their bytes.
final class RecordingFormat {
    static final byte[] MAGIC = "SOSIAREC".getBytes(StandardCharsets.US_ASCII);

    /// Raised with every change of header or framing; the entries have their own version.
    static final int VERSION = 1;

    static final int HEADER_BYTES_MAX = 32 << 10;

    private RecordingFormat() {}

    static int checksum(byte[] bytes) {
        CRC32C crc = new CRC32C();
        crc.update(bytes);
        return (int) crc.getValue();
    }
}
