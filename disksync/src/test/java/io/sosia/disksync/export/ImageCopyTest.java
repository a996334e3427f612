package io.sosia.disksync.export;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sosia.disksync.store.SparseFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ImageCopyTest {
    private static final int MIB = 1 << 20;
    private static final int SIZE = 37 * MIB + 5 * 512;

    @TempDir
    private Path folder;

    private Path image() {
        return folder.resolve("image");
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2, 3, 4})
    void imageHoldsThePastWhateverIsWrittenMeanwhile(int tenths) throws IOException {
        try (ExportedDisk disk = new ExportedDisk(folder.resolve("disk"), SIZE, SIZE / 10 * tenths, SIZE * 2L, tenths)) {
            byte[] present = disk.past.clone();
            List<Long> told = new ArrayList<>();
            int sum = ImageCopy.copy(disk.view, image(), bytes -> {
                told.add(bytes);
                disk.change(present);
            });
            assertThat(Files.readAllBytes(image())).isEqualTo(disk.past);
            assertThat(told).isSorted().last().isEqualTo((long) SIZE);
            assertThat(ImageSum.of(image(), _ -> { })).isEqualTo(sum);
        }
    }

    @Test
    void holesStayHolesAndDoNotCountInTheSum() throws IOException {
        byte[] content = new byte[SIZE];
        content[20 * MIB] = 1;
        try (ExportedDisk disk = ExportedDisk.of(folder.resolve("disk"), content)) {
            int sum = ImageCopy.copy(disk.view, image(), _ -> { });
            try (SparseFile holes = SparseFile.open(image())) {
                assertThat(holes.nextData(0)).isEqualTo(20 * MIB);
            }
            Files.write(folder.resolve("whole"), content);
            assertThat(ImageSum.of(folder.resolve("whole"), _ -> { })).isEqualTo(sum);
            for (long at : new long[] {0, 20 * MIB, 20 * MIB + 1, SIZE - 1}) {
                Path damaged = folder.resolve("damaged");
                Files.write(damaged, content);
                try (FileChannel file = FileChannel.open(damaged, StandardOpenOption.WRITE)) {
                    file.write(ByteBuffer.wrap(new byte[] {(byte) (content[(int) at] ^ 4)}), at);
                }
                assertThat(ImageSum.of(damaged, _ -> { })).as("a byte changed at %d", at).isNotEqualTo(sum);
            }
        }
    }

    @Test
    void progressEndsTheCopy() throws IOException {
        try (ExportedDisk disk = new ExportedDisk(folder.resolve("disk"), SIZE, SIZE, SIZE, 1)) {
            assertThatThrownBy(() -> ImageCopy.copy(disk.view, image(), _ -> {
                throw new IOException("enough");
            })).hasMessage("enough");
        }
    }
}
