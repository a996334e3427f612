package io.sosia.appliance.attach;

import java.io.FileDescriptor;
import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The machine's console on this process's standard input and output.
///
/// A terminal is put into raw mode, so that every key, Ctrl-C too, goes to the guest, and put back on every way out but
/// `kill -9` (there `stty sane` helps). Its keys: see [#HELP]; what is typed faster than the guest takes it is
/// dropped, so that Ctrl-A x always works. What the guest prints waits for a slow reader, see [ConsoleOutput]. Input from a pipe or file goes to the guest byte for byte, without special
/// keys, and waits until the guest takes it; its end means nothing to the machine.
///
/// Threads: one of its own reads; any may write.
public final class ConsoleTerminal implements AutoCloseable {
    /// What Ctrl-A h shows.
    public static final String HELP =
            "\r\nsosia: Ctrl-A x quits, Ctrl-A a sends Ctrl-A to the guest, Ctrl-A h shows this\r\n";

    private static final Logger LOG = LoggerFactory.getLogger(ConsoleTerminal.class);

    /// As cfmakeraw(3), but output keeps its line ends translated, for our own messages.
    private static final List<String> RAW = List.of(
            "-ignbrk", "-brkint", "-parmrk", "-istrip", "-inlcr", "-igncr", "-icrnl", "-ixon", "-echo", "-echonl",
                    "-icanon", "-isig",
            "-iexten", "cs8", "min", "1", "time", "0");

    private final InputStream input;
    private final ConsoleOutput output;
    private final ConsoleInbox inbox;
    private final Optional<ConsoleKeys> keys;
    private final Runnable restore;
    private final Thread reader;
    private volatile boolean closed;

    private ConsoleTerminal(InputStream input, OutputStream output, ConsoleInbox inbox, Optional<Runnable> quit,
            Runnable restore) {
        this.input = input;
        this.output = new ConsoleOutput(output);
        this.inbox = inbox;
        this.restore = restore;
        this.keys = quit.map(run -> new ConsoleKeys(() -> quit(run), this::help));
        this.reader = Thread.ofPlatform().daemon().name("sosia-console").unstarted(this::read);
    }

    /// Takes over standard input and output.
    ///
    /// @param inbox where input goes
    /// @param quit runs on the console's thread when the operator quits; must not block
    public static ConsoleTerminal open(ConsoleInbox inbox, Runnable quit) {
        Objects.requireNonNull(quit);
        Optional<String> before = mayBeTerminal() ? stty(List.of("-g")) : Optional.empty();
        Runnable restore = before.map(ConsoleTerminal::rawMode).orElse(() -> {});
        return start(
                new FileInputStream(FileDescriptor.in),
                new FileOutputStream(FileDescriptor.out),
                inbox,
                before.map(_ -> quit),
                restore);
    }

    /// As [#open] on other streams.
    ///
    /// @param quit present when the input is a terminal
    static ConsoleTerminal start(
            InputStream input, OutputStream output, ConsoleInbox inbox, Optional<Runnable> quit, Runnable restore) {
        ConsoleTerminal console = new ConsoleTerminal(input, output, inbox, quit, restore);
        console.reader.start();
        return console;
    }

    /// True when the input is a terminal, with its special keys.
    public boolean isInteractive() {
        return keys.isPresent();
    }

    private void quit(Runnable run) {
        stopWaiting();
        run.run();
    }

    private void help() {
        output.offer(HELP.getBytes(StandardCharsets.US_ASCII));
    }

    /// Writes what the guest printed; waits while too much waits to be read. When nobody reads the output any more (a
    /// closed pipe), says so once and drops it from then on; the machine goes on.
    public void write(byte[] bytes) {
        output.write(bytes);
    }

    /// The machine is to stop: no [#write] waits for the reader from now on. Ctrl-A x does this by itself.
    public void stopWaiting() {
        output.giveUp();
    }

    /// Writes what waits and puts the terminal back. Input is not read any further. May be called twice.
    @Override
    public void close() {
        closed = true;
        reader.interrupt();
        output.finish();
        restore.run();
    }

    private void read() {
        byte[] buffer = new byte[4096];
        try {
            while (!closed) {
                int length = input.read(buffer);
                if (length < 0) {
                    return;
                }
                if (closed) {
                    return;
                }
                if (keys.isPresent()) {
                    byte[] typed = keys.get().typed(buffer, length);
                    inbox.offer(typed, 0, typed.length);
                } else {
                    inbox.put(buffer, 0, length);
                }
            }
        } catch (IOException e) {
            LOG.warn("console input ended: {}", e.getMessage());
        } catch (InterruptedException _) {
            // Closed while waiting for room.
        }
    }

    /// Switches to raw mode.
    ///
    /// @return what puts the terminal back, once, however often it is run
    private static Runnable rawMode(String before) {
        Runnable putBack = new Runnable() {
            private boolean done;

            @Override
            public synchronized void run() {
                if (!done) {
                    done = true;
                    stty(List.of(before));
                }
            }
        };
        Thread atExit = Thread.ofPlatform().name("sosia-terminal-restore").unstarted(putBack);
        // Before the switch, so that there is no moment in which a signal would leave the terminal raw.
        Runtime.getRuntime().addShutdownHook(atExit);
        stty(RAW);
        return putBack;
    }

    /// Whether standard input is some device: to ask a process makes a start slower.
    private static boolean mayBeTerminal() {
        try {
            Path input = Files.readSymbolicLink(Path.of("/proc/self/fd/0"));
            return input.startsWith("/dev") && !input.endsWith("null");
        } catch (IOException _) {
            return true;
        }
    }

    /// Runs stty on our standard input.
    ///
    /// @return what it printed; empty when standard input is no terminal, or stty is missing
    private static Optional<String> stty(List<String> arguments) {
        String[] command = new String[arguments.size() + 1];
        command[0] = "stty";
        System.arraycopy(arguments.toArray(), 0, command, 1, arguments.size());
        try {
            Process process = new ProcessBuilder(command)
                    .redirectInput(ProcessBuilder.Redirect.INHERIT)
                    .redirectError(ProcessBuilder.Redirect.DISCARD)
                    .start();
            String printed = new String(process.getInputStream().readAllBytes(), StandardCharsets.US_ASCII).strip();
            if (!process.waitFor(5, TimeUnit.SECONDS)) {
                process.destroyForcibly();
                return Optional.empty();
            }
            return process.exitValue() == 0 ? Optional.of(printed) : Optional.empty();
        } catch (IOException e) {
            LOG.warn("cannot run {}: {}", Arrays.toString(command), e.getMessage());
            return Optional.empty();
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
            return Optional.empty();
        }
    }
}
