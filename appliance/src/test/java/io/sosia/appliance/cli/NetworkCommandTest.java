package io.sosia.appliance.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.sosia.appliance.attach.StreamAddress;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.ServerSocket;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

@Timeout(240)
class NetworkCommandTest {
    @TempDir
    private Path directory;

    /// The command in a process of its own.
    public static final class Main {
        public static void main(String[] arguments) {
            System.exit(new CommandLine(new NetworkCommand()).execute(arguments));
        }
    }

    @Test
    void saysWhereAllIsAndEndsWithEveryProcessOnTermination() throws Exception {
        assumePasst();
        Process process = start("run", "--listen", "tcp:127.0.0.1:0", "--publish", "0:6379", "127.0.0.1:0:80",
                "--drop", "5%", "--seed", "9");
        try {
            JsonNode ready = readyLine(process);
            List<ProcessHandle> all = tree(process);

            assertThat(ready.get("ready").asBoolean()).isTrue();
            assertThat(ready.get("dropPercent").asDouble()).isEqualTo(5);
            assertThat(ready.get("seed").asLong()).isEqualTo(9);
            assertThat(ready.get("publish")).hasSize(2);
            for (JsonNode port : ready.get("publish")) {
                assertThat(isTaken(port.get("hostPort").asInt())).as("%s", port).isTrue();
            }
            StreamAddress listen = StreamAddress.parse(ready.get("listen").asText());
            SocketChannel.open(listen.resolve()).close();

            process.destroy();
            assertThat(process.waitFor(120, TimeUnit.SECONDS)).isTrue();
            awaitEnd(all);
        } finally {
            process.destroyForcibly();
        }
    }

    @Test
    void leavesNoPasstBehindWhenKilled() throws Exception {
        assumePasst();
        Process process = start("run", "--listen", "unix:" + directory.resolve("lan"), "--publish", "0:6379");
        try {
            readyLine(process);
            List<ProcessHandle> all = tree(process);
            assertThat(all).as("the command, passt's keeper, passt").hasSizeGreaterThanOrEqualTo(3);
            Path socket = all.stream()
                    .flatMap(handle -> handle.info().arguments().stream())
                    .map(List::of)
                    .filter(arguments -> arguments.contains("--socket"))
                    .map(arguments -> Path.of(arguments.get(arguments.indexOf("--socket") + 1)))
                    .findFirst()
                    .orElseThrow();
            assertThat(socket).exists();
            process.destroyForcibly();
            awaitEnd(all);
            assertThat(socket.getParent()).doesNotExist();
        } finally {
            process.destroyForcibly();
        }
    }

    @Test
    void endsWithStatusOneWhenTheWayOutEnds() throws Exception {
        Path socket = directory.resolve("passt");
        try (ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            server.bind(UnixDomainSocketAddress.of(socket));
            Process process = start("run", "--listen", "unix:" + directory.resolve("lan"), "--passt-socket",
                    socket.toString());
            try {
                SocketChannel passt = server.accept();
                readyLine(process);
                assertThat(process.isAlive()).isTrue();
                passt.close();
                assertThat(process.waitFor(120, TimeUnit.SECONDS)).isTrue();
                assertThat(process.exitValue()).isEqualTo(1);
                assertThat(directory.resolve("lan")).doesNotExist();
            } finally {
                process.destroyForcibly();
            }
        }
    }

    @Test
    void joinsAnAppliancePluggedIntoTheSwitchWithTheWayOut() throws Exception {
        Path socket = directory.resolve("passt");
        Path lan = directory.resolve("lan");
        try (ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            server.bind(UnixDomainSocketAddress.of(socket));
            Process process = start("run", "--listen", "unix:" + lan, "--passt-socket", socket.toString());
            try (SocketChannel passt = server.accept()) {
                readyLine(process);
                try (SocketChannel appliance = SocketChannel.open(UnixDomainSocketAddress.of(lan))) {
                    byte[] frame = new byte[20];
                    Arrays.fill(frame, 0, 6, (byte) 0xff);
                    frame[19] = 42;
                    appliance.write(ByteBuffer.allocate(24).putInt(20).put(frame).flip());
                    ByteBuffer arrived = ByteBuffer.allocate(24);
                    while (arrived.hasRemaining()) {
                        assertThat(passt.read(arrived)).isNotNegative();
                    }
                    assertThat(arrived.array()).endsWith(42).startsWith(0, 0, 0, 20);
                }
            } finally {
                process.destroyForcibly();
            }
        }
    }

    @Test
    void explainsBadUsageWithStatusTwo() {
        assertThat(usage("run")).contains("--listen");
        assertThat(usage("run", "--listen", "somewhere")).contains("'somewhere'").contains("unix:/path");
        assertThat(usage("run", "--listen", "unix:/x", "--publish", "80")).contains("'80'").contains("HOST:GUEST");
        assertThat(usage("run", "--listen", "unix:/x", "--publish", "80:0")).contains("guest port must be 1 to 65535");
        assertThat(usage("run", "--listen", "unix:/x", "--publish", "99999:1"))
                .contains("host port must be 0 to 65535");
        assertThat(usage("run", "--listen", "unix:/x", "--drop", "101%")).contains("0% to 100%");
        assertThat(usage("run", "--listen", "unix:/x", "--mac", "52:54")).contains("six hexadecimal octets");
        assertThat(usage("run", "--listen", "unix:/x", "--publish", "1:1", "--passt-socket", "/y"))
                .contains("exclude each other");
        assertThat(usage("run", "--listen", "unix:/" + "x".repeat(120))).contains("107");
        assertThat(usage()).contains("run");
    }

    private static String usage(String... arguments) {
        StringWriter errors = new StringWriter();
        int status = new CommandLine(new NetworkCommand()).setErr(new PrintWriter(errors)).execute(arguments);
        assertThat(status).as("%s", errors).isEqualTo(2);
        return errors.toString();
    }

    private static Process start(String... arguments) throws IOException {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:TieredStopAtLevel=1",
                "-cp",
                System.getProperty("java.class.path"),
                Main.class.getName()));
        command.addAll(List.of(arguments));
        return new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
    }

    private static JsonNode readyLine(Process process) throws IOException {
        BufferedReader lines = process.inputReader();
        // What the test's logging writes to standard output is not part of it.
        String line = lines.readLine();
        while (line != null && !line.startsWith("{")) {
            line = lines.readLine();
        }
        assertThat(line).as("ready line").isNotNull();
        return new ObjectMapper().readTree(line);
    }

    private static List<ProcessHandle> tree(Process process) {
        return Stream.concat(Stream.of(process.toHandle()), process.descendants()).toList();
    }

    private static void awaitEnd(List<ProcessHandle> processes) throws Exception {
        for (ProcessHandle handle : processes) {
            handle.onExit().get(120, TimeUnit.SECONDS);
        }
    }

    private static boolean isTaken(int port) {
        try (ServerSocket _ = new ServerSocket(port)) {
            return false;
        } catch (IOException _) {
            return true;
        }
    }

    private static void assumePasst() {
        assumeTrue(
                Stream.of(System.getenv("PATH").split(":")).anyMatch(path -> Files.isExecutable(Path.of(path,
                        "passt"))),
                "passt is not installed");
    }
}
