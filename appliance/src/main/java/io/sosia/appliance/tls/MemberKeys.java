package io.sosia.appliance.tls;

import java.net.Socket;
import java.security.Principal;
import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.X509ExtendedKeyManager;

/// Shows a member's one certificate to whoever is at the other end: the latest known when the handshake begins. An alias
/// is the version of what was read, so that a renewal in the midst of a handshake does not mix the old with the new.
final class MemberKeys extends X509ExtendedKeyManager {

    private final MemberFiles files;
    private volatile MemberFiles.Content now;
    private volatile MemberFiles.Content before;

    MemberKeys(MemberFiles files) {
        this.files = files;
        this.now = files.now();
        this.before = now;
    }

    private synchronized String alias() {
        MemberFiles.Content latest = files.now();
        if (latest != now) {
            before = now;
            now = latest;
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
