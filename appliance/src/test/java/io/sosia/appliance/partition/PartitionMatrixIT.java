package io.sosia.appliance.partition;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicContainer;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// Every row of the matrix, with both arbiters at the same time. What cannot run fails: it needs `unshare`, `nsenter` and `ip`, and a
/// kernel that lets this user make namespaces.
@Timeout(3_600)
class PartitionMatrixIT {

    private static final List<String> ARBITERS = List.of("witness", "shared-directory");
    /// Some rows only, for whoever works on them: `-Dsosia.matrix='primary dies.*'`.
    private static final String WANTED = System.getProperty("sosia.matrix", ".*");

    @TempDir
    private static Path folder;
    private static final Map<String, Process> RUNS = new LinkedHashMap<>();

    @BeforeAll
    static void begin() throws IOException {
        for (String arbiter : ARBITERS) {
            RUNS.put(arbiter, new ProcessBuilder("unshare", "-Urnm",
                    Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                    "--enable-native-access=ALL-UNNAMED", "--sun-misc-unsafe-memory-access=allow", "-Xmx256m",
                    "-XX:TieredStopAtLevel=1", "-cp",
                    System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")),
                    MatrixRun.class.getName(), Files.createDirectory(folder.resolve(arbiter)).toString(), arbiter, WANTED)
                    .redirectError(folder.resolve(arbiter + ".log").toFile()).start());
        }
    }

    @AfterAll
    static void end() throws InterruptedException {
        for (Process run : RUNS.values()) {
            run.destroyForcibly().waitFor();
        }
    }

    @TestFactory
    Stream<DynamicContainer> matrix() throws Exception {
        Map<String, List<RowReport>> reports = new LinkedHashMap<>();
        for (String arbiter : ARBITERS) {
            reports.put(arbiter, reports(arbiter));
        }
        reports.forEach(PartitionMatrixIT::print);
        return reports.entrySet().stream().map(each -> DynamicContainer.dynamicContainer(each.getKey(),
                rows(each.getKey(), each.getValue())));
    }

    private static List<RowReport> reports(String arbiter) throws Exception {
        Process run = RUNS.get(arbiter);
        List<RowReport> all = new ArrayList<>();
        for (String line : (Iterable<String>) run.inputReader(StandardCharsets.UTF_8).lines()::iterator) {
            Optional<RowReport> report = RowReport.parse(line);
            report.ifPresentOrElse(all::add, () -> System.out.println(arbiter + ": " + line));
        }
        assertThat(run.waitFor()).as("%s", Files.readString(folder.resolve(arbiter + ".log"))).isZero();
        return all;
    }

    private static Stream<DynamicTest> rows(String arbiter, List<RowReport> reports) {
        return Rows.all().stream()
                .filter(row -> !(row.witnessOnly() && arbiter.equals("shared-directory")) && row.fault().matches(WANTED))
                .map(row -> DynamicTest.dynamicTest(row.fault(), () -> assertThat(reports)
                        .filteredOn(report -> report.fault().equals(row.fault())).singleElement()
                        .satisfies(report -> assertThat(report.failure()).isEmpty())));
    }

    private static void print(String arbiter, List<RowReport> reports) {
        System.out.println("\n| from PROTECTED, arbiter: " + arbiter + " | observed | s | healed | s |\n|---|---|---|---|---|");
        for (RowReport report : reports) {
            System.out.println(String.format(Locale.ROOT, "| %s | %s | %.1f | %s | %.1f |", report.fault(), report.outcome(),
                    report.outcomeSeconds(), report.healed(), report.healedSeconds()));
        }
    }
}
