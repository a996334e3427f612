package io.sosia.appliance.node;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Keeps what explains a failure in the node's folder.
final class Evidence {

    private static final Logger DIAGNOSTICS = LoggerFactory.getLogger(Evidence.class);

    private Evidence() {}

    /// Writes a failure down, in a file of its own.
    static void write(Path folder, String kind, Throwable cause) {
        Instant now = Instant.now();
        Path file = folder.resolve(kind + "-" + now.toString().replace(':', '.') + ".txt");
        try {
            Files.createDirectories(folder);
            try (PrintWriter out = new PrintWriter(Files.newBufferedWriter(file))) {
                out.println(now);
                cause.printStackTrace(out);
            }
        } catch (IOException e) {
            DIAGNOSTICS.warn("evidence cannot be kept in {}: {}", file, e.getMessage());
        }
    }
}
