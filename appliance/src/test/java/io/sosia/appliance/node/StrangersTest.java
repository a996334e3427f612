package io.sosia.appliance.node;

import static io.sosia.appliance.node.RunningNodes.awaitState;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sosia.appliance.config.ConfigException;
import io.sosia.appliance.tls.Authority;
import io.sosia.appliance.tls.Tls;
import io.sosia.witness.claim.NodeName;
import io.sosia.witness.claim.PairId;
import io.sosia.witness.identity.Credentials;
import io.sosia.witness.identity.Identity;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import javax.net.ssl.KeyManager;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManager;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/// A pair that runs, and everybody else who comes to its ports.
@Timeout(600)
class StrangersTest {

    @RegisterExtension
    static final WitnessOfTests WITNESS = new WitnessOfTests();

    private static final int VISITS = 30;

    @TempDir
    private Path folder;
    private PairFiles pair;
    private RunningNodes nodes;

    @BeforeEach
    void giveBirth() throws Exception {
        pair = new PairFiles(folder, WITNESS.port(), "failure: {silenceMillis: 10000}");
        nodes = new RunningNodes(pair);
    }

    @AfterEach
    void closeNodes() throws IOException {
        nodes.close();
    }

    /// Comes without TLS.
    private static void knockPlainly(InetSocketAddress at) throws IOException {
        try (Socket socket = new Socket(at.getAddress(), at.getPort())) {
            socket.setSoTimeout(120_000);
            socket.getOutputStream().write("SOSIA, let me in, I am your partner\n".getBytes(StandardCharsets.US_ASCII));
            readToEnd(socket);
        } catch (SocketException reset) {
            // Hung up.
        }
    }

    private static void readToEnd(Socket socket) throws IOException {
        while (socket.getInputStream().read() >= 0) {
            // An alert, perhaps.
        }
    }

    /// Comes with a certificate; believes whatever it finds.
    private void knockAs(Credentials who, InetSocketAddress at) throws Exception {
        SSLContext context = SSLContext.getInstance("TLSv1.3");
        context.init(new KeyManager[] {who.keys()}, new TrustManager[] {new Credulous()}, null);
        try (SSLSocket socket = (SSLSocket) context.getSocketFactory().createSocket(at.getAddress(), at.getPort())) {
            socket.setSoTimeout(120_000);
            socket.startHandshake();
            readToEnd(socket);
            throw new AssertionError("the server has ended in order, expected a refusal");
        } catch (SSLException | SocketException refused) {
            // As it should be.
        }
    }

    private Credentials credentials(Path authority, PairId pairId, String node) throws IOException {
        Path own = folder.resolve(UUID.randomUUID().toString());
        Authority by = Authority.exists(authority) ? Authority.open(authority) : Authority.create(authority);
        by.issue(new Identity.OfNode(pairId, new NodeName(node)), Authority.VALIDITY_DEFAULT, own);
        return Tls.open(own).forWitness();
    }

    @Test
    void theyChangeNothingAndAreCounted() throws Exception {
        Node a = nodes.start("a");
        Node b = nodes.start("b");
        awaitState(a, "PROTECTED");
        awaitState(b, "READY");
        PairId pairId = PairId.parse(a.status().pairId());
        Path ours = WitnessOfTests.authority(WITNESS.port());
        Credentials otherPair = credentials(ours, new PairId(UUID.randomUUID()), "b");
        Credentials wrongNode = credentials(ours, pairId, "c");
        Credentials otherAuthority = credentials(folder.resolve("forged"), pairId, "b");
        List<NodeStatus.Transition> before = a.status().transitions();
        List<NodeStatus.Transition> beforeOfB = b.status().transitions();

        for (int i = 0; i < VISITS; i++) {
            for (Node node : nodes.all()) {
                knockPlainly(node.listening());
                knockAs(otherPair, node.listening());
                knockAs(wrongNode, node.listening());
                knockAs(otherAuthority, node.listening());
            }
        }

        for (Node node : nodes.all()) {
            TrustStatus trust = node.status().trust();
            assertThat(trust.encrypted()).isTrue();
            PairFiles.await("all of them counted", () -> node.status().trust().connectionsRefused() == 4 * VISITS, node::status);
            assertThat(trust.messagesDropped()).isZero();
        }
        assertThat(a.status().state()).isEqualTo("PROTECTED");
        assertThat(b.status().state()).isEqualTo("READY");
        assertThat(a.status().transitions()).isEqualTo(before);
        assertThat(b.status().transitions()).isEqualTo(beforeOfB);
        long console = a.console().end();
        PairFiles.await("output that the backup has acknowledged", () -> a.console().end() > console, a::status);
    }

    @Test
    void aNodeWithACertificateOfAnotherPairDoesNotStart() throws Exception {
        Path ours = WitnessOfTests.authority(WITNESS.port());
        Files.delete(folder.resolve("tls/a/identity.pem"));
        Authority.open(ours).issue(new Identity.OfNode(new PairId(UUID.randomUUID()), new NodeName("a")),
                Authority.VALIDITY_DEFAULT, folder.resolve("tls/a"));
        assertThatThrownBy(() -> Node.open(pair.config("a"))).isInstanceOf(ConfigException.class)
                .hasMessageContaining("names node a of pair").hasMessageContaining("sosia certs issue");
    }

    @Test
    void aNodeWithoutEncryptionSaysSoAndIsNotLetIn() throws Exception {
        Files.writeString(pair.file("b"), "tls: off\n", StandardOpenOption.APPEND);
        Node a = nodes.start("a");
        Node b = nodes.start("b");
        assertThat(b.status().trust().encrypted()).isFalse();
        assertThat(b.status().witnessReachable()).isFalse();
        PairFiles.await("the witness to count it", () -> WITNESS.health().refused() > 0, WITNESS::health);
        assertThat(a.status().state()).isNotEqualTo("PROTECTED");
    }

    @Test
    void aPairBornElsewhereTakesItsIdFromTheCertificatesBroughtHere() throws Exception {
        Path ours = WitnessOfTests.authority(WITNESS.port());
        PairId pairId = new PairId(UUID.randomUUID());
        Path other = Files.createDirectory(folder.resolve("other"));
        for (String node : new String[] {"a", "b"}) {
            Files.writeString(other.resolve("node-" + node + ".yaml"), Files.readString(pair.file(node)));
            Files.copy(folder.resolve("guest.elf"), other.resolve("guest.elf"), StandardCopyOption.REPLACE_EXISTING);
            Files.copy(folder.resolve("disk.img"), other.resolve("disk.img"), StandardCopyOption.REPLACE_EXISTING);
        }
        List<NodeConfig> configs = List.of(NodeConfig.read(other.resolve("node-a.yaml")),
                NodeConfig.read(other.resolve("node-b.yaml")));
        assertThatThrownBy(() -> PairBirth.of(configs, Optional.empty())).isInstanceOf(ConfigException.class)
                .hasMessageContaining("no certificate in").hasMessageContaining("sosia certs issue --node a");

        for (NodeConfig config : configs) {
            Authority.open(ours).issue(new Identity.OfNode(pairId, config.node()), Authority.VALIDITY_DEFAULT,
                    config.tls().orElseThrow());
        }
        PairBirth birth = PairBirth.of(configs, Optional.empty());
        birth.carryOut(_ -> { });
        assertThat(birth.pairId()).isEqualTo(pairId);
        assertThat(NodeHome.open(configs.getFirst().state(), new NodeName("a")).pairId()).isEqualTo(pairId);
    }
}
