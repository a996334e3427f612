package io.sosia.appliance.snapshot;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sosia.appliance.eventlog.LogPosition;
import io.sosia.appliance.eventlog.OutputTotals;
import io.sosia.appliance.eventlog.RunPoint;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SnapshotFolderTest {

    @TempDir
    private Path folder;

    private Path saved() {
        return folder.resolve("saved");
    }

    private static SnapshotHeader header(SnapshotHeader.FileSum state) {
        return new SnapshotHeader(new SnapshotHeader.Origin("pair", "b", "content"),
                new SnapshotHeader.Build("digest", 64 << 20, "52:54:00:00:00:01"),
                new RunPoint(new LogPosition(3, 900), new OutputTotals(5, -7, 3, 2, 1, 99), 17), 12_345,
                Instant.parse("2026-01-02T03:04:05.678Z"), state, Optional.empty());
    }

    private SnapshotHeader write() throws IOException {
        SnapshotDraft draft = SnapshotDraft.begin(saved(), 1 << 20);
        SnapshotHeader header = header(draft.writeState(out -> out.write("state".getBytes(StandardCharsets.US_ASCII))));
        draft.finish(header);
        return header;
    }

    private void assertEmpty() throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            assertThat(files).isEmpty();
        }
    }

    @Test
    void whatWasWrittenIsReadAgain() throws IOException {
        SnapshotHeader header = write();
        SnapshotFolder read = SnapshotFolder.open(saved());
        assertThat(read.header()).isEqualTo(header);
        read.verify(_ -> { });
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(saved()))).as("the guest's secrets are in it")
                .isEqualTo("rwx------");
        try (Stream<Path> files = Files.list(folder)) {
            assertThat(files).containsExactly(saved());
        }
    }

    @Test
    void everyByteOfTheHeaderCounts() throws IOException {
        write();
        byte[] whole = Files.readAllBytes(SnapshotFolder.open(saved()).headerFile());
        for (int at = 0; at < whole.length; at++) {
            byte[] damaged = whole.clone();
            damaged[at] ^= 1;
            Files.write(saved().resolve("snapshot.json"), damaged);
            try {
                // A byte of the layout between two values says nothing.
                assertThat(SnapshotFolder.open(saved()).header()).as("byte %d", at).isEqualTo(SnapshotHeader.of("", whole));
            } catch (SnapshotFormatException e) {
                assertThat(e.getMessage()).as("byte %d", at).contains("snapshot.json").doesNotContain("\n");
            }
        }
    }

    @Test
    void whatCannotBeWrittenLeavesNothingBehind() throws IOException {
        SnapshotDraft draft = SnapshotDraft.begin(saved(), 1 << 20);
        assertThatThrownBy(() -> draft.writeState(out -> {
            out.write(new byte[1 << 20]);
            throw new IOException("No space left on device");
        })).hasMessage("No space left on device");
        draft.abandon();
        assertEmpty();
        assertThatThrownBy(() -> SnapshotDraft.begin(saved(), Long.MAX_VALUE / 2)).hasMessageContaining("MiB free for " + saved());
        assertEmpty();
    }

    @Test
    void whatAnInterruptedOneLeftIsReplacedAndNoSnapshot() throws IOException {
        SnapshotDraft.begin(saved(), 1 << 20).writeState(out -> out.write(1));
        assertThatThrownBy(() -> SnapshotFolder.open(saved())).isInstanceOf(SnapshotFormatException.class)
                .hasMessageContaining("no finished snapshot");
        write();
        assertThatThrownBy(() -> SnapshotDraft.begin(saved(), 1)).hasMessageContaining("exists already");
        SnapshotFolder.open(saved()).verify(_ -> { });
    }
}
