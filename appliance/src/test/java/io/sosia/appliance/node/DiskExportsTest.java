package io.sosia.appliance.node;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sosia.appliance.cli.Sosia;
import io.sosia.appliance.control.ControlClient;
import io.sosia.appliance.control.ControlRefusedException;
import io.sosia.appliance.control.ControlServer;
import java.io.BufferedReader;
import java.io.IOException;
import java.net.Socket;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/// What the two nodes of a pair answer to `sosia disk export`.
@Timeout(600)
class DiskExportsTest {
    private static final String ANY_PORT = "127.0.0.1:0";

    @RegisterExtension
    static final WitnessOfTests WITNESS = new WitnessOfTests();

    @TempDir
    private Path folder;
    private Node a;
    private Node b;
    private ControlServer controlOfA;
    private ControlServer controlOfB;
    private ControlClient primary;
    private ControlClient backup;

    @BeforeEach
    void startProtectedPair() throws Exception {
        PairFiles pair = new PairFiles(folder, WITNESS.port(), "failure: {silenceMillis: 10000}");
        b = Node.open(pair.config("b"));
        a = Node.open(pair.config("a"));
        controlOfA = new ControlServer(pair.control("a"), () -> a);
        controlOfB = new ControlServer(pair.control("b"), () -> b);
        primary = new ControlClient(controlOfA.address());
        backup = new ControlClient(controlOfB.address());
        b.begin();
        a.begin();
        awaitState(a, "PROTECTED");
        awaitState(b, "READY");
    }

    @AfterEach
    void end() throws IOException {
        primary.close();
        backup.close();
        controlOfA.close();
        controlOfB.close();
        a.close();
        b.close();
    }

    private static void awaitState(Node node, String state) {
        PairFiles.await(state, () -> node.status().state().equals(state), node::status);
    }

    private Process command(String... arguments) throws IOException {
        Stream<String> java = Stream.of(Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--enable-native-access=ALL-UNNAMED", "--sun-misc-unsafe-memory-access=allow", "-Xmx256m",
                "-XX:TieredStopAtLevel=1", "-cp",
                System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")),
                Sosia.class.getName(), "disk", "export");
        return new ProcessBuilder(Stream.concat(java, Stream.of(arguments)).toList())
                .redirectError(folder.resolve("command.log").toFile()).start();
    }

    private static int end(Process process) throws InterruptedException {
        assertThat(process.waitFor(120, TimeUnit.SECONDS)).as("the command ends").isTrue();
        return process.exitValue();
    }

    private String said() throws IOException {
        return Files.readString(folder.resolve("command.log"));
    }

    private static boolean isServed(String uri) {
        try (Socket _ = new Socket("127.0.0.1", URI.create(uri).getPort())) {
            return true;
        } catch (IOException e) {
            return false;
        }
    }

    @Test
    void commandServesTheBackupsDiskUntilItIsTerminated() throws Exception {
        Process export = command("--config", folder.resolve("node-b.yaml").toString(), "--bind", ANY_PORT);
        BufferedReader out = export.inputReader();
        String uri = out.readLine();
        assertThat(uri).as("%s", said()).startsWith("nbd://127.0.0.1:");
        assertThatThrownBy(() -> backup.beginExport(ANY_PORT, 0)).isInstanceOf(ControlRefusedException.class)
                .hasMessageContaining("already, at " + uri);
        if (Stream.of(System.getenv("PATH").split(":")).anyMatch(path -> Files.isExecutable(Path.of(path, "nbdcopy")))) {
            Path copy = folder.resolve("copy.img");
            Process nbdcopy = new ProcessBuilder("nbdcopy", uri, copy.toString()).inheritIO().start();
            assertThat(end(nbdcopy)).isZero();
            assertThat(Files.mismatch(copy, folder.resolve("disk.img"))).isEqualTo(-1);
        }
        export.destroy();
        assertThat(end(export)).isZero();
        // How many there were when it last asked.
        assertThat(said()).containsPattern("ended; clients \\d+, read ");
        assertThat(isServed(uri)).isFalse();
        ExportStatus next = backup.beginExport(ANY_PORT, 1 << 20);
        assertThat(next.sideBytesMax()).isIn(0L, 1L << 20);
        backup.endExport(next.id());
    }

    @Test
    void primaryAndNonsenseAreRefusedWithTheReason() throws Exception {
        assertThatThrownBy(() -> primary.beginExport(ANY_PORT, 0)).isInstanceOf(ControlRefusedException.class)
                .hasMessageContaining("node a is the primary (PROTECTED)").hasMessageContaining("ask the backup, node b");
        assertThatThrownBy(() -> backup.beginExport("nowhere", 0)).isInstanceOf(ControlRefusedException.class)
                .hasMessageContaining("expected ADDRESS:PORT");
        assertThatThrownBy(() -> backup.beginExport(ANY_PORT, 1)).isInstanceOf(ControlRefusedException.class)
                .hasMessageContaining("at least 65536");
        String taken = "127.0.0.1:" + controlOfB.address().getPort();
        assertThatThrownBy(() -> backup.beginExport(taken, 0)).isInstanceOf(ControlRefusedException.class)
                .hasMessageContaining(taken);
        Process refused = command("--config", folder.resolve("node-a.yaml").toString());
        assertThat(end(refused)).isEqualTo(1);
        assertThat(said()).contains("ask the backup, node b");
        for (List<String> bad : List.of(List.<String>of(), List.of("--control", "127.0.0.1:1", "--side-bytes", "much"))) {
            assertThat(end(command(bad.toArray(String[]::new)))).as("%s", bad).isEqualTo(2);
        }
    }

    @Test
    void exportThatNobodyAsksForEnds() throws Exception {
        ExportStatus export = backup.beginExport(ANY_PORT, 0);
        assertThat(isServed(export.uri())).isTrue();
        PairFiles.await("the export's end", () -> !isServed(export.uri()), () -> export);
        assertThatThrownBy(() -> backup.renewExport(export.id())).isInstanceOf(ControlRefusedException.class);
    }

    @Test
    void exportOutlivesAPromotionAndEndsWithTheNode() throws Exception {
        ExportStatus export = backup.beginExport(ANY_PORT, 0);
        a.terminate();
        // Asked for all the time, else it ends by itself.
        PairFiles.await("SOLO", () -> renewed(export).isPresent() && b.status().state().equals("SOLO"), b::status);
        assertThat(renewed(export)).hasValueSatisfying(now -> assertThat(now.ended()).isEmpty());
        assertThat(isServed(export.uri())).isTrue();
        b.close();
        assertThat(isServed(export.uri())).isFalse();
        assertThatThrownBy(() -> backup.renewExport(export.id())).isInstanceOf(ControlRefusedException.class);
        assertThatThrownBy(() -> backup.beginExport(ANY_PORT, 0)).hasMessageContaining("is ending");
    }

    private Optional<ExportStatus> renewed(ExportStatus export) {
        try {
            return Optional.of(backup.renewExport(export.id()));
        } catch (IOException e) {
            return Optional.empty();
        }
    }
}
