package io.sosia.appliance.node;

import io.sosia.appliance.tls.Authority;
import io.sosia.appliance.tls.Tls;
import io.sosia.witness.claim.NodeName;
import io.sosia.witness.identity.Identity;
import io.sosia.witness.server.WitnessConfig;
import io.sosia.witness.server.WitnessHealth;
import io.sosia.witness.server.WitnessServer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;
import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/// A real witness in this process, for all tests of a class. It speaks TLS, by an authority of its own.
public final class WitnessOfTests implements BeforeAllCallback, AfterAllCallback {

    private static final Map<Integer, Path> AUTHORITIES = new ConcurrentHashMap<>();

    private Path folder;
    private WitnessServer server;

    @Override
    public void beforeAll(ExtensionContext context) throws IOException {
        folder = Files.createTempDirectory("sosia-witness");
        server = found(folder, 0, "storage");
    }

    /// Founds and starts a witness; for tests that end it themselves.
    ///
    /// @param folder  where its storage goes, and an authority with its certificate, if that is not there yet
    /// @param port    where it listens; 0 for any that is free
    /// @param storage name of its storage in the folder
    public static WitnessServer found(Path folder, int port, String storage) throws IOException {
        NodeName name = new NodeName("w");
        Path authority = folder.resolve("authority");
        if (!Authority.exists(authority)) {
            Authority.create(authority).issue(new Identity.OfWitness(name), Authority.VALIDITY_DEFAULT, folder.resolve("tls"));
        }
        WitnessConfig config = new WitnessConfig(name, "127.0.0.1", port, folder.resolve(storage))
                .with(Tls.open(folder.resolve("tls")).forWitness());
        WitnessServer.init(config);
        WitnessServer server = WitnessServer.start(config);
        AUTHORITIES.put(server.address().getPort(), authority);
        return server;
    }

    @Override
    public void afterAll(ExtensionContext context) throws Exception {
        AUTHORITIES.remove(port());
        server.close();
        // A thread of Ratis that ends late may put a file where all were gone.
        while (Files.exists(folder)) {
            try (Stream<Path> all = Files.walk(folder)) {
                for (Path file : all.sorted(Comparator.reverseOrder()).toList()) {
                    Files.deleteIfExists(file);
                }
            } catch (DirectoryNotEmptyException | UncheckedIOException changed) {
                LockSupport.parkNanos(10_000_000);
            }
        }
    }

    /// Where it listens.
    public int port() {
        return server.address().getPort();
    }

    /// The folder of the authority that certifies the witness at this port and its nodes.
    static Path authority(int port) {
        return AUTHORITIES.get(port);
    }

    /// What it counts.
    public WitnessHealth health() {
        return server.health();
    }
}
