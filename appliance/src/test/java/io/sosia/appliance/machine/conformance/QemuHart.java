package io.sosia.appliance.machine.conformance;

import static org.assertj.core.api.Assertions.assertThat;

import io.sosia.appliance.machine.asm.Assembler;
import io.sosia.appliance.machine.asm.Label;
import io.sosia.appliance.machine.memory.GuestRam;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;

/// Runs test programs on QEMU: user programs as a process of its user-mode emulation, supervisor programs on its `virt`
/// board below a small M-mode monitor of ours.
final class QemuHart {

    private static final String PROCESS = "qemu-riscv64";
    private static final String SYSTEM = "qemu-system-riscv64";
    private static final long SECONDS_MAX = 300;

    /// Only what our hart has; whatever else this QEMU knows would make reserved encodings legal.
    private static final List<String> NOT_OURS = List.of("zba", "zbb", "zbc", "zbs", "h", "v");

    private static final long UART = 0x1000_0000L;
    private static final long FINISHER = 0x10_0000L;
    private static final int FINISHER_PASS = 0x5555;
    private static final int LINUX_WRITE = 64;
    private static final int LINUX_EXIT = 93;

    private final Path directory;

    /// @param directory for files of the moment
    QemuHart(Path directory) {
        this.directory = directory;
    }

    /// Whether this host can run programs of the kind.
    static boolean isInstalled(TestProgram.Kind kind) {
        String command = command(kind);
        return Arrays.stream(System.getenv("PATH").split(":")).anyMatch(f -> Files.isExecutable(Path.of(f, command)));
    }

    static String command(TestProgram.Kind kind) {
        return switch (kind) {
            case USER -> PROCESS;
            case SUPERVISOR -> SYSTEM;
        };
    }

    /// The result of the program.
    byte[] result(TestProgram program) throws IOException, InterruptedException {
        Path result = directory.resolve("result");
        switch (program.kind()) {
            case USER -> {
                Path file = directory.resolve("program");
                Files.write(file, executable(program));
                assertThat(file.toFile().setExecutable(true)).as("%s made executable", file).isTrue();
                run(result, List.of(PROCESS, file.toString()));
            }
            case SUPERVISOR -> {
                Path monitor = directory.resolve("monitor");
                Path image = directory.resolve("image");
                Files.write(monitor, monitor(program.kind()));
                Files.write(image, program.image());
                String cpu = "rv64," + String.join(",", NOT_OURS.stream().map(e -> e + "=off").toList());
                String loader = "loader,force-raw=on,addr=0x%x,file=%s".formatted(TestProgram.BASE, image);
                run(directory.resolve("output"), List.of(SYSTEM, "-M", "virt", "-m", "128", "-smp", "2", "-cpu", cpu,
                        "-bios", monitor.toString(), "-device", loader, "-serial", "file:" + result, "-display", "none",
                        "-monitor", "none"));
            }
        }
        byte[] bytes = Files.readAllBytes(result);
        assertThat(bytes).as("result of %s", command(program.kind())).hasSize(program.kind().resultBytes);
        return bytes;
    }

    private void run(Path out, List<String> command) throws IOException, InterruptedException {
        Path messages = directory.resolve("messages");
        Process process = new ProcessBuilder(command).redirectOutput(out.toFile()).redirectError(messages.toFile())
                .start();
        if (!process.waitFor(SECONDS_MAX, TimeUnit.SECONDS)) {
            process.destroyForcibly().waitFor();
            throw new AssertionError(command + " did not end within " + SECONDS_MAX + " seconds");
        }
        assertThat(process.exitValue()).as("exit status of %s: %s", command, Files.readString(messages)).isZero();
    }

    /// A static Linux executable that writes its result to standard output.
    private static byte[] executable(TestProgram program) {
        Assembler start = new Assembler(TestProgram.BASE);
        start.li(5, TestProgram.BASE + TestProgram.USER_BODY);
        start.jalr(0, 5, 0);
        Assembler end = new Assembler(TestProgram.BASE + TestProgram.USER_END);
        end.li(10, 1);
        end.li(11, TestProgram.BASE + program.kind().resultAt);
        end.li(12, program.kind().resultBytes);
        end.li(17, LINUX_WRITE);
        end.ecall();
        end.li(10, 0);
        end.li(17, LINUX_EXIT);
        end.ecall();
        byte[] image = program.with(TestProgram.USER_START, start.bytes());
        byte[] ending = end.bytes();
        System.arraycopy(ending, 0, image, TestProgram.USER_END, ending.length);
        return executable(image);
    }

    /// An ELF file (System V ABI, chapter "Object files") with one segment that may be read, written and executed.
    private static byte[] executable(byte[] image) {
        int page = GuestRam.PAGE_SIZE;
        ByteBuffer file = ByteBuffer.allocate(page + image.length).order(ByteOrder.LITTLE_ENDIAN);
        file.putInt(0x464c457f).put((byte) 2).put((byte) 1).put((byte) 1).position(16);
        file.putShort((short) 2).putShort((short) 243).putInt(1).putLong(TestProgram.BASE).putLong(64).putLong(0);
        file.putInt(5).putShort((short) 64).putShort((short) 56).putShort((short) 1).position(64);
        file.putInt(1).putInt(7).putLong(page).putLong(TestProgram.BASE).putLong(TestProgram.BASE);
        file.putLong(image.length).putLong(image.length).putLong(page);
        return file.position(page).put(image).array();
    }

    /// Delegates every trap to S-mode but its `ecall`, which writes the result to the UART and switches off.
    private static byte[] monitor(TestProgram.Kind kind) {
        Assembler a = new Assembler(GuestRam.BASE);
        Label start = a.label();
        a.j(start);
        a.align(8);
        long trap = a.here();
        a.li(5, TestProgram.BASE + kind.resultAt);
        a.li(6, TestProgram.BASE + kind.end());
        a.li(7, UART);
        Label next = a.mark();
        a.lbu(28, 5, 0);
        a.sb(28, 7, 0);
        a.addi(5, 5, 1);
        a.bltu(5, 6, next);
        a.li(5, FINISHER);
        a.li(6, FINISHER_PASS);
        a.sw(6, 5, 0);
        a.j(a.mark());
        a.bind(start);
        // With more than one hart, QEMU's atomic accesses are stores from the beginning. The others sleep.
        Label only = a.label();
        a.csrr(5, 0xf14);
        a.beq(5, 0, only);
        Label sleep = a.mark();
        a.wfi();
        a.j(sleep);
        a.bind(only);
        setCsr(a, 0x305, trap);
        setCsr(a, 0x3b0, -1L >>> 10);
        setCsr(a, 0x3a0, 0x1f);
        setCsr(a, 0x302, 0xb1ff);
        setCsr(a, 0x303, 0x222);
        setCsr(a, 0x306, 7);
        setCsr(a, 0x300, 1 << 11);
        setCsr(a, 0x341, TestProgram.BASE);
        a.word(0x3020_0073);
        return a.bytes();
    }

    private static void setCsr(Assembler a, int csr, long value) {
        a.li(5, value);
        a.csrw(csr, 5);
    }
}
