package io.sosia.appliance.node;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/// A pair whose guest writes all over its disk without a pause: two nodes in this process, a real witness, a real link. With
/// `-Dsosia.verify.seconds=3600` for an hour.
@Timeout(7_200)
class VerifyUnderLoadTest {

    @RegisterExtension
    static final WitnessOfTests WITNESS = new WitnessOfTests();

    private static final int BLOCK_BYTES = 64 << 10;

    @TempDir
    private Path folder;
    private PairFiles pair;
    private Node a;
    private Node b;

    @BeforeEach
    void startProtectedPair() throws Exception {
        pair = new PairFiles(folder, WITNESS.port(), "failure: {silenceMillis: 10000}");
        Files.write(folder.resolve("guest.elf"), WritingGuest.elf(PairFiles.DISK_BYTES / WritingGuest.PAGE_BYTES, 0));
        a = Node.open(pair.config("a"));
        b = Node.open(pair.config("b"));
        a.begin();
        b.begin();
        PairFiles.await("PROTECTED", () -> a.status().state().equals("PROTECTED"), a::status);
        awaitWrites(300);
    }

    @AfterEach
    void close() throws IOException {
        a.close();
        b.close();
    }

    private void awaitWrites(long count) {
        long from = a.console().end();
        PairFiles.await(count + " writes", () -> a.console().end() >= from + count, a::status);
    }

    private VerifyStatus compare() {
        NodeDisk disk = a.disk().orElseThrow();
        assertThat(disk.verify(new DiskVerify.Request(Optional.empty(), true, Optional.empty()))).isEmpty();
        PairFiles.await("the end of comparing", () -> !disk.report().verify().running(), disk::report);
        VerifyStatus end = disk.report().verify();
        assertThat(end.state()).as("%s", end).isEqualTo("done");
        return end;
    }

    /// In a sector that the guest leaves alone, of a page that it writes.
    private void flip(String node, int page) throws IOException {
        long offset = (long) page * WritingGuest.PAGE_BYTES + WritingGuest.WRITTEN_BYTES + 77;
        try (FileChannel file = FileChannel.open(pair.state(node).resolve("disk/data.img"), StandardOpenOption.READ,
                StandardOpenOption.WRITE)) {
            ByteBuffer one = ByteBuffer.allocate(1);
            file.read(one, offset);
            one.put(0, (byte) (one.get(0) ^ 1));
            file.write(one.flip(), offset);
        }
    }

    @Test
    void aFlippedByteOnEitherDiskIsFoundAndNothingElse() throws Exception {
        long until = System.nanoTime() + TimeUnit.SECONDS.toNanos(Long.getLong("sosia.verify.seconds", 1));
        for (int round = 0; round < 20 || System.nanoTime() < until; round++) {
            assertThat(compare().found()).as("round %d, nothing was flipped", round).isZero();
        }
        for (int round = 0; round < 10; round++) {
            int page = 20 * round + 3;
            flip(round % 2 == 0 ? "a" : "b", page);
            VerifyStatus status = compare();
            assertThat(status.findings()).as("round %d", round).singleElement().matches(each -> each.outcome().equals("repaired")
                    && each.offset() == (long) page * WritingGuest.PAGE_BYTES / BLOCK_BYTES * BLOCK_BYTES);
        }
        assertThat(compare().found()).isZero();
        awaitWrites(100);
        assertThat(a.status().verify()).matches(it -> it.found() == 10 && it.repaired() == 10);
        assertThat(b.disk().orElseThrow().history()).filteredOn(event -> event.text().startsWith("repaired from the primary at"))
                .as("where the backup's was wrong, or nobody knew").hasSizeBetween(5, 10);

        assertThat(a.type(new byte[] {'p'})).isEqualTo(OptionalInt.of(1));
        assertThat(a.ending().get(180, TimeUnit.SECONDS).failed()).isFalse();
        assertThat(b.ending().get(180, TimeUnit.SECONDS).failed()).isFalse();
        close();
        assertThat(Files.mismatch(pair.state("a").resolve("disk/data.img"), pair.state("b").resolve("disk/data.img")))
                .as("first byte that differs").isEqualTo(-1);
    }
}
