package io.sosia.appliance.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.sosia.appliance.node.PairFiles;
import io.sosia.witness.server.WitnessConfig;
import io.sosia.witness.server.WitnessServer;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

class WitnessCommandTest {
    @TempDir
    private Path directory;

    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    /// The `sosia` command with this one in it.
    private static CommandLine sosia() {
        CommandLine sosia = Sosia.commandLine();
        if (!sosia.getSubcommands().containsKey("witness")) {
            sosia.addSubcommand(new WitnessCommand());
        }
        return sosia;
    }

    /// The other process, to be terminated.
    public static void main(String[] arguments) {
        System.exit(sosia().execute(arguments));
    }

    private int execute(String... arguments) {
        return sosia().setOut(new PrintWriter(out, true)).setErr(new PrintWriter(err, true)).execute(arguments);
    }

    private String config(String... lines) throws IOException {
        Path file = directory.resolve("witness.yaml");
        Files.writeString(file, String.join("\n", lines) + "\n");
        return file.toString();
    }

    private String goodConfig(int port) throws IOException {
        return config("name: w1", "listen: 127.0.0.1:" + port, "storage: storage");
    }

    /// Asks for the status until it says this: a busy member may answer too late for one look.
    private void awaitStatus(int status, String config, String words, String... more) {
        List<String> line = new ArrayList<>(List.of("witness", "status", "--config", config));
        line.addAll(List.of(more));
        PairFiles.await(words, () -> {
            out.getBuffer().setLength(0);
            return execute(line.toArray(String[]::new)) == status && out.toString().contains(words);
        }, () -> out + "\n" + err);
    }

    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }

    @Test
    void runsAfterInitAndStopsCleanlyOnSigterm() throws Exception {
        String config = goodConfig(freePort());
        assertThat(execute("witness", "init", "--config", config)).as("%s", err).isZero();
        assertThat(out.toString()).contains("sosia witness run --config");
        String identity = Files.readString(directory.resolve("tls/w1/identity.pem"));
        assertThat(execute("witness", "init", "--config", config)).isEqualTo(WitnessCommand.STORAGE_UNFIT);
        assertThat(err.toString()).contains("already");
        assertThat(directory.resolve("tls/w1/identity.pem")).hasContent(identity);

        Path diagnostics = directory.resolve("stderr");
        Process process = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "--enable-native-access=ALL-UNNAMED",
                        "--sun-misc-unsafe-memory-access=allow",
                        "-Xmx256m",
                        "-cp",
                        System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")),
                        WitnessCommandTest.class.getName(),
                        "witness",
                        "run",
                        "--config",
                        config)
                .redirectError(diagnostics.toFile())
                .start();
        try {
            BufferedReader lines =
                    new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
            assertThat(lines.readLine())
                    .as("%s", Files.readString(diagnostics))
                    .startsWith("witness w1 ready on 127.0.0.1:");
            process.toHandle().destroy();
            assertThat(process.waitFor(120, TimeUnit.SECONDS)).isTrue();
            assertThat(process.exitValue()).isEqualTo(128 + 15);
            assertThat(lines.readLine()).as("nothing but the line").isNull();
            assertThat(Files.readString(diagnostics)).doesNotContain("ERROR", "Exception", "\tat ", "INFO: ");
        } finally {
            process.destroyForcibly();
        }
    }

    @Test
    void statusSaysThatNothingIsEncrypted() throws Exception {
        String config = config("name: w1", "listen: 127.0.0.1:" + freePort(), "storage: storage", "tls: off");
        assertThat(execute("witness", "init", "--config", config)).as("%s", err).isZero();
        try (WitnessServer _ = WitnessServer.start(WitnessFile.read(Path.of(config)).secured())) {
            awaitStatus(0, config, "NOT ENCRYPTED (tls: off)");
            assertThat(out.toString()).contains("refused 0");
        }
        assertThat(directory.resolve("tls")).doesNotExist();
    }

    @Test
    void runWithoutInitSaysWhatToDo() throws IOException {
        assertThat(execute("witness", "run", "--config", goodConfig(freePort())))
                .isEqualTo(WitnessCommand.STORAGE_UNFIT);
        assertThat(err.toString().lines()).singleElement().asString().contains("sosia witness init");
    }

    @Test
    void runOnATakenPortNamesIt() throws IOException {
        try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            String config = goodConfig(taken.getLocalPort());
            assertThat(execute("witness", "init", "--config", config)).isZero();
            assertThat(execute("witness", "run", "--config", config)).isEqualTo(CliException.FAILED);
            assertThat(err.toString()).contains("127.0.0.1:" + taken.getLocalPort()).contains("in use");
        }
    }

    @Test
    void wrongConfigurationIsNamedByFileKeyAndRemedy() throws IOException {
        rejects("name", "w1", "listen: 127.0.0.1:7700", "storage: s");
        rejects("name", "a-z", "name: W1", "listen: 127.0.0.1:7700", "storage: s");
        rejects("listen", "host:port", "name: w1", "listen: 7700", "storage: s");
        rejects("storage", "missing", "name: w1", "listen: 127.0.0.1:7700");
        rejects("port", "known here", "name: w1", "listen: 127.0.0.1:7700", "storage: s", "port: 1");
        rejects("snapshotEvery", "from 1 to", "name: w1", "listen: 127.0.0.1:1", "storage: s", "snapshotEvery: 0");
        assertThat(directory.resolve("s")).doesNotExist();
    }

    private void rejects(String key, String remedy, String... lines) throws IOException {
        err.getBuffer().setLength(0);
        String file = config(lines);
        assertThat(execute("witness", "init", "--config", file)).isEqualTo(CliException.BAD_INPUT);
        assertThat(err.toString().lines())
                .singleElement()
                .asString()
                .contains(file + ": " + key)
                .contains(remedy);
    }

    @Test
    void exampleConfigurationIsRight() {
        WitnessConfig config = WitnessFile.read(Path.of("..", "configs", "witness.yaml")).config();
        assertThat(config.name().value()).isEqualTo("w1");
        assertThat(config.port()).isEqualTo(7700);
        assertThat(config.storage()).endsWithRaw(Path.of("data", "witness"));
        assertThat(config.snapshotEvery()).isEqualTo(WitnessConfig.SNAPSHOT_EVERY_DEFAULT);
    }

    @Test
    void statusShowsTheMembersAndAnotherIsAddedAndRemoved() throws Exception {
        int firstPort = freePort();
        int secondPort = freePort();
        String first = goodConfig(firstPort);
        Path second = directory.resolve("second.yaml");
        Files.writeString(second, "name: w2\nlisten: 127.0.0.1:" + secondPort + "\nstorage: second\n");
        assertThat(execute("witness", "init", "--config", first)).isZero();
        assertThat(execute("witness", "status", "--config", first)).isEqualTo(CliException.FAILED);
        assertThat(err.toString()).contains("no witness answers at 127.0.0.1:" + firstPort);
        assertThat(execute("witness", "init", "--join", "--config", second.toString())).isZero();
        try (WitnessServer one = WitnessServer.start(WitnessFile.read(Path.of(first)).secured());
                WitnessServer two = WitnessServer.start(WitnessFile.read(second).secured())) {
            awaitStatus(CliException.FAILED, second.toString(), "joining");
            assertThat(out.toString()).contains(two.member(), "witness member add");
            assertThat(execute("witness", "member", "add", "127.0.0.1:" + secondPort, "--config", first))
                    .as("%s", err)
                    .isZero();
            assertThat(out.toString()).contains("members now: 2");
            awaitStatus(0, first, "\"follower\"", "--json");
            assertThat(out.toString()).contains("\"encrypted\":true", "\"refused\":0");
            assertThat(out.toString()).contains("\"led\":true", one.member(), two.member(), "\"leader\"", "\"follower\"");
            assertThat(execute("witness", "member", "remove", "w9", "--config", first)).isEqualTo(CliException.FAILED);
            assertThat(err.toString()).contains("no member is called 'w9'");
            assertThat(execute("witness", "member", "remove", "w2", "--config", first))
                    .as("%s", err)
                    .isZero();
            assertThat(out.toString()).contains("members now: 1");
        }
    }
}
