package io.sosia.appliance.tls;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sosia.appliance.node.PairFiles;
import io.sosia.witness.claim.ClaimCommand;
import io.sosia.witness.claim.ClaimResult;
import io.sosia.witness.claim.Expected;
import io.sosia.witness.claim.Incarnation;
import io.sosia.witness.claim.Members;
import io.sosia.witness.claim.NodeName;
import io.sosia.witness.claim.Nonce;
import io.sosia.witness.claim.PairId;
import io.sosia.witness.claim.PairState;
import io.sosia.witness.claim.TableEntry;
import io.sosia.witness.client.WitnessAddress;
import io.sosia.witness.client.WitnessAnswer;
import io.sosia.witness.client.WitnessClient;
import io.sosia.witness.client.WitnessClientConfig;
import io.sosia.witness.client.WitnessMembership;
import io.sosia.witness.client.WitnessMembership.Asking;
import io.sosia.witness.identity.Credentials;
import io.sosia.witness.identity.Identity;
import io.sosia.witness.server.WitnessConfig;
import io.sosia.witness.server.WitnessServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// A witness over TLS: who is let in, and what each may ask.
@Timeout(300)
class SecureWitnessTest {

    private static final PairId PAIR = new PairId(new UUID(7, 7));
    private static final PairId OTHER_PAIR = new PairId(new UUID(8, 8));
    private static final NodeName A = new NodeName("a");
    private static final Identity NODE = new Identity.OfNode(PAIR, A);
    private static final Identity WITNESS = new Identity.OfWitness(new NodeName("w1"));
    private static final Duration LONG = Duration.ofSeconds(60);
    private static final Duration SHORT = Duration.ofSeconds(2);

    @TempDir
    private Path folder;
    private Authority authority;
    private WitnessServer server;

    @BeforeEach
    void start() throws IOException {
        authority = Authority.create(folder.resolve("authority"));
        WitnessConfig config = new WitnessConfig(new NodeName("w1"), "127.0.0.1", 0, folder.resolve("storage"))
                .with(credentials(authority, WITNESS));
        WitnessServer.init(config);
        server = WitnessServer.start(config);
    }

    @AfterEach
    void stop() {
        server.close();
    }

    private Credentials credentials(Authority by, Identity identity) throws IOException {
        Path own = folder.resolve(UUID.randomUUID().toString());
        by.issue(identity, Authority.VALIDITY_DEFAULT, own);
        return Tls.open(own).forWitness();
    }

    private WitnessAddress address() {
        return new WitnessAddress("127.0.0.1", server.address().getPort());
    }

    private WitnessClient client(Optional<Credentials> who) {
        return WitnessClient.open(new WitnessClientConfig(List.of(address()), who));
    }

    private static ClaimCommand birthOf(PairId pair) {
        return new ClaimCommand.Initialise(pair, Members.of(A, new NodeName("b")), A, new Nonce(new UUID(1, 1)));
    }

    private static WitnessAnswer<ClaimResult> register(WitnessClient client, PairId pair, Duration deadline) throws Exception {
        return client.submit(birthOf(pair), deadline).get(180, TimeUnit.SECONDS);
    }

    private long awaitRefused(long atLeast) {
        PairFiles.await(atLeast + " refused", () -> server.health().refused() >= atLeast, server::health);
        return server.health().refused();
    }

    @Test
    void aNodeClaimsForItsOwnPair() throws Exception {
        try (WitnessClient client = client(Optional.of(credentials(authority, NODE)))) {
            assertThat(register(client, PAIR, LONG)).isInstanceOfSatisfying(WitnessAnswer.Answered.class,
                    answer -> assertThat(answer.value()).isInstanceOf(ClaimResult.Granted.class));
        }
        assertThat(server.health().refused()).isZero();
    }

    @Test
    void aNodeOfAnotherPairCanNeitherClaimNorLook() throws Exception {
        try (WitnessClient owner = client(Optional.of(credentials(authority, NODE)));
                WitnessClient other = client(Optional.of(credentials(authority, new Identity.OfNode(OTHER_PAIR, A))))) {
            register(owner, PAIR, LONG);
            // It is warm: what follows is no slow start.
            assertThat(register(other, OTHER_PAIR, LONG)).isInstanceOf(WitnessAnswer.Answered.class);

            assertThat(register(other, PAIR, LONG)).isInstanceOfSatisfying(WitnessAnswer.Unanswered.class,
                    answer -> assertThat(answer.why()).contains("it may not ask that"));
            long refused = awaitRefused(1);
            assertThat(other.read(PAIR, LONG).get()).isInstanceOf(WitnessAnswer.Unanswered.class);
            awaitRefused(refused + 1);

            WitnessAnswer<Optional<TableEntry>> seen = owner.read(PAIR, LONG).get();
            assertThat(seen).isInstanceOfSatisfying(WitnessAnswer.Answered.class,
                    answer -> assertThat((Optional<?>) answer.value()).isPresent());
        }
    }

    @Test
    void aNodeCannotClaimInItsPartnersName() throws Exception {
        Identity partner = new Identity.OfNode(PAIR, new NodeName("b"));
        try (WitnessClient owner = client(Optional.of(credentials(authority, NODE)));
                WitnessClient other = client(Optional.of(credentials(authority, partner)))) {
            register(owner, PAIR, LONG);
            assertThat(other.read(PAIR, LONG).get()).isInstanceOf(WitnessAnswer.Answered.class);

            ClaimCommand stolen = new ClaimCommand.ColdBoot(PAIR, new Expected(1, PairState.SOLO), A,
                    new Incarnation(new UUID(2, 2)), new Nonce(new UUID(2, 2)));
            assertThat(other.submit(stolen, LONG).get(180, TimeUnit.SECONDS)).isInstanceOfSatisfying(WitnessAnswer.Unanswered.class,
                    answer -> assertThat(answer.why()).contains("it may not ask that"));
            awaitRefused(1);
            assertThat(owner.submit(stolen, LONG).get(180, TimeUnit.SECONDS)).isInstanceOfSatisfying(WitnessAnswer.Answered.class,
                    answer -> assertThat(answer.value()).isInstanceOf(ClaimResult.Granted.class));
        }
    }

    @Test
    void aNodeCannotChangeTheMembers() throws Exception {
        Asking asNode = new Asking(LONG, Optional.of(credentials(authority, NODE)));
        assertThatThrownBy(() -> WitnessMembership.ask(address(), asNode)).isInstanceOf(IOException.class);
        awaitRefused(1);
    }

    @Test
    void aMemberSeesWhoWasTurnedAway() throws Exception {
        Asking asMember = new Asking(LONG, Optional.of(credentials(authority, WITNESS)));
        assertThat(WitnessMembership.ask(address(), asMember).refused()).hasValue(0);

        try (WitnessClient stranger = client(Optional.of(credentials(Authority.create(folder.resolve("other")), NODE)))) {
            assertThat(register(stranger, PAIR, SHORT)).isInstanceOf(WitnessAnswer.Unanswered.class);
            // A slow one may not have come yet; it comes again by itself.
            awaitRefused(1);
        }
        assertThat(WitnessMembership.ask(address(), asMember).refused().orElseThrow()).isPositive();
    }

    @Test
    void whoDoesNotEncryptIsTurnedAway() throws Exception {
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), server.address().getPort())) {
            socket.getOutputStream().write(new byte[64]);
            awaitRefused(1);
        }
        try (WitnessClient plain = client(Optional.empty())) {
            assertThat(register(plain, PAIR, SHORT)).isInstanceOf(WitnessAnswer.Unanswered.class);
        }
        try (WitnessClient client = client(Optional.of(credentials(authority, NODE)))) {
            assertThat(register(client, PAIR, LONG)).isInstanceOf(WitnessAnswer.Answered.class);
        }
    }

    @Test
    void aNodeIsNotBelievedToBeAWitness() throws Exception {
        WitnessConfig config = new WitnessConfig(new NodeName("w2"), "127.0.0.1", 0, folder.resolve("false"))
                .with(credentials(authority, NODE));
        WitnessServer.init(config);
        try (WitnessServer impostor = WitnessServer.start(config);
                WitnessClient client = WitnessClient.open(new WitnessClientConfig(
                        List.of(new WitnessAddress("127.0.0.1", impostor.address().getPort())),
                        Optional.of(credentials(authority, NODE))))) {
            assertThat(register(client, PAIR, SHORT)).isInstanceOf(WitnessAnswer.Unanswered.class);
            assertThat(impostor.health().pairs()).isZero();
        }
    }
}
