package io.sosia.appliance.node;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Redundancy comes back by itself: two nodes in this process through several lives, with a real witness and a real link.
@Timeout(600)
class RejoinTest {

    @RegisterExtension
    static final WitnessOfTests WITNESS = new WitnessOfTests();

    @TempDir
    private Path folder;
    private PairFiles pair;
    private final List<Lives> all = new ArrayList<>();

    /// A node and the thread that leads it from life to life.
    private static final class Lives {
        final Appliance appliance;
        final Thread thread;
        private volatile Ending ending;

        Lives(NodeConfig config) throws Exception {
            appliance = Appliance.open(config);
            thread = Thread.ofPlatform().start(() -> {
                try (appliance) {
                    ending = appliance.run();
                } catch (IOException e) {
                    throw new java.io.UncheckedIOException(e);
                }
            });
        }

        String state() {
            return appliance.node().status().state();
        }

        Ending end() throws InterruptedException {
            appliance.terminate();
            thread.join();
            return ending;
        }
    }

    private Lives start(String name) throws Exception {
        Lives lives = new Lives(pair.config(name));
        all.add(lives);
        return lives;
    }

    @AfterEach
    void endAll() throws InterruptedException {
        for (Lives lives : all) {
            lives.end();
        }
    }

    private static void await(Lives lives, String state) {
        PairFiles.await(state, () -> lives.state().equals(state), () -> lives.appliance.node().status());
    }

    private static void awaitProtected(Lives primary, Lives backup) {
        await(primary, "PROTECTED");
        await(backup, "READY");
    }

    private static void assertGoesOn(Lives lives) {
        ConsoleLog console = lives.appliance.node().console();
        long from = console.end();
        PairFiles.await("30 more bytes of console", () -> console.end() >= from + 30, lives.appliance.node()::status);
        ConsoleLog.Piece piece = console.from(0, Integer.MAX_VALUE);
        assertThat(TickingGuest.goesOn(piece.offset(), piece.bytes())).as("the alphabet from %d on: %s", piece.offset(),
                new String(piece.bytes(), StandardCharsets.US_ASCII)).isTrue();
    }

    private void makePair(boolean disk) throws Exception {
        String patient = "failure: {silenceMillis: 10000}";
        pair = disk ? new PairFiles(folder, WITNESS.port(), patient)
                : PairFiles.withoutDisk(folder, WITNESS.port(), patient);
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void partnerThatReturnsIsTakenInAgainAndAgain(boolean disk) throws Exception {
        makePair(disk);
        Lives primary = start("a");
        Lives backup = start("b");
        awaitProtected(primary, backup);
        for (int round = 1; round <= 3; round++) {
            assertGoesOn(primary);
            // A primary that is asked to end hands over; its next life is taken in by the other.
            String name = primary.appliance.node().status().node();
            assertThat(primary.end().failed()).isFalse();
            await(backup, "SOLO");
            Lives returned = start(name);
            awaitProtected(backup, returned);
            primary = backup;
            backup = returned;
        }
        assertGoesOn(primary);
        assertGoesOn(backup);
    }

    @Test
    void backupThatReturnsIsTakenInWhileTheMachineRuns() throws Exception {
        makePair(true);
        Lives a = start("a");
        Lives b = start("b");
        awaitProtected(a, b);
        b.end();
        await(a, "SOLO");
        long epoch = a.appliance.node().status().epoch();
        Lives again = start("b");
        awaitProtected(a, again);
        assertThat(a.appliance.node().status().epoch()).as("becoming PROTECTED keeps the epoch").isEqualTo(epoch);
        assertThat(a.appliance.node().status().steps()).isPositive();
        assertGoesOn(again);
    }

    private static DiskReport disk(Lives lives) {
        return lives.appliance.node().disk().orElseThrow().report();
    }

    private static List<String> history(Lives lives) throws IOException {
        return lives.appliance.node().disk().orElseThrow().history().stream().map(event -> event.text()).toList();
    }

    @Test
    void bothDisksAreOneGenerationAsSoonAsThePairIsProtectedSoTheNextReturnIsIncremental() throws Exception {
        makePair(true);
        Lives a = start("a");
        Lives b = start("b");
        awaitProtected(a, b);
        for (int round = 1; round <= 3; round++) {
            b.end();
            await(a, "SOLO");
            Lives again = start("b");
            awaitProtected(a, again);
            PairFiles.await("the backup's disk to be as good as the primary's",
                    () -> disk(again).state().equals("UP_TO_DATE") && disk(again).partner().equals("IN_SYNC")
                            && disk(a).partner().equals("IN_SYNC") && disk(again).generation().equals(disk(a).generation()),
                    () -> disk(again) + ", " + disk(a));
            b = again;
        }
        assertThat(history(b)).filteredOn(text -> text.startsWith("resync begins")).hasSize(3)
                .allMatch(text -> text.startsWith("resync begins: incremental"));
        b.appliance.node().switchOver();
        a.appliance.node().switchOver();
        awaitProtected(b, a);
        assertThat(history(a)).filteredOn(text -> text.startsWith("resync begins")).hasSize(1)
                .allMatch(text -> text.startsWith("resync begins: incremental"));
    }

    @ParameterizedTest
    @EnumSource(DiskDamage.class)
    void whateverHasHappenedToItsDiskAReturningNodeIsTakenIn(DiskDamage how) throws Exception {
        makePair(true);
        Lives a = start("a");
        Lives b = start("b");
        awaitProtected(a, b);
        b.end();
        await(a, "SOLO");
        how.doTo(pair.state("b"));
        Lives again = start("b");
        awaitProtected(a, again);
        a.appliance.node().type("p".getBytes(StandardCharsets.US_ASCII));
        a.thread.join();
        again.thread.join();
        assertThat(Files.mismatch(pair.state("a").resolve("disk/data.img"), pair.state("b").resolve("disk/data.img")))
                .as("both disks").isEqualTo(-1);
    }

    @ParameterizedTest
    @EnumSource(value = DiskDamage.class, names = {"METADATA_DELETED", "METADATA_SCRIBBLED", "STAMP_SCRIBBLED"})
    void ownerWhoseMetadataIsLostServesItsDataAndTakesThePartnerIn(DiskDamage how) throws Exception {
        makePair(true);
        Files.writeString(pair.file("a"), Files.readString(pair.file("a"))
                .replace("failure: {", "failure: {partnerGraceSeconds: 1, "));
        Lives a = start("a");
        await(a, "SOLO");
        a.end();
        how.doTo(pair.state("a"));
        Lives again = start("a");
        await(again, "SOLO");
        Lives b = start("b");
        awaitProtected(again, b);
    }

    @ParameterizedTest
    @EnumSource(value = DiskDamage.class, names = {"DATA_DELETED", "DISK_DELETED"})
    void ownerWithoutItsDataServesNobody(DiskDamage how) throws Exception {
        makePair(true);
        Files.writeString(pair.file("a"), Files.readString(pair.file("a"))
                .replace("failure: {", "failure: {partnerGraceSeconds: 1, "));
        Lives a = start("a");
        await(a, "SOLO");
        a.end();
        how.doTo(pair.state("a"));
        Lives again = start("a");
        again.thread.join();
        assertThat(again.ending.state()).isEqualTo("HALTED");
        assertThat(again.ending.reason()).contains("this node's disk is empty");
    }

    private void flip(String node, long offset) throws IOException {
        try (FileChannel file = FileChannel.open(pair.state(node).resolve("disk/data.img"), StandardOpenOption.READ,
                StandardOpenOption.WRITE)) {
            ByteBuffer one = ByteBuffer.allocate(1);
            file.read(one, offset);
            one.put(0, (byte) (one.get(0) ^ 4));
            file.write(one.flip(), offset);
        }
    }

    private static DiskVerify.Request request(boolean repair) {
        return new DiskVerify.Request(Optional.empty(), repair, Optional.empty());
    }

    private static VerifyStatus verify(Lives primary, boolean repair) {
        NodeDisk disk = primary.appliance.node().disk().orElseThrow();
        assertThat(disk.verify(request(repair))).isEmpty();
        PairFiles.await("the end of comparing", () -> !disk.report().verify().running(), disk::report);
        return disk.report().verify();
    }

    private static void assertDifference(VerifyStatus status, long offset, String side, String outcome) {
        assertThat(status.state()).isEqualTo("done");
        assertThat(status.findings()).singleElement().satisfies(each -> {
            assertThat(each.offset()).isEqualTo(offset);
            assertThat(each.side()).isEqualTo(side);
            assertThat(each.outcome()).isEqualTo(outcome);
        });
    }

    private boolean disksEqual() throws IOException {
        return Files.mismatch(pair.state("a").resolve("disk/data.img"), pair.state("b").resolve("disk/data.img")) < 0;
    }

    @Test
    void aFlippedByteOnEitherDiskIsFoundAndRepairedFromTheOther() throws Exception {
        makePair(true);
        Lives a = start("a");
        Lives b = start("b");
        awaitProtected(a, b);
        assertThat(b.appliance.node().disk().orElseThrow().verify(request(true))).contains("not the primary; ask node a");
        VerifyStatus first = verify(a, true);
        assertThat(first.state()).isEqualTo("done");
        assertThat(first.found()).isZero();
        assertThat(first.bytesDone()).isEqualTo(PairFiles.DISK_BYTES);

        flip("b", 300_000);
        VerifyStatus told = verify(a, false);
        assertDifference(told, 262_144, "backup", "left as it is");
        assertThat(disksEqual()).isFalse();
        VerifyStatus second = verify(a, true);
        assertDifference(second, 262_144, "backup", "repaired");
        assertThat(disksEqual()).isTrue();
        byte[] before = Files.readAllBytes(pair.state("a").resolve("disk/data.img"));

        flip("a", 700_000);
        VerifyStatus third = verify(a, true);
        assertDifference(third, 655_360, "primary", "repaired");
        assertThat(Files.readAllBytes(pair.state("a").resolve("disk/data.img"))).as("as it was before").isEqualTo(before);
        assertThat(verify(a, true).found()).isZero();
        assertGoesOn(b);
        assertThat(b.appliance.node().disk().orElseThrow().history()).extracting(event -> event.text())
                .anyMatch(text -> text.startsWith("repaired from the primary at 262144"));

        // The backup knows it as well, when it is the primary.
        a.end();
        await(b, "SOLO");
        awaitProtected(b, start("a"));
        flip("b", 900_000);
        assertDifference(verify(b, true), 851_968, "primary", "repaired");
        assertThat(Files.readAllBytes(pair.state("b").resolve("disk/data.img"))).as("as it was before").isEqualTo(before);
    }

    @Test
    void withoutAnEarlierComparisonThePrimaryIsBelieved() throws Exception {
        makePair(true);
        Lives a = start("a");
        Lives b = start("b");
        awaitProtected(a, b);
        flip("b", 0);
        assertDifference(verify(a, true), 0, "unknown", "repaired");
        assertThat(disksEqual()).isTrue();
        b.end();
        await(a, "SOLO");
        assertThat(a.appliance.node().disk().orElseThrow().verify(request(true))).contains("its partner b is not in sync");
    }

    @Test
    void aResyncThatIsAskedForMakesTheBackupAfresh() throws Exception {
        makePair(true);
        Lives a = start("a");
        Lives b = start("b");
        awaitProtected(a, b);
        assertThat(b.appliance.node().disk().orElseThrow().resync(false)).contains("the live disk is that of node a");
        flip("b", 5_000);
        assertThat(a.appliance.node().disk().orElseThrow().resync(true)).isEmpty();
        PairFiles.await("a full resync", () -> b.appliance.node().status().transitions().stream()
                .anyMatch(each -> each.to().equals("SYNCING")), b.appliance.node()::status);
        awaitProtected(a, b);
        assertThat(disksEqual()).as("also what nobody knew of").isTrue();
        assertThat(b.appliance.node().disk().orElseThrow().history()).extracting(event -> event.text())
                .anyMatch(text -> text.startsWith("resync begins: full: as asked"));
    }

    @Test
    void switchoverChangesTheRolesAndKeepsThePairProtected() throws Exception {
        makePair(true);
        Lives a = start("a");
        Lives b = start("b");
        awaitProtected(a, b);
        assertThat(b.appliance.node().switchOver()).contains("not the primary");
        assertThat(a.appliance.node().switchOver()).isEmpty();
        awaitProtected(b, a);
        assertGoesOn(b);
        assertThat(b.appliance.node().switchOver()).isEmpty();
        awaitProtected(a, b);
        assertGoesOn(a);
        assertThat(a.appliance.node().status().transitions()).as("of all lives").hasSizeGreaterThan(6);
    }
}
