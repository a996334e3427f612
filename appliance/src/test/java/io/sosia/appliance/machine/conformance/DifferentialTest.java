package io.sosia.appliance.machine.conformance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.LongFunction;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Random programs leave the same registers and memory behind on our hart and on QEMU's.
///
/// `-Dsosia.differential.programs=N` runs N programs of each kind instead of a few, `-Dsosia.differential.seed=S`
/// starts at another seed. A program that fails is written to `target`; once understood it belongs into the resource
/// folder `programs`, where [SavedProgramsTest] runs it for ever.
class DifferentialTest {

    private static final int PROGRAMS = Integer.getInteger("sosia.differential.programs", 0);
    private static final long SEED = Long.getLong("sosia.differential.seed", 1);

    @TempDir
    private Path directory;

    @Test
    void userProgramsComputeWhatQemuComputes() throws IOException, InterruptedException {
        compare(TestProgram.Kind.USER, 40, UserProgram::of);
    }

    @Test
    void supervisorProgramsTrapLikeQemu() throws IOException, InterruptedException {
        compare(TestProgram.Kind.SUPERVISOR, 12, SupervisorProgram::of);
    }

    private void compare(TestProgram.Kind kind, int usually, LongFunction<TestProgram> generator)
            throws IOException, InterruptedException {
        assumeTrue(QemuHart.isInstalled(kind), QemuHart.command(kind)
                + " is not installed (Debian packages qemu-user and qemu-system-misc)");
        QemuHart qemu = new QemuHart(directory);
        for (long seed = SEED; seed < SEED + (PROGRAMS > 0 ? PROGRAMS : usually); seed++) {
            TestProgram program = generator.apply(seed);
            byte[] expected = qemu.result(program);
            String difference = program.difference(expected, OurHart.result(program, seed));
            if (!difference.isEmpty()) {
                Path saved = Path.of("target", "%s-%d.txt".formatted(QemuHart.command(kind), seed));
                Files.writeString(saved, program.text(expected));
                String rerun = "-Dsosia.differential.seed=%d -Dsosia.differential.programs=1; program saved as %s";
                assertThat(difference).as(rerun, seed, saved).isEmpty();
            }
        }
    }
}
