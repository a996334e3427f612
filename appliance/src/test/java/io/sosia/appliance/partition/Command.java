package io.sosia.appliance.partition;

import io.sosia.appliance.cli.Sosia;
import io.sosia.appliance.demo.ChildProcess;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/// A `sosia` command as a process on one of the hosts, started and killed as often as wanted; what it says is kept, by us: the host may refuse
/// the command itself every write.
final class Command implements AutoCloseable {

    private static final int END_SECONDS = 60;

    private final List<String> line;
    private final Path log;
    private Process process;
    private Thread keeper;

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
        process = new ProcessBuilder(line).redirectErrorStream(true).start();
        Process speaking = process;
        keeper = Thread.ofPlatform().daemon().name("log").start(() -> keep(speaking));
    }

    private void keep(Process speaking) {
        try (InputStream said = speaking.getInputStream();
                OutputStream kept = Files.newOutputStream(log, StandardOpenOption.CREATE, StandardOpenOption.APPEND)) {
            said.transferTo(kept);
        } catch (IOException e) {
            throw new UncheckedIOException(log + " cannot be kept", e);
        }
    }

    /// From now on the host refuses whatever this life of the command writes to a file (EFBIG, setrlimit(2)), wherever in it; or lets it write
    /// again.
    void refuseWrites(boolean refused) throws IOException, InterruptedException {
        String pid = Long.toString(process.pid());
        String hard = Network.run("prlimit", "--pid", pid, "--fsize", "--output=HARD", "--noheadings", "--raw").strip();
        Network.run("prlimit", "--pid", pid, "--fsize=" + (refused ? "0" : hard) + ":");
    }

    /// Returns when it has ended by itself.
    void awaitEnd() throws InterruptedException {
        if (!process.waitFor(END_SECONDS, TimeUnit.SECONDS)) {
            throw new IllegalStateException(log + ": goes on, but should have ended");
        }
        keeper.join();
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
            // Not the process itself: it would close what its last words come by.
            process.toHandle().destroyForcibly();
            process.waitFor();
            keeper.join();
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
