package io.sosia.appliance.disk;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.sosia.appliance.verify.ExtentHashes;
import io.sosia.disksync.block.GenerationId;
import io.sosia.disksync.store.DiskBirth;
import io.sosia.disksync.store.DiskStore;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ExtentHasherTest {

    private static final int BLOCK = 64 << 10;
    private static final long EXTENT = 4L << 20;
    private static final long SIZE = EXTENT + 2 * BLOCK + 4096;

    @TempDir
    private Path folder;
    private DiskStore disk;
    private ExtentHasher hasher;

    @BeforeEach
    void makeDisk() throws IOException {
        DiskStore.create(folder.resolve("disk"), new DiskBirth(new UUID(1, 2), new GenerationId(7)), SIZE);
        disk = DiskStore.open(folder.resolve("disk"));
        hasher = new ExtentHasher(disk);
    }

    @AfterEach
    void closeDisk() throws IOException {
        disk.close();
    }

    @Test
    void lastExtentHasOnlyTheBlocksOfTheDisk() {
        assertThat(hasher.hash(0).hashes()).hasSize(64);
        ExtentHashes last = hasher.hash(1);
        assertThat(last.hashes()).hasSize(3);
        assertThat(last.hashes()[2]).as("4 KiB of zeroes are not 64 KiB of them").isNotEqualTo(last.hashes()[1]);
        assertThatIllegalArgumentException().isThrownBy(() -> hasher.hash(2));
        assertThatIllegalArgumentException().isThrownBy(() -> hasher.hash(-1));
    }

    @Test
    void zeroesHaveTheSameHashInAHoleAndWritten() throws IOException {
        long[] hole = hasher.hash(0).hashes();
        disk.write(0, ByteBuffer.allocate(4 * BLOCK));
        assertThat(hasher.hash(0).hashes()).isEqualTo(hole);
        disk.discard(0, 2 * BLOCK);
        assertThat(hasher.hash(0).hashes()).isEqualTo(hole);
    }

    @Test
    void anyByteThatChangesBehindTheDisksBackChangesItsBlocksHashOnly() throws IOException {
        byte[] some = new byte[BLOCK];
        new java.util.SplittableRandom(3).nextBytes(some);
        disk.write(10L * BLOCK, ByteBuffer.wrap(some));
        try (FileChannel file = FileChannel.open(folder.resolve("disk/data.img"), StandardOpenOption.WRITE)) {
            for (int block : new int[] {0, 10, 33, 63}) {
                long[] before = hasher.hash(0).hashes();
                file.write(ByteBuffer.wrap(new byte[] {(byte) (some[5] ^ 1)}), (long) block * BLOCK + 5);
                long[] after = hasher.hash(0).hashes();
                for (int i = 0; i < 64; i++) {
                    assertThat(after[i] != before[i]).as("block %d after a change in block %d", i, block).isEqualTo(i == block);
                }
            }
        }
    }
}
