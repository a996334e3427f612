package io.sosia.disksync.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sosia.disksync.block.Position;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.assertj.core.api.AbstractThrowableAssert;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ImageFilesTest {
    @TempDir
    private Path temp;

    private Path image(int bytes) throws IOException {
        Path image = temp.resolve("disk.img");
        Files.write(image, new byte[bytes]);
        return image;
    }

    private static AbstractThrowableAssert<?, ?> refused(Path image) {
        assertThatThrownBy(() -> OverlayImage.over(image)).isInstanceOf(DiskFormatException.class);
        return assertThatThrownBy(() -> RawImage.open(image)).isInstanceOf(DiskFormatException.class)
                .hasMessageContaining(image.toString());
    }

    @Test
    void namesTheFileWhatIsWrongAndWhatToDo() throws IOException {
        refused(temp.resolve("none.img")).hasMessageContaining("does not exist").hasMessageContaining("truncate -s");
        refused(temp).hasMessageContaining("is not a regular file");
        refused(image(100)).hasMessageContaining("too small: 100 bytes, at least 512");
        refused(image(1000)).hasMessageContaining("1000 bytes, not a multiple of 512")
                .hasMessageContaining("truncate -s %512");
        Path qcow = image(1024);
        try (RandomAccessFile file = new RandomAccessFile(qcow.toFile(), "rw")) {
            file.writeInt(0x514649fb);
        }
        refused(qcow).hasMessageContaining("qcow2").hasMessageContaining("qemu-img convert -O raw");
    }

    @Test
    void aDiskTooSmallForItsImageIsRefused() throws IOException {
        Path image = image(8192);
        assertThatThrownBy(() -> DiskStore.create(temp.resolve("disk"), Disks.BIRTH, 4096, image))
                .isInstanceOf(DiskFormatException.class).hasMessageContaining("too small for image")
                .hasMessageContaining("8192");
        assertThat(temp.resolve("disk")).doesNotExist();
    }

    @Test
    void anImageIsUsedByOneMachineAtATime() throws IOException {
        Path image = image(4096);
        try (RawImage _ = RawImage.open(image)) {
            assertThatThrownBy(() -> RawImage.open(image)).isInstanceOf(DiskFormatException.class)
                    .hasMessageContaining("in use by another machine");
            OverlayImage.over(image).close();
        }
    }

    @Test
    void aSuperBlockIsRefusedWhenItIsCutOrFromAnotherVersion() throws IOException {
        Path dir = temp.resolve("disk");
        DiskStore.create(dir, Disks.BIRTH, 4096);
        byte[] good;
        try (DiskStore disk = DiskStore.open(dir)) {
            good = disk.superBlock().encode();
            assertThat(SuperBlock.decode(good, disk.durablePosition())).isEqualTo(disk.superBlock());
        }
        for (int length = 0; length < good.length; length++) {
            byte[] cut = Arrays.copyOf(good, length);
            assertThatThrownBy(() -> SuperBlock.decode(cut, Position.START))
                    .isInstanceOf(DiskFormatException.class);
        }
        for (int i = 0; i < 8; i++) {
            byte[] other = good.clone();
            other[i] ^= 0x20;
            assertThatThrownBy(() -> SuperBlock.decode(other, Position.START))
                    .isInstanceOf(DiskFormatException.class).hasMessageContaining("expected 534f5349 and 1");
        }
    }
}
