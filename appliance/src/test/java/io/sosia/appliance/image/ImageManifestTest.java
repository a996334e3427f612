package io.sosia.appliance.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ImageManifestTest {

    private static final String DIGEST = "0123456789abcdef".repeat(4);

    private static final String SHORTEST = """
            {"format": 1, "commandLine": "console=ttyS0",
             "parts": {"kernel": {"file": "Image", "bytes": 9, "sha256": "%s"}}}
            """.formatted(DIGEST);

    @Test
    void readsBackWhatItWrites() throws Exception {
        ImageManifest manifest = new ImageManifest(
                "abc",
                "13.7",
                "console=ttyS0 root=/dev/vda rw",
                new ImagePart("kernel", 1, DIGEST),
                Optional.of(new ImagePart("initrd", 2, DIGEST)),
                Optional.of(new ImagePart("disk", 3L << 32, DIGEST)),
                List.of(new ImagePackage("redis-server", "5:8.0.2-3", DIGEST)));

        assertThat(ImageManifest.parse(manifest.toJson())).isEqualTo(manifest);
        assertThat(ImageManifest.parse(manifest.toJson()).toJson()).isEqualTo(manifest.toJson());
    }

    @Test
    void readsAUsersOwnShortManifest() throws Exception {
        ImageManifest manifest = ImageManifest.parse(SHORTEST);

        assertThat(manifest.kernel()).isEqualTo(new ImagePart("Image", 9, DIGEST));
        assertThat(manifest.initrd()).isEmpty();
        assertThat(manifest.disk()).isEmpty();
        assertThat(manifest.packages()).isEmpty();
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', textBlock = """
            "format": 1        | "format": 2        | format is 2, this version reads 1
            "format": 1,       |                    | format is , this version reads 1
            "file": "Image"    | "file": "../Image" | part "../Image" is not a plain file name
            "file": "Image"    | "file": ".hidden"  | is not a plain file name
            "bytes": 9         | "bytes": -9        | part Image has -9 bytes
            "bytes": 9         | "bytes": "9"       | parts.kernel.bytes is "9"
            "bytes": 9         | "bytes": 9.5       | parts.kernel.bytes is 9.5
            "commandLine"      | "commandline"      | commandLine is missing
            "kernel"           | "Kernel"           | parts.kernel is missing
            "sha256": "0123    | "sha256": "XYZ3    | is not 64 hex digits
            console=ttyS0      | console=\\u0007    | character U+0007 at 8
            {"format"          | {format            | is not JSON
            """)
    void namesTheFieldThatIsWrong(String from, String to, String message) {
        String text = SHORTEST.replace(from, to == null ? "" : to);

        assertThat(text).isNotEqualTo(SHORTEST);
        assertThatThrownBy(() -> ImageManifest.parse(text))
                .isInstanceOf(ImageFormatException.class)
                .hasMessageContaining(message);
    }

    @Test
    void refusesACommandLineTheKernelWouldCut() {
        String text = SHORTEST.replace("console=ttyS0", "x".repeat(1024));

        assertThatThrownBy(() -> ImageManifest.parse(text)).hasMessageContaining("1024 characters, the limit is 1023");
    }

    @Test
    void refusesWhatIsNoJson() {
        for (String text : new String[] {"", SHORTEST.substring(0, SHORTEST.length() / 2), "[".repeat(100_000)}) {
            assertThatThrownBy(() -> ImageManifest.parse(text)).hasMessageStartingWith("is not JSON");
        }
    }
}
