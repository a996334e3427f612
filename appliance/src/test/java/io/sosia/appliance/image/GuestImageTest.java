package io.sosia.appliance.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class GuestImageTest {

    @TempDir
    Path directory;

    private void writeImage() throws IOException {
        writeImage("");
    }

    private void writeImage(String recipe) throws IOException {
        Path kernel = Files.writeString(directory.resolve("Image"), "kernel");
        Path disk = Files.writeString(directory.resolve("root.img"), "disk");
        ImageManifest manifest = new ImageManifest(
                recipe, "", "console=ttyS0", ImagePart.of(kernel), Optional.empty(), Optional.of(ImagePart.of(disk)),
                List.of());
        Files.writeString(directory.resolve(ImageManifest.FILE), manifest.toJson());
    }

    @Test
    void opensAnyDirectoryWithAManifest() throws IOException {
        writeImage();
        GuestImage image = GuestImage.open(directory);
        image.verify();

        assertThat(image.kernel()).isEqualTo(directory.resolve("Image"));
        assertThat(image.initrd()).isEmpty();
        assertThat(image.disk()).contains(directory.resolve("root.img"));
        assertThat(image.commandLine()).isEqualTo("console=ttyS0");
    }

    @Test
    void refusesTooLittleRamForAnImageOfARecipeOnly() throws IOException {
        writeImage("0123456789abcdef");
        GuestImage built = GuestImage.open(directory);
        built.checkRam(GuestImage.BUILT_RAM_BYTES_MIN);
        assertThatThrownBy(() -> built.checkRam(GuestImage.BUILT_RAM_BYTES_MIN - (2 << 20)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("RAM of 94 MiB is too little for the Debian image, which needs 96 MiB or more");

        writeImage();
        GuestImage.open(directory).checkRam(64 << 20);
    }

    @Test
    void noticesALengthThatChangedAtOpening() throws IOException {
        writeImage();
        Files.writeString(directory.resolve("root.img"), "disk, longer");

        assertThatThrownBy(() -> GuestImage.open(directory))
                .isInstanceOf(ImageFormatException.class)
                .hasMessageContaining("root.img has 12 bytes, its manifest says 4");
    }

    @Test
    void noticesContentThatChangedWhenVerified() throws IOException {
        writeImage();
        Files.writeString(directory.resolve("root.img"), "disc");
        GuestImage image = GuestImage.open(directory);

        assertThatThrownBy(image::verify)
                .isInstanceOf(ImageFormatException.class)
                .hasMessageContaining("root.img has sha256");
    }

    @Test
    void saysHowToGetAnImageWhereThereIsNone() {
        assertThatThrownBy(() -> GuestImage.open(directory))
                .isInstanceOf(ImageFormatException.class)
                .hasMessageContaining("no guest image in " + directory)
                .hasMessageContaining("sosia image build");
    }

    @Test
    void takesFilesGivenOneByOne() throws IOException {
        Path kernel = Files.writeString(directory.resolve("k"), "kernel");
        GuestImage image = GuestImage.of(kernel, Optional.empty(), Optional.empty(), "");
        image.verify();

        assertThat(image.manifest()).isEmpty();
        assertThatThrownBy(() -> GuestImage.of(kernel, Optional.of(directory.resolve("i")), Optional.empty(), ""))
                .hasMessageContaining("initrd " + directory.resolve("i") + " is not a file");
        assertThatThrownBy(() -> GuestImage.of(kernel, Optional.empty(), Optional.empty(), "x\ny"))
                .isInstanceOf(ImageFormatException.class);
    }

    @Test
    void keepsTheCacheWhereTheEnvironmentSays() {
        assertThat(GuestImage.cacheDirectory(Map.of("SOSIA_CACHE", "/c", "XDG_CACHE_HOME", "/x", "HOME", "/h")))
                .isEqualTo(Path.of("/c"));
        assertThat(GuestImage.cacheDirectory(Map.of("XDG_CACHE_HOME", "/x", "HOME", "/h")))
                .isEqualTo(Path.of("/x/sosia"));
        assertThat(GuestImage.cacheDirectory(Map.of("XDG_CACHE_HOME", "rel", "HOME", "/h")))
                .isEqualTo(Path.of("/h/.cache/sosia"));
        assertThat(GuestImage.defaultDirectory(Path.of("/c")).toString()).matches("/c/image/[0-9a-f]{16}");
    }
}
