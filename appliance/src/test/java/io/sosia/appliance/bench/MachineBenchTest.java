package io.sosia.appliance.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MachineBenchTest {

    @Test
    void medianIsTheMiddleOrTheMeanOfTheMiddleTwo() {
        assertThat(MachineBench.median(new double[] {9, 1, 5})).isEqualTo(5);
        assertThat(MachineBench.median(new double[] {4, 1, 3, 100})).isEqualTo(3.5);
    }

    @Test
    void programPrintsItsChecksumAndTakesTheSameStepsAgain(@TempDir Path folder) throws BenchException {
        boolean compiler = Arrays.stream(System.getenv("PATH").split(":"))
                .anyMatch(dir -> Files.isExecutable(Path.of(dir, "riscv64-linux-gnu-gcc")));
        assumeTrue(compiler, "riscv64-linux-gnu-gcc is not installed");
        Path elf = MixPrograms.compile("matrix", folder);

        MachineRun first = MachineRun.of(elf);
        MachineRun second = MachineRun.of(elf);

        // The value qemu-system-riscv64 prints for the same binary.
        assertThat(first.output()).isEqualTo("matrix 00012b7f757ed63e");
        assertThat(second.output()).isEqualTo(first.output());
        assertThat(second.steps()).isEqualTo(first.steps());
        assertThat(first.mips()).isPositive();
    }
}
