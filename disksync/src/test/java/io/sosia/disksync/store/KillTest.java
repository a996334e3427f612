package io.sosia.disksync.store;

import io.sosia.disksync.block.Partner;
import static org.assertj.core.api.Assertions.assertThat;

import io.sosia.disksync.block.DirtyMap;
import io.sosia.disksync.block.Geometry;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// A process killed in the middle of its writes leaves a disk that keeps what it has promised.
class KillTest {
    @TempDir
    private Path temp;

    @ParameterizedTest(name = "killed after {0} flushes, partner {1}")
    @CsvSource({"3, IN_SYNC", "60, IN_SYNC", "40, AWAY"})
    @Timeout(240)
    void killedInTheMiddleOfItsWrites(int flushes, Partner partner) throws Exception {
        Path dir = temp.resolve("disk");
        DiskStore.create(dir, Disks.BIRTH, KilledWriter.SIZE);
        try (DiskStore disk = DiskStore.open(dir)) {
            disk.joinedEqual(Disks.EQUAL, "both are empty");
            if (partner == Partner.AWAY) {
                disk.split("for the test");
            }
        }
        long promised = runUntilKilled(dir, flushes);
        try (DiskStore disk = DiskStore.open(dir)) {
            assertThat(disk.durablePosition().sequence()).isGreaterThanOrEqualTo(promised);
            for (long extent = 0; extent < KilledWriter.SIZE / Geometry.EXTENT_BYTES; extent++) {
                Disks.trulyKnown(disk, extent, "after the kill");
            }
            DirtyMap suspects = disk.suspects();
            // It may have been killed after the next acknowledgement and before it said so.
            long partnerHas = partner == Partner.AWAY ? 0 : (promised + KilledWriter.FLUSH_EVERY) / 2;
            for (long number = 1; number <= promised; number++) {
                long offset = KilledWriter.offsetOf(flushes, number);
                assertThat(numberAt(disk, offset)).as("write %d at %d", number, offset)
                        .isGreaterThanOrEqualTo(number);
                if (number > partnerHas) {
                    assertThat(suspects.contains(offset)).as("write %d at %d is in doubt", number, offset).isTrue();
                }
            }
        }
    }

    private static long numberAt(DiskStore disk, long offset) throws IOException {
        ByteBuffer sector = ByteBuffer.allocate(512);
        disk.read(offset, sector);
        return sector.getLong(0);
    }

    /// Returns the last write that the process said was flushed.
    private static long runUntilKilled(Path dir, int flushes) throws Exception {
        Process writer = new ProcessBuilder(Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--enable-native-access=ALL-UNNAMED", "-cp", System.getProperty("java.class.path"),
                KilledWriter.class.getName(), dir.toString(), Integer.toString(flushes))
                .redirectError(ProcessBuilder.Redirect.INHERIT).start();
        try (BufferedReader out = writer.inputReader()) {
            String last = null;
            int lines = 0;
            for (String line = out.readLine(); line != null; line = out.readLine()) {
                if (line.matches("[0-9]+")) {
                    last = line;
                    if (++lines == flushes) {
                        // Not Process.destroyForcibly(): that closes the output before its last line is read.
                        writer.toHandle().destroyForcibly();
                    }
                }
            }
            assertThat(last).as("the writer said what it had flushed").isNotNull();
            assertThat(writer.waitFor()).as("killed, exit status 128 + 9").isEqualTo(137);
            return Long.parseLong(last);
        } finally {
            writer.destroyForcibly();
        }
    }
}
