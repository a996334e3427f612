package io.sosia.appliance.node;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import io.sosia.appliance.machine.port.MachineOutput.ByteRange;
import io.sosia.appliance.machine.port.MachineOutput.DiskDiscard;
import io.sosia.appliance.machine.port.MachineOutput.DiskFlush;
import io.sosia.appliance.machine.port.MachineOutput.DiskRequest;
import io.sosia.appliance.machine.port.MachineOutput.DiskWrite;
import io.sosia.appliance.machine.port.MachineOutput.DiskWriteZeroes;
import io.sosia.appliance.pair.NodeState;
import io.sosia.witness.claim.Incarnation;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Two disks are compared and mended while both are written at random.
@Timeout(600)
class DiskVerifyTest {

    private static final int SECTOR = 512;
    private static final int BLOCK = 64 << 10;
    private static final int EXTENT = 4 << 20;
    private static final int SIZE = 2 * EXTENT + 2 * BLOCK + 4096;
    /// Sector of every block that no guest here writes: what is changed there behind the disk's back stays until it is mended.
    private static final int QUIET_SECTOR = 100;
    private static final Optional<Long> ALL = Optional.empty();

    @TempDir
    private Path folder;
    private TwoDisks two;
    private SplittableRandom random;
    private long requestId;

    private void begin(long seed, Duration every) throws IOException {
        random = new SplittableRandom(seed);
        byte[] image = new byte[SIZE];
        random.nextBytes(image);
        // A hole, so that there are some.
        Arrays.fill(image, EXTENT / 2, EXTENT, (byte) 0);
        Path file = folder.resolve("image");
        Files.write(file, image);
        two = new TwoDisks(folder, file, SIZE, every, random.split());
    }

    @AfterEach
    void end() throws IOException {
        two.close();
    }

    /// A few random requests of the guest, up to the quiet sector of a block or from behind it.
    private void write() {
        writeBut(SIZE);
    }

    /// Nothing to the block of this byte: what is known of it stays known, however long the comparison takes.
    private void writeBut(long spared) {
        for (int i = random.nextInt(3); i > 0; i--) {
            long block = random.nextInt(SIZE / BLOCK);
            if (block == spared / BLOCK) {
                continue;
            }
            boolean low = random.nextBoolean();
            int first = low ? random.nextInt(QUIET_SECTOR) : QUIET_SECTOR + 1 + random.nextInt(BLOCK / SECTOR - QUIET_SECTOR - 1);
            int sectors = 1 + random.nextInt((low ? QUIET_SECTOR : BLOCK / SECTOR) - first);
            long offset = block * BLOCK + (long) first * SECTOR;
            two.ask(request(offset, sectors * SECTOR));
        }
    }

    private DiskRequest request(long offset, int length) {
        return switch (random.nextInt(8)) {
            case 0 -> new DiskDiscard(requestId++, List.of(new ByteRange(offset, length)));
            case 1 -> new DiskWriteZeroes(requestId++, List.of(new ByteRange(offset, length)), random.nextBoolean());
            case 2 -> new DiskFlush(requestId++);
            default -> {
                byte[] data = new byte[length];
                random.nextBytes(data);
                yield new DiskWrite(requestId++, offset, data);
            }
        };
    }

    private long quietByte() {
        return (long) random.nextInt(SIZE / BLOCK) * BLOCK + (long) QUIET_SECTOR * SECTOR + random.nextInt(SECTOR);
    }

    private void assertEqual() throws Exception {
        two.settle();
        assertThat(Arrays.mismatch(two.primary.content(), two.backup.content())).as("first byte that differs").isEqualTo(-1);
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3})
    void writesAreNeverTakenForADifference(long seed) throws Exception {
        begin(seed, Duration.ZERO);
        for (int round = 0; round < 12; round++) {
            VerifyStatus status = two.compare(ALL, true, this::write);
            assertThat(status.state()).isEqualTo("done");
            assertThat(status.found()).as("seed %d, round %d: %s", seed, round, status).isZero();
            assertThat(status.bytesDone()).isEqualTo(SIZE);
        }
        assertEqual();
    }

    @ParameterizedTest
    @ValueSource(longs = {11, 12, 13, 14})
    void anyByteThatChangesByItselfIsFoundAndMendedWhileItsBlockIsWritten(long seed) throws Exception {
        begin(seed, Duration.ZERO);
        for (int round = 0; round < 8; round++) {
            long offset = quietByte();
            boolean primary = random.nextBoolean();
            long block = offset / BLOCK;
            // Everything is known before, and nobody but the flip touches this block meanwhile, every other time.
            boolean known = random.nextBoolean();
            if (known) {
                two.compare(Optional.of(offset / EXTENT), true, () -> { });
            }
            byte[] right = two.primary.content();
            (primary ? two.primary : two.backup).flip(offset);

            VerifyStatus status = two.compare(known ? Optional.of(offset / EXTENT) : ALL, true, known ? () -> { } : this::write);

            assertThat(status.findings()).as("seed %d, round %d", seed, round).singleElement().satisfies(found -> {
                assertThat(found.offset()).isEqualTo(block * BLOCK);
                assertThat(found.extent()).isEqualTo(offset / EXTENT);
                assertThat(found.outcome()).isEqualTo("repaired");
                if (known) {
                    assertThat(found.side()).isEqualTo(primary ? "primary" : "backup");
                }
            });
            assertEqual();
            if (known || !primary) {
                assertThat(two.primary.content()[(int) offset]).as("the right one of both").isEqualTo(right[(int) offset]);
            }
        }
    }

    @Test
    void theRightBytesSurviveAlsoWhenThePrimaryIsWrongAndItsBlockIsWrittenMeanwhile() throws Exception {
        begin(21, Duration.ZERO);
        two.compare(ALL, true, () -> { });
        long offset = 5L * BLOCK + QUIET_SECTOR * SECTOR + 17;
        byte right = two.primary.content()[(int) offset];
        two.primary.flip(offset);
        boolean[] found = new boolean[1];
        // Once it has been found, its block is written in every turn until it is mended.
        VerifyStatus status = two.compare(ALL, true, () -> {
            found[0] |= two.primary.verify.status().found() > 0;
            if (found[0]) {
                byte[] data = new byte[4 * SECTOR];
                random.nextBytes(data);
                two.ask(new DiskWrite(requestId++, 5L * BLOCK + random.nextInt(90) * SECTOR, data));
            }
        });
        assertThat(status.findings()).singleElement().matches(each -> each.side().equals("primary") && each.outcome().equals("repaired"));
        assertEqual();
        assertThat(two.backup.content()[(int) offset]).isEqualTo(right);
    }

    /// Both nodes have ended and begun again since the last comparison.
    @ParameterizedTest(name = "killed {0}, failover {1}")
    @CsvSource({"false, false", "false, true", "true, false", "true, true"})
    void whoseByteHasRottenIsKnownAfterARestart(boolean killed, boolean failover) throws Exception {
        begin(81, Duration.ZERO);
        for (int turns = 0; turns < 50; turns++) {
            write();
            two.turn();
        }
        two.flush();
        two.compare(ALL, true, () -> { });
        // Written since: of this block nothing is known.
        two.ask(new DiskWrite(requestId++, 7L * BLOCK, new byte[SECTOR]));
        two.restart(killed, failover);
        byte[] right = two.primary.content();
        long onPrimary = EXTENT + 3L * BLOCK + QUIET_SECTOR * SECTOR;
        two.primary.flip(onPrimary);
        two.backup.flip(SIZE - 1);
        two.backup.flip(7L * BLOCK + QUIET_SECTOR * SECTOR);

        VerifyStatus status = two.compare(ALL, true, () -> writeBut(onPrimary));

        assertThat(status.findings()).extracting(VerifyStatus.Difference::side, VerifyStatus.Difference::outcome)
                .containsExactly(tuple("unknown", "repaired"), tuple("primary", "repaired"), tuple("backup", "repaired"));
        assertEqual();
        assertThat(two.primary.content()[(int) onPrimary]).isEqualTo(right[(int) onPrimary]);
    }

    /// The primary has forgotten: its block was written behind the guest's back, as by a resync, with what it held.
    @Test
    void itIsEnoughThatEitherNodeRemembers() throws Exception {
        begin(82, Duration.ZERO);
        two.compare(ALL, true, () -> { });
        two.settle();
        byte[] right = two.primary.content();
        ByteBuffer block = ByteBuffer.wrap(right, 5 * BLOCK, BLOCK);
        two.primary.disk.write(5L * BLOCK, block);
        two.primary.flip(5L * BLOCK);
        VerifyStatus status = two.compare(ALL, true, () -> { });
        assertThat(status.findings()).singleElement().matches(found -> found.side().equals("primary"));
        assertEqual();
        assertThat(two.primary.content()).isEqualTo(right);
    }

    @Test
    void theSameRotOnBothIsFoundOnceAndKnownFromThenOn() throws Exception {
        begin(83, Duration.ZERO);
        two.compare(ALL, true, () -> { });
        two.restart(false, false);
        two.primary.flip(EXTENT);
        two.backup.flip(EXTENT);
        assertThat(two.compare(ALL, true, () -> { }).findings()).singleElement()
                .matches(found -> found.side().equals("both") && found.outcome().equals("not repaired"));
        assertThat(two.compare(ALL, true, () -> { }).found()).isZero();
    }

    /// Restarts, kills and failovers in a row, writes and comparisons in between: a write is never taken for rot.
    @ParameterizedTest
    @ValueSource(longs = {91, 92, 93})
    void noLifeTakesAnEarlierOnesWritesForRot(long seed) throws Exception {
        begin(seed, Duration.ZERO);
        for (int life = 0; life < 8; life++) {
            for (int turns = random.nextInt(40); turns > 0; turns--) {
                write();
                two.turn();
            }
            if (random.nextBoolean()) {
                two.flush();
            }
            VerifyStatus status = two.compare(ALL, true, this::write);
            assertThat(status.found()).as("seed %d, life %d: %s", seed, life, status).isZero();
            two.restart(random.nextBoolean(), random.nextBoolean());
        }
        assertEqual();
    }

    @Test
    void manyDifferencesAreAllMendedAndBothHistoriesSaySo() throws Exception {
        begin(31, Duration.ZERO);
        for (int block = 0; block < 40; block++) {
            two.backup.flip((long) block * BLOCK + QUIET_SECTOR * SECTOR);
        }
        two.backup.flip(SIZE - 1);
        VerifyStatus status = two.compare(ALL, true, this::write);
        assertThat(status.found()).isEqualTo(41);
        assertThat(status.repaired()).isEqualTo(41);
        assertThat(status.findings().getLast().length()).isEqualTo(4096);
        assertEqual();
        assertThat(two.primary.history()).anyMatch(text -> text.startsWith("verify: the two disks differed in extent 0, 65536 bytes at 0,"))
                .anyMatch(text -> text.startsWith("verify: asked for, done after " + SIZE + " of " + SIZE
                        + " bytes: 41 blocks differed, 41 repaired"));
        assertThat(two.backup.history()).anyMatch(text -> text.startsWith("repaired from the primary at 0, 65536 bytes"))
                .anyMatch(text -> text.startsWith("verify by the primary: the two disks differed in extent 2, 4096 bytes"));
    }

    @Test
    void nothingIsMendedWithoutLeave() throws Exception {
        begin(41, Duration.ZERO);
        two.backup.flip(QUIET_SECTOR * SECTOR);
        for (int round = 0; round < 2; round++) {
            assertThat(two.compare(ALL, false, this::write).findings()).singleElement()
                    .matches(each -> each.outcome().equals("left as it is"));
        }
        two.settle();
        assertThat(Arrays.mismatch(two.primary.content(), two.backup.content())).isEqualTo(QUIET_SECTOR * SECTOR);
    }

    @Test
    void partnerThatIsLostEndsTheComparisonAndTheNextOneIsSound() throws Exception {
        begin(51, Duration.ZERO);
        NodeState before = new NodeState.Protected(3, new Incarnation(new UUID(5, 6)));
        for (int round = 0; round < 20; round++) {
            two.backup.flip(quietByte());
            assertThat(two.primary.verify.ask(new DiskVerify.Request(ALL, true, Optional.empty()))).isEmpty();
            for (int turns = random.nextInt(60); turns > 0; turns--) {
                write();
                two.turn();
            }
            two.becomes(new NodeState.Solo(3));
            assertThat(two.primary.verify.status().running()).isFalse();
            assertThat(two.primary.verify.ask(new DiskVerify.Request(ALL, true, Optional.empty())))
                    .contains("there is no disk to compare with: this node is SOLO, its partner b is not in sync");
            two.becomes(before);
            VerifyStatus after = two.compare(ALL, true, this::write);
            assertThat(after.state()).as("round %d: %s", round, after).isEqualTo("done");
            assertThat(after.found()).isEqualTo(after.repaired()).isLessThanOrEqualTo(1);
            assertEqual();
        }
    }

    @Test
    void oneAtATimeAndItCanBeCancelled() throws Exception {
        begin(61, Duration.ZERO);
        assertThat(two.primary.verify.cancel()).isFalse();
        two.linked = false;
        DiskVerify.Request request = new DiskVerify.Request(ALL, true, Optional.empty());
        assertThat(two.primary.verify.ask(request)).isEmpty();
        assertThat(two.primary.verify.ask(request)).isEqualTo("the disks are being compared already");
        assertThat(two.primary.verify.cancel()).isTrue();
        assertThat(two.primary.verify.status()).matches(it -> it.state().equals("cancelled") && it.endedMicros() > 0);
        assertThat(two.primary.verify.ask(new DiskVerify.Request(Optional.of(3L), true, Optional.empty())))
                .isEqualTo("there is no extent 3: the disk has 3, numbered from 0");
        assertThat(two.backup.verify.ask(request)).isEqualTo("this node has not begun yet");
        two.linked = true;
        assertThat(two.compare(Optional.of(2L), true, this::write).bytesTotal()).isEqualTo(SIZE - 2 * EXTENT);
    }

    @Test
    void scheduledComparisonGivesWayToAnAskedOneAndGoesOnWhereItStood() throws Exception {
        begin(71, Duration.ofHours(1));
        awaitRunning("scheduled");
        while (two.primary.verify.status().bytesDone() == 0) {
            write();
            two.turn();
        }
        long done = two.primary.verify.status().bytesDone();
        assertThat(done).isLessThan(SIZE);
        two.compare(Optional.of(0L), true, this::write);
        assertThat(two.kept).as("a part is not all").isEmpty();
        awaitRunning("scheduled");
        assertThat(two.primary.verify.status().bytesTotal()).isEqualTo(SIZE - done);
        assertThat(two.untilOver(this::write).state()).isEqualTo("done");
        two.settle();
        assertThat(two.kept).as("when all has been compared").hasSize(1);
        assertThat(two.primary.verify.summary()).matches(it -> it.running().isEmpty() && it.everySeconds() == 3_600
                && it.lastMicros() > 0);
    }

    private void awaitRunning(String purpose) throws Exception {
        long deadline = System.nanoTime() + 120_000_000_000L;
        while (!two.primary.verify.summary().running().equals(purpose)) {
            two.turn();
            assertThat(System.nanoTime()).as("a comparison within 120 s").isLessThan(deadline);
        }
    }
}
