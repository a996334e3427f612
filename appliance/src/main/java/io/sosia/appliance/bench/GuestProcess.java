package io.sosia.appliance.bench;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/// A running guest: its console, and the CPU time of all processes it takes.
///
/// Threads: one reads the console; everything else is called by the owner.
final class GuestProcess implements AutoCloseable {

    private static final String SECONDS_MAX = "7200";
    private static final int KEPT_CHARACTERS_MAX = 1 << 16;
    private static final int TAIL_CHARACTERS = 600;
    private static final int PIECE_CHARACTERS = 8;
    private static final long ECHO_MILLIS_MAX = 300;
    private static final long QUIET_MILLIS = 300;
    private static final int END_SECONDS_MAX = 20;
    private static final long TICK_NANOS = 10_000_000;
    /// Fields of /proc/PID/stat after the command's name (proc(5)): CPU time of children that have ended.
    private static final int CHILDREN_USER = 13;
    private static final int CHILDREN_SYSTEM = 14;

    private final String name;
    /// `timeout`, which ends the process should we be killed.
    private final Process wrapper;
    private final long startedNanos;
    private final Thread atExit;
    private final StringBuilder console = new StringBuilder();
    private long writtenCharacters;
    private boolean ended;
    private int commands;

    private GuestProcess(String name, Process wrapper, long startedNanos) {
        this.name = name;
        this.wrapper = wrapper;
        this.startedNanos = startedNanos;
        atExit = Thread.ofPlatform().unstarted(wrapper::destroy);
        Runtime.getRuntime().addShutdownHook(atExit);
        Thread.ofPlatform().name("sosia-bench-console").daemon().start(this::read);
    }

    /// Starts a guest.
    ///
    /// @param name        for messages
    /// @param diagnostics file for what the process reports
    static GuestProcess start(String name, List<String> command, Path diagnostics) throws BenchException {
        List<String> whole = new ArrayList<>(List.of("timeout", SECONDS_MAX));
        whole.addAll(command);
        try {
            long now = System.nanoTime();
            return new GuestProcess(name, Qemu.untuned(new ProcessBuilder(whole)).redirectError(diagnostics.toFile()).start(), now);
        } catch (IOException e) {
            throw new BenchException(name + " cannot be started: " + e.getMessage(), e);
        }
    }

    private void read() {
        byte[] buffer = new byte[1 << 13];
        try (InputStream in = wrapper.getInputStream()) {
            for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
                add(new String(buffer, 0, n, StandardCharsets.ISO_8859_1));
            }
        } catch (IOException closed) {
            // The process has been ended.
        }
        synchronized (this) {
            ended = true;
            notifyAll();
        }
    }

    private synchronized void add(String text) {
        console.append(text);
        writtenCharacters += text.length();
        console.delete(0, Math.max(0, console.length() - KEPT_CHARACTERS_MAX));
        notifyAll();
    }

    /// Waits until the guest has written a text, and forgets all up to its end.
    ///
    /// @return the host's monotonic clock when it came, in nanoseconds
    /// @throws BenchException when it does not come in time, the guest says it failed, or the process ends
    synchronized long await(String text, Duration limit) throws BenchException {
        long deadline = System.nanoTime() + limit.toNanos();
        while (console.indexOf(text) < 0) {
            long left = (deadline - System.nanoTime()) / 1_000_000;
            boolean failed = console.indexOf("GUEST FAILED") >= 0 || console.indexOf("Kernel panic") >= 0;
            if (ended || failed || left <= 0) {
                throw new BenchException(name + (ended ? " has ended" : failed ? " has failed" : " took longer than "
                        + limit.toSeconds() + " s") + " before its guest said \"" + text + "\"; its last words: "
                        + console.substring(Math.max(0, console.length() - TAIL_CHARACTERS)).strip());
            }
            waitFor(left);
        }
        long now = System.nanoTime();
        console.delete(0, console.indexOf(text) + text.length());
        return now;
    }

    /// Since the process was started.
    double seconds(long nanos) {
        return (nanos - startedNanos) / 1e9;
    }

    /// Has the guest's shell read commands without its prompt and line editor, for [#run].
    ///
    /// @throws BenchException when it takes no commands
    void takeOver(Duration limit) throws BenchException {
        awaitQuiet();
        type("while read -r line; do eval \"$line\"; done");
        write("\n");
        awaitQuiet();
        run("true", limit);
    }

    /// Has the guest's shell do something. It is typed in pieces, each when the one before has been echoed: QEMU, recording,
    /// loses what the serial line's queue of 16 has no room for.
    ///
    /// @return seconds by the host's clock, from the last key until the guest said that it was done
    /// @throws BenchException when it does not end in time
    double run(String command, Duration limit) throws BenchException {
        // What is typed comes back as an echo: the text to wait for must not be in it.
        int number = ++commands;
        type(command + "; echo \"BENCH\"-" + number + "-");
        long from = System.nanoTime();
        write("\n");
        long end = await("BENCH-" + number + "-", limit);
        awaitQuiet();
        return (end - from) / 1e9;
    }

    private void type(String typed) throws BenchException {
        for (int at = 0; at < typed.length(); at += PIECE_CHARACTERS) {
            String piece = typed.substring(at, Math.min(typed.length(), at + PIECE_CHARACTERS));
            long before = written();
            write(piece);
            awaitEcho(before + piece.length());
        }
    }

    private void write(String text) throws BenchException {
        try {
            wrapper.getOutputStream().write(text.getBytes(StandardCharsets.ISO_8859_1));
            wrapper.getOutputStream().flush();
        } catch (IOException e) {
            throw new BenchException(name + " takes no input any more: " + e.getMessage(), e);
        }
    }

    /// Characters the guest has written so far.
    private synchronized long written() {
        return writtenCharacters;
    }

    private synchronized void awaitEcho(long characters) throws BenchException {
        long deadline = System.nanoTime() + ECHO_MILLIS_MAX * 1_000_000;
        while (writtenCharacters < characters && !ended) {
            long left = (deadline - System.nanoTime()) / 1_000_000;
            if (left <= 0) {
                return;
            }
            waitFor(left);
        }
    }

    /// Until nothing has come for a moment.
    private synchronized void awaitQuiet() throws BenchException {
        long seen;
        do {
            seen = writtenCharacters;
            long until = System.nanoTime() + QUIET_MILLIS * 1_000_000;
            for (long left = QUIET_MILLIS; left > 0 && !ended; left = (until - System.nanoTime()) / 1_000_000) {
                waitFor(left);
            }
        } while (seen != writtenCharacters && !ended);
    }

    private void waitFor(long millis) throws BenchException {
        try {
            wait(millis);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new BenchException("interrupted while " + name + " runs", e);
        }
    }

    /// CPU time of the process and all its children so far, in seconds.
    double cpuSeconds() throws BenchException {
        try (Stream<ProcessHandle> all = wrapper.descendants()) {
            double seconds = 0;
            for (ProcessHandle each : all.toList()) {
                seconds += ProcessorClock.nanos(each.pid()) / 1e9 + endedChildren(each.pid());
            }
            return seconds;
        }
    }

    private static double endedChildren(long pid) throws BenchException {
        try {
            String stat = Files.readString(Path.of("/proc", Long.toString(pid), "stat"), StandardCharsets.ISO_8859_1);
            String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ");
            return (Long.parseLong(fields[CHILDREN_USER]) + Long.parseLong(fields[CHILDREN_SYSTEM])) * TICK_NANOS / 1e9;
        } catch (IOException e) {
            throw new BenchException("process " + pid + " has ended", e);
        }
    }

    /// Ends it and waits until it is gone.
    @Override
    public void close() {
        wrapper.destroy();
        try {
            if (!wrapper.waitFor(END_SECONDS_MAX, TimeUnit.SECONDS)) {
                wrapper.descendants().forEach(ProcessHandle::destroyForcibly);
                wrapper.destroyForcibly();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        try {
            Runtime.getRuntime().removeShutdownHook(atExit);
        } catch (IllegalStateException _) {
            // The process is ending, and does the same.
        }
    }
}
