package io.sosia.appliance.attach;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PipedInputStream;
import java.io.PipedOutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(240)
class ConsoleTerminalTest {
    private final Semaphore arrived = new Semaphore(0);

    /// Runs on a terminal of its own: writes down what the terminal is like and its process id, then waits for Ctrl-A
    /// x.
    public static final class Main {
        public static void main(String[] arguments) throws Exception {
            CountDownLatch quit = new CountDownLatch(1);
            ConsoleTerminal console = ConsoleTerminal.open(new ConsoleInbox(100, () -> {}), quit::countDown);
            Process stty = new ProcessBuilder("stty", "-a")
                    .redirectInput(ProcessBuilder.Redirect.INHERIT)
                    .start();
            Path directory = Path.of(arguments[0]);
            Files.write(directory.resolve("during"), stty.getInputStream().readAllBytes());
            Files.writeString(directory.resolve("pid.new"), Long.toString(ProcessHandle.current().pid()));
            Files.move(directory.resolve("pid.new"), directory.resolve("pid"));
            quit.await();
            console.close();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"Ctrl-A x", "SIGTERM"})
    void makesTheTerminalRawAndPutsItBack(String way, @TempDir Path directory) throws Exception {
        assumeTrue(ChildJvm.succeeds("script", "--version"), "no script(1) to make a terminal with");
        String java = ChildJvm.command(Main.class, directory.toString()).stream()
                .map(word -> "'" + word + "'")
                .collect(Collectors.joining(" "));
        String line = "stty -g > " + directory + "/before; " + java + "; stty -g > " + directory + "/after";
        Process process = new ProcessBuilder("script", "-qec", line, "/dev/null")
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .redirectError(ProcessBuilder.Redirect.DISCARD)
                .start();
        try {
            ChildJvm.waitUntilExists(directory.resolve("pid"));
            assertThat(directory.resolve("during")).content()
                    .contains("-icanon", "-isig", "-echo", "-icrnl", "\nopost");
            if (way.equals("SIGTERM")) {
                ProcessHandle.of(Long.parseLong(Files.readString(directory.resolve("pid")))).orElseThrow().destroy();
            } else {
                process.getOutputStream().write(new byte[] {3, 1, 'x'});
                process.getOutputStream().flush();
            }
            process.waitFor();
            assertThat(directory.resolve("after")).hasSameTextualContentAs(directory.resolve("before"));
        } finally {
            process.destroyForcibly();
        }
    }

    @Test
    void givesPipedInputToTheGuestByteForByteAndWaitsForRoom() throws Exception {
        ConsoleInbox inbox = new ConsoleInbox(4, arrived::release);
        try (PipedOutputStream pipe = new PipedOutputStream();
                ConsoleTerminal _ = ConsoleTerminal.start(
                        new PipedInputStream(pipe), OutputStream.nullOutputStream(), inbox, Optional.empty(),
                                () -> {})) {
            byte[] sent = "\u0001xlonger than the inbox".getBytes(StandardCharsets.US_ASCII);
            pipe.write(sent);
            pipe.close();
            assertThat(taken(inbox, sent.length)).isEqualTo(sent);
            assertThat(inbox.dropped()).isZero();
        }
    }

    @Test
    void hearsCtrlAxWhenTheGuestTakesNothing() throws Exception {
        ConsoleInbox inbox = new ConsoleInbox(4, arrived::release);
        CountDownLatch quit = new CountDownLatch(1);
        try (PipedOutputStream keyboard = new PipedOutputStream();
                ConsoleTerminal console = ConsoleTerminal.start(
                        new PipedInputStream(keyboard), OutputStream.nullOutputStream(), inbox,
                                Optional.of(quit::countDown), () -> {})) {
            assertThat(console.isInteractive()).isTrue();
            keyboard.write("much typed".getBytes(StandardCharsets.US_ASCII));
            keyboard.flush();
            arrived.acquire();
            keyboard.write(new byte[] {1, 'x'});
            keyboard.flush();
            quit.await();
            assertThat(inbox.take(100)).asString(StandardCharsets.US_ASCII).isEqualTo("much");
        }
    }

    @Test
    void goesOnWhenNobodyReadsTheOutput() throws Exception {
        OutputStream broken = new OutputStream() {
            @Override
            public void write(int one) throws IOException {
                throw new IOException("Broken pipe");
            }
        };
        try (ConsoleTerminal console = ConsoleTerminal.start(
                new PipedInputStream(new PipedOutputStream()), broken, new ConsoleInbox(4, () -> {}),
                        Optional.empty(), () -> {})) {
            console.write(new byte[] {1});
            console.write(new byte[] {2});
        }
    }

    /// A reader who reads nothing until he is let.
    private static final class SlowReader extends OutputStream {
        private final ByteArrayOutputStream read = new ByteArrayOutputStream();
        private final CountDownLatch asked = new CountDownLatch(1);
        private final CountDownLatch let = new CountDownLatch(1);

        @Override
        public void write(int one) {
            write(new byte[] {(byte) one}, 0, 1);
        }

        @Override
        public void write(byte[] bytes, int offset, int length) {
            asked.countDown();
            try {
                let.await();
            } catch (InterruptedException e) {
                throw new AssertionError(e);
            }
            read.write(bytes, offset, length);
        }
    }

    @Test
    void aSlowReaderHoldsUpNobodyAndLosesNothing() throws Exception {
        SlowReader reader = new SlowReader();
        ByteArrayOutputStream printed = new ByteArrayOutputStream();
        ConsoleTerminal console = ConsoleTerminal.start(new PipedInputStream(new PipedOutputStream()), reader,
                new ConsoleInbox(4, () -> {}), Optional.empty(), () -> {});
        for (int i = 0; i < 1_000; i++) {
            byte[] line = ("line " + i + "\n").getBytes(StandardCharsets.US_ASCII);
            printed.writeBytes(line);
            console.write(line);
        }
        reader.asked.await();
        reader.let.countDown();
        console.close();
        assertThat(reader.read.toByteArray()).isEqualTo(printed.toByteArray());
    }

    @Test
    void ctrlAxEndsTheWaitForAReaderWhoReadsNothing() throws Exception {
        SlowReader reader = new SlowReader();
        CountDownLatch quit = new CountDownLatch(1);
        try (PipedOutputStream keyboard = new PipedOutputStream();
                ConsoleTerminal console = ConsoleTerminal.start(new PipedInputStream(keyboard), reader,
                        new ConsoleInbox(4, () -> {}), Optional.of(quit::countDown), () -> {})) {
            console.write(new byte[1]);
            reader.asked.await();
            console.write(new byte[ConsoleOutput.WAITING_BYTES_MAX]);
            Thread machine = Thread.ofPlatform().start(() -> console.write(new byte[1]));
            while (machine.getState() != Thread.State.WAITING) {
                Thread.onSpinWait();
            }
            // Help has no room either, and keeps nobody from quitting.
            keyboard.write(new byte[] {1, 'h', 1, 'x'});
            keyboard.flush();
            quit.await();
            machine.join();
        }
        reader.let.countDown();
    }

    @Test
    void knowsTheOperatorsKeys() {
        ByteArrayOutputStream acted = new ByteArrayOutputStream();
        ConsoleKeys keys = new ConsoleKeys(() -> acted.write('q'), () -> acted.write('?'));
        List<String> typed = List.of("ab\u0003", "\u0001", "h", "\u0001a\u0001\u0001", "\u0001zc", "x\u0001x");
        StringBuilder guest = new StringBuilder();
        for (String text : typed) {
            byte[] bytes = Arrays.copyOf(text.getBytes(StandardCharsets.US_ASCII), 10);
            guest.append(new String(keys.typed(bytes, text.length()), StandardCharsets.US_ASCII)).append('|');
        }
        assertThat(guest.toString()).isEqualTo("ab\u0003|||\u0001\u0001|c|x|");
        assertThat(acted.toString(StandardCharsets.US_ASCII)).isEqualTo("?q");
    }

    private byte[] taken(ConsoleInbox inbox, int length) throws InterruptedException {
        ByteArrayOutputStream taken = new ByteArrayOutputStream();
        while (taken.size() < length) {
            arrived.acquire();
            taken.writeBytes(inbox.take(3));
            while (!inbox.isEmpty()) {
                taken.writeBytes(inbox.take(3));
            }
        }
        return taken.toByteArray();
    }
}
