package io.sosia.witness.server;

import static io.sosia.witness.claim.Samples.A;
import static io.sosia.witness.claim.Samples.MEMBERS;
import static io.sosia.witness.claim.Samples.life;
import static io.sosia.witness.claim.Samples.nonce;
import static io.sosia.witness.claim.Samples.pair;
import static org.assertj.core.api.Assertions.assertThat;

import io.sosia.witness.claim.ClaimCommand;
import io.sosia.witness.claim.ClaimCommand.ColdBoot;
import io.sosia.witness.claim.ClaimCommand.Initialise;
import io.sosia.witness.claim.ClaimResult;
import io.sosia.witness.claim.Expected;
import io.sosia.witness.claim.NodeName;
import io.sosia.witness.claim.PairState;
import io.sosia.witness.client.WitnessAddress;
import io.sosia.witness.client.WitnessAnswer;
import io.sosia.witness.client.WitnessAnswer.Answered;
import io.sosia.witness.client.WitnessClient;
import io.sosia.witness.client.WitnessClientConfig;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;
import org.apache.ratis.util.LifeCycle;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// A member that was away while the others dropped the log it lacks. Three members in this process, so that the test can look into
/// them.
@Timeout(600)
class SnapshotInstallationTest {
    private static final Duration LONG = Duration.ofSeconds(120);
    private static final int SNAPSHOT_EVERY = 100;
    private static final int PAIRS = 50;
    private static final int UNDER_WAY_MAX = 16;

    @TempDir
    private Path directory;

    private final WitnessConfig[] configs = new WitnessConfig[3];
    private final WitnessServer[] members = new WitnessServer[3];
    private WitnessClient client;
    private long epoch = 1;

    @BeforeEach
    void form() throws Exception {
        List<ServerSocket> taken = new ArrayList<>();
        List<WitnessAddress> addresses = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            taken.add(new ServerSocket(0, 1, InetAddress.getLoopbackAddress()));
            int port = taken.getLast().getLocalPort();
            addresses.add(new WitnessAddress("127.0.0.1", port));
            String name = "w" + (i + 1);
            configs[i] = new WitnessConfig(
                    new NodeName(name), "127.0.0.1", port, directory.resolve(name), SNAPSHOT_EVERY);
        }
        for (ServerSocket socket : taken) {
            socket.close();
        }
        WitnessServer.init(configs[0]);
        members[0] = WitnessServer.start(configs[0]);
        for (int i = 1; i < 3; i++) {
            WitnessServer.initJoining(configs[i]);
            members[i] = WitnessServer.start(configs[i]);
            Trio.add(addresses.get(0), addresses.get(i), Trio.PATIENCE);
        }
        client = WitnessClient.open(new WitnessClientConfig(addresses));
        for (int number = 1; number <= PAIRS; number++) {
            granted(client.submit(new Initialise(pair(number), MEMBERS, A, nonce(number)), LONG));
        }
    }

    @AfterEach
    void end() {
        if (client != null) {
            client.close();
        }
        for (WitnessServer member : members) {
            if (member != null) {
                member.close();
            }
        }
    }

    private static void granted(CompletableFuture<WitnessAnswer<ClaimResult>> asked) {
        assertThat(asked.join())
                .isInstanceOfSatisfying(
                        Answered.class,
                        answered -> assertThat(answered.value()).isInstanceOf(ClaimResult.Granted.class));
    }

    /// Boots every pair once more.
    private void claimEach() {
        Deque<CompletableFuture<WitnessAnswer<ClaimResult>>> underWay = new ArrayDeque<>();
        for (int number = 1; number <= PAIRS; number++) {
            ClaimCommand boot = new ColdBoot(
                    pair(number), new Expected(epoch, PairState.SOLO), A, life(epoch), nonce(1_000L * number + epoch));
            underWay.add(client.submit(boot, LONG));
            if (underWay.size() == UNDER_WAY_MAX) {
                granted(underWay.remove());
            }
        }
        underWay.forEach(SnapshotInstallationTest::granted);
        epoch++;
    }

    private static void await(String what, BooleanSupplier so) {
        long deadline = System.nanoTime() + LONG.toNanos();
        while (!so.getAsBoolean()) {
            assertThat(System.nanoTime() - deadline).as("nanoseconds past the time for: %s", what).isNegative();
            LockSupport.parkNanos(10_000_000);
        }
    }

    private WitnessServer leader() {
        List<WitnessServer> leading = new ArrayList<>();
        await("one leads", () -> {
            leading.clear();
            Stream.of(members).filter(each -> each != null && each.health().role() == WitnessRole.LEADER).forEach(leading::add);
            return leading.size() == 1;
        });
        return leading.getFirst();
    }

    /// Sizes of the files whose names begin so; looks again when one is gone meanwhile.
    private static List<Long> sizes(Path storage, String prefix) {
        while (true) {
            try (Stream<Path> files = Files.walk(storage)) {
                List<Long> sizes = new ArrayList<>();
                for (Path file : files.filter(each -> each.getFileName().toString().startsWith(prefix)
                        && !each.getFileName().toString().endsWith(".md5")).toList()) {
                    sizes.add(Files.size(file));
                }
                return sizes;
            } catch (IOException | UncheckedIOException gone) {
                LockSupport.parkNanos(10_000_000);
            }
        }
    }

    @Test
    void memberThatWasAwayLongerThanTheLogIsKeptCatchesUpByASnapshotAndIsAMemberAsBefore() throws Exception {
        claimEach();
        int away = leader() == members[2] ? 1 : 2;
        long seen = members[away].health().appliedIndex();
        members[away].close();
        members[away] = null;
        WitnessServer leader = leader();
        while (leader.division().getRaftLog().getStartIndex() <= seen + 1) {
            assertThat(epoch).as("rounds of claims until the log is dropped").isLessThan(200);
            claimEach();
        }

        members[away] = WitnessServer.start(configs[away]);
        WitnessServer returned = members[away];
        await("it has all of it", () -> returned.entries().equals(leader.entries()));
        assertThat(returned.entries()).hasSize(PAIRS);
        assertThat(returned.health().alive()).isTrue();
        assertThat(returned.division().getInfo().getLifeCycleState()).isEqualTo(LifeCycle.State.RUNNING);
        assertThat(returned.division().getRaftLog().getStartIndex()).as("it never had the log before").isGreaterThan(seen + 1);

        // It counts again: with another gone, nothing is granted without it.
        int other = 3 - away - List.of(members).indexOf(leader);
        members[other].close();
        members[other] = null;
        claimEach();
        await("it follows", () -> returned.entries().equals(leader.entries()));

        returned.close();
        members[away] = WitnessServer.start(configs[away]);
        claimEach();
        await("it starts from the snapshot it was sent", () -> members[away].entries().equals(leader.entries()));
    }

    @Test
    void storageStaysBoundedHoweverManyClaimsThereAre() throws Exception {
        for (int round = 0; round < 60; round++) {
            claimEach();
        }
        for (WitnessConfig config : configs) {
            // Two are kept; the next is there before the oldest goes.
            assertThat(sizes(config.storage(), "snapshot.")).as("snapshots of %s", config.name()).hasSizeBetween(1, 3);
            // 3,000 claims take about 1 MB of log. A slow member drops it a moment after the last of them.
            await("a short log of " + config.name(), () -> sizes(config.storage(), "log_").stream().mapToLong(each -> each).sum() < 400_000);
        }
    }
}
