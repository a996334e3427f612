package io.sosia.appliance.snapshot;

import io.sosia.appliance.snapshot.SnapshotHeader.FileSum;
import io.sosia.disksync.export.ImageSum;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.zip.CRC32C;

/// A snapshot that was saved: `machine.snapshot`, `disk.img` (sparse) and `snapshot.json`.
public final class SnapshotFolder {
    public static final String HEADER = "snapshot.json";
    public static final String STATE = "machine.snapshot";
    public static final String DISK = "disk.img";

    private static final int HEADER_BYTES_MAX = 64 << 10;
    private static final int PIECE_BYTES = 1 << 20;

    private final Path folder;
    private final SnapshotHeader header;

    private SnapshotFolder(Path folder, SnapshotHeader header) {
        this.folder = folder;
        this.header = header;
    }

    /// Reads what a folder says it holds, and no more; see [#verify].
    ///
    /// @throws SnapshotFormatException when there is no snapshot, or what it says is damaged
    public static SnapshotFolder open(Path folder) throws IOException {
        Path file = folder.resolve(HEADER);
        if (!Files.isRegularFile(file)) {
            throw new SnapshotFormatException(folder + " holds no finished snapshot: there is no " + HEADER
                    + "; name a folder that `sosia snapshot save` has made");
        }
        try (InputStream in = Files.newInputStream(file)) {
            return new SnapshotFolder(folder, SnapshotHeader.of(file.toString(), in.readNBytes(HEADER_BYTES_MAX)));
        }
    }

    public SnapshotHeader header() {
        return header;
    }

    /// What [#header] was read from.
    public Path headerFile() {
        return folder.resolve(HEADER);
    }

    /// The machine's state, for the machine to read.
    public Path state() {
        return folder.resolve(STATE);
    }

    /// The disk's raw image; only of a machine that has one.
    public Path disk() {
        return folder.resolve(DISK);
    }

    /// Bytes that [#verify] deals with.
    public long bytes() {
        return header.state().bytes() + header.diskBytes();
    }

    /// Reads everything and compares checksums.
    ///
    /// @throws SnapshotFormatException naming the file that is missing, cut or damaged
    public void verify(ImageSum.Progress progress) throws IOException {
        FileSum state = header.state();
        requireLength(state(), state.bytes());
        CRC32C sum = new CRC32C();
        long done = 0;
        try (InputStream in = Files.newInputStream(state())) {
            byte[] piece = new byte[PIECE_BYTES];
            for (int n = in.read(piece); n > 0; n = in.read(piece)) {
                sum.update(piece, 0, n);
                done += n;
                progress.at(done);
            }
        }
        requireSum(state(), state.sum(), (int) sum.getValue());
        if (header.disk().isPresent()) {
            requireLength(disk(), header.diskBytes());
            requireSum(disk(), header.disk().get().sum(), ImageSum.of(disk(), at -> progress.at(state.bytes() + at)));
        }
    }

    private static void requireLength(Path file, long expected) throws IOException {
        if (!Files.isRegularFile(file)) {
            throw new SnapshotFormatException(file + " is missing; take another snapshot");
        }
        if (Files.size(file) != expected) {
            throw new SnapshotFormatException(file + " has " + Files.size(file) + " bytes, expected " + expected
                    + "; take another snapshot");
        }
    }

    private static void requireSum(Path file, int expected, int got) throws IOException {
        if (expected != got) {
            throw new SnapshotFormatException(file + " is damaged: its checksum is " + SnapshotHeader.hex(got) + ", expected "
                    + SnapshotHeader.hex(expected) + "; take another snapshot");
        }
    }
}
