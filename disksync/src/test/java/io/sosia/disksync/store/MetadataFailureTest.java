package io.sosia.disksync.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sosia.disksync.block.ByteRange;
import io.sosia.disksync.block.Geometry;
import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.rocksdb.RocksDBException;

/// Metadata whose writes fail for a while.
@Timeout(120)
class MetadataFailureTest {
    /// So far apart that nothing of the dirty map is stored together.
    private static final long FAR = 1024L * Geometry.EXTENT_BYTES;
    private static final int BLOCK = Geometry.BLOCK_BYTES;

    @TempDir
    private Path temp;
    private Path dir;

    @BeforeEach
    void makeDisk() throws IOException {
        dir = temp.resolve("disk");
        DiskStore.create(dir, Disks.BIRTH, 4 * FAR);
    }

    private interface Attempt {
        void make() throws IOException;
    }

    /// Until it succeeds; the test's time limit ends it.
    private static void again(Attempt attempt) {
        boolean done = false;
        while (!done) {
            try {
                attempt.make();
                done = true;
            } catch (IOException notYet) {
                Thread.onSpinWait();
            }
        }
    }

    @Test
    void areWrittenAgainWhenTheHostTakesThem() throws Exception {
        try (DiskStore disk = DiskStore.open(dir, Disks.settings(_ -> new MemoryDataFile(), 4))) {
            disk.note("before");
            String limit = fileSizeLimit();
            limitFileSize("0");
            try {
                assertThatThrownBy(() -> disk.note("meanwhile")).isInstanceOf(IOException.class)
                        .hasMessageContaining("cannot write disk metadata");
                assertThatThrownBy(() -> Disks.write(disk, 0, Disks.filled(512, 1))).isInstanceOf(IOException.class);
                assertThat(disk.events()).as("can be read").extracting(DiskEvent::text).contains("before");
            } finally {
                limitFileSize(limit);
            }
            again(() -> disk.note("afterwards"));
            Disks.write(disk, 0, Disks.filled(512, 2));
            disk.flush();
        }
        try (DiskStore disk = DiskStore.open(dir)) {
            assertThat(disk.events()).extracting(DiskEvent::text).contains("before", "afterwards");
        }
    }

    @Test
    void nothingIsForgottenWhenAChangeFailsAndTakesEffectNevertheless() throws IOException {
        try (DiskStore disk = DiskStore.open(dir)) {
            disk.joinedEqual(Disks.EQUAL, "both are empty");
            disk.split("for the test");
        }
        ByteRange first = new ByteRange(0, BLOCK);
        ByteRange second = new ByteRange(2L * BLOCK, BLOCK);
        try (Metadata meta = Metadata.open(dir.resolve("meta"))) {
            Tracking tracking = new Tracking(dir, meta, 2);
            write(tracking, first, 1, 0);
            write(tracking, new ByteRange(FAR, BLOCK), 2, 0);
            meta.setWriter((db, how, batch) -> {
                db.write(how, batch);
                throw new RocksDBException("for the test");
            });
            assertThatThrownBy(() -> write(tracking, new ByteRange(2 * FAR, BLOCK), 3, 2)).as("both before are to be cold")
                    .isInstanceOf(IOException.class);
            meta.setWriter((db, how, batch) -> db.write(how, batch));
            write(tracking, second, 4, 2);
            again(() -> write(tracking, new ByteRange(3 * FAR, BLOCK), 5, 2));
        }
        try (Metadata meta = Metadata.open(dir.resolve("meta"))) {
            Tracking afterCrash = new Tracking(dir, meta, 2);
            assertThat(afterCrash.suspects().contains(first.offset())).isTrue();
            assertThat(afterCrash.suspects().contains(second.offset())).as("written after the failure").isTrue();
        }
    }

    private static void write(Tracking tracking, ByteRange range, long ticket, long synced) throws IOException {
        assertThat(tracking.begin(range, synced, true)).isTrue();
        tracking.end(range, ticket);
    }

    /// What this very process may write to files, as the host sees it (EFBIG beyond).
    private static String fileSizeLimit() throws Exception {
        Process limit = new ProcessBuilder("prlimit", "--pid", Long.toString(ProcessHandle.current().pid()), "--fsize", "--output=SOFT",
                "--noheadings", "--raw").start();
        return new String(limit.getInputStream().readAllBytes()).strip();
    }

    private static void limitFileSize(String soft) throws Exception {
        Process limit = new ProcessBuilder("prlimit", "--pid", Long.toString(ProcessHandle.current().pid()),
                "--fsize=" + soft + ":").inheritIO().start();
        assertThat(limit.waitFor()).isZero();
    }
}
