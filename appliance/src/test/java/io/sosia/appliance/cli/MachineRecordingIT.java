package io.sosia.appliance.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.sosia.appliance.image.PreparedImage;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// The real guest with its disk, its console and its network, recorded on the real clock with one engine and replayed with the other.
@Timeout(1_800)
class MachineRecordingIT {
    private static final int REQUESTS = 1_000;
    private static final Pattern PUBLISHED = Pattern.compile("guest port 6379 is at 127\\.0\\.0\\.1:(\\d+)");

    @TempDir
    private Path directory;

    @Test
    void debianServingRedisIsReproducedToItsLastByte() throws Exception {
        PreparedImage.provide();
        Path log = directory.resolve("run.log");
        Path err = directory.resolve("run.err");
        Process run = start(err, "run", "--engine", "translator", "--image", "default", "--net", "user", "--publish", "0:6379",
                "--record", log);
        try (BufferedReader console = new BufferedReader(
                new InputStreamReader(run.getInputStream(), StandardCharsets.UTF_8))) {
            awaitLine(console, "GUEST READY");
            increment(publishedPort(err));
            run.getOutputStream().write("poweroff\n".getBytes(StandardCharsets.US_ASCII));
            run.getOutputStream().flush();
            awaitLine(console, "Power down");
            assertThat(run.waitFor(120, TimeUnit.SECONDS)).isTrue();
        } finally {
            run.destroyForcibly();
        }
        assertThat(run.exitValue()).as(Files.readString(err)).isZero();

        Path replayErr = directory.resolve("replay.err");
        Process replay = start(replayErr, "replay", "--engine", "interpreter", log);
        String report = new String(replay.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(replay.waitFor()).as(Files.readString(replayErr)).isZero();
        assertThat(report).contains("reproduced " + log).contains("all as recorded");
    }

    private static void awaitLine(BufferedReader console, String text) throws IOException {
        StringBuilder seen = new StringBuilder();
        for (String line = console.readLine(); line != null; line = console.readLine()) {
            seen.append(line).append('\n');
            if (line.contains(text)) {
                return;
            }
        }
        throw new AssertionError("the console ended without '" + text + "':\n" + seen);
    }

    private static int publishedPort(Path err) throws IOException {
        Matcher said = PUBLISHED.matcher(Files.readString(err));
        assertThat(said.find()).as(Files.readString(err)).isTrue();
        return Integer.parseInt(said.group(1));
    }

    /// Counts up on one connection, each request only after the answer to the one before.
    private static void increment(int port) throws IOException {
        try (Socket socket = new Socket("127.0.0.1", port);
                BufferedReader answers = new BufferedReader(
                        new InputStreamReader(socket.getInputStream(), StandardCharsets.US_ASCII))) {
            OutputStream requests = socket.getOutputStream();
            socket.setTcpNoDelay(true);
            for (int i = 1; i <= REQUESTS; i++) {
                requests.write("INCR recorded\r\n".getBytes(StandardCharsets.US_ASCII));
                assertThat(answers.readLine()).isEqualTo(":" + i);
            }
        }
    }

    private static Process start(Path err, Object... arguments) throws IOException {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--enable-native-access=ALL-UNNAMED", "--sun-misc-unsafe-memory-access=allow", "-XX:+UseSerialGC",
                "-cp", System.getProperty("java.class.path"), Sosia.class.getName(), "machine"));
        for (Object argument : arguments) {
            command.add(argument.toString());
        }
        return new ProcessBuilder(command).redirectError(err.toFile()).start();
    }
}
