package io.sosia.appliance.tls;

import io.sosia.witness.identity.Identity;
import java.net.Socket;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import java.util.function.Predicate;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.X509ExtendedTrustManager;
import javax.net.ssl.X509TrustManager;

/// Believes a certificate when one of our authorities has signed it, it is valid now, and it names whom we expect. The address it comes
/// from is not looked at: with the name pinned it would add nothing, and a member may move.
final class PinnedTrust extends X509ExtendedTrustManager {

    /// Who may be at the other end.
    ///
    /// @param who  in words, for refusals
    record Expected(String who, Predicate<Identity> fits) {}

    private final MemberFiles files;
    private final Expected dialling;
    private final Expected listening;

    /// @param dialling  who may connect to us
    /// @param listening whom we connect to
    PinnedTrust(MemberFiles files, Expected dialling, Expected listening) {
        this.files = files;
        this.dialling = dialling;
        this.listening = listening;
    }

    private X509TrustManager authorities() {
        return files.now().trust();
    }

    private void checkClient(X509Certificate[] chain, String authType) throws CertificateException {
        try {
            authorities().checkClientTrusted(chain, authType);
        } catch (CertificateException e) {
            throw refusal(chain, e);
        }
        checkName(chain[0], dialling);
    }

    private void checkServer(X509Certificate[] chain, String authType) throws CertificateException {
        try {
            authorities().checkServerTrusted(chain, authType);
        } catch (CertificateException e) {
            throw refusal(chain, e);
        }
        checkName(chain[0], listening);
    }

    private static CertificateException refusal(X509Certificate[] chain, CertificateException failure) {
        Throwable root = failure;
        while (root.getCause() != null) {
            root = root.getCause();
        }
        return new CertificateException("the certificate of " + chain[0].getSubjectX500Principal() + " by "
                + chain[0].getIssuerX500Principal() + " is not believed: " + root.getMessage(), failure);
    }

    private static void checkName(X509Certificate certificate, Expected expected) throws CertificateException {
        Identity identity = Identity.of(certificate);
        if (!expected.fits().test(identity)) {
            throw new CertificateException("its certificate names " + identity + ", expected " + expected.who());
        }
    }

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String authType, Socket socket) throws CertificateException {
        checkClient(chain, authType);
    }

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String authType, SSLEngine engine) throws CertificateException {
        checkClient(chain, authType);
    }

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String authType) throws CertificateException {
        checkClient(chain, authType);
    }

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String authType, Socket socket) throws CertificateException {
        checkServer(chain, authType);
    }

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String authType, SSLEngine engine) throws CertificateException {
        checkServer(chain, authType);
    }

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String authType) throws CertificateException {
        checkServer(chain, authType);
    }

    @Override
    public X509Certificate[] getAcceptedIssuers() {
        return authorities().getAcceptedIssuers();
    }
}
