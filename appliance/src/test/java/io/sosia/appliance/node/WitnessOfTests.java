package io.sosia.appliance.node;

import io.sosia.witness.claim.NodeName;
import io.sosia.witness.server.WitnessConfig;
import io.sosia.witness.server.WitnessServer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/// A real witness in this process, for all tests of a class.
public final class WitnessOfTests implements BeforeAllCallback, AfterAllCallback {

    private Path folder;
    private WitnessServer server;

    @Override
    public void beforeAll(ExtensionContext context) throws IOException {
        folder = Files.createTempDirectory("sosia-witness");
        WitnessConfig config = new WitnessConfig(new NodeName("w"), "127.0.0.1", 0, folder.resolve("storage"));
        WitnessServer.init(config);
        server = WitnessServer.start(config);
    }

    @Override
    public void afterAll(ExtensionContext context) throws Exception {
        server.close();
        List<Path> files;
        try (Stream<Path> all = Files.walk(folder)) {
            files = all.sorted(Comparator.reverseOrder()).toList();
        }
        for (Path file : files) {
            Files.delete(file);
        }
    }

    /// Where it listens.
    public int port() {
        return server.address().getPort();
    }
}
