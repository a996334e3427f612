package io.sosia.appliance.partition;

import io.sosia.appliance.cli.Sosia;
import io.sosia.appliance.demo.ChildProcess;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/// A `sosia` command as a process on one of the hosts, started and killed as often as wanted; what it says is kept.
final class Command implements AutoCloseable {

    private final List<String> line;
    private final Path log;
    private Process process;

    /// @param on        what runs a command on its host
    /// @param log       what all its lives say
    /// @param arguments after `sosia`
    Command(List<String> on, Path log, String... arguments) {
        this.log = log;
        this.line = new ArrayList<>(on);
        line.addAll(List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--enable-native-access=ALL-UNNAMED", "--sun-misc-unsafe-memory-access=allow", "-Xmx256m",
                "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-D" + ChildProcess.ENDS_WITH_PARENT + "=true",
                "-cp", System.getProperty("java.class.path"), Sosia.class.getName()));
        line.addAll(List.of(arguments));
    }

    void start() throws IOException {
        if (isAlive()) {
            throw new IllegalStateException(log + ": runs already");
        }
        process = new ProcessBuilder(line)
                .redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()))
                .redirectError(ProcessBuilder.Redirect.appendTo(log.toFile())).start();
    }

    boolean isAlive() {
        return process != null && process.isAlive();
    }

    /// `kill -9`, waiting for nothing.
    void strike() {
        process.destroyForcibly();
    }

    /// `kill -9`; returns when it is gone.
    void kill() throws InterruptedException {
        if (process != null) {
            process.destroyForcibly().waitFor();
        }
    }

    /// All it has said, in all its lives.
    String said() throws IOException {
        return Files.exists(log) ? Files.readString(log) : "";
    }

    @Override
    public void close() throws InterruptedException {
        kill();
    }
}
