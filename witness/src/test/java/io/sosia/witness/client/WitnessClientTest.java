package io.sosia.witness.client;

import static io.sosia.witness.claim.Samples.A;
import static io.sosia.witness.claim.Samples.MEMBERS;
import static io.sosia.witness.claim.Samples.PAIR;
import static io.sosia.witness.claim.Samples.life;
import static io.sosia.witness.claim.Samples.nonce;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sosia.witness.claim.ClaimCommand;
import io.sosia.witness.claim.ClaimCommand.ColdBoot;
import io.sosia.witness.claim.ClaimCommand.Initialise;
import io.sosia.witness.claim.ClaimResult;
import io.sosia.witness.claim.Expected;
import io.sosia.witness.claim.NodeName;
import io.sosia.witness.claim.PairState;
import io.sosia.witness.client.WitnessAnswer.Answered;
import io.sosia.witness.client.WitnessAnswer.Unanswered;
import io.sosia.witness.server.WitnessConfig;
import io.sosia.witness.server.WitnessServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.apache.ratis.protocol.exceptions.StateMachineException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class WitnessClientTest {
    private static final NodeName NAME = new NodeName("w1");
    private static final Duration LONG = Duration.ofSeconds(60);
    private static final ClaimCommand BIRTH = new Initialise(PAIR, MEMBERS, A, nonce(1));

    @TempDir
    private Path storage;

    private WitnessServer start(int port) throws IOException {
        return WitnessServer.start(new WitnessConfig(NAME, "127.0.0.1", port, storage));
    }

    private void init() throws IOException {
        WitnessServer.init(new WitnessConfig(NAME, "127.0.0.1", 0, storage));
    }

    private static WitnessClient ask(int port) {
        return WitnessClient.open(new WitnessClientConfig(List.of(new WitnessAddress("127.0.0.1", port))));
    }

    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }

    @Test
    void answersByTheDeadlineWhenNobodyListens() throws Exception {
        try (WitnessClient client = ask(freePort())) {
            client.read(PAIR, Duration.ofSeconds(1)).get(120, TimeUnit.SECONDS);
            long before = System.nanoTime();
            WitnessAnswer<ClaimResult> answer =
                    client.submit(BIRTH, Duration.ofMillis(300)).get(120, TimeUnit.SECONDS);
            long tookMillis = (System.nanoTime() - before) / 1_000_000;
            assertThat(answer).isInstanceOf(Unanswered.class);
            assertThat(((Unanswered<ClaimResult>) answer).why()).contains("127.0.0.1").contains("300 ms");
            assertThat(tookMillis).isBetween(290L, 60_000L);
            assertThat(client.lastAnswerNanos()).isEmpty();
            assertThat(client.answeredWithin(LONG)).isFalse();
        }
    }

    @Test
    void answersByTheDeadlineWhenTheWitnessAcceptsAndSaysNothing() throws Exception {
        try (ServerSocket silent = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
                WitnessClient client = ask(silent.getLocalPort())) {
            assertThat(client.submit(BIRTH, Duration.ofMillis(1_500)).get(120, TimeUnit.SECONDS))
                    .isInstanceOf(Unanswered.class);
        }
    }

    @Test
    void answersBeforeTheDeadlineWhenClosed() throws Exception {
        WitnessClient client = ask(freePort());
        CompletableFuture<WitnessAnswer<ClaimResult>> answer = client.submit(BIRTH, Duration.ofMinutes(5));
        client.close();
        assertThat(answer.get(120, TimeUnit.SECONDS)).isInstanceOf(Unanswered.class);
        assertThat(client.submit(BIRTH, LONG).get(120, TimeUnit.SECONDS)).isInstanceOf(Unanswered.class);
    }

    @Test
    void claimSubmittedBeforeTheWitnessIsThereIsGrantedWhenItComes() throws Exception {
        init();
        int port = freePort();
        try (WitnessClient client = ask(port)) {
            CompletableFuture<WitnessAnswer<ClaimResult>> answer = client.submit(BIRTH, LONG);
            try (WitnessServer _ = start(port)) {
                assertThat(answer.get(120, TimeUnit.SECONDS))
                        .isInstanceOfSatisfying(
                                Answered.class,
                                answered -> assertThat(answered.value()).isInstanceOf(ClaimResult.Granted.class));
            }
        }
    }

    @Test
    void survivesARestartOfTheWitness() throws Exception {
        init();
        int port;
        WitnessClient client;
        try (WitnessServer server = start(0)) {
            port = server.address().getPort();
            client = ask(port);
            assertThat(client.submit(BIRTH, LONG).join()).isInstanceOf(Answered.class);
            assertThat(client.answeredWithin(Duration.ofMinutes(1))).isTrue();
        }
        try (client) {
            ClaimCommand boot = new ColdBoot(PAIR, new Expected(1, PairState.SOLO), A, life(1), nonce(2));
            assertThat(client.submit(boot, Duration.ofMillis(500)).join()).isInstanceOf(Unanswered.class);
            try (WitnessServer _ = start(port)) {
                WitnessAnswer<ClaimResult> granted = client.submit(boot, LONG).join();
                assertThat(granted).isInstanceOf(Answered.class);
                assertThat(client.submit(boot, LONG).join()).as("the same again").isEqualTo(granted);
                assertThat(client.read(PAIR, LONG).join())
                        .isInstanceOfSatisfying(
                                Answered.class, answered -> assertThat((Optional<?>) answered.value()).isPresent());
            }
        }
    }

    @Test
    void commandTheWitnessCannotReadIsRejectedAndNotCarriedOut() throws Exception {
        init();
        try (WitnessServer server = start(0);
                RaftConnection raw = new RaftConnection(new WitnessClientConfig(
                        List.of(new WitnessAddress("127.0.0.1", server.address().getPort()))))) {
            assertThatThrownBy(() -> raw.write(new byte[] {9, 9, 9}))
                    .isInstanceOf(StateMachineException.class)
                    .hasMessageContaining("version 9, expected 1");
            assertThatThrownBy(() -> raw.read(new byte[] {9}))
                    .isInstanceOf(StateMachineException.class)
                    .hasMessageContaining("version 9, expected 1");
            assertThat(server.health().granted() + server.health().notGranted()).isZero();
            assertThat(server.health().ready()).as("and the witness goes on").isTrue();
        }
    }

    @Test
    void moreThanTheLimitOfQuestionsAreNotSent() throws Exception {
        try (WitnessClient client = ask(freePort())) {
            List<CompletableFuture<WitnessAnswer<ClaimResult>>> answers = new ArrayList<>();
            for (int i = 0; i < WitnessClient.QUESTIONS_MAX + 1; i++) {
                answers.add(client.submit(BIRTH, LONG));
            }
            WitnessAnswer<ClaimResult> last = answers.getLast().get(120, TimeUnit.SECONDS);
            assertThat(((Unanswered<ClaimResult>) last).why()).contains("limit");
        }
    }

    @Test
    void deadlinesHaveLimits() throws Exception {
        try (WitnessClient client = ask(freePort())) {
            for (Duration bad : List.of(Duration.ZERO, Duration.ofSeconds(-1), Duration.ofMinutes(11))) {
                assertThatIllegalArgumentException().isThrownBy(() -> client.submit(BIRTH, bad));
            }
        }
    }
}
