package io.sosia.appliance.machine.fpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;

/// A RISC-V CPU that is not ours: `oracle.c`, compiled here and run by QEMU's user-mode emulation.
final class QemuOracle {
    /// One request: u32 operation, u32 rounding mode, u64 a, u64 b, u64 c.
    static final int REQUEST_BYTES = 32;
    /// One answer: u64 result, u64 flags.
    static final int ANSWER_BYTES = 16;

    private static final String COMPILER = "riscv64-linux-gnu-gcc";
    private static final String EMULATOR = "qemu-riscv64";
    private static final long MINUTES_MAX = 10;

    private final Path directory;
    private final Path program;

    private QemuOracle(Path directory, Path program) {
        this.directory = directory;
        this.program = program;
    }

    /// Compiles the oracle in `directory`; skips the test that asks when compiler or emulator is not installed.
    static QemuOracle build(Path directory) throws IOException, InterruptedException {
        assumeTrue(isInstalled(COMPILER), COMPILER + " is not installed (Debian package gcc-riscv64-linux-gnu)");
        assumeTrue(isInstalled(EMULATOR), EMULATOR + " is not installed (Debian package qemu-user)");
        Path source = directory.resolve("oracle.c");
        try (InputStream in = QemuOracle.class.getResourceAsStream("oracle.c")) {
            assertThat(in).as("test resource oracle.c").isNotNull();
            Files.copy(in, source);
        }
        Path program = directory.resolve("oracle");
        run(directory, null, null, List.of(COMPILER, "-O1", "-ffreestanding", "-nostdlib", "-static",
                "-march=rv64gc", "-mabi=lp64d", "-Wl,--no-relax", "-o", program.toString(), source.toString()));
        return new QemuOracle(directory, program);
    }

    /// The answers to `requests`, in their order.
    byte[] ask(byte[] requests) throws IOException, InterruptedException {
        Path in = directory.resolve("requests");
        Path out = directory.resolve("answers");
        Files.write(in, requests);
        run(directory, in, out, List.of(EMULATOR, program.toString()));
        byte[] answers = Files.readAllBytes(out);
        assertThat(answers).as("bytes answered by the oracle")
                .hasSize(requests.length / REQUEST_BYTES * ANSWER_BYTES);
        return answers;
    }

    private static void run(Path directory, Path in, Path out, List<String> command)
            throws IOException, InterruptedException {
        Path messages = directory.resolve("messages");
        ProcessBuilder builder = new ProcessBuilder(command).redirectError(messages.toFile());
        if (in != null) {
            builder.redirectInput(in.toFile());
        }
        builder.redirectOutput(out != null ? out.toFile() : directory.resolve("output").toFile());
        Process process = builder.start();
        if (!process.waitFor(MINUTES_MAX, TimeUnit.MINUTES)) {
            process.destroyForcibly();
            throw new AssertionError(command + " did not end within " + MINUTES_MAX + " minutes");
        }
        assertThat(process.exitValue()).as("exit status of %s: %s", command, Files.readString(messages)).isZero();
    }

    private static boolean isInstalled(String command) {
        for (String folder : System.getenv("PATH").split(":")) {
            if (Files.isExecutable(Path.of(folder, command))) {
                return true;
            }
        }
        return false;
    }
}
