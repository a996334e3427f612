package io.sosia.appliance.node;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Keeps what explains a failure in the node's folder.
final class Evidence {

    /// Files kept at most: the oldest go first.
    static final int FILES_MAX = 100;

    private static final Logger DIAGNOSTICS = LoggerFactory.getLogger(Evidence.class);

    private Evidence() {}

    /// Writes a failure down, in a file of its own.
    ///
    /// @param kind what failed, in a word: begins the file's name
    static void write(Path folder, String kind, Throwable cause) {
        StringWriter trace = new StringWriter();
        cause.printStackTrace(new PrintWriter(trace));
        write(folder, kind, trace.toString().lines().toList());
    }

    /// As the other `write`.
    static void write(Path folder, String kind, List<String> lines) {
        Instant now = Instant.now();
        Path file = folder.resolve(kind + "-" + now.toString().replace(':', '.') + ".txt");
        try {
            Files.createDirectories(folder);
            makeRoom(folder);
            Files.write(file, Stream.concat(Stream.of(now.toString()), lines.stream()).toList());
            DIAGNOSTICS.info("evidence is kept in {}", file);
        } catch (IOException e) {
            DIAGNOSTICS.warn("evidence cannot be kept in {}: {}", file, e.getMessage());
        }
    }

    private static void makeRoom(Path folder) throws IOException {
        List<Path> files;
        try (Stream<Path> all = Files.list(folder)) {
            files = all.sorted((one, other) -> time(one).compareTo(time(other))).toList();
        }
        for (Path oldest : files.subList(0, Math.max(0, files.size() - FILES_MAX + 1))) {
            Files.delete(oldest);
        }
    }

    /// The part of a file's name behind its kind: sorts by time.
    private static String time(Path file) {
        String name = file.getFileName().toString();
        return name.substring(name.indexOf('-') + 1);
    }
}
