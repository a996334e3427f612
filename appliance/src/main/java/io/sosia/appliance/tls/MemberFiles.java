package io.sosia.appliance.tls;

import io.sosia.witness.identity.Identity;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.Signature;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import java.util.List;
import java.util.Optional;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509TrustManager;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// A member's folder: `identity.pem`, its key and certificate, and `trusted.pem`, the authorities it believes. Read at first, and again
/// when [#look] finds that a file has changed since. A certificate that names another member than the first is not taken: whoever runs on
/// this folder stays who he is.
///
/// Safe for use from several threads; only [#look] waits for the disk.
final class MemberFiles {

    static final String IDENTITY = "identity.pem";
    static final String TRUSTED = "trusted.pem";

    private static final Logger DIAGNOSTICS = LoggerFactory.getLogger(MemberFiles.class);

    private final Path folder;
    private Stamp seen;
    private volatile Content content;
    private int versions;
    /// Why the files as they are now are not taken, as told; empty when they are.
    private String refusalTold = "";

    /// What the folder holds, or held.
    ///
    /// @param version counts what was read
    /// @param chain   the member's certificate
    /// @param trust   checks the chains of others: signatures, validity, use
    record Content(int version, Identity identity, PrivateKey key, X509Certificate[] chain, X509TrustManager trust) {}

    private record Stamp(FileTime identity, Object identityFile, FileTime trusted, Object trustedFile) {}

    /// @throws IOException when a file is missing or cannot be used, naming it
    MemberFiles(Path folder) throws IOException {
        this.folder = folder;
        for (String name : List.of(IDENTITY, TRUSTED)) {
            if (!Files.exists(folder.resolve(name))) {
                throw new IOException(folder.resolve(name) + " is missing: `sosia certs issue` makes it");
            }
        }
        seen = stamp();
        content = read();
    }

    static boolean exist(Path folder) {
        return Files.exists(folder.resolve(IDENTITY));
    }

    /// Whom the certificate in a folder names; empty when there is none.
    ///
    /// @throws IOException when that cannot be told
    static Optional<Identity> named(Path folder) throws IOException {
        Path file = folder.resolve(IDENTITY);
        if (!Files.exists(file)) {
            return Optional.empty();
        }
        List<X509Certificate> certificates = Pem.read(file).certificates();
        try {
            if (certificates.isEmpty()) {
                throw new CertificateException("it holds no certificate");
            }
            return Optional.of(Identity.of(certificates.getFirst()));
        } catch (CertificateException e) {
            throw new IOException(file + " does not tell whose it is: " + e.getMessage() + "; remove the folder " + folder
                    + " first if nobody needs it", e);
        }
    }

    /// What the folder held when it was last looked at, or before, if that could not be used.
    Content now() {
        return content;
    }

    /// Looks whether the files have changed, and takes them if they can be used.
    synchronized void look() {
        try {
            Stamp now = stamp();
            if (!now.equals(seen)) {
                take(read());
                seen = now;
            }
            refusalTold = "";
        } catch (IOException | RuntimeException e) {
            // Whatever it is: it must be looked at again.
            if (!e.toString().equals(refusalTold)) {
                refusalTold = e.toString();
                DIAGNOSTICS.warn("the certificate in {} is not taken, the one before it stays in use: {}", folder, e.getMessage());
            }
        }
    }

    private void take(Content read) throws IOException {
        if (!read.identity().equals(content.identity())) {
            throw new IOException("it names " + read.identity() + ", expected " + content.identity()
                    + "; put that one's back, or end it before another takes its place");
        }
        content = read;
        DIAGNOSTICS.info("the certificate in {} has changed: new connections show the new one, good until {}", folder,
                read.chain()[0].getNotAfter().toInstant());
    }

    private Stamp stamp() throws IOException {
        BasicFileAttributes identity = Files.readAttributes(folder.resolve(IDENTITY), BasicFileAttributes.class);
        BasicFileAttributes trusted = Files.readAttributes(folder.resolve(TRUSTED), BasicFileAttributes.class);
        return new Stamp(identity.lastModifiedTime(), identity.fileKey(), trusted.lastModifiedTime(), trusted.fileKey());
    }

    private Content read() throws IOException {
        Pem.Content own = Pem.read(folder.resolve(IDENTITY));
        Pem.Content trusted = Pem.read(folder.resolve(TRUSTED));
        if (own.key().isEmpty() || own.certificates().isEmpty()) {
            throw new IOException(folder.resolve(IDENTITY) + " does not hold a key and its certificate");
        }
        if (trusted.certificates().isEmpty()) {
            throw new IOException(folder.resolve(TRUSTED) + " holds no certificate of an authority");
        }
        try {
            X509Certificate certificate = own.certificates().getFirst();
            checkBelong(own.key().get(), certificate);
            versions++;
            return new Content(versions, Identity.of(certificate), own.key().get(),
                    own.certificates().toArray(X509Certificate[]::new), trustOf(trusted.certificates()));
        } catch (GeneralSecurityException e) {
            throw new IOException("the certificate in " + folder + " cannot be used: " + e.getMessage(), e);
        }
    }

    private void checkBelong(PrivateKey key, X509Certificate certificate) throws GeneralSecurityException, IOException {
        byte[] text = certificate.getSerialNumber().toByteArray();
        Signature signature = Signature.getInstance("SHA256withECDSA");
        signature.initSign(key);
        signature.update(text);
        byte[] signed = signature.sign();
        signature.initVerify(certificate.getPublicKey());
        signature.update(text);
        if (!signature.verify(signed)) {
            throw new IOException("key and certificate in " + folder.resolve(IDENTITY) + " do not belong together");
        }
    }

    private static X509TrustManager trustOf(List<X509Certificate> authorities) throws GeneralSecurityException, IOException {
        KeyStore store = KeyStore.getInstance(KeyStore.getDefaultType());
        store.load(null, null);
        for (X509Certificate authority : authorities) {
            store.setCertificateEntry(authority.getSerialNumber().toString(), authority);
        }
        TrustManagerFactory factory = TrustManagerFactory.getInstance("PKIX");
        factory.init(store);
        for (TrustManager each : factory.getTrustManagers()) {
            if (each instanceof X509TrustManager trust) {
                return trust;
            }
        }
        throw new GeneralSecurityException("this Java has no PKIX trust manager");
    }
}
