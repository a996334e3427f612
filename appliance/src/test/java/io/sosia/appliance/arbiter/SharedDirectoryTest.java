package io.sosia.appliance.arbiter;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sosia.witness.claim.ClaimCommand;
import io.sosia.witness.claim.ClaimResult;
import io.sosia.witness.claim.ClaimResult.Granted;
import io.sosia.witness.claim.ClaimResult.Reason;
import io.sosia.witness.claim.ClaimResult.Refused;
import io.sosia.witness.claim.ClaimResult.UnknownPair;
import io.sosia.witness.claim.Expected;
import io.sosia.witness.claim.Incarnation;
import io.sosia.witness.claim.Members;
import io.sosia.witness.claim.NodeName;
import io.sosia.witness.claim.Nonce;
import io.sosia.witness.claim.OperatorWord;
import io.sosia.witness.claim.PairId;
import io.sosia.witness.claim.PairRecord;
import io.sosia.witness.claim.PairState;
import io.sosia.witness.claim.TableEntry;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(300)
class SharedDirectoryTest {

    private static final PairId PAIR = new PairId(new UUID(0, 1));
    private static final NodeName A = new NodeName("a");
    private static final NodeName B = new NodeName("b");
    private static final Incarnation LIFE_OF_A = new Incarnation(new UUID(1, 1));
    private static final Incarnation LIFE_OF_B = new Incarnation(new UUID(1, 2));
    private static final int ROUNDS = 300;

    @TempDir
    private Path folder;
    private SharedDirectory one;
    private SharedDirectory other;
    private long nonces;

    @BeforeEach
    void open() {
        one = new SharedDirectory(folder);
        other = new SharedDirectory(folder);
    }

    private Nonce nonce() {
        return new Nonce(new UUID(2, ++nonces));
    }

    private PairRecord born() throws IOException {
        return granted(one.submit(new ClaimCommand.Initialise(PAIR, Members.of(A, B), A, nonce())));
    }

    private PairRecord boot(PairRecord record, Incarnation life) throws IOException {
        return granted(one.submit(new ClaimCommand.ColdBoot(PAIR, record.asExpected(), record.owner(), life, nonce())));
    }

    private PairRecord protect(PairRecord solo) throws IOException {
        return granted(one.submit(protection(solo)));
    }

    private ClaimCommand protection(PairRecord solo) {
        boolean ofA = solo.owner().equals(A);
        return new ClaimCommand.Protect(PAIR, solo.epoch(), solo.owner(), ofA ? LIFE_OF_A : LIFE_OF_B,
                ofA ? LIFE_OF_B : LIFE_OF_A, nonce());
    }

    private ClaimCommand claim(PairRecord record, NodeName node) {
        return new ClaimCommand.ClaimSolo(
                PAIR, record.asExpected(), node, node.equals(A) ? LIFE_OF_A : LIFE_OF_B, nonce());
    }

    private static PairRecord granted(ClaimResult result) {
        assertThat(result).isInstanceOf(Granted.class);
        return ((Granted) result).record();
    }

    private List<Path> files() throws IOException {
        try (Stream<Path> all = Files.list(folder.resolve(PAIR.toString()))) {
            return all.sorted().toList();
        }
    }

    private Path lastFile() throws IOException {
        return files().getLast();
    }

    @Test
    void everyChangeIsAWholeRecordThatTheOtherSideReads() throws IOException {
        PairRecord solo = boot(born(), LIFE_OF_A);
        PairRecord both = protect(solo);
        assertThat(other.read(PAIR)).map(TableEntry::record).contains(both);
        assertThat(both.epoch()).isEqualTo(2);
        assertThat(both.inSync()).containsEntry(A, LIFE_OF_A).containsEntry(B, LIFE_OF_B);
        ClaimCommand end = new ClaimCommand.Stop(PAIR, both.asExpected(), A, LIFE_OF_A, nonce());
        assertThat(granted(one.submit(end)).state()).isEqualTo(PairState.STOPPED);
        assertThat(files()).extracting(file -> file.getFileName().toString()).containsExactly(
                "change-0000000001", "change-0000000002", "change-0000000003", "change-0000000004");
    }

    @Test
    void theRulesAreThoseOfTheTable() throws IOException {
        PairRecord born = born();
        ClaimResult notOwner = other.submit(
                new ClaimCommand.ColdBoot(PAIR, born.asExpected(), B, LIFE_OF_B, nonce()));
        assertThat(notOwner).isEqualTo(new Refused(born, Reason.NOT_OWNER));
        ClaimResult stale = other.submit(
                new ClaimCommand.ColdBoot(PAIR, new Expected(7, PairState.SOLO), A, LIFE_OF_A, nonce()));
        assertThat(stale).isEqualTo(new Refused(born, Reason.EPOCH_DIFFERS));
        assertThat(files()).hasSize(1);
    }

    @Test
    void anOperatorsWordStaysWithThePair() throws IOException {
        PairRecord born = born();
        OperatorWord word = new OperatorWord("ann", "a's host burnt down", 1_700_000_000_000L);
        ClaimCommand order = new ClaimCommand.Override(PAIR, born.asExpected(), B, Optional.empty(), 9, word, nonce());
        granted(one.submit(order));
        assertThat(other.read(PAIR)).map(TableEntry::audit).contains(List.of(order));
    }

    @Test
    void theSameClaimAgainIsGrantedAndWritesNothing() throws IOException {
        ClaimCommand boot = new ClaimCommand.ColdBoot(PAIR, born().asExpected(), A, LIFE_OF_A, nonce());
        PairRecord record = granted(one.submit(boot));
        assertThat(granted(other.submit(boot))).isEqualTo(record);
        assertThat(files()).hasSize(2);
    }

    @Test
    void ofTwoClaimersExactlyOneWins() throws Exception {
        PairRecord record = protect(boot(born(), LIFE_OF_A));
        int won = 0;
        for (int round = 0; round < ROUNDS; round++) {
            List<ClaimResult> results = race(claim(record, A), claim(record, B));
            PairRecord winner = onlyGrant(results);
            assertThat(results).contains(new Refused(winner, Reason.EPOCH_DIFFERS));
            assertThat(winner.epoch()).isEqualTo(record.epoch() + 1);
            won += winner.owner().equals(A) ? 1 : 0;
            record = protect(winner);
        }
        assertThat(one.read(PAIR)).map(TableEntry::record).contains(record);
        System.out.println("of " + ROUNDS + " races over a shared directory " + won + " were won by a");
    }

    @Test
    void aChangeWithinTheEpochAndOneThatEndsItExcludeEachOther() throws Exception {
        PairRecord solo = boot(born(), LIFE_OF_A);
        for (int round = 0; round < ROUNDS; round++) {
            ClaimCommand.ColdBoot newLife = new ClaimCommand.ColdBoot(
                    PAIR, solo.asExpected(), A, new Incarnation(new UUID(3, round)), nonce());
            PairRecord winner = onlyGrant(race(protection(solo), newLife));
            solo = winner.state() == PairState.SOLO ? boot(winner, LIFE_OF_A) : granted(one.submit(claim(winner, A)));
        }
    }

    private static PairRecord onlyGrant(List<ClaimResult> results) {
        assertThat(results).filteredOn(Granted.class::isInstance).hasSize(1);
        return results.stream().filter(Granted.class::isInstance).map(SharedDirectoryTest::granted).findFirst().orElseThrow();
    }

    private List<ClaimResult> race(ClaimCommand first, ClaimCommand second) throws Exception {
        CyclicBarrier start = new CyclicBarrier(2);
        try (ExecutorService runners = Executors.newFixedThreadPool(2)) {
            Future<ClaimResult> left = runners.submit(() -> {
                start.await();
                return one.submit(first);
            });
            Future<ClaimResult> right = runners.submit(() -> {
                start.await();
                return other.submit(second);
            });
            return List.of(left.get(), right.get());
        }
    }

    @Test
    void aWriterThatDiedBeforeItsLinkHasChangedNothing() throws IOException {
        PairRecord record = boot(born(), LIFE_OF_A);
        Path whole = lastFile().resolveSibling(".new-" + new UUID(0, 7));
        Files.copy(lastFile(), whole);
        Path cut = lastFile().resolveSibling(".new-" + new UUID(0, 8));
        Files.write(cut, new byte[] {1, 2, 3});
        assertThat(other.read(PAIR)).map(TableEntry::record).contains(record);
        Files.setLastModifiedTime(whole, FileTime.from(Instant.now().minus(Duration.ofHours(2))));
        protect(record);
        assertThat(whole).as("left two hours ago").doesNotExist();
        assertThat(cut).as("may be on its way").exists();
    }

    @Test
    void aTornRecordIsNeitherReadNorPassedOver() throws IOException {
        PairRecord record = boot(born(), LIFE_OF_A);
        byte[] whole = Files.readAllBytes(lastFile());
        List<byte[]> damaged = new ArrayList<>();
        for (int at = 0; at < whole.length; at++) {
            damaged.add(Arrays.copyOf(whole, at));
            byte[] flipped = whole.clone();
            flipped[at] ^= 0x40;
            damaged.add(flipped);
        }
        for (byte[] torn : damaged) {
            Files.write(lastFile(), torn);
            assertThatThrownBy(() -> one.read(PAIR)).isInstanceOf(IOException.class).hasMessageContaining("not whole");
            assertThatThrownBy(() -> one.submit(protection(record))).isInstanceOf(IOException.class);
        }
        Files.write(lastFile(), whole);
        protect(record);
    }

    @Test
    void aMissingRecordIsNoticed() throws IOException {
        PairRecord record = boot(born(), LIFE_OF_A);
        protect(record);
        Files.delete(files().get(1));
        assertThatThrownBy(() -> one.read(PAIR)).hasMessageContaining("holds 2 records, but the last is number 3");
    }

    @Test
    void aRecordOfAnotherPairIsNotTakenForOurs() throws IOException {
        born();
        PairId stranger = new PairId(new UUID(0, 2));
        one.submit(new ClaimCommand.Initialise(stranger, Members.of(A, B), A, nonce()));
        Files.copy(folder.resolve(stranger.toString()).resolve("change-0000000001"),
                folder.resolve(PAIR.toString()).resolve("change-0000000002"));
        assertThatThrownBy(() -> one.read(PAIR)).hasMessageContaining("is not about pair");
    }

    @Test
    void aPlaceWhereNothingIsMountedIsNotAnEmptyDirectory() throws IOException {
        ClaimCommand claim = new ClaimCommand.ColdBoot(
                PAIR, new Expected(1, PairState.SOLO), A, LIFE_OF_A, nonce());
        assertThatThrownBy(() -> one.read(PAIR)).hasMessageContaining("is it mounted?");
        assertThatThrownBy(() -> one.submit(claim)).hasMessageContaining("is it mounted?");
        assertThat(folder).isEmptyDirectory();
        SharedDirectory absent = new SharedDirectory(folder.resolve("nowhere"));
        assertThatThrownBy(() -> absent.submit(new ClaimCommand.Initialise(PAIR, Members.of(A, B), A, nonce())))
                .isInstanceOf(IOException.class);
        assertThat(folder).isEmptyDirectory();
    }

    @Test
    void aPairThatWasNotBornHereIsUnknown() throws IOException {
        born();
        PairId stranger = new PairId(new UUID(0, 2));
        assertThat(other.read(stranger)).isEmpty();
        assertThat(other.submit(new ClaimCommand.ColdBoot(
                stranger, new Expected(1, PairState.SOLO), A, LIFE_OF_A, nonce()))).isEqualTo(new UnknownPair(stranger));
    }
}
