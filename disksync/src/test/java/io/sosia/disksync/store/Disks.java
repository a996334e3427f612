package io.sosia.disksync.store;

import io.sosia.disksync.block.GenerationId;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Comparator;
import java.util.UUID;
import java.util.stream.Stream;

/// What the tests of this package share.
final class Disks {
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

    /// 512-byte units that a file takes on the host.
    static long allocatedBytes(Path file) throws IOException, InterruptedException {
        Process stat = new ProcessBuilder("stat", "-c", "%b", file.toString()).start();
        return Long.parseLong(new String(stat.getInputStream().readAllBytes()).strip()) * 512;
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
