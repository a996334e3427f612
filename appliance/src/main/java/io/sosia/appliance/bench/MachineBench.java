package io.sosia.appliance.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/// Measures the machine's speed on the integer mix, next to QEMU's on the same binaries, in turns.
public final class MachineBench {

    /// One line of the result.
    ///
    /// @param engine        `interpreter`, `qemu-icount` or `qemu-plain`
    /// @param phase         `cold`: the first run in this process; `warm`: the median of the others
    /// @param mips          million guest steps per CPU-second
    /// @param ratioToIcount this engine's speed by `qemu-icount`'s, empty without QEMU
    /// @param ratioToPlain  this engine's speed by `qemu-plain`'s, empty without QEMU
    public record Row(String program, String engine, String phase, double mips, Optional<Double> ratioToIcount,
            Optional<Double> ratioToPlain) {}

    private static final double CPU_SECONDS_MIN = 0.01;

    private final int runs;
    private final Consumer<String> progress;

    /// @param runs     how often each program is run warm, at least 1
    /// @param progress told what is measured next
    public MachineBench(int runs, Consumer<String> progress) {
        if (runs < 1) {
            throw new IllegalArgumentException("runs: " + runs + ", expected 1 or more");
        }
        this.runs = runs;
        this.progress = progress;
    }

    /// Measures all programs.
    ///
    /// @throws BenchException when a program cannot be built or gives different results
    public List<Row> measure() throws BenchException {
        try {
            Path folder = Files.createTempDirectory("sosia-bench");
            try {
                return measure(folder);
            } finally {
                try (var files = Files.list(folder)) {
                    for (Path file : files.toList()) {
                        Files.delete(file);
                    }
                }
                Files.delete(folder);
            }
        } catch (IOException e) {
            throw new BenchException("a temporary folder cannot be used: " + e.getMessage(), e);
        }
    }

    private List<Row> measure(Path folder) throws BenchException {
        boolean qemu = QemuPeer.installed();
        if (!qemu) {
            progress.accept("qemu-system-riscv64 is not installed (package qemu-system-misc): no ratios");
        }
        Path empty = MixPrograms.compile(MixPrograms.EMPTY, folder);
        String emptySays = MachineRun.of(empty).output();
        List<Row> rows = new ArrayList<>();
        for (String name : MixPrograms.NAMES) {
            Path elf = MixPrograms.compile(name, folder);
            progress.accept(name);
            MachineRun cold = MachineRun.of(elf);
            double[] ours = new double[runs];
            double[] icount = new double[runs];
            double[] plain = new double[runs];
            for (int i = 0; i < runs; i++) {
                MachineRun run = MachineRun.of(elf);
                if (!run.output().equals(cold.output()) || run.steps() != cold.steps()) {
                    throw new BenchException(name + " ran differently: " + run + " after " + cold);
                }
                ours[i] = run.mips();
                if (qemu) {
                    icount[i] = peerMips(QemuPeer.ICOUNT, elf, empty, cold, emptySays);
                    plain[i] = peerMips(QemuPeer.PLAIN, elf, empty, cold, emptySays);
                }
            }
            addRows(rows, name, cold.mips(), median(ours), qemu ? Optional.of(median(icount)) : Optional.empty(),
                    qemu ? Optional.of(median(plain)) : Optional.empty());
        }
        return rows;
    }

    private static double peerMips(QemuPeer peer, Path elf, Path empty, MachineRun ours, String emptySays)
            throws BenchException {
        double seconds = peer.cpuSeconds(elf, ours.output()) - peer.cpuSeconds(empty, emptySays);
        return ours.steps() / Math.max(CPU_SECONDS_MIN, seconds) / 1e6;
    }

    private static void addRows(
            List<Row> rows, String name, double cold, double warm, Optional<Double> icount, Optional<Double> plain) {
        rows.add(row(name, "interpreter", "cold", cold, icount, plain));
        rows.add(row(name, "interpreter", "warm", warm, icount, plain));
        icount.ifPresent(peer -> rows.add(row(name, "qemu-icount", "warm", peer, icount, plain)));
        plain.ifPresent(peer -> rows.add(row(name, "qemu-plain", "warm", peer, icount, plain)));
    }

    private static Row row(
            String name, String engine, String phase, double mips, Optional<Double> icount, Optional<Double> plain) {
        return new Row(name, engine, phase, mips, icount.map(peer -> mips / peer), plain.map(peer -> mips / peer));
    }

    /// The middle one, or the mean of the two in the middle.
    static double median(double[] values) {
        double[] sorted = values.clone();
        Arrays.sort(sorted);
        int half = sorted.length / 2;
        return sorted.length % 2 == 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
    }
}
