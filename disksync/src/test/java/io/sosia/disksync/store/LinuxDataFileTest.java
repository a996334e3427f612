package io.sosia.disksync.store;

import static org.assertj.core.api.Assertions.assertThat;

import io.sosia.disksync.block.Geometry;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LinuxDataFileTest {
    private static final int PAGE = Geometry.PAGE_BYTES;
    private static final int PAGES = 64;

    @TempDir
    private Path temp;

    private LinuxDataFile file() throws IOException {
        Path path = temp.resolve("data");
        try (RandomAccessFile made = new RandomAccessFile(path.toFile(), "rw")) {
            made.setLength((long) PAGES * PAGE);
        }
        return LinuxDataFile.open(path);
    }

    private static ByteBuffer aligned(byte[] bytes) {
        ByteBuffer buffer = ByteBuffer.allocateDirect(bytes.length + PAGE).alignedSlice(PAGE).slice(0, bytes.length);
        return buffer.put(bytes).flip();
    }

    private static byte[] all(LinuxDataFile file) throws IOException {
        byte[] bytes = new byte[PAGES * PAGE];
        file.read(0, ByteBuffer.wrap(bytes));
        return bytes;
    }

    @Test
    void bothWaysOfWritingAndHolesAgreeOnWhatTheFileHolds() throws IOException {
        Random random = new Random(1);
        byte[] model = new byte[PAGES * PAGE];
        try (LinuxDataFile file = file()) {
            for (int turn = 0; turn < 300; turn++) {
                int first = random.nextInt(PAGES);
                byte[] bytes = new byte[(1 + random.nextInt(PAGES - first)) * PAGE];
                random.nextBytes(bytes);
                switch (random.nextInt(3)) {
                    case 0 -> file.write((long) first * PAGE, ByteBuffer.wrap(bytes));
                    case 1 -> {
                        ByteBuffer from = aligned(bytes);
                        file.writePastCache((long) first * PAGE, from);
                        assertThat(from.hasRemaining()).isFalse();
                    }
                    default -> {
                        Arrays.fill(bytes, (byte) 0);
                        file.zero((long) first * PAGE, bytes.length);
                    }
                }
                System.arraycopy(bytes, 0, model, first * PAGE, bytes.length);
                assertThat(Arrays.mismatch(all(file), model)).as("turn %d", turn).isEqualTo(-1);
            }
        }
    }

    @Test
    void whatIsNotWholePagesIsWrittenAsWell() throws IOException {
        byte[] bytes = new byte[3 * PAGE];
        new Random(2).nextBytes(bytes);
        try (LinuxDataFile file = file()) {
            file.writePastCache(512, aligned(bytes));
            file.writePastCache(8L * PAGE, ByteBuffer.wrap(bytes));
            file.writePastCache(16L * PAGE, aligned(bytes).position(512));
            byte[] model = new byte[PAGES * PAGE];
            System.arraycopy(bytes, 0, model, 512, bytes.length);
            System.arraycopy(bytes, 0, model, 8 * PAGE, bytes.length);
            System.arraycopy(bytes, 512, model, 16 * PAGE, bytes.length - 512);
            assertThat(Arrays.mismatch(all(file), model)).isEqualTo(-1);
        }
    }
}
