package io.sosia.appliance.bench;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/// A program of `sosia bench machine`, in C of our own, compiled for the guest when it is needed. It says `NAME ready`, and then,
/// for ever, repeats its work and prints `NAME CHECKSUM` each time.
///
/// @param name   what it prints, and the name of its entry in the source
/// @param source the resource it is in, or the file that is generated
/// @param hot    whether it lives in small loops
record BenchProgram(String name, String source, boolean hot) {

    /// In the order they are measured.
    static final List<BenchProgram> ALL = Stream.concat(
            Stream.concat(
                    Stream.of("crc32", "quicksort", "sieve", "matrix", "fib").map(name -> of(name, "mix.c")),
                    Stream.of("sha256", "strings", "bytecode", "lists", "chase", "nbody").map(name -> of(name, "hot.c"))),
            Stream.of(new BenchProgram("wide", "wide.c", false))).toList();

    private static final String COMPILER = "riscv64-linux-gnu-gcc";
    private static final String GENERATED = "wide.c";
    private static final int KEY_BYTES = 8;
    /// Without contraction: a fused multiply-add would be another result, not another speed.
    private static final List<String> OPTIONS = List.of("-march=rv64gc", "-mabi=lp64d", "-mcmodel=medany",
            "-ffreestanding", "-fno-builtin", "-fno-pic", "-fno-pie", "-fno-math-errno", "-ffp-contract=off", "-nostdlib",
            "-static", "-Wl,--build-id=none,--nmagic,-no-pie,-Ttext=0x80200000,-e,_start");

    private static BenchProgram of(String name, String source) {
        return new BenchProgram(name, source, true);
    }

    /// Compiles it: a static ELF64 at 0x8020_0000, entered in S-mode, for our machine and for `qemu-system-riscv64 -kernel`
    /// alike.
    ///
    /// @param cache where it is kept under a name that changes with source and options, and looked for first
    /// @throws BenchException when there is no compiler, or it fails
    Path compile(Path cache) throws BenchException {
        try {
            Map<String, byte[]> files = Map.of("harness.h", resource("harness.h"), source,
                    source.equals(GENERATED) ? WideSource.generate().getBytes(StandardCharsets.UTF_8) : resource(source));
            Path elf = cache.resolve(name + "-" + key(files));
            if (!Files.exists(elf)) {
                compile(files, elf);
            }
            return elf;
        } catch (IOException e) {
            throw new BenchException("the programs cannot be compiled in " + cache + ": " + e.getMessage(), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new BenchException("interrupted while compiling " + name, e);
        }
    }

    private void compile(Map<String, byte[]> files, Path elf) throws IOException, InterruptedException, BenchException {
        Files.createDirectories(elf.getParent());
        Path folder = Files.createTempDirectory(elf.getParent(), "compile");
        try {
            for (var file : files.entrySet()) {
                Files.write(folder.resolve(file.getKey()), file.getValue());
            }
            List<String> command = new ArrayList<>(List.of(COMPILER));
            command.addAll(OPTIONS);
            command.addAll(List.of(optimise(), "-DPROGRAM=" + name, source, "-o", name));
            String said = run(command, folder);
            if (!said.isEmpty()) {
                throw new BenchException(COMPILER + " could not compile " + name + ": " + said);
            }
            Files.move(folder.resolve(name), elf, StandardCopyOption.ATOMIC_MOVE);
        } finally {
            for (String file : files.keySet()) {
                Files.deleteIfExists(folder.resolve(file));
            }
            Files.deleteIfExists(folder.resolve(name));
            Files.delete(folder);
        }
    }

    /// Empty when it succeeded.
    private static String run(List<String> command, Path folder) throws IOException, InterruptedException, BenchException {
        Process compiling;
        try {
            compiling = new ProcessBuilder(command).directory(folder.toFile()).redirectErrorStream(true).start();
        } catch (IOException e) {
            throw new BenchException("the programs are compiled by " + COMPILER + ", which cannot be started; install it, "
                    + "for example: apt-get install gcc-riscv64-linux-gnu", e);
        }
        String said = new String(compiling.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
        int status = compiling.waitFor();
        return status == 0 ? "" : said.isEmpty() ? "status " + status : said;
    }

    /// Thousands of functions take a minute to compile well.
    private String optimise() {
        return hot ? "-O2" : "-O1";
    }

    private String key(Map<String, byte[]> files) {
        try {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            digest.update((OPTIONS + optimise()).getBytes(StandardCharsets.UTF_8));
            digest.update(files.get("harness.h"));
            digest.update(files.get(source));
            return HexFormat.of().formatHex(digest.digest(), 0, KEY_BYTES);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }

    private static byte[] resource(String file) throws IOException {
        try (InputStream in = BenchProgram.class.getResourceAsStream(file)) {
            return in.readAllBytes();
        }
    }
}
