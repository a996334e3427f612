package io.sosia.witness.server;

import io.sosia.witness.claim.NodeName;
import io.sosia.witness.identity.Credentials;
import io.sosia.witness.identity.Identity;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509ExtendedKeyManager;
import javax.net.ssl.X509ExtendedTrustManager;

/// Keys and certificates of a witness's members, made by the JDK's keytool: `NAME.p12` each. All of them believe each other, and nobody else.
record KeyFolder(Path path) {

    private static final char[] PASSWORD = "not secret".toCharArray();

    /// Makes them.
    static KeyFolder make(Path path, List<NodeName> members) throws IOException, InterruptedException {
        Files.createDirectories(path);
        for (NodeName member : members) {
            Process keytool = new ProcessBuilder(Path.of(System.getProperty("java.home"), "bin", "keytool").toString(), "-genkeypair",
                    "-alias", member.value(), "-keyalg", "EC", "-groupname", "secp256r1", "-dname", "CN=" + member, "-ext",
                    "san=uri:" + new Identity.OfWitness(member).uri() + ",ip:127.0.0.1", "-validity", "30", "-storetype", "PKCS12",
                    "-keystore", path.resolve(member + ".p12").toString(), "-storepass", new String(PASSWORD))
                    .redirectErrorStream(true)
                    .start();
            String said = new String(keytool.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            if (keytool.waitFor() != 0) {
                throw new IOException("keytool: " + said);
            }
        }
        return new KeyFolder(path);
    }

    /// What that member proves itself with.
    Credentials of(NodeName member) throws IOException {
        try (Stream<Path> files = Files.list(path)) {
            KeyManagerFactory keys = KeyManagerFactory.getInstance("PKIX");
            keys.init(load(path.resolve(member + ".p12")), PASSWORD);
            KeyStore all = KeyStore.getInstance("PKCS12");
            all.load(null, null);
            for (Path file : files.toList()) {
                KeyStore one = load(file);
                String alias = one.aliases().nextElement();
                all.setCertificateEntry(alias, one.getCertificate(alias));
            }
            TrustManagerFactory trust = TrustManagerFactory.getInstance("PKIX");
            trust.init(all);
            return new Credentials(only(X509ExtendedKeyManager.class, keys.getKeyManagers()),
                    only(X509ExtendedTrustManager.class, trust.getTrustManagers()));
        } catch (GeneralSecurityException e) {
            throw new IOException("the keys in " + path + " cannot be used", e);
        }
    }

    private static KeyStore load(Path file) throws GeneralSecurityException, IOException {
        KeyStore store = KeyStore.getInstance("PKCS12");
        try (InputStream in = Files.newInputStream(file)) {
            store.load(in, PASSWORD);
        }
        return store;
    }

    private static <T> T only(Class<T> kind, Object[] managers) {
        return Arrays.stream(managers).filter(kind::isInstance).map(kind::cast).findFirst().orElseThrow();
    }
}
