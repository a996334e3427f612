package io.sosia.appliance.bench;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// `qemu-system-riscv64` on the same program: with `-icount shift=0` it is the only open deterministic peer.
///
/// @param options what tells this peer from plain QEMU
record QemuPeer(List<String> options) {

    static final QemuPeer PLAIN = new QemuPeer(List.of());
    static final QemuPeer ICOUNT = new QemuPeer(List.of("-icount", "shift=0"));

    private static final String PROGRAM = "qemu-system-riscv64";
    /// What the shell's `times` says of its children, in its second line: user, then system time.
    private static final Pattern TIMES = Pattern.compile("(\\d+)m([\\d.]+)s (\\d+)m([\\d.]+)s");

    /// Whether QEMU is installed.
    static boolean installed() {
        try {
            Process process = new ProcessBuilder(PROGRAM, "--version").redirectErrorStream(true).start();
            process.getInputStream().readAllBytes();
            return process.waitFor() == 0;
        } catch (IOException e) {
            return false;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }

    /// One run.
    ///
    /// @param expected the line the program has to print
    /// @return CPU seconds of the QEMU process, firmware included
    /// @throws BenchException when it printed something else, or could not be run
    double cpuSeconds(Path elf, String expected) throws BenchException {
        List<String> command = new ArrayList<>(List.of("/bin/sh", "-c", "\"$@\"; times", "sh", "timeout", "300", PROGRAM,
                "-M", "virt", "-m", "64", "-display", "none", "-monitor", "none", "-serial", "stdio"));
        command.addAll(options);
        command.addAll(List.of("-kernel", elf.toString()));
        try {
            Process process = new ProcessBuilder(command).redirectInput(new File("/dev/null")).redirectErrorStream(true).start();
            String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            process.waitFor();
            if (said.lines().noneMatch(line -> line.strip().equals(expected))) {
                throw new BenchException(PROGRAM + " " + options + " did not print `" + expected + "` for "
                        + elf.getFileName());
            }
            return children(said);
        } catch (IOException e) {
            throw new BenchException(PROGRAM + " cannot be run: " + e.getMessage(), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new BenchException("interrupted while running " + PROGRAM, e);
        }
    }

    private static double children(String said) throws BenchException {
        String last = said.lines().toList().getLast().strip();
        Matcher times = TIMES.matcher(last);
        if (!times.matches()) {
            throw new BenchException("the shell's `times` said `" + last + "`, expected 0m0.00s 0m0.00s");
        }
        return Integer.parseInt(times.group(1)) * 60 + Double.parseDouble(times.group(2))
                + Integer.parseInt(times.group(3)) * 60 + Double.parseDouble(times.group(4));
    }
}
