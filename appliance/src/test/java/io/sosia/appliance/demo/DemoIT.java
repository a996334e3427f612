package io.sosia.appliance.demo;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.sosia.appliance.image.PreparedImage;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// Runs `sosia demo` as a user does, in a process of its own.
@Timeout(1_800)
class DemoIT {

    private static final Duration DEMO_LIMIT = Duration.ofMinutes(25);
    private static final Duration END_LIMIT = Duration.ofSeconds(120);
    private static final int HEAP_MIB = 512;

    @TempDir
    Path directory;

    @BeforeAll
    static void prepare() throws Exception {
        PreparedImage.provide();
    }

    @Test
    void losesNoAcknowledgedIncrementWhenThePrimaryAndThenItsSuccessorIsKilled() throws Exception {
        Path json = directory.resolve("report.json");
        Path folder = directory.resolve("all");
        ChildProcess demo = demo("--increments", "1000", "--json", json.toString(), "--dir", folder.toString());
        int status;
        try {
            status = demo.awaitEnd(DEMO_LIMIT);
        } finally {
            demo.kill();
        }

        assertThat(status).as(demo.printed() + demo.tail()).isZero();
        JsonNode report = new ObjectMapper().readTree(json.toFile());
        assertThat(report.path("passed").asBoolean()).isTrue();
        assertThat(report.path("lost").asLong(-1)).isZero();
        assertThat(report.path("repeated").asLong(-1)).isZero();
        assertThat(report.path("acknowledgedAtKill").asLong()).isGreaterThanOrEqualTo(1000);
        assertThat(report.path("acknowledged").asLong())
                .isGreaterThanOrEqualTo(report.path("acknowledgedAtKill").asLong() + 1000)
                .isEqualTo(report.path("finalCounter").asLong());
        assertThat(report.path("rounds").asInt()).isEqualTo(2);
        assertThat(report.path("disksIdentical").asBoolean()).isTrue();
        assertThat(report.path("clonePauseMillisMedian").asDouble()).isPositive();
        assertThat(report.path("protectedAgainMillisMedian").asDouble()).isPositive();
        assertThat(report.path("failoverGapMillis").asDouble())
                .as("the gap the client saw holds detection, drain and claim")
                .isGreaterThan(report.path("drainMillis").asDouble() + report.path("claimMillis").asDouble());
        awaitNoProcessOf(folder);
    }

    /// With `-Dsosia.failovers=20` for as many in a row.
    @Test
    @Timeout(7_200)
    void whatRedisSqliteAndFilesWereToldIsThereAfterOneFailoverAfterTheOther() throws Exception {
        int failovers = Integer.getInteger("sosia.failovers", 3);
        Path json = directory.resolve("report.json");
        Path folder = directory.resolve("all");
        ChildProcess demo = demo("--writes", "--rounds", Integer.toString(failovers), "--increments", "200", "--json",
                json.toString(), "--dir", folder.toString());
        int status;
        try {
            status = demo.awaitEnd(DEMO_LIMIT.multipliedBy(1 + failovers / 4));
        } finally {
            demo.kill();
        }

        assertThat(status).as(demo.printed() + demo.tail()).isZero();
        JsonNode report = new ObjectMapper().readTree(json.toFile());
        assertThat(report.path("rounds").asInt()).isEqualTo(failovers);
        assertThat(report.path("lost").asLong(-1)).isZero();
        assertThat(report.path("repeated").asLong(-1)).isZero();
        assertThat(report.at("/writes/commitsLost").asLong(-1)).isZero();
        assertThat(report.at("/writes/commitsMadeTwice").asLong(-1)).isZero();
        assertThat(report.at("/writes/commits").asLong()).isGreaterThanOrEqualTo(20L * failovers);
        assertThat(report.at("/writes/filesWritten").asLong()).isGreaterThan(failovers);
        assertThat(report.at("/writes/intact").asBoolean()).isTrue();
        assertThat(report.path("disksIdentical").asBoolean()).isTrue();
        Process check = new ProcessBuilder("e2fsck", "-fn", folder.resolve("node-a/disk/data.img").toString())
                .redirectErrorStream(true).start();
        String found = new String(check.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(check.waitFor()).as("the file system on the disk: %s", found).isZero();
        System.out.println(demo.printed());
    }

    @Test
    void leavesNoProcessBehindWhenItIsKilledItself() throws Exception {
        Path folder = directory.resolve("all");
        ChildProcess demo = demo("--by-hand", "--dir", folder.toString());
        try {
            demo.awaitLine("PROTECTED", DEMO_LIMIT);
            assertThat(processesOf(folder)).as("witness, network and two nodes").hasSizeGreaterThanOrEqualTo(4);
        } finally {
            demo.end();
        }

        awaitNoProcessOf(folder);
    }

    @Test
    void leavesNoProcessAndNoFileBehindWhenItIsTerminated() throws Exception {
        ChildProcess demo = demo("--by-hand");
        Path folder;
        try {
            demo.awaitLine("PROTECTED", DEMO_LIMIT);
            folder = folderOf(demo);
            demo.terminate();
            assertThat(demo.awaitEnd(END_LIMIT)).isEqualTo(143);
        } finally {
            demo.end();
        }

        awaitNoProcessOf(folder);
        assertThat(folder).doesNotExist();
    }

    private ChildProcess demo(String... arguments) throws DemoException {
        List<String> words = Stream.concat(Stream.of("demo"), Stream.of(arguments)).toList();
        return ChildProcess.start("demo", directory, HEAP_MIB, words);
    }

    /// The folder a demo has made for itself: its children's command lines name it.
    private static Path folderOf(ChildProcess demo) {
        return ProcessHandle.of(demo.pid()).orElseThrow().children()
                .flatMap(child -> commandLine(child).stream())
                .filter(word -> word.contains("sosia-demo-") && word.endsWith("node-a.yaml"))
                .map(word -> Path.of(word).getParent())
                .findFirst().orElseThrow();
    }

    private static void awaitNoProcessOf(Path folder) throws DemoException {
        Patience.await("all processes of the demo have ended", END_LIMIT, () -> processesOf(folder).isEmpty());
    }

    private static List<ProcessHandle> processesOf(Path folder) {
        return ProcessHandle.allProcesses()
                .filter(process -> process.pid() != ProcessHandle.current().pid())
                .filter(process -> commandLine(process).stream().anyMatch(word -> word.contains(folder.toString())))
                .toList();
    }

    private static List<String> commandLine(ProcessHandle process) {
        try {
            return List.of(Files.readString(Path.of("/proc/" + process.pid() + "/cmdline")).split("\0"));
        } catch (IOException gone) {
            return List.of();
        }
    }
}
