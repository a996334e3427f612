package io.sosia.witness.server;

import static io.sosia.witness.claim.Samples.A;
import static io.sosia.witness.claim.Samples.MEMBERS;
import static io.sosia.witness.claim.Samples.PAIR;
import static io.sosia.witness.claim.Samples.life;
import static io.sosia.witness.claim.Samples.nonce;
import static io.sosia.witness.claim.Samples.pair;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sosia.witness.claim.ClaimCommand.ColdBoot;
import io.sosia.witness.claim.ClaimCommand.Initialise;
import io.sosia.witness.claim.ClaimResult;
import io.sosia.witness.claim.Expected;
import io.sosia.witness.claim.NodeName;
import io.sosia.witness.claim.PairRecord;
import io.sosia.witness.claim.PairState;
import io.sosia.witness.claim.TableEntry;
import io.sosia.witness.client.WitnessAddress;
import io.sosia.witness.client.WitnessAnswer;
import io.sosia.witness.client.WitnessAnswer.Answered;
import io.sosia.witness.client.WitnessClient;
import io.sosia.witness.client.WitnessClientConfig;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class WitnessServerTest {
    private static final NodeName NAME = new NodeName("w1");
    private static final Duration LONG = Duration.ofSeconds(60);

    @TempDir
    private Path directory;

    private Path storage;

    @BeforeEach
    void nameStorage() {
        storage = directory.resolve("storage");
    }

    private WitnessConfig config() {
        return new WitnessConfig(NAME, "127.0.0.1", 0, storage);
    }

    private static WitnessClient ask(int port) {
        return WitnessClient.open(new WitnessClientConfig(List.of(new WitnessAddress("127.0.0.1", port))));
    }

    private static PairRecord granted(WitnessAnswer<ClaimResult> answer) {
        if (answer instanceof Answered<ClaimResult>(ClaimResult.Granted(PairRecord record))) {
            return record;
        }
        throw new AssertionError("expected a grant, got " + answer);
    }

    private static Optional<PairRecord> read(WitnessClient client, long number) {
        WitnessAnswer<Optional<TableEntry>> answer = client.read(pair(number), LONG).join();
        if (answer instanceof Answered<Optional<TableEntry>>(Optional<TableEntry> entry)) {
            return entry.map(TableEntry::record);
        }
        throw new AssertionError("expected an answer, got " + answer);
    }

    private static Initialise birth(long number) {
        return new Initialise(pair(number), MEMBERS, A, nonce(number));
    }

    @Test
    void everyGrantSurvivesAKillOfTheWitness() throws Exception {
        WitnessServer.init(config());
        Map<Long, PairRecord> grants = new TreeMap<>();
        try (WitnessProcess process = WitnessProcess.start(NAME, storage);
                WitnessClient client = ask(process.port())) {
            granted(client.submit(birth(1), LONG).join());
            granted(client.submit(new ColdBoot(PAIR, new Expected(1, PairState.SOLO), A, life(1), nonce(99)), LONG)
                    .join());
            List<CompletableFuture<WitnessAnswer<ClaimResult>>> births = new ArrayList<>();
            for (long number = 2; number < 40; number++) {
                births.add(client.submit(birth(number), LONG));
            }
            for (int i = 0; i < 10; i++) {
                granted(births.get(i).join());
            }
            process.kill();
            births.stream()
                    .map(answer -> answer.getNow(null))
                    .filter(Answered.class::isInstance)
                    .map(WitnessServerTest::granted)
                    .forEach(record -> grants.put(record.pairId().value().getLeastSignificantBits(), record));
        }
        assertThat(grants).hasSizeGreaterThanOrEqualTo(10);
        try (WitnessServer server = WitnessServer.start(config());
                WitnessClient client = ask(server.address().getPort())) {
            PairRecord first = read(client, 1).orElseThrow();
            assertThat(first.epoch()).isEqualTo(2);
            assertThat(first.namesInSync(A, life(1))).isTrue();
            grants.forEach((number, record) -> assertThat(read(client, number)).contains(record));
            assertThat(client.submit(birth(1), LONG).join())
                    .isEqualTo(new Answered<>(
                            new ClaimResult.Refused(first, ClaimResult.Reason.PAIR_EXISTS)));
        }
    }

    @Test
    void snapshotsLetTheLogGoAndTheTableComesBackFromThem() throws Exception {
        int pairs = 1_100;
        WitnessConfig config = new WitnessConfig(NAME, "127.0.0.1", 0, storage, 300);
        WitnessServer.init(config);
        try (WitnessServer server = WitnessServer.start(config);
                WitnessClient client = ask(server.address().getPort())) {
            List<CompletableFuture<WitnessAnswer<ClaimResult>>> under = new ArrayList<>();
            for (long number = 1; number <= pairs; number++) {
                under.add(client.submit(birth(number), LONG));
                if (under.size() == WitnessClient.QUESTIONS_MAX / 2 || number == pairs) {
                    under.forEach(answer -> granted(answer.join()));
                    under.clear();
                }
            }
            assertThat(server.health().pairs()).isEqualTo(pairs);
            assertThat(server.health().granted()).isEqualTo(pairs);
        }
        List<String> files;
        try (Stream<Path> all = Files.walk(storage)) {
            files = all.map(file -> file.getFileName().toString()).toList();
        }
        assertThat(files).anyMatch(name -> name.matches("snapshot\\.\\d+_\\d+"));
        assertThat(files.stream().filter(name -> name.startsWith("log_")))
                .as("the first entries are gone")
                .noneMatch(name -> name.matches("log_(inprogress_)?[01](-.*)?"));
        try (WitnessServer server = WitnessServer.start(config);
                WitnessClient client = ask(server.address().getPort())) {
            WitnessHealth health = server.health();
            assertThat(health.pairs()).isEqualTo(pairs);
            assertThat(health.granted()).as("repeated from the log").isLessThan(pairs);
            assertThat(read(client, 1).orElseThrow().lastChange()).isEqualTo(birth(1));
            assertThat(read(client, pairs).orElseThrow().lastChange()).isEqualTo(birth(pairs));
            assertThat(read(client, pairs + 1)).isEmpty();
        }
    }

    @Test
    void doesNotStartUninitialised() {
        assertThatThrownBy(() -> WitnessServer.start(config()))
                .isInstanceOf(WitnessStorageException.class)
                .hasMessageContaining(storage.toString())
                .hasMessageContaining("sosia witness init");
        assertThat(storage).doesNotExist();
    }

    @Test
    void isInitialisedOnlyOnce() throws IOException {
        WitnessServer.init(config());
        assertThatThrownBy(() -> WitnessServer.init(config()))
                .isInstanceOf(WitnessStorageException.class)
                .hasMessageContaining("already");
    }

    @Test
    void doesNotStartWithoutItsRaftDirectory() throws IOException {
        WitnessServer.init(config());
        Files.move(storage.resolve("raft"), directory.resolve("elsewhere"));
        assertThatThrownBy(() -> WitnessServer.start(config()))
                .isInstanceOf(WitnessStorageException.class)
                .hasMessageContaining("lost its memory");
        Files.createDirectory(storage.resolve("raft"));
        assertThatThrownBy(() -> WitnessServer.start(config())).hasMessageContaining("lost its memory");
    }

    @Test
    void doesNotStartWithTheRaftDirectoryOfAnotherBirth() throws IOException {
        WitnessServer.init(config());
        Path other = directory.resolve("other");
        WitnessServer.init(new WitnessConfig(NAME, "127.0.0.1", 0, other));
        Files.move(storage.resolve("raft"), directory.resolve("elsewhere"));
        Files.move(other.resolve("raft"), storage.resolve("raft"));
        assertThatThrownBy(() -> WitnessServer.start(config()))
                .isInstanceOf(WitnessStorageException.class)
                .hasMessageContaining("lost its memory");
    }

    @Test
    void doesNotStartWithoutItsLog() throws IOException {
        WitnessServer.init(config());
        List<Path> logs;
        try (Stream<Path> files = Files.walk(storage)) {
            logs = files.filter(file -> file.getFileName().toString().startsWith("log_")).toList();
        }
        assertThat(logs).isNotEmpty();
        for (Path log : logs) {
            Files.delete(log);
        }
        assertThatThrownBy(() -> WitnessServer.start(config()))
                .isInstanceOf(WitnessStorageException.class)
                .hasMessageContaining("has no log");
    }

    @Test
    void doesNotStartFromACorruptSnapshot() throws IOException {
        WitnessServer.init(config());
        Path snapshot;
        try (Stream<Path> files = Files.walk(storage)) {
            snapshot = files.filter(file -> file.getFileName().toString().matches("snapshot\\.\\d+_\\d+"))
                    .findFirst()
                    .orElseThrow();
        }
        byte[] bytes = Files.readAllBytes(snapshot);
        bytes[bytes.length - 1] ^= 1;
        Files.write(snapshot, bytes);
        assertThatThrownBy(() -> WitnessServer.start(config()))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("checksum");
    }

    @Test
    void doesNotInitialiseOverARaftDirectoryWhoseIdentityIsLost() throws IOException {
        WitnessServer.init(config());
        Files.delete(storage.resolve("identity"));
        assertThatThrownBy(() -> WitnessServer.init(config()))
                .isInstanceOf(WitnessStorageException.class)
                .hasMessageContaining("restore");
    }

    @Test
    void initialisesAfterAnInitThatWasCutShort() throws IOException {
        Path leftover = storage.resolve("raft.new").resolve("group").resolve("current");
        Files.createDirectories(leftover);
        Files.writeString(leftover.resolve("log_inprogress_0"), "cut");
        WitnessServer.init(config());
        try (WitnessServer server = WitnessServer.start(config())) {
            assertThat(server.health().ready()).isTrue();
        }
    }

    @Test
    void doesNotStartOnTheStorageOfAnotherName() throws IOException {
        WitnessServer.init(config());
        assertThatThrownBy(() -> WitnessServer.start(
                        new WitnessConfig(new NodeName("w2"), "127.0.0.1", 0, storage)))
                .isInstanceOf(WitnessStorageException.class)
                .hasMessageContaining("'w1'")
                .hasMessageContaining("'w2'");
    }

    @Test
    void runsOncePerStorage() throws IOException {
        WitnessServer.init(config());
        try (WitnessServer server = WitnessServer.start(config())) {
            assertThatThrownBy(() -> WitnessServer.start(config()))
                    .isInstanceOf(WitnessStorageException.class)
                    .hasMessageContaining("another witness is running");
            assertThat(server.health().alive()).isTrue();
        }
    }

    @Test
    void namesThePortItCannotHave() throws IOException {
        WitnessServer.init(config());
        try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            WitnessConfig samePort = new WitnessConfig(NAME, "127.0.0.1", taken.getLocalPort(), storage);
            assertThatThrownBy(() -> WitnessServer.start(samePort))
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining("127.0.0.1:" + taken.getLocalPort())
                    .hasMessageContaining("in use");
        }
        try (WitnessServer server = WitnessServer.start(config())) {
            assertThat(server.health().ready()).as("the failed start let go of the storage").isTrue();
        }
    }

    @Test
    void saysSoWhenItEnds() throws Exception {
        WitnessServer.init(config());
        WitnessServer server = WitnessServer.start(config());
        CompletableFuture<String> ended = server.ended();
        assertThat(ended).isNotDone();
        server.close();
        assertThat(ended.get(120, TimeUnit.SECONDS)).isEqualTo("closed");
        assertThat(server.health().alive()).isFalse();
    }

    @Test
    void endsByItselfWhenItsRaftGroupCloses() throws Exception {
        WitnessServer.init(config());
        try (WitnessServer server = WitnessServer.start(config())) {
            server.division().close();
            assertThat(server.ended().get(120, TimeUnit.SECONDS)).contains("Raft group");
        }
    }

    @Test
    void endsByItselfWhenItsLogCannotBeWritten() throws Exception {
        WitnessServer.init(config());
        try (WitnessServer server = WitnessServer.start(config())) {
            server.division().getStateMachine().event().notifyLogFailed(new IOException("No space left"), null);
            assertThat(server.ended().get(120, TimeUnit.SECONDS)).contains("log").contains("No space left");
            assertThat(server.health().alive()).isFalse();
            assertThat(server.health().ready()).isFalse();
        }
    }

    @Test
    void endsByItselfWhenItsLogIsClosed() throws Exception {
        WitnessServer.init(config());
        try (WitnessServer server = WitnessServer.start(config())) {
            server.division().getRaftLog().close();
            // Ratis closes the whole group when it finds the log closed; whichever is noticed first is the reason given.
            assertThat(server.ended().get(120, TimeUnit.SECONDS)).containsAnyOf("log", "Raft group");
        }
    }
}
