package io.sosia.appliance.tls;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Files of keys and certificates as text (RFC 7468). Only their owner may read them, and each is replaced whole and durably. A key that
/// others may read, or replace, is not used.
final class Pem {

    private static final Pattern SECTION =
            Pattern.compile("-----BEGIN ([A-Z0-9 ]+)-----([^-]*)-----END \\1-----", Pattern.DOTALL);
    private static final String KEY = "PRIVATE KEY";
    private static final String CERTIFICATE = "CERTIFICATE";
    private static final int FILE_BYTES_MAX = 1 << 20;
    private static final Set<PosixFilePermission> OWNERS = PosixFilePermissions.fromString("rwx------");

    private Pem() {}

    /// What a file holds.
    ///
    /// @param key          the private key (PKCS#8, elliptic curve), if there is one
    /// @param certificates in the file's order
    record Content(Optional<PrivateKey> key, List<X509Certificate> certificates) {}

    /// @throws IOException when it cannot be read, holds something else, or holds a key and is open to others, naming the file
    static Content read(Path file) throws IOException {
        if (Files.size(file) > FILE_BYTES_MAX) {
            throw new IOException(file + " is longer than keys and certificates are");
        }
        Matcher section = SECTION.matcher(Files.readString(file, StandardCharsets.US_ASCII));
        Optional<PrivateKey> key = Optional.empty();
        List<X509Certificate> certificates = new ArrayList<>();
        try {
            while (section.find()) {
                byte[] der = Base64.getMimeDecoder().decode(section.group(2));
                switch (section.group(1)) {
                    case KEY -> key = Optional.of(KeyFactory.getInstance("EC").generatePrivate(new PKCS8EncodedKeySpec(der)));
                    case CERTIFICATE -> certificates.add((X509Certificate)
                            CertificateFactory.getInstance("X.509").generateCertificate(new ByteArrayInputStream(der)));
                    default -> throw new IOException(file + " holds a " + section.group(1) + ", expected keys (PKCS#8) and "
                            + "certificates");
                }
            }
        } catch (GeneralSecurityException | IllegalArgumentException e) {
            throw new IOException(file + " cannot be understood: " + e.getMessage(), e);
        }
        if (key.isPresent()) {
            checkIsPrivate(file);
        }
        return new Content(key, List.copyOf(certificates));
    }

    private static void checkIsPrivate(Path file) throws IOException {
        Set<PosixFilePermission> open = Files.getPosixFilePermissions(file);
        if (!OWNERS.containsAll(open)) {
            throw new IOException(file + " holds a private key and is open to others than its owner ("
                    + PosixFilePermissions.toString(open) + "): chmod 600 " + file + ". If one you do not trust may have read it, renew it");
        }
    }

    static String of(PrivateKey key) {
        return section(KEY, key.getEncoded());
    }

    static String of(X509Certificate certificate) throws IOException {
        try {
            return section(CERTIFICATE, certificate.getEncoded());
        } catch (GeneralSecurityException e) {
            throw new IOException(e);
        }
    }

    private static String section(String name, byte[] der) {
        return "-----BEGIN " + name + "-----\n"
                + Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(der)
                + "\n-----END " + name + "-----\n";
    }

    /// Makes the folder if it is missing, for its owner alone.
    static void makeFolder(Path folder) throws IOException {
        if (!Files.isDirectory(folder)) {
            Path parent = folder.toAbsolutePath().getParent();
            if (parent != null) {
                Files.createDirectories(parent);
            }
            Files.createDirectory(folder, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
        }
    }

    /// Puts the text in the place of the file, whole or not at all.
    static void write(Path file, String text) throws IOException {
        Path draft = file.resolveSibling(file.getFileName() + ".new");
        Files.deleteIfExists(draft);
        Files.createFile(draft, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
        Files.writeString(draft, text);
        sync(draft, StandardOpenOption.WRITE);
        Files.move(draft, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        sync(file.toAbsolutePath().getParent(), StandardOpenOption.READ);
    }

    private static void sync(Path path, StandardOpenOption how) throws IOException {
        try (FileChannel channel = FileChannel.open(path, how)) {
            channel.force(true);
        }
    }
}
