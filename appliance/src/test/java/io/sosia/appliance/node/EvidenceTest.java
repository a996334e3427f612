package io.sosia.appliance.node;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class EvidenceTest {

    @TempDir
    private Path folder;

    private List<String> files() throws IOException {
        try (Stream<Path> all = Files.list(folder)) {
            return all.map(file -> file.getFileName().toString()).sorted().toList();
        }
    }

    @Test
    void oldestFilesMakeRoomWhateverTheyAreAbout() throws IOException {
        for (int i = 0; i < Evidence.FILES_MAX; i++) {
            Files.createFile(folder.resolve((i % 2 == 0 ? "halted" : "broken")
                    + "-2025-01-01T00.00.%03dZ.txt".formatted(i)));
        }
        Evidence.write(folder, "diverged", List.of("expected 1", "got      2"));
        assertThat(files()).hasSize(Evidence.FILES_MAX)
                .doesNotContain("halted-2025-01-01T00.00.000Z.txt")
                .contains("broken-2025-01-01T00.00.001Z.txt");
        String newest = files().stream().filter(name -> name.startsWith("diverged-")).findFirst().orElseThrow();
        assertThat(Files.readAllLines(folder.resolve(newest))).endsWith("expected 1", "got      2");
    }
}
