package io.sosia.appliance.tls;

import java.io.IOException;
import java.net.Socket;
import java.security.Principal;
import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.X509ExtendedKeyManager;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Shows a member's one certificate to whoever is at the other end: the one that is in its folder when the handshake begins. An alias
/// is the version of what was read, so that a renewal in the midst of a handshake does not mix the old with the new.
final class MemberKeys extends X509ExtendedKeyManager {

    private static final Logger DIAGNOSTICS = LoggerFactory.getLogger(MemberKeys.class);

    private final MemberFiles files;
    private volatile MemberFiles.Content now;
    private volatile MemberFiles.Content before;
    /// Why the files as they are now are not taken, as told; null when they are.
    private String refusalTold;

    MemberKeys(MemberFiles files) {
        this.files = files;
        this.now = files.usable();
        this.before = now;
    }

    private synchronized String alias() {
        try {
            MemberFiles.Content read = files.content();
            refusalTold = null;
            if (read.version() != now.version()) {
                before = now;
                now = read;
                DIAGNOSTICS.info("the certificate in {} has changed: new connections show the new one, good until {}",
                        files.folder(), read.chain()[0].getNotAfter().toInstant());
            }
        } catch (IOException e) {
            if (!e.toString().equals(refusalTold)) {
                refusalTold = e.toString();
                DIAGNOSTICS.warn("the certificate in {} is not taken, the one before it stays in use: {}", files.folder(),
                        e.getMessage());
            }
        }
        return Integer.toString(now.version());
    }

    private MemberFiles.Content of(String alias) {
        MemberFiles.Content latest = now;
        return Integer.toString(latest.version()).equals(alias) ? latest : before;
    }

    @Override
    public String[] getClientAliases(String keyType, Principal[] issuers) {
        return new String[] {alias()};
    }

    @Override
    public String chooseClientAlias(String[] keyTypes, Principal[] issuers, Socket socket) {
        return alias();
    }

    @Override
    public String chooseEngineClientAlias(String[] keyTypes, Principal[] issuers, SSLEngine engine) {
        return alias();
    }

    @Override
    public String[] getServerAliases(String keyType, Principal[] issuers) {
        return new String[] {alias()};
    }

    @Override
    public String chooseServerAlias(String keyType, Principal[] issuers, Socket socket) {
        return alias();
    }

    @Override
    public String chooseEngineServerAlias(String keyType, Principal[] issuers, SSLEngine engine) {
        return alias();
    }

    @Override
    public X509Certificate[] getCertificateChain(String alias) {
        return of(alias).chain().clone();
    }

    @Override
    public PrivateKey getPrivateKey(String alias) {
        return of(alias).key();
    }
}
