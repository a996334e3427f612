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

class ImageBuilderTest {

    @TempDir
    Path directory;

    private ImageBuilder builder() {
        return new ImageBuilder(Map.of("SOSIA_CACHE", directory.resolve("cache").toString()), new QuietProgress());
    }

    private static ImageBuilder.Request request(Path place, boolean force) {
        return new ImageBuilder.Request(place, force, Optional.empty());
    }

    @Test
    void leavesForeignFilesAlone() throws IOException {
        Path file = Files.writeString(directory.resolve("thesis.txt"), "precious");

        assertThatThrownBy(() -> builder().build(request(directory, true)))
                .isInstanceOf(ImageBuildException.class)
                .hasMessageContaining("not overwritten")
                .hasMessageContaining("--dir");
        assertThatThrownBy(() -> builder().build(request(file, false)))
                .isInstanceOf(ImageBuildException.class)
                .hasMessageContaining("is not a directory");
        assertThat(file).hasContent("precious");
    }

    @Test
    void takesAnImageOfItsRecipeAsItIs() throws Exception {
        Path kernel = Files.writeString(directory.resolve("kernel"), "kernel");
        ImageManifest manifest = new ImageManifest(
                ImageRecipe.load().digest(), "", "", ImagePart.of(kernel), Optional.empty(), Optional.empty(),
                List.of());
        Files.writeString(directory.resolve(ImageManifest.FILE), manifest.toJson());

        assertThat(builder().build(request(directory, false)).kernel()).isEqualTo(kernel);
        assertThat(directory.resolve("cache")).doesNotExist();
    }

    @Test
    void namesEveryMissingToolAndHowToGetIt() {
        assertThatThrownBy(() -> new HostCommand(directory.toString()).checkTools())
                .isInstanceOf(ImageBuildException.class)
                .hasMessageContaining("needs apt-get, apt-cache, dpkg-deb, gpgv, xz, mke2fs, debugfs, e2fsck")
                .hasMessageContaining("apt install apt dpkg gpgv xz-utils e2fsprogs");
    }

    @Test
    void refusesAMirrorThatIsNoAddress() {
        assertThatThrownBy(() -> new ImageBuilder.Request(directory, false, Optional.of("mirror [trusted=yes]")))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("scheme://host/debian");
    }
}
