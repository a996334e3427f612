package io.sosia.disksync.store;

import static org.assertj.core.api.Assertions.assertThat;

import io.sosia.disksync.block.GenerationId;
import io.sosia.disksync.block.Geometry;
import io.sosia.disksync.block.KnownBlocks;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.UUID;
import java.util.stream.Stream;

/// What the tests of this package share.
public final class Disks {
    static final DiskBirth BIRTH = new DiskBirth(new UUID(1, 2), new GenerationId(7));
    /// A generation in which two disks are called equal.
    static final GenerationId EQUAL = new GenerationId(99);

    /// Never syncs of its own accord.
    static final Writeback.Limits ON_DEMAND = new Writeback.Limits(Long.MAX_VALUE, Long.MAX_VALUE, Long.MAX_VALUE);

    private Disks() {
    }

    static DiskStore.Settings settings(DataFile.Opener opener, int hotExtentsMax) {
        return new DiskStore.Settings(opener, ON_DEMAND, hotExtentsMax);
    }

    static byte[] read(BlockStore disk, long offset, int length) throws IOException {
        ByteBuffer into = ByteBuffer.allocate(length);
        disk.read(offset, into);
        return into.array();
    }

    static byte[] filled(int length, int value) {
        byte[] bytes = new byte[length];
        Arrays.fill(bytes, (byte) value);
        return bytes;
    }

    static void write(BlockStore disk, long offset, byte[] bytes) throws IOException {
        disk.write(offset, ByteBuffer.wrap(bytes));
    }

    /// Bytes that a file takes on the host.
    public static long allocatedBytes(Path file) throws IOException, InterruptedException {
        Process stat = new ProcessBuilder("stat", "-c", "%b", file.toString()).start();
        return Long.parseLong(new String(stat.getInputStream().readAllBytes()).strip()) * 512;
    }

    /// An open disk's folder as a crash leaves it, with an empty data file: the test has the data. A file of the metadata that disappears
    /// meanwhile was obsolete.
    static void copyAsItIs(Path disk, Path after, long sizeBytes) throws IOException {
        Path meta = Files.createDirectories(after.resolve("meta"));
        List<Path> files;
        try (Stream<Path> found = Files.list(disk.resolve("meta"))) {
            files = found.toList();
        }
        for (Path file : files) {
            try {
                Files.copy(file, meta.resolve(file.getFileName()));
            } catch (NoSuchFileException e) {
                assertThat(file.getFileName().toString()).doesNotMatch("CURRENT|IDENTITY");
            }
        }
        try (RandomAccessFile file = new RandomAccessFile(after.resolve("data.img").toFile(), "rw")) {
            file.setLength(sizeBytes);
        }
    }

    /// What stands for the hash of each block of an extent.
    static long[] hashes(DiskStore disk, long extent) throws IOException {
        long[] hashes = new long[Geometry.BLOCKS_PER_EXTENT];
        byte[] block = new byte[Geometry.BLOCK_BYTES];
        for (int i = 0; i < hashes.length; i++) {
            disk.read(extent * Geometry.EXTENT_BYTES + (long) i * block.length, ByteBuffer.wrap(block));
            hashes[i] = Arrays.hashCode(block);
        }
        return hashes;
    }

    /// The blocks of which this disk claims to know what they should hold.
    ///
    /// @throws AssertionError when one of them holds something else
    static long trulyKnown(DiskStore disk, long extent, String when) throws IOException {
        KnownBlocks known = disk.look(extent).known();
        long[] now = hashes(disk, extent);
        for (int block = 0; block < now.length; block++) {
            if (known.has(block)) {
                assertThat(known.hash(block)).as("%s: extent %d, block %d", when, extent, block).isEqualTo(now[block]);
            }
        }
        return known.blocks();
    }

    static void deleteTree(Path root) {
        try (Stream<Path> all = Files.walk(root)) {
            for (Path each : all.sorted(Comparator.reverseOrder()).toList()) {
                Files.deleteIfExists(each);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
