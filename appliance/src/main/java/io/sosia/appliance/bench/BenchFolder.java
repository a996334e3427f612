package io.sosia.appliance.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.stream.Stream;

/// A temporary folder for recordings and diagnostics, removed with all that is in it.
record BenchFolder(Path path) implements AutoCloseable {

    /// Makes one.
    static BenchFolder make() throws BenchException {
        try {
            return new BenchFolder(Files.createTempDirectory("sosia-bench"));
        } catch (IOException e) {
            throw new BenchException("a temporary folder cannot be made: " + e.getMessage(), e);
        }
    }

    @Override
    public void close() throws BenchException {
        try (Stream<Path> files = Files.walk(path)) {
            for (Path each : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(each);
            }
        } catch (IOException e) {
            throw new BenchException("the temporary folder " + path + " cannot be removed: " + e.getMessage(), e);
        }
    }
}
