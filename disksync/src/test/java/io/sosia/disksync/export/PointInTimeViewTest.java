package io.sosia.disksync.export;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.sosia.disksync.store.SparseFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(300)
class PointInTimeViewTest {
    private static final int SIZE = 200 * ExportedDisk.BLOCK + 5 * 512;

    @TempDir
    private Path folder;

    private ExportedDisk disk(int dataBytes, long sideBytesMax, long seed) throws IOException {
        return new ExportedDisk(folder.resolve("disk"), SIZE, dataBytes, sideBytesMax, seed);
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4})
    void everyReadRacingWritesReturnsTheOldBytes(long seed) throws Exception {
        try (ExportedDisk disk = disk(SIZE / 2, SIZE * 2L, seed)) {
            AtomicBoolean enough = new AtomicBoolean();
            CompletableFuture<Void> writer = CompletableFuture.runAsync(() -> {
                byte[] present = disk.past.clone();
                try {
                    while (!enough.get()) {
                        disk.change(present);
                    }
                } catch (IOException e) {
                    throw new java.io.UncheckedIOException(e);
                }
            });
            Random random = new Random(~seed);
            for (int i = 0; i < 1_000 && !writer.isDone(); i++) {
                int length = (1 + random.nextInt(400)) * 512;
                int offset = random.nextInt((SIZE - length) / 512 + 1) * 512;
                assertThat(disk.read(offset, length)).as("seed %d, read %d at %d", seed, length, offset)
                        .isEqualTo(disk.past(offset, length));
            }
            enough.set(true);
            writer.join();
            assertThat(disk.read(0, SIZE)).isEqualTo(disk.past);
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3})
    void whatIsCalledZeroWasZeroHoweverTheDiskChanges(long seed) throws Exception {
        try (ExportedDisk disk = disk(SIZE / 8, SIZE * 2L, seed)) {
            byte[] present = disk.past.clone();
            Random random = new Random(seed);
            long zeroes = 0;
            for (int round = 0; round < 200; round++) {
                int offset = random.nextInt(SIZE / 512) * 512;
                int at = offset;
                for (Allocation run : disk.view.allocation(offset, SIZE - offset, 1 + random.nextInt(100))) {
                    if (run.zero()) {
                        zeroes += run.bytes();
                        assertThat(disk.past(at, (int) run.bytes())).as("seed %d, %s at %d", seed, run, at)
                                .isEqualTo(new byte[(int) run.bytes()]);
                    }
                    at += (int) run.bytes();
                }
                assertThat(at).isBetween(offset + 1, SIZE);
                disk.change(present);
            }
            assertThat(zeroes).as("holes found").isPositive();
        }
    }

    @Test
    void allocationOfAnUntouchedDiskIsOneRun() throws IOException {
        try (ExportedDisk disk = disk(0, SIZE, 1)) {
            int blocks = 200 * ExportedDisk.BLOCK;
            assertThat(disk.view.allocation(0, blocks, 10)).isEqualTo(List.of(new Allocation(blocks, true)));
            assertThat(disk.view.allocation(512, 1024, 1)).isEqualTo(List.of(new Allocation(1024, true)));
        }
    }

    @Test
    void fullSideFileEndsTheViewAndNotTheWrite() throws IOException {
        try (ExportedDisk disk = disk(0, 2 * ExportedDisk.BLOCK, 1)) {
            assumeTrue(disk.view instanceof CopiedView, "this file system shares blocks");
            // What was zero takes no room, however much of it is overwritten.
            disk.store.write(0, ByteBuffer.allocate(100 * ExportedDisk.BLOCK));
            assertThat(disk.view.sideBytes()).isZero();
        }
        try (ExportedDisk disk = new ExportedDisk(folder.resolve("other"), SIZE, 2 * SIZE, 2 * ExportedDisk.BLOCK, 1)) {
            byte[] fresh = new byte[SIZE];
            for (int at = 0; disk.view.sideBytes() < disk.view.sideBytesMax(); at += ExportedDisk.BLOCK) {
                disk.store.write(at, ByteBuffer.wrap(fresh, at, ExportedDisk.BLOCK));
            }
            assertThat(disk.view.ended()).as("full, but nothing is missing").isEmpty();
            disk.store.write(0, ByteBuffer.wrap(fresh));
            assertThat(disk.view.ended()).hasValueSatisfying(why -> assertThat(why).contains("full", "--side-bytes"));
            ByteBuffer written = ByteBuffer.allocate(fresh.length);
            disk.store.read(0, written);
            assertThat(written.array()).isEqualTo(fresh);
            assertThatThrownBy(() -> disk.read(SIZE - 512, 512)).isInstanceOf(ExportEndedException.class)
                    .hasMessageContaining("full");
            assertThatThrownBy(() -> disk.view.allocation(0, 512, 1)).isInstanceOf(ExportEndedException.class);
        }
    }

    @Test
    void nothingIsLeftInTheFolderAndAClosedViewCopiesNoMore() throws IOException {
        try (ExportedDisk disk = disk(SIZE, SIZE, 1);
             Stream<Path> files = Files.list(folder.resolve("disk"))) {
            assertThat(files.map(path -> path.getFileName().toString())).containsExactlyInAnyOrder("data.img", "meta", "lock");
            disk.view.close();
            disk.view.close();
            disk.store.write(0, ByteBuffer.allocate(ExportedDisk.BLOCK));
            assertThatThrownBy(() -> disk.read(0, 512)).isInstanceOf(IOException.class);
        }
    }

    @Test
    void moreThanTheHostHasRoomForIsRefused() throws IOException {
        long room = Files.getFileStore(folder).getUsableSpace();
        try (ExportedDisk disk = disk(0, SIZE, 1)) {
            assumeTrue(disk.view instanceof CopiedView, "this file system shares blocks");
            assertThatThrownBy(() -> PointInTimeView.take(disk.store, folder, 2 * room)).isInstanceOf(IOException.class)
                    .hasMessageContaining("--side-bytes");
        }
    }

    @Test
    void sharedCopyIsReadLikeTheFileItIs() throws IOException {
        byte[] past = new byte[SIZE];
        new Random(1).nextBytes(past);
        Path file = Files.write(folder.resolve("past.img"), past);
        try (SharedView view = new SharedView(FileChannel.open(file), SparseFile.open(file), SIZE)) {
            ByteBuffer into = ByteBuffer.allocate(SIZE - 512);
            view.read(512, into);
            assertThat(into.array()).isEqualTo(Arrays.copyOfRange(past, 512, SIZE));
            assertThat(view.allocation(512, SIZE - 512, 10)).isEqualTo(List.of(new Allocation(SIZE - 512, false)));
            assertThat(view.ended()).isEmpty();
            view.close();
            assertThat(view.ended()).isPresent();
            assertThatThrownBy(() -> view.read(0, into.clear())).isInstanceOf(ExportEndedException.class);
        }
    }

    @Test
    void usualSideFileIsATenthOfTheDiskWithinBounds() {
        assertThat(PointInTimeView.usualSideBytes(1 << 20)).isEqualTo(64L << 20);
        assertThat(PointInTimeView.usualSideBytes(4_000L << 20)).isEqualTo(400L << 20);
        assertThat(PointInTimeView.usualSideBytes(1L << 40)).isEqualTo(1L << 30);
    }
}
