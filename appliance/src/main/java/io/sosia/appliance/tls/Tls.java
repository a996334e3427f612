package io.sosia.appliance.tls;

import io.netty.handler.ssl.ClientAuth;
import io.netty.handler.ssl.OpenSsl;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslHandler;
import io.netty.handler.ssl.SslProvider;
import io.sosia.appliance.tls.PinnedTrust.Expected;
import io.sosia.witness.identity.Credentials;
import io.sosia.witness.identity.Identity;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLException;

/// One member's side of mutual TLS 1.3, from the files in its folder. BoringSSL where Netty has it, else the JDK's.
public final class Tls {

    private static final int HANDSHAKE_SECONDS = 5;
    private static final Expected ANYBODY = new Expected("any member", _ -> true);
    private static final Expected A_WITNESS = new Expected("a witness", identity -> identity instanceof Identity.OfWitness);

    private final MemberFiles files;
    private final MemberKeys keys;

    private Tls(MemberFiles files) {
        this.files = files;
        this.keys = new MemberKeys(files);
    }

    /// Whether a certificate is in this folder.
    public static boolean exists(Path folder) {
        return MemberFiles.exist(folder);
    }

    /// Whom the certificate in this folder names; empty when there is none.
    ///
    /// @throws IOException when that cannot be told
    public static Optional<Identity> named(Path folder) throws IOException {
        return MemberFiles.named(folder);
    }

    /// @throws IOException when a file is missing, or cannot be used, naming it
    public static Tls open(Path folder) throws IOException {
        MemberFiles files = new MemberFiles(folder);
        MemberWatch.begin(files);
        return new Tls(files);
    }

    /// Looks at the files at once; else they are looked at every second.
    void look() {
        files.look();
    }

    /// The same, of the member expected there.
    ///
    /// @throws IOException when the certificate names another one, too
    public static Tls open(Path folder, Identity member) throws IOException {
        Tls tls = open(folder);
        if (!tls.identity().equals(member)) {
            throw new IOException("the certificate in " + folder + " names " + tls.identity() + ", expected " + member
                    + "; issue one with `sosia certs issue`");
        }
        return tls;
    }

    /// Whom the certificate names.
    public Identity identity() {
        return files.now().identity();
    }

    /// The end of the validity of what new connections show.
    public Instant validUntil() {
        return files.now().chain()[0].getNotAfter().toInstant();
    }

    /// For the witness and whoever asks it: only a witness is believed to be one; who may ask what, it decides itself.
    public Credentials forWitness() {
        return new Credentials(keys, new PinnedTrust(files, ANYBODY, A_WITNESS));
    }

    /// For connections between this node and its partner, which nobody else gets.
    ///
    /// @throws IOException when TLS cannot be set up here
    public LinkSecurity between(Identity partner) throws IOException {
        Expected expected = new Expected(partner.toString(), partner::equals);
        PinnedTrust trust = new PinnedTrust(files, expected, expected);
        SslContext server = build(SslContextBuilder.forServer(keys).trustManager(trust).clientAuth(ClientAuth.REQUIRE));
        SslContext client = build(SslContextBuilder.forClient().keyManager(keys).trustManager(trust)
                // The name is pinned, see PinnedTrust.
                .endpointIdentificationAlgorithm(null));
        return new LinkSecurity(pipeline -> pipeline.addLast(handler(server.newHandler(pipeline.channel().alloc()))),
                pipeline -> pipeline.addLast(handler(client.newHandler(pipeline.channel().alloc()))), true);
    }

    private static SslHandler handler(SslHandler handler) {
        handler.setHandshakeTimeout(HANDSHAKE_SECONDS, TimeUnit.SECONDS);
        return handler;
    }

    private static SslContext build(SslContextBuilder builder) throws SSLException {
        return builder.sslProvider(OpenSsl.isAvailable() ? SslProvider.OPENSSL : SslProvider.JDK)
                .protocols("TLSv1.3")
                .build();
    }
}
