package io.sosia.appliance.bench;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/// The integer mix: five small programs of our own, compiled for the guest when they are needed.
final class MixPrograms {

    /// In the order they are reported; `empty` beside them does nothing and shows what starting costs.
    static final List<String> NAMES = List.of("crc32", "quicksort", "sieve", "matrix", "fib");

    static final String EMPTY = "empty";

    private static final String COMPILER = "riscv64-linux-gnu-gcc";
    private static final String SOURCE = "/io/sosia/appliance/bench/mix.c";

    private MixPrograms() {}

    /// Compiles one program into `folder`: a static ELF64 at 0x8020_0000, entered in S-mode, for our machine and for
    /// `qemu-system-riscv64 -kernel` alike.
    ///
    /// @throws BenchException when there is no compiler, or it fails
    static Path compile(String name, Path folder) throws BenchException {
        Path source = folder.resolve("mix.c");
        Path elf = folder.resolve(name);
        try (InputStream in = MixPrograms.class.getResourceAsStream(SOURCE)) {
            Files.write(source, in.readAllBytes());
            Process compiling = new ProcessBuilder(COMPILER, "-O2", "-march=rv64gc", "-mabi=lp64d", "-mcmodel=medany",
                    "-ffreestanding", "-fno-builtin", "-fno-pic", "-fno-pie", "-nostdlib", "-static",
                    "-Wl,--build-id=none,--nmagic,-no-pie,-Ttext=0x80200000,-e,_start",
                    "-DPROGRAM=" + name, source.toString(), "-o", elf.toString()).redirectErrorStream(true).start();
            String said = new String(compiling.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            if (compiling.waitFor() != 0) {
                throw new BenchException(COMPILER + " could not compile " + name + ": " + said.strip());
            }
            return elf;
        } catch (IOException e) {
            throw new BenchException("the programs are compiled by " + COMPILER + ", which cannot be started; install it, "
                    + "for example: apt-get install gcc-riscv64-linux-gnu", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new BenchException("interrupted while compiling " + name, e);
        }
    }
}
