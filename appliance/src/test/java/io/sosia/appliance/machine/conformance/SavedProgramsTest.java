package io.sosia.appliance.machine.conformance;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Programs kept in the resource folder `programs`, with what QEMU made of them: some that once failed, and one of each
/// kind for hosts without QEMU.
class SavedProgramsTest {

    private static final long CUTS_SEED = 1;

    static List<Path> programs() throws IOException, URISyntaxException {
        Path folder = Path.of(SavedProgramsTest.class.getResource("programs").toURI());
        try (Stream<Path> files = Files.list(folder)) {
            return files.sorted().toList();
        }
    }

    @ParameterizedTest
    @MethodSource("programs")
    void givesTheResultKeptWithIt(Path file) throws IOException {
        TestProgram.Saved saved = TestProgram.parse(Files.readString(file));
        byte[] result = OurHart.result(saved.program(), CUTS_SEED);
        assertThat(saved.program().fingerprint(result)).as("result of %s", file.getFileName())
                .isEqualTo(saved.expected());
    }
}
