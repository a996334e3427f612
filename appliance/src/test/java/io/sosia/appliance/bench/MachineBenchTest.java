package io.sosia.appliance.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.sosia.appliance.bench.Contestant.Lap;
import io.sosia.appliance.bench.MachineBench.Row;
import io.sosia.appliance.bench.MachineBench.Settings;
import io.sosia.appliance.engine.EngineKind;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MachineBenchTest {

    @TempDir
    private Path folder;

    private static void assumeInstalled(String program) {
        boolean found = Arrays.stream(System.getenv("PATH").split(":"))
                .anyMatch(dir -> Files.isExecutable(Path.of(dir, program)));
        assumeTrue(found, program + " is not installed");
    }

    private static Path compiled(String name, Path folder) throws BenchException {
        assumeInstalled("riscv64-linux-gnu-gcc");
        return BenchProgram.ALL.stream().filter(each -> each.name().equals(name)).findFirst().orElseThrow().compile(folder);
    }

    @Test
    void medianIsTheMiddleOrTheMeanOfTheMiddleTwo() {
        assertThat(MachineBench.median(new double[] {9, 1, 5})).isEqualTo(5);
        assertThat(MachineBench.median(new double[] {4, 1, 3, 100})).isEqualTo(3.5);
    }

    @Test
    void geometricMeanOfARatioAndItsInverseIsOne() {
        assertThat(MachineBench.geomean(new double[] {4, 0.25})).isCloseTo(1, within(1e-9));
    }

    @Test
    void everyRepetitionPrintsTheSameChecksumWithEveryEngine() throws BenchException {
        Path elf = compiled("matrix", folder);
        for (EngineKind engine : EngineKind.values()) {
            try (MachineContestant machine = MachineContestant.start(elf, engine)) {
                for (int i = 0; i < 2; i++) {
                    Lap lap = machine.lap();
                    // The value qemu-system-riscv64 prints for the same binary.
                    assertThat(lap.line()).as("%s", engine).isEqualTo("matrix 00012b7f757ed63e");
                    assertThat(lap.steps()).isPositive();
                    assertThat(lap.cpuSeconds()).isPositive();
                    assertThat(lap.processCpuSeconds()).isPositive();
                }
            }
        }
    }

    @Test
    void qemuStandsStillBetweenItsRepetitions() throws BenchException {
        assumeInstalled(Qemu.PROGRAM);
        try (QemuContestant qemu = QemuContestant.start(Qemu.ICOUNT, compiled("matrix", folder), "matrix")) {
            assertThat(qemu.lap().line()).isEqualTo("matrix 00012b7f757ed63e");
            assertThat(qemu.lap().cpuSeconds()).isPositive();
        }
    }

    @Test
    void compiledProgramIsKeptUnderANameOfItsSource() throws Exception {
        Path first = compiled("fib", folder);
        var written = Files.getLastModifiedTime(first);

        assertThat(compiled("fib", folder)).isEqualTo(first);
        assertThat(Files.getLastModifiedTime(first)).isEqualTo(written);
        assertThat(folder).isDirectoryContaining(path -> path.equals(first));
        assertThat(compiled("crc32", folder)).isNotEqualTo(first);
    }

    @Test
    void wideProgramIsTheSameTextEveryTime() {
        assertThat(WideSource.generate()).isEqualTo(WideSource.generate()).contains("u64 wide(void)");
    }

    @Test
    void measurementHasARowForEachEngineAndPhase() throws BenchException {
        assumeInstalled("riscv64-linux-gnu-gcc");
        List<Row> rows = new ArrayList<>();
        new MachineBench(new Settings(1, List.of(EngineKind.INTERPRETER), "matrix", folder), _ -> { }, rows::add).measure();

        assertThat(rows).extracting(Row::program).containsOnly("matrix");
        assertThat(rows).extracting(row -> row.engine() + " " + row.phase()).startsWith("interpreter cold", "interpreter warm");
        assertThat(rows).allSatisfy(row -> assertThat(row.mips()).isPositive());
    }

    @Test
    void wrongSettingsAreRefusedByName() {
        assertThatThrownBy(() -> new Settings(0, List.of(), "", folder)).hasMessage("--runs 0: expected 1 or more");
        assertThatThrownBy(() -> new Settings(1, List.of(), "pi", folder)).hasMessageStartingWith("no program is called `pi`; there are: crc32, ");
    }
}
