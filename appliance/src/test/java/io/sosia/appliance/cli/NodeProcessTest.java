package io.sosia.appliance.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.sosia.appliance.control.ConsoleFollower;
import io.sosia.appliance.control.ControlClient;
import io.sosia.appliance.node.Ending;
import io.sosia.appliance.node.NodeHome;
import io.sosia.appliance.node.NodeStatus;
import io.sosia.appliance.node.PairFiles;
import io.sosia.appliance.node.TickingGuest;
import io.sosia.appliance.node.WitnessOfTests;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
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

/// `sosia appliance run` as the process it is, and what signals do to it.
@Timeout(600)
class NodeProcessTest {

    @RegisterExtension
    static final WitnessOfTests WITNESS = new WitnessOfTests();

    @TempDir
    private Path folder;
    private PairFiles pair;
    private Process a;
    private Process b;
    private ControlClient controlOfA;
    private ControlClient controlOfB;
    private final ByteArrayOutputStream console = new ByteArrayOutputStream();
    private ConsoleFollower follower;

    @BeforeEach
    void startProtectedPair() throws Exception {
        pair = new PairFiles(folder, WITNESS.port(), "failure: {silenceMillis: 10000}");
        controlOfA = new ControlClient(pair.control("a"));
        controlOfB = new ControlClient(pair.control("b"));
        follower = new ConsoleFollower(List.of(controlOfA, controlOfB), true, console::writeBytes);
        a = start("a");
        b = start("b");
        awaitState(controlOfA, "PROTECTED");
        awaitState(controlOfB, "READY");
        follow(50);
    }

    @AfterEach
    void killProcesses() throws Exception {
        for (Process process : List.of(a, b)) {
            process.destroyForcibly().waitFor();
        }
        controlOfA.close();
        controlOfB.close();
    }

    private Process start(String node) throws IOException {
        return new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "--enable-native-access=ALL-UNNAMED", "--sun-misc-unsafe-memory-access=allow", "-Xmx256m",
                        "-XX:TieredStopAtLevel=1", "-cp",
                        System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")),
                        Sosia.class.getName(), "appliance", "run", "--config", pair.file(node).toString())
                .redirectOutput(folder.resolve(node + ".out").toFile())
                .redirectError(folder.resolve(node + ".log").toFile())
                .start();
    }

    private Optional<NodeStatus> status(ControlClient control) {
        try {
            return Optional.of(control.status());
        } catch (IOException e) {
            return Optional.empty();
        }
    }

    private void awaitState(ControlClient control, String state) {
        PairFiles.await(state, () -> status(control).map(NodeStatus::state).equals(Optional.of(state)),
                () -> status(control) + "\n" + diagnostics());
    }

    private String diagnostics() {
        try {
            return Files.readString(folder.resolve("a.log")) + "\n" + Files.readString(folder.resolve("b.log"));
        } catch (IOException e) {
            return e.toString();
        }
    }

    /// Follows the console for so many more bytes: nothing may be missing or come twice.
    private void follow(long bytes) {
        long until = follower.offset() + bytes;
        PairFiles.await("console up to " + until, () -> follower.pull(Duration.ofSeconds(1))
                && follower.offset() >= until,
                () -> follower.offset() + "\n" + diagnostics());
        assertThat(follower.missed()).isZero();
        assertThat(TickingGuest.goesOn(0, console.toByteArray())).as("%s", console).isTrue();
    }

    private int awaitEnd(Process process) throws InterruptedException {
        assertThat(process.waitFor(180, TimeUnit.SECONDS)).as("an end within 180 s").isTrue();
        return process.exitValue();
    }

    private String statusCommand(String node) {
        StringWriter err = new StringWriter();
        assertThat(Sosia.commandLine().setErr(new PrintWriter(err, true))
                .execute("status", "--config", pair.file(node).toString())).isEqualTo(1);
        return err.toString();
    }

    @Test
    void consoleGoesOnWithoutAGapWhenThePrimaryIsKilled() throws Exception {
        assertThat(secondStart("a")).contains("in use by process " + a.pid());
        a.destroyForcibly().waitFor();
        assertThat(Sosia.commandLine().execute("status", "--config", pair.file("b").toString(), "--await", "SOLO"))
                .as("%s", diagnostics()).isZero();
        follow(100);
        assertThat(statusCommand("a")).contains("node a is not running; it has not ended in order");

        b.destroy();
        assertThat(awaitEnd(b)).as("%s", diagnostics()).isZero();
        assertThat(statusCommand("b")).contains("node b is not running; it ended STOPPED at 20", "terminated");
        assertThat(Files.readString(folder.resolve("b.log"))).doesNotContain("Exception");
    }

    /// What a second start of a running node says.
    private String secondStart(String node) {
        StringWriter err = new StringWriter();
        assertThat(Sosia.commandLine().setErr(new PrintWriter(err, true))
                .execute("appliance", "run", "--config", pair.file(node).toString())).isEqualTo(CliException.BAD_INPUT);
        return err.toString();
    }

    @Test
    void terminatedPrimaryHandsOverAndEndsWithSuccess() throws Exception {
        a.destroy();
        assertThat(awaitEnd(a)).as("%s", diagnostics()).isZero();
        awaitState(controlOfB, "SOLO");
        follow(100);
        assertThat(Files.readString(folder.resolve("a.out"))).contains("has ended STOPPED: terminated");
        assertThat(Files.readString(folder.resolve("a.log"))).doesNotContain("Exception");
    }

    @Test
    void primaryThatStoodStillTooLongKeepsEvidenceAndComesBackAsTheBackup() throws Exception {
        signal(a, "STOP");
        try {
            awaitState(controlOfB, "SOLO");
            follow(100);
        } finally {
            signal(a, "CONT");
        }
        awaitState(controlOfA, "READY");
        awaitState(controlOfB, "PROTECTED");
        assertThat(evidence("a")).singleElement().matches(name -> name.startsWith("halted-"));
        assertThat(Files.readString(folder.resolve("a.log"))).contains("HALTED", "refused", "begins a new life");
        follow(50);
    }

    @Test
    void backupThatStoodStillTooLongIsLeftBehindAndTakenInAgain() throws Exception {
        signal(b, "STOP");
        try {
            awaitState(controlOfA, "SOLO");
            follow(100);
        } finally {
            signal(b, "CONT");
        }
        awaitState(controlOfB, "READY");
        awaitState(controlOfA, "PROTECTED");
        assertThat(evidence("b")).singleElement().matches(name -> name.startsWith("halted-"));
        follow(50);
    }

    private List<String> evidence(String node) throws IOException {
        try (Stream<Path> files = Files.list(pair.state(node).resolve("evidence"))) {
            return files.map(file -> file.getFileName().toString()).toList();
        }
    }

    private static void signal(Process process, String signal) throws Exception {
        assertThat(new ProcessBuilder("kill", "-" + signal, Long.toString(process.pid())).start().waitFor()).isZero();
    }
}
