package io.sosia.appliance.channel;

import static org.assertj.core.api.Assertions.assertThat;

import io.sosia.appliance.channel.ChannelEnd.Told;
import io.sosia.appliance.pair.PeerMessage;
import io.sosia.appliance.tls.Authority;
import io.sosia.appliance.tls.LinkSecurity;
import io.sosia.appliance.tls.Tls;
import io.sosia.witness.claim.NodeName;
import io.sosia.witness.claim.PairId;
import io.sosia.witness.identity.Identity;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// The link between two nodes over TLS, and what strangers can do to it: nothing.
@Timeout(300)
class SecureChannelTest {

    private static final PairId PAIR = new PairId(new UUID(7, 7));
    private static final Identity A = node(PAIR, "a");
    private static final Identity B = node(PAIR, "b");
    private static final int STRANGERS = 40;
    /// So many the channel listens to before they say Hello.
    private static final int STRANGERS_MAX = 8;

    @TempDir
    private Path folder;
    private Authority authority;
    private ChannelEnd server;
    private InetSocketAddress address;
    private final List<AutoCloseable> open = new ArrayList<>();

    private static Identity node(PairId pair, String name) {
        return new Identity.OfNode(pair, new NodeName(name));
    }

    @BeforeEach
    void listen() throws Exception {
        authority = Authority.create(folder.resolve("authority"));
        server = end(ChannelEnd.anyPort(), security(authority, A, B));
        address = server.listen();
    }

    @AfterEach
    void closeAll() throws Exception {
        for (AutoCloseable each : open.reversed()) {
            each.close();
        }
    }

    private ChannelEnd end(InetSocketAddress partner, LinkSecurity security) {
        ChannelEnd end = new ChannelEnd(partner, security);
        open.add(end);
        return end;
    }

    private LinkSecurity security(Authority by, Identity self, Identity partner) throws IOException {
        Path own = folder.resolve(UUID.randomUUID().toString());
        by.issue(self, Authority.VALIDITY_DEFAULT, own);
        return Tls.open(own).between(partner);
    }

    private ChannelEnd dial(LinkSecurity security) {
        ChannelEnd dialler = end(address, security);
        dialler.onLoop(dialler.channel()::dial);
        return dialler;
    }

    private ChannelEnd partner() throws Exception {
        ChannelEnd partner = dial(security(authority, B, A));
        assertThat(partner.next("a connection")).isInstanceOf(Told.Dialled.class);
        partner.send(ChannelEnd.hello());
        assertThat(server.nextMessage("Hello")).isEqualTo(ChannelEnd.hello());
        return partner;
    }

    /// Sends bytes that are no TLS, and returns when the server has hung up.
    private void intrude() throws IOException {
        try (Socket socket = new Socket(address.getAddress(), address.getPort())) {
            socket.setSoTimeout(120_000);
            socket.getOutputStream().write(new byte[64]);
            while (socket.getInputStream().read() >= 0) {
                // An alert, perhaps.
            }
        } catch (SocketException reset) {
            // Hung up, too.
        }
    }

    @Test
    void carriesBothWays() throws Exception {
        ChannelEnd partner = partner();
        server.send(new PeerMessage.Refusal("not now"));
        assertThat(partner.nextMessage("a refusal")).isEqualTo(new PeerMessage.Refusal("not now"));
    }

    @Test
    void countsStrangersAndServesThePartnerAfterwards() throws Exception {
        for (int i = 0; i < STRANGERS; i++) {
            intrude();
        }
        server.awaitDropped(STRANGERS);
        partner();
        assertThat(server.told).isEmpty();
    }

    @Test
    void connectionsThatOnlyWaitDoNotKeepThePartnerOut() throws Exception {
        for (int i = 0; i < STRANGERS_MAX; i++) {
            Socket socket = new Socket(address.getAddress(), address.getPort());
            open.add(socket);
        }
        partner();
        server.awaitDroppedAtLeast(1);
    }

    @Test
    void strangersDoNotDisturbALinkThereIs() throws Exception {
        ChannelEnd partner = partner();
        ChannelEnd impostor = end(address, security(authority, node(new PairId(new UUID(8, 8)), "b"), A));
        for (int i = 0; i < STRANGERS; i++) {
            intrude();
            impostor.onLoop(impostor.channel()::dial);
            assertThat(impostor.next("a connection, as far as it can tell")).isInstanceOf(Told.Dialled.class);
            assertThat(impostor.nextLoss()).isNotBlank();
            partner.send(new PeerMessage.Refusal("message " + i));
            assertThat(server.nextMessage("message " + i)).isEqualTo(new PeerMessage.Refusal("message " + i));
        }
        server.awaitDropped(2 * STRANGERS);
        assertThat(server.told).isEmpty();
        assertThat(partner.told).isEmpty();
    }

    @Test
    void doesNotSayHelloToAnImpostorThatListens() throws Exception {
        ChannelEnd mistaken = dial(security(authority, B, node(PAIR, "c")));
        // It dials again and again.
        mistaken.awaitDroppedAtLeast(2);
        assertThat(mistaken.told).isEmpty();
        assertThat(server.told).isEmpty();
    }
}
