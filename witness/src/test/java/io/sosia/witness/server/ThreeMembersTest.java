package io.sosia.witness.server;

import static io.sosia.witness.claim.Samples.A;
import static io.sosia.witness.claim.Samples.MEMBERS;
import static io.sosia.witness.claim.Samples.life;
import static io.sosia.witness.claim.Samples.nonce;
import static io.sosia.witness.claim.Samples.pair;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sosia.witness.claim.ClaimCommand;
import io.sosia.witness.claim.ClaimCommand.ColdBoot;
import io.sosia.witness.claim.ClaimCommand.Initialise;
import io.sosia.witness.claim.ClaimResult;
import io.sosia.witness.claim.Expected;
import io.sosia.witness.claim.NodeName;
import io.sosia.witness.claim.PairState;
import io.sosia.witness.claim.TableEntry;
import io.sosia.witness.client.WitnessAddress;
import io.sosia.witness.client.WitnessAnswer;
import io.sosia.witness.client.WitnessAnswer.Answered;
import io.sosia.witness.client.WitnessClient;
import io.sosia.witness.client.WitnessMembership;
import io.sosia.witness.client.WitnessMembership.Member;
import io.sosia.witness.client.WitnessMembership.View;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ThreeMembersTest {
    private static final Duration LONG = Duration.ofSeconds(120);

    @TempDir
    private Path directory;

    private static void granted(WitnessAnswer<ClaimResult> answer) {
        assertThat(answer)
                .isInstanceOfSatisfying(
                        Answered.class,
                        answered -> assertThat(answered.value()).isInstanceOf(ClaimResult.Granted.class));
    }

    private static ClaimCommand birth(long number) {
        return new Initialise(pair(number), MEMBERS, A, nonce(number));
    }

    /// The pair's next cold boot: raises its epoch by one from `epoch`.
    private static ClaimCommand boot(long number, long epoch) {
        return new ColdBoot(
                pair(number), new Expected(epoch, PairState.SOLO), A, life(epoch), nonce(1_000 * number + epoch));
    }

    private static long epoch(WitnessClient client, long number) {
        if (client.read(pair(number), LONG).join() instanceof Answered<Optional<TableEntry>>(var entry)) {
            return entry.orElseThrow().record().epoch();
        }
        throw new AssertionError("pair " + number + " cannot be read");
    }

    @Test
    void claimsUnderWayWhenTheLeaderIsKilledAreGrantedOnceByTheNext() throws Exception {
        try (Trio trio = Trio.form(directory);
                WitnessClient client = trio.client()) {
            for (long number = 1; number <= 20; number++) {
                granted(client.submit(birth(number), LONG).join());
            }
            int leader = trio.leader();
            List<CompletableFuture<WitnessAnswer<ClaimResult>>> claims = new ArrayList<>();
            for (long number = 1; number <= 20; number++) {
                claims.add(client.submit(boot(number, 1), LONG));
            }
            trio.kill(leader);
            claims.forEach(claim -> granted(claim.join()));
            assertThat(trio.leader()).isNotEqualTo(leader);
            for (long number = 1; number <= 20; number++) {
                assertThat(epoch(client, number)).isEqualTo(2);
            }
            trio.start(leader);
            granted(client.submit(boot(1, 2), LONG).join());
        }
    }

    @Test
    void membersRestartedOneByOneKeepEveryGrant() throws Exception {
        try (Trio trio = Trio.form(directory);
                WitnessClient client = trio.client()) {
            granted(client.submit(birth(1), LONG).join());
            for (int i = 0; i < 3; i++) {
                trio.kill(i);
                granted(client.submit(boot(1, 2 * i + 1), LONG).join());
                trio.start(i);
                granted(client.submit(boot(1, 2 * i + 2), LONG).join());
                trio.leader();
            }
            assertThat(epoch(client, 1)).isEqualTo(7);
            assertThat(trio.ask(0).members()).hasSize(3);
        }
    }

    @Test
    void wipedMemberComesBackAsAnotherAndClaimsGoOnMeanwhile() throws Exception {
        try (Trio trio = Trio.form(directory);
                WitnessClient client = trio.client()) {
            granted(client.submit(birth(1), LONG).join());
            View full = trio.ask(0);
            String lost = trio.ask(2).self().id();
            assertThat(full.members()).hasSize(3).extracting(Member::id).contains(lost);
            trio.kill(2);
            assertThatThrownBy(() -> trio.ask(2)).isInstanceOf(IOException.class).hasMessageContaining("does not answer");
            trio.wipe(2);
            assertThatThrownBy(() -> WitnessServer.start(trio.config(2)))
                    .isInstanceOf(WitnessStorageException.class)
                    .hasMessageContaining("--join");
            WitnessServer.initJoining(trio.config(2));
            trio.start(2);
            granted(client.submit(boot(1, 1), LONG).join());
            View unasked = trio.ask(2);
            assertThat(unasked.role()).as("it does not take its former self's place").isEqualTo("joining");
            assertThat(unasked.self().id()).isNotEqualTo(lost).startsWith("w3-");

            View removed = WitnessMembership.remove(trio.address(0), lost, trio.asking());
            assertThat(removed.members()).hasSize(2);
            granted(client.submit(boot(1, 2), LONG).join());
            View added = Trio.add(trio.address(0), trio.address(2), trio.asking());
            assertThat(added.members()).hasSize(3).extracting(Member::id).contains(unasked.self().id());
            assertThat(Trio.add(trio.address(0), trio.address(2), trio.asking()).members())
                    .as("added again")
                    .isEqualTo(added.members());
            granted(client.submit(boot(1, 3), LONG).join());

            trio.kill(0);
            granted(client.submit(boot(1, 4), LONG).join());
            assertThat(epoch(client, 1)).as("known without the first, too").isEqualTo(5);
        }
    }

    @Test
    void memberThatIsNotThereIsNotRemovedNorTheLastOne() throws Exception {
        WitnessConfig config = new WitnessConfig(new NodeName("w1"), "127.0.0.1", 0, directory);
        WitnessServer.init(config);
        try (WitnessServer server = WitnessServer.start(config)) {
            WitnessAddress address = WitnessAddress.of(server.address());
            assertThatThrownBy(() -> WitnessMembership.remove(address, "w9", Trio.PATIENCE))
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining("no member is called 'w9'");
            assertThatThrownBy(() -> WitnessMembership.remove(address, "w1", Trio.PATIENCE))
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining("only member");
            assertThat(WitnessMembership.ask(address, Trio.PATIENCE).role()).isEqualTo("leader");
            assertThat(server.health().role()).isEqualTo(WitnessRole.LEADER);
        }
    }
}
