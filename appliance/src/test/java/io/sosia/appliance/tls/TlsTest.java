package io.sosia.appliance.tls;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netty.bootstrap.Bootstrap;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.handler.ssl.NotSslRecordException;
import io.netty.handler.ssl.SslHandler;
import io.sosia.witness.claim.NodeName;
import io.sosia.witness.claim.PairId;
import io.sosia.witness.identity.Identity;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.cert.Certificate;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(240)
class TlsTest {

    private static final PairId PAIR = new PairId(new UUID(7, 7));
    private static final long PATIENCE_NANOS = 30_000_000_000L;
    private static final Identity A = new Identity.OfNode(PAIR, new NodeName("a"));
    private static final Identity B = new Identity.OfNode(PAIR, new NodeName("b"));

    @TempDir
    private Path folder;
    private Authority authority;
    private Tls listening;
    private final MultiThreadIoEventLoopGroup loop = new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
    /// How the handshake went on the side that listens.
    private final CompletableFuture<SslHandler> accepted = new CompletableFuture<>();

    @BeforeEach
    void makeAuthority() throws IOException {
        authority = Authority.create(folder.resolve("authority"));
    }

    @AfterEach
    void closeLoop() {
        loop.shutdownGracefully(0, 1, TimeUnit.SECONDS).awaitUninterruptibly();
    }

    private Tls member(Authority by, Identity identity, String name) throws IOException {
        by.issue(identity, Authority.VALIDITY_DEFAULT, folder.resolve(name));
        return Tls.open(folder.resolve(name));
    }

    /// Node a listens for its partner b.
    private InetSocketAddress listen() throws IOException {
        listening = member(authority, A, "a");
        LinkSecurity security = listening.between(B);
        Channel server = new ServerBootstrap().group(loop).channel(NioServerSocketChannel.class)
                .childHandler(new ChannelInitializer<>() {
                    @Override
                    protected void initChannel(Channel channel) {
                        security.accepted().accept(channel.pipeline());
                        report(channel, accepted);
                    }
                }).bind(InetAddress.getLoopbackAddress(), 0).syncUninterruptibly().channel();
        return (InetSocketAddress) server.localAddress();
    }

    private static void report(Channel channel, CompletableFuture<SslHandler> to) {
        SslHandler handler = channel.pipeline().get(SslHandler.class);
        channel.pipeline().addLast(new ChannelInboundHandlerAdapter() {
            @Override
            public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
                // The handshake's future has it.
                context.close();
            }
        });
        handler.handshakeFuture().addListener(done -> {
            if (done.isSuccess()) {
                to.complete(handler);
            } else {
                to.completeExceptionally(done.cause());
            }
        });
    }

    /// Somebody connects, and expects to find `expected` there.
    ///
    /// @return how the handshake went on the side that dialled
    private CompletableFuture<SslHandler> dial(InetSocketAddress to, Tls who, Identity expected) throws IOException {
        LinkSecurity security = who.between(expected);
        CompletableFuture<SslHandler> dialled = new CompletableFuture<>();
        new Bootstrap().group(loop).channel(NioSocketChannel.class).handler(new ChannelInitializer<>() {
            @Override
            protected void initChannel(Channel channel) {
                security.dialled().accept(channel.pipeline());
                report(channel, dialled);
            }
        }).connect(to).syncUninterruptibly();
        return dialled;
    }

    /// Why the side that listens has refused.
    private String refusal() throws InterruptedException {
        try {
            accepted.get();
        } catch (ExecutionException refused) {
            StringBuilder all = new StringBuilder();
            for (Throwable cause = refused.getCause(); cause != null; cause = cause.getCause()) {
                all.append(cause).append('\n');
            }
            return all.toString();
        }
        throw new AssertionError("it was let in");
    }

    @Test
    void letsThePartnerInOverTls13() throws Exception {
        SslHandler dialled = dial(listen(), member(authority, B, "b"), A).get();

        assertThat(accepted.get().engine().getSession().getProtocol()).isEqualTo("TLSv1.3");
        assertThat(identityAt(accepted.get())).isEqualTo(B);
        assertThat(identityAt(dialled)).isEqualTo(A);
    }

    private static Identity identityAt(SslHandler handler) throws Exception {
        return Identity.of((X509Certificate) handler.engine().getSession().getPeerCertificates()[0]);
    }

    @Test
    void refusesAMemberOfAnotherAuthority() throws Exception {
        Tls stranger = member(Authority.create(folder.resolve("other")), B, "stranger");
        // It believes our authority, so that it is the one refused.
        Files.copy(folder.resolve("authority/authority.pem"), folder.resolve("stranger/trusted.pem"),
                StandardCopyOption.REPLACE_EXISTING);
        stranger.look();
        dial(listen(), stranger, A);

        assertThat(refusal()).contains("is not believed");
    }

    @Test
    void refusesTheSameNodeOfAnotherPair() throws Exception {
        Identity other = new Identity.OfNode(new PairId(new UUID(8, 8)), new NodeName("b"));
        dial(listen(), member(authority, other, "other"), A);

        assertThat(refusal()).contains("its certificate names " + other + ", expected " + B);
    }

    @Test
    void refusesTheWrongNodeOfThePairAndAWitness() throws Exception {
        InetSocketAddress address = listen();
        dial(address, member(authority, A, "itself"), A);
        assertThat(refusal()).contains("its certificate names " + A);

        assertThatThrownBy(() -> Tls.open(folder.resolve("a")).forWitness().trust().checkServerTrusted(
                new MemberFiles(folder.resolve("itself")).now().chain(), "UNKNOWN")).hasMessageContaining("expected a witness");
    }

    @Test
    void refusesACertificateThatHasExpired() throws Exception {
        Instant now = Instant.now();
        authority.issue(B, now.minus(Duration.ofDays(9)), now.minus(Duration.ofDays(1)), folder.resolve("late"));
        dial(listen(), Tls.open(folder.resolve("late")), A);

        assertThat(refusal()).contains("is not believed").contains("NotAfter");
    }

    @Test
    void refusesToTalkToAnotherThanThePartner() throws Exception {
        CompletableFuture<SslHandler> dialled = dial(listen(), member(authority, B, "b"), B);

        assertThatThrownBy(dialled::get).rootCause().hasMessageContaining("its certificate names " + A + ", expected " + B);
    }

    @Test
    void refusesAClientThatDoesNotEncrypt() throws Exception {
        InetSocketAddress address = listen();
        try (Socket socket = new Socket(address.getAddress(), address.getPort())) {
            socket.getOutputStream().write("GET / HTTP/1.0\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
            assertThatThrownBy(accepted::get).hasCauseInstanceOf(NotSslRecordException.class);
        }
    }

    @Test
    void showsANewCertificateWithoutBeingTold() throws Exception {
        InetSocketAddress address = listen();
        Tls b = member(authority, B, "b");
        Certificate first = shownAt(dial(address, b, A).get());
        authority.issue(A, Duration.ofDays(3), folder.resolve("a"));
        Certificate second = first;
        for (long deadline = System.nanoTime() + PATIENCE_NANOS; second.equals(first); ) {
            assertThat(System.nanoTime()).as("still the old one").isLessThan(deadline);
            second = shownAt(dial(address, b, A).get());
        }
        assertThat(Identity.of((X509Certificate) second)).isEqualTo(A);
    }

    private static Certificate shownAt(SslHandler handler) throws Exception {
        return handler.engine().getSession().getPeerCertificates()[0];
    }

    @Test
    void keepsTheOldCertificateWhileTheNewOneCannotBeRead() throws Exception {
        InetSocketAddress address = listen();
        Files.writeString(folder.resolve("a/identity.pem"), "nothing\n");
        listening.look();

        assertThat(identityAt(dial(address, member(authority, B, "b"), A).get())).isEqualTo(A);
    }

    @Test
    void staysWhoItIsWhenItsFolderBecomesAnothers() throws Exception {
        InetSocketAddress address = listen();
        authority.issue(B, Authority.VALIDITY_DEFAULT, folder.resolve("b"));
        Files.copy(folder.resolve("b/identity.pem"), folder.resolve("a/identity.pem"), StandardCopyOption.REPLACE_EXISTING);
        listening.look();

        assertThat(identityAt(dial(address, Tls.open(folder.resolve("b")), A).get())).isEqualTo(A);
        assertThatThrownBy(() -> Tls.open(folder.resolve("a"), A)).hasMessageContaining("names " + B);
    }

    @Test
    void issuesForNobodyElseIntoAFolderNorInTheNameOfAnotherAuthority() throws Exception {
        member(authority, A, "a");
        String identity = Files.readString(folder.resolve("a/identity.pem"));
        assertThatThrownBy(() -> member(authority, B, "a"))
                .hasMessageContaining("holds the key and certificate of " + A).hasMessageContaining("remove that one first");
        Authority other = Authority.create(folder.resolve("other"));
        assertThatThrownBy(() -> member(other, A, "a"))
                .hasMessageContaining("trusted.pem does not name this authority").hasMessageContaining("remove the folder");
        assertThat(folder.resolve("a/identity.pem")).hasContent(identity);

        String both = Pem.of(Pem.read(folder.resolve("other/authority.pem")).certificates().getFirst())
                + Files.readString(folder.resolve("a/trusted.pem"));
        Files.writeString(folder.resolve("a/trusted.pem"), both);
        member(other, A, "a");
        assertThat(folder.resolve("a/trusted.pem")).hasContent(both);
    }

    @Test
    void filesAreForTheirOwnerAlone() throws Exception {
        member(authority, A, "a");

        for (String file : new String[] {"a/identity.pem", "a/trusted.pem", "authority/authority.pem"}) {
            assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(folder.resolve(file)))).isEqualTo("rw-------");
        }
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(folder.resolve("a")))).isEqualTo("rwx------");
    }

    @Test
    void doesNotUseAKeyThatOthersMayRead() throws Exception {
        member(authority, A, "a");
        Files.setPosixFilePermissions(folder.resolve("a/trusted.pem"), PosixFilePermissions.fromString("rw-r--r--"));
        Tls.open(folder.resolve("a"));
        for (String file : new String[] {"a/identity.pem", "authority/authority.pem"}) {
            Files.setPosixFilePermissions(folder.resolve(file), PosixFilePermissions.fromString("rw-r-----"));
        }
        assertThatThrownBy(() -> Tls.open(folder.resolve("a"))).hasMessageContaining("chmod 600 " + folder.resolve("a/identity.pem"));
        assertThatThrownBy(() -> Authority.open(folder.resolve("authority"))).hasMessageContaining("chmod 600");
    }

    @Test
    void doesNotReplaceAnAuthority() {
        assertThatThrownBy(() -> Authority.create(folder.resolve("authority"))).hasMessageContaining("is there already");
    }

    @Test
    void saysWhatIsWrongWithAFolder() throws Exception {
        assertThatThrownBy(() -> Tls.open(folder.resolve("nobody"))).hasMessageContaining("identity.pem is missing");
        member(authority, A, "a");
        member(authority, B, "b");
        String key = Files.readString(folder.resolve("a/identity.pem")).split("-----BEGIN CERT")[0];
        Files.writeString(folder.resolve("b/identity.pem"), key + "-----BEGIN CERT"
                + Files.readString(folder.resolve("b/identity.pem")).split("-----BEGIN CERT")[1]);
        assertThatThrownBy(() -> Tls.open(folder.resolve("b"))).hasMessageContaining("do not belong together");
        assertThatThrownBy(() -> Tls.open(folder.resolve("a"), B)).hasMessageContaining("names " + A + ", expected " + B);
    }

    @Test
    void noCertificateOutlivesItsAuthority() throws Exception {
        Instant until = authority.issue(A, Duration.ofDays(100_000), folder.resolve("a"));

        assertThat(until).isEqualTo(Authority.open(folder.resolve("authority")).validUntil());
    }
}
