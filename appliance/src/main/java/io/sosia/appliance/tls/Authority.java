package io.sosia.appliance.tls;

import io.sosia.witness.identity.Identity;
import java.io.IOException;
import java.math.BigInteger;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.PrivateKey;
import java.security.SecureRandom;
import java.security.cert.X509Certificate;
import java.security.spec.ECGenParameterSpec;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Date;
import java.util.HexFormat;
import java.util.Optional;
import javax.security.auth.x500.X500Principal;
import org.bouncycastle.asn1.x509.BasicConstraints;
import org.bouncycastle.asn1.x509.ExtendedKeyUsage;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.GeneralNames;
import org.bouncycastle.asn1.x509.KeyPurposeId;
import org.bouncycastle.asn1.x509.KeyUsage;
import org.bouncycastle.cert.X509v3CertificateBuilder;
import org.bouncycastle.cert.jcajce.JcaX509CertificateConverter;
import org.bouncycastle.cert.jcajce.JcaX509ExtensionUtils;
import org.bouncycastle.cert.jcajce.JcaX509v3CertificateBuilder;
import org.bouncycastle.operator.OperatorCreationException;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;

/// A private certificate authority: one folder with one file, `authority.pem`, its key and its own certificate. Whoever has that file
/// can make members; nodes and witnesses do not need it to run.
public final class Authority {

    /// How long a member's certificate holds when nothing else is said.
    public static final Duration VALIDITY_DEFAULT = Duration.ofDays(730);
    /// The longest a member's certificate may hold.
    public static final Duration VALIDITY_MAX = Duration.ofDays(7_300);

    private static final Duration OWN_VALIDITY = Duration.ofDays(7_300);
    /// A host whose clock is behind takes a new certificate, too.
    private static final Duration CLOCKS_APART = Duration.ofHours(24);
    private static final String FILE = "authority.pem";
    private static final String SIGNATURE = "SHA256withECDSA";
    private static final SecureRandom CHANCE = new SecureRandom();

    private final PrivateKey key;
    private final X509Certificate certificate;

    private Authority(PrivateKey key, X509Certificate certificate) {
        this.key = key;
        this.certificate = certificate;
    }

    /// Whether there is one in this folder.
    public static boolean exists(Path folder) {
        return Files.exists(folder.resolve(FILE));
    }

    /// Where it is looked for when nobody says where: the folder `authority` beside a member's.
    public static Path besideMember(Path folder) {
        return folder.toAbsolutePath().normalize().resolveSibling("authority");
    }

    /// Makes a new one.
    ///
    /// @throws IOException when there is one already, or the folder cannot be written
    public static Authority create(Path folder) throws IOException {
        if (exists(folder)) {
            throw new IOException(folder.resolve(FILE) + " is there already; a new authority would make every certificate issued "
                    + "so far worthless. Name another folder, or move that file away");
        }
        Pem.makeFolder(folder);
        KeyPair pair = newKey();
        byte[] number = new byte[4];
        CHANCE.nextBytes(number);
        X500Principal name = new X500Principal("CN=Sosia authority " + HexFormat.of().formatHex(number));
        Instant now = Instant.now();
        try {
            X509v3CertificateBuilder builder = new JcaX509v3CertificateBuilder(name, serial(),
                    Date.from(now.minus(CLOCKS_APART)), Date.from(now.plus(OWN_VALIDITY)), name, pair.getPublic());
            builder.addExtension(Extension.basicConstraints, true, new BasicConstraints(0));
            builder.addExtension(Extension.keyUsage, true, new KeyUsage(KeyUsage.keyCertSign | KeyUsage.cRLSign));
            builder.addExtension(Extension.subjectKeyIdentifier, false,
                    new JcaX509ExtensionUtils().createSubjectKeyIdentifier(pair.getPublic()));
            X509Certificate own = sign(builder, pair.getPrivate());
            Pem.write(folder.resolve(FILE), Pem.of(pair.getPrivate()) + Pem.of(own));
            return new Authority(pair.getPrivate(), own);
        } catch (GeneralSecurityException | OperatorCreationException e) {
            throw new IOException("no authority can be made: " + e.getMessage(), e);
        }
    }

    /// @throws IOException when there is none, or its file is damaged
    public static Authority open(Path folder) throws IOException {
        Path file = folder.resolve(FILE);
        if (!exists(folder)) {
            throw new IOException("no authority is in " + folder + " (" + file + " is missing); name its folder, or make one with "
                    + "`sosia certs init`");
        }
        Pem.Content content = Pem.read(file);
        if (content.key().isEmpty() || content.certificates().size() != 1) {
            throw new IOException(file + " does not hold one key and one certificate");
        }
        return new Authority(content.key().get(), content.certificates().getFirst());
    }

    /// The end of its own validity, and so of all it issues.
    public Instant validUntil() {
        return certificate.getNotAfter().toInstant();
    }

    /// Makes a new key and a certificate for it, and puts both into a member's folder, in place of the same member's. Others are not
    /// told: a certificate issued before is good until its end. The authorities the folder believes stay, if this is one of them.
    ///
    /// @param validity from now on; never past the authority's own end
    /// @return the end of its validity
    /// @throws IOException when the folder is another member's or believes other authorities only, with nothing changed in it; or
    ///     cannot be written
    public Instant issue(Identity identity, Duration validity, Path folder) throws IOException {
        Instant now = Instant.now().truncatedTo(ChronoUnit.SECONDS);
        return issue(identity, now.minus(CLOCKS_APART), now.plus(validity), folder);
    }

    /// The same, for a validity that began at another time.
    Instant issue(Identity identity, Instant from, Instant until, Path folder) throws IOException {
        Instant end = until.isAfter(validUntil()) ? validUntil() : until;
        checkIsOf(identity, folder);
        boolean believed = believedIn(folder);
        KeyPair pair = newKey();
        try {
            X509v3CertificateBuilder builder = new JcaX509v3CertificateBuilder(certificate.getSubjectX500Principal(), serial(),
                    Date.from(from), Date.from(end), subject(identity), pair.getPublic());
            JcaX509ExtensionUtils extensions = new JcaX509ExtensionUtils();
            builder.addExtension(Extension.basicConstraints, true, new BasicConstraints(false));
            builder.addExtension(Extension.keyUsage, true, new KeyUsage(KeyUsage.digitalSignature));
            // Members both dial and listen.
            builder.addExtension(Extension.extendedKeyUsage, false, new ExtendedKeyUsage(
                    new KeyPurposeId[] {KeyPurposeId.id_kp_serverAuth, KeyPurposeId.id_kp_clientAuth}));
            builder.addExtension(Extension.subjectAlternativeName, false,
                    new GeneralNames(new GeneralName(GeneralName.uniformResourceIdentifier, identity.uri())));
            builder.addExtension(Extension.authorityKeyIdentifier, false,
                    extensions.createAuthorityKeyIdentifier(certificate.getPublicKey()));
            Pem.makeFolder(folder);
            if (!believed) {
                Pem.write(folder.resolve(MemberFiles.TRUSTED), Pem.of(certificate));
            }
            Pem.write(folder.resolve(MemberFiles.IDENTITY), Pem.of(pair.getPrivate()) + Pem.of(sign(builder, key)));
            return end;
        } catch (GeneralSecurityException | OperatorCreationException e) {
            throw new IOException("no certificate can be made for " + identity + ": " + e.getMessage(), e);
        }
    }

    private static void checkIsOf(Identity identity, Path folder) throws IOException {
        Optional<Identity> there = MemberFiles.named(folder);
        if (there.isPresent() && !there.get().equals(identity)) {
            throw new IOException(folder + " holds the key and certificate of " + there.get() + ", not of " + identity
                    + "; name another folder, or remove that one first if nobody needs it any more");
        }
    }

    /// Whether the folder believes this authority; not if it has yet to learn whom to believe.
    ///
    /// @throws IOException when it believes others only
    private boolean believedIn(Path folder) throws IOException {
        Path trusted = folder.resolve(MemberFiles.TRUSTED);
        if (!Files.exists(trusted)) {
            return false;
        }
        if (!Pem.read(trusted).certificates().contains(certificate)) {
            throw new IOException(trusted + " does not name this authority, " + certificate.getSubjectX500Principal()
                    + ", but another; use that one, or remove the folder " + folder + " first. To move to this authority step by step, "
                    + "add its certificate to that file, on all members, first");
        }
        return true;
    }

    /// Checks that a member's certificate is of this authority, so that what it says may be said again.
    ///
    /// @throws IOException when another has signed it, or nobody
    public void checkIssued(Path folder) throws IOException {
        Path file = folder.resolve(MemberFiles.IDENTITY);
        try {
            for (X509Certificate issued : Pem.read(file).certificates()) {
                issued.verify(certificate.getPublicKey());
            }
        } catch (GeneralSecurityException e) {
            throw new IOException("the certificate in " + file + " was not issued by this authority, "
                    + certificate.getSubjectX500Principal() + ": anybody may have written the name in it. Renew it with the authority that "
                    + "issued it, or issue anew for a name you know, with `sosia certs issue`", e);
        }
    }

    /// For people; what counts is the URI.
    private static X500Principal subject(Identity identity) {
        return new X500Principal("CN=" + switch (identity) {
            case Identity.OfNode(var _, var node) -> node.value();
            case Identity.OfWitness(var name) -> name.value();
        });
    }

    private static X509Certificate sign(X509v3CertificateBuilder builder, PrivateKey by)
            throws OperatorCreationException, GeneralSecurityException {
        return new JcaX509CertificateConverter().getCertificate(builder.build(new JcaContentSignerBuilder(SIGNATURE).build(by)));
    }

    private static KeyPair newKey() throws IOException {
        try {
            KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
            generator.initialize(new ECGenParameterSpec("secp256r1"));
            return generator.generateKeyPair();
        } catch (GeneralSecurityException e) {
            throw new IOException("no key can be made: " + e.getMessage(), e);
        }
    }

    private static BigInteger serial() {
        return new BigInteger(120, CHANCE).setBit(120);
    }
}
