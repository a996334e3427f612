package io.sosia.disksync.service;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.sosia.disksync.block.DiskState;
import io.sosia.disksync.block.GenerationId;
import io.sosia.disksync.block.Geometry;
import io.sosia.disksync.block.ResyncMark;
import io.sosia.disksync.store.DiskBirth;
import io.sosia.disksync.store.DiskStore;
import io.sosia.disksync.store.Disks;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@Timeout(120)
class RunWriterTest {
    private static final int BLOCK = Geometry.BLOCK_BYTES;
    private static final int BLOCKS = 256;

    @TempDir
    private Path temp;
    private DiskStore disk;

    @BeforeEach
    void makeDisk() throws IOException {
        DiskStore.create(temp.resolve("disk"), new DiskBirth(new UUID(1, 2), new GenerationId(7)), (long) BLOCKS * BLOCK);
        disk = DiskStore.open(temp.resolve("disk"));
        disk.beginResync(new ResyncMark(new UUID(3, 4), new GenerationId(5)), "for the test");
    }

    @AfterEach
    void closeDisk() throws IOException {
        disk.close();
    }

    private static ByteBuf filled(int blocks, long value) {
        ByteBuf bytes = Unpooled.directBuffer(blocks * BLOCK);
        for (int i = 0; i < blocks * BLOCK / Long.BYTES; i++) {
            bytes.writeLong(value);
        }
        return bytes;
    }

    /// So many pieces from the disk's beginning on, of four blocks each, filled with their numbers.
    private static void pieces(RunWriter runs, int firstNumber, int count) throws IOException {
        for (int piece = 0; piece < count; piece++) {
            ByteBuf bytes = filled(4, firstNumber + piece);
            runs.data(firstNumber + piece, piece * 4L * BLOCK, bytes);
            bytes.release();
        }
    }

    private long firstOf(int block) throws IOException {
        ByteBuffer all = ByteBuffer.allocate(BLOCK);
        disk.read((long) block * BLOCK, all);
        long first = all.getLong(0);
        for (int at = 0; at < BLOCK; at += Long.BYTES) {
            assertThat(all.getLong(at)).isEqualTo(first);
        }
        return first;
    }

    /// Each block holds the number of the piece that was written to it last, zeroes apart.
    @ParameterizedTest
    @CsvSource({"1, false", "2, false", "3, false", "4, false", "5, true", "6, true", "7, true", "8, true"})
    void holdsWhatCameLastAndNeverSaysTooMuch(long seed, boolean all) throws IOException {
        Random random = new Random(seed);
        long[] numbers = new long[BLOCKS];
        long[] content = new long[BLOCKS];
        long number = 0;
        int block = 0;
        try (RunWriter runs = new RunWriter(disk)) {
            if (all) {
                runs.expectAll();
            }
            for (int turn = 0; turn < 1_500; turn++) {
                int count = Math.min(random.nextInt(5) == 0 ? 1 + random.nextInt(4) : 4, BLOCKS - block);
                number++;
                boolean zeroes = random.nextInt(12) == 0;
                if (zeroes) {
                    runs.zeroes(number, (long) block * BLOCK, (long) count * BLOCK);
                } else {
                    ByteBuf bytes = filled(count, number);
                    runs.data(number, (long) block * BLOCK, bytes);
                    bytes.release();
                }
                Arrays.fill(numbers, block, block + count, number);
                Arrays.fill(content, block, block + count, zeroes ? 0 : number);
                block += count;
                if (block == BLOCKS || random.nextInt(12) == 0) {
                    block = random.nextInt(BLOCKS);
                }
                if (random.nextInt(60) == 0) {
                    runs.settle();
                    assertThat(runs.upTo()).as("seed %d", seed).isEqualTo(number);
                }
                int probe = random.nextInt(BLOCKS);
                if (numbers[probe] <= runs.upTo()) {
                    assertThat(firstOf(probe)).as("block %d, seed %d", probe, seed).isEqualTo(content[probe]);
                }
            }
            runs.settle();
            assertThat(runs.upTo()).isEqualTo(number);
        }
        for (int i = 0; i < BLOCKS; i++) {
            assertThat(firstOf(i)).as("block %d, seed %d", i, seed).isEqualTo(content[i]);
        }
    }

    @Test
    void aWholeDiskNeedsNoWordInBetween() throws IOException {
        try (RunWriter runs = new RunWriter(disk)) {
            pieces(runs, 1, BLOCKS / 4);
            runs.settle();
            assertThat(runs.bytes()).isEqualTo((long) BLOCKS * BLOCK);
            assertThat(firstOf(BLOCKS - 1)).isEqualTo(BLOCKS / 4);
        }
    }

    @Test
    void zeroesTakeNoSpaceWhateverWasExpected() throws Exception {
        try (RunWriter runs = new RunWriter(disk)) {
            runs.expectAll();
            pieces(runs, 1, BLOCKS / 8);
            runs.zeroes(BLOCKS / 8 + 1, BLOCKS / 2L * BLOCK, BLOCKS / 2L * BLOCK);
            runs.settle();
        }
        disk.flush();
        assertThat(disk.nextHole(0)).isEqualTo(BLOCKS / 2L * BLOCK);
        assertThat(disk.nextData(BLOCKS / 2L * BLOCK)).as("nothing but a hole").isNegative();
        assertThat(firstOf(BLOCKS / 2 - 1)).isEqualTo(BLOCKS / 8);
        assertThat(allottedBytes()).as("as much as is not zero").isLessThan((BLOCKS / 2L + 4) * BLOCK);
    }

    @Test
    void whatComesAgainTakesNoSpaceFromZeroesBehindIt() throws Exception {
        try (RunWriter runs = new RunWriter(disk)) {
            runs.expectAll();
            runs.zeroes(1, 0, (long) BLOCKS * BLOCK);
            pieces(runs, 2, 16);
            runs.settle();
        }
        disk.flush();
        assertThat(allottedBytes()).isLessThan((64 + 4) * (long) BLOCK);
    }

    private long allottedBytes() throws IOException, InterruptedException {
        return Disks.allocatedBytes(temp.resolve("disk/data.img"));
    }

    @Test
    void aRunIsToldOfWhileNothingButZeroesFollows() throws IOException {
        try (RunWriter runs = new RunWriter(disk)) {
            for (int piece = 0; piece < 3; piece++) {
                ByteBuf bytes = filled(4, 1);
                runs.data(piece + 1, (long) piece * 4 * BLOCK, bytes);
                bytes.release();
            }
            long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
            for (long number = 4; runs.upTo() < number - 1; number++) {
                assertThat(System.nanoTime()).as("the run is told of").isLessThan(deadline);
                runs.zeroes(number, 100L * BLOCK, BLOCK);
            }
            assertThat(runs.upTo()).isGreaterThan(3);
        }
    }

    @Test
    void saysWhyARunCannotBeWritten() throws IOException {
        try (RunWriter runs = new RunWriter(disk)) {
            ByteBuf bytes = filled(4, 1);
            for (int piece = 0; piece < 4; piece++) {
                runs.data(piece + 1, (long) piece * 4 * BLOCK, bytes);
            }
            runs.settle();
            disk.setState(DiskState.UP_TO_DATE, "for the test");
            for (int piece = 4; piece < 7; piece++) {
                runs.data(piece + 1, (long) piece * 4 * BLOCK, bytes);
            }
            assertThatThrownBy(() -> {
                runs.data(8, 7L * 4 * BLOCK, bytes);
                runs.settle();
            }).isInstanceOf(IOException.class).hasMessageContaining("receives a resync it has not begun");
            assertThat(runs.upTo()).isEqualTo(4);
            bytes.release();
        }
    }
}
