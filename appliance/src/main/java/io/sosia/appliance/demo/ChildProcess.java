package io.sosia.appliance.demo;

import java.io.File;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/// One `sosia` command running in a process of its own, by the same Java, class path and options as this process.
///
/// A child lives no longer than this process, even when that is killed: it ends when its standard input does, which
/// the kernel closes with us (property [#ENDS_WITH_PARENT], honoured by the command line's entry).
public final class ChildProcess {

    /// System property of a process that is to end when its standard input ends.
    public static final String ENDS_WITH_PARENT = "sosia.endsWithParent";

    private static final String MAIN = "io.sosia.appliance.cli.Sosia";
    private static final int TAIL_LINES = 15;
    private static final Duration KILL_LIMIT = Duration.ofSeconds(10);
    private static final List<String> KEPT_OPTIONS = List.of(
            "--enable-native-access", "--sun-misc-unsafe", "--add-opens", "--add-exports", "-XX:", "-Xlog:", "-Dsosia.");

    private final String name;
    private final Process process;
    private final Path out;
    private final Path diagnostics;

    private ChildProcess(String name, Process process, Path out, Path diagnostics) {
        this.name = name;
        this.process = process;
        this.out = out;
        this.diagnostics = diagnostics;
    }

    /// Starts a command.
    ///
    /// @param name      in messages, and of its two files `NAME.out` and `NAME.log`
    /// @param logs      where what it prints (`.out`) and its diagnostics (`.log`) go
    /// @param heapMiB   most memory of its Java heap; the guest's RAM lies outside
    /// @param arguments after `sosia`
    /// @throws DemoException when no process can be started
    static ChildProcess start(String name, Path logs, int heapMiB, List<String> arguments) throws DemoException {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        for (String option : ManagementFactory.getRuntimeMXBean().getInputArguments()) {
            if (KEPT_OPTIONS.stream().anyMatch(option::startsWith)) {
                command.add(option);
            }
        }
        Collections.addAll(command, "-Xmx" + heapMiB + "m", "-D" + ENDS_WITH_PARENT + "=true");
        Collections.addAll(command, "-cp", System.getProperty("java.class.path"), MAIN);
        command.addAll(arguments);
        Path out = logs.resolve(name + ".out");
        Path diagnostics = logs.resolve(name + ".log");
        try {
            Process process = new ProcessBuilder(command)
                    .redirectOutput(ProcessBuilder.Redirect.appendTo(new File(out.toString())))
                    .redirectError(ProcessBuilder.Redirect.appendTo(new File(diagnostics.toString())))
                    .start();
            return new ChildProcess(name, process, out, diagnostics);
        } catch (IOException e) {
            throw new DemoException(name + " cannot be started: " + e.getMessage(), e);
        }
    }

    /// The name it was started with.
    public String name() {
        return name;
    }

    public long pid() {
        return process.pid();
    }

    public boolean isAlive() {
        return process.isAlive();
    }

    /// What it has printed so far.
    ///
    /// @throws DemoException when that cannot be read
    public String printed() throws DemoException {
        try {
            return Files.readString(out);
        } catch (IOException e) {
            throw new DemoException("what " + name + " printed cannot be read: " + e.getMessage(), e);
        }
    }

    /// Waits until it has printed a whole line with a certain text.
    ///
    /// @return that line
    /// @throws DemoException when it ends before, or does not in time; with the tail of its diagnostics
    String awaitLine(String text, Duration limit) throws DemoException {
        String[] found = new String[1];
        Patience.await(name + " says \"" + text + "\"", limit, () -> {
            boolean alive = isAlive();
            String printed = printed();
            found[0] = printed.substring(0, printed.lastIndexOf('\n') + 1).lines()
                    .filter(line -> line.contains(text)).findFirst().orElse(null);
            if (found[0] == null && !alive) {
                throw new DemoException(name + " has ended with status " + process.exitValue()
                        + " before it was ready" + tail());
            }
            return found[0] != null;
        });
        return found[0];
    }

    /// Waits for its end.
    ///
    /// @return its exit status; 128 + N after signal N
    /// @throws DemoException when it does not end in time
    public int awaitEnd(Duration limit) throws DemoException {
        try {
            if (!process.waitFor(limit.toMillis(), TimeUnit.MILLISECONDS)) {
                throw new DemoException("waited " + limit.toSeconds() + " s and still not: " + name + " has ended"
                        + tail());
            }
            return process.exitValue();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new DemoException("interrupted while waiting for the end of " + name, e);
        }
    }

    /// Waits for its end, which has to be a success.
    ///
    /// @throws DemoException when it fails or does not end in time, with the tail of its diagnostics
    void awaitSuccess(Duration limit) throws DemoException {
        int status = awaitEnd(limit);
        if (status != 0) {
            throw new DemoException(name + " failed with status " + status + tail());
        }
    }

    /// `kill -9`, waiting for nothing.
    public void kill() {
        process.destroyForcibly();
    }

    /// SIGTERM.
    public void terminate() {
        process.destroy();
    }

    /// Sends a signal by its name, such as `STOP`.
    ///
    /// @throws DemoException when it is gone
    public void signal(String signal) throws DemoException {
        try {
            Process kill = new ProcessBuilder("kill", "-" + signal, Long.toString(pid())).start();
            if (kill.waitFor() != 0) {
                throw new DemoException(name + " (process " + pid() + ") takes no SIG" + signal);
            }
        } catch (IOException e) {
            throw new DemoException("SIG" + signal + " cannot be sent: " + e.getMessage(), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new DemoException("interrupted while sending SIG" + signal, e);
        }
    }

    /// `kill -9`, and waits until it is gone.
    void end() {
        process.destroyForcibly();
        waitUninterrupted();
    }

    /// Lets it tidy up, and kills it when that takes long.
    void endPolitely() {
        process.destroy();
        waitUninterrupted();
        end();
    }

    private void waitUninterrupted() {
        try {
            process.waitFor(KILL_LIMIT.toMillis(), TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /// The last lines of its diagnostics, each indented, after a line that says what they are; empty when there are
    /// none.
    public String tail() {
        List<String> lines = Stream.of(diagnostics, out).flatMap(ChildProcess::linesOf).toList();
        if (lines.isEmpty()) {
            return "";
        }
        List<String> last = lines.subList(Math.max(0, lines.size() - TAIL_LINES), lines.size());
        String next = System.lineSeparator() + "    ";
        return System.lineSeparator() + "  the last lines of " + diagnostics + ":" + next + String.join(next, last);
    }

    private static Stream<String> linesOf(Path file) {
        try {
            return Files.exists(file) ? Files.readString(file, StandardCharsets.UTF_8).lines() : Stream.empty();
        } catch (IOException unreadable) {
            return Stream.of("(" + file + " cannot be read: " + unreadable.getMessage() + ")");
        }
    }
}
