package io.sosia.appliance.bench;

import io.sosia.appliance.bench.Contestant.Lap;
import io.sosia.appliance.engine.EngineKind;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.function.Consumer;

/// Measures the machine's speed on programs of ours, next to QEMU's on the same binaries, in turns: each repeats the work
/// once, then the next, so that what disturbs the host disturbs all alike.
public final class MachineBench {

    /// What to measure.
    ///
    /// @param runs    warm repetitions of each program, at least 1; the interpreter, which is slow, makes two at most
    /// @param engines our engines
    /// @param program only programs whose name contains this
    /// @param cache   where compiled programs are kept
    public record Settings(int runs, List<EngineKind> engines, String program, Path cache) {
        /// @throws IllegalArgumentException naming what is wrong
        public Settings {
            if (runs < 1) {
                throw new IllegalArgumentException("--runs " + runs + ": expected 1 or more");
            }
            if (BenchProgram.ALL.stream().noneMatch(each -> each.name().contains(program))) {
                throw new IllegalArgumentException("no program is called `" + program + "`; there are: "
                        + String.join(", ", BenchProgram.ALL.stream().map(BenchProgram::name).toList()));
            }
        }
    }

    /// One line of the result.
    ///
    /// @param program       its name, or [#GEOMEAN] for the geometric mean over the hot programs
    /// @param engine        `interpreter`, `translator`, `qemu-icount` or `qemu-plain`
    /// @param phase         `cold`: the first repetition, in a machine just built (the process may have run others before);
    ///                      `warm`: the median of those in that machine after it has got no faster, see [WarmUp]
    /// @param mips          million guest steps per second of CPU time of what executes the guest: our thread, all of QEMU
    /// @param processMips   the same per second of CPU time of the whole process: what compiles counts too
    /// @param ratioToIcount this engine's `mips` by `qemu-icount`'s of the same phase, median of the pairs; empty without QEMU
    /// @param ratioToPlain  the same by `qemu-plain`'s
    public record Row(String program, String engine, String phase, double mips, double processMips,
            OptionalDouble ratioToIcount, OptionalDouble ratioToPlain) {

        /// The keys of [#values].
        public static final List<ResultTable.Column> COLUMNS = List.of(
                ResultTable.text("program", 10), ResultTable.text("engine", 12), ResultTable.text("phase", 5),
                ResultTable.number("mips", "MIPS", 8, 1), ResultTable.number("processMips", "process", 8, 1),
                ResultTable.number("ratioToIcount", "to icount", 9, 3), ResultTable.number("ratioToPlain", "to plain", 9, 3));

        /// In the columns' order.
        public List<Object> values() {
            return List.of(program, engine, phase, mips, processMips, ratioToIcount, ratioToPlain);
        }
    }

    /// In place of a program's name.
    public static final String GEOMEAN = "geomean";

    private static final int INTERPRETER_RUNS_MAX = 2;
    /// A process that takes this many times the CPU time of what executes the guest still compiles.
    private static final double COMPILING = 1.15;
    /// A machine of ours that has executed less may still be starting, for an engine that translates: it holds back.
    private static final long STARTED_STEPS = 2_000_000_000;

    private final Settings settings;
    private final Consumer<String> progress;
    private final Consumer<Row> result;
    private final List<Row> warmOfHot = new ArrayList<>();

    /// @param progress told what is measured next
    /// @param result   given each row when it is known
    public MachineBench(Settings settings, Consumer<String> progress, Consumer<Row> result) {
        this.settings = settings;
        this.progress = progress;
        this.result = result;
    }

    /// Measures all programs.
    ///
    /// @throws BenchException when a program cannot be built or gives different results
    public void measure() throws BenchException {
        boolean qemu = Qemu.installed();
        if (!qemu) {
            progress.accept("qemu-system-riscv64 is not installed (package qemu-system-misc): no ratios");
        }
        List<BenchProgram> programs =
                BenchProgram.ALL.stream().filter(each -> each.name().contains(settings.program())).toList();
        for (BenchProgram program : programs) {
            progress.accept(program.name() + ": compiles it, unless it has been before");
            Path elf = program.compile(settings.cache());
            Map<String, Contestant> contestants = new LinkedHashMap<>();
            try {
                for (EngineKind engine : settings.engines()) {
                    contestants.put(engine.word(), MachineContestant.start(elf, engine));
                }
                if (qemu) {
                    contestants.put(Qemu.ICOUNT.name(), QemuContestant.start(Qemu.ICOUNT, elf, program.name()));
                    contestants.put(Qemu.PLAIN.name(), QemuContestant.start(Qemu.PLAIN, elf, program.name()));
                }
                report(program, new Laps(program.name(), contestants));
            } finally {
                contestants.values().forEach(Contestant::close);
            }
        }
        if (programs.stream().filter(BenchProgram::hot).count() > 1) {
            warmOfHot.stream().map(Row::engine).distinct().forEach(engine -> result.accept(geomean(
                    engine, warmOfHot.stream().filter(row -> row.engine().equals(engine)).toList())));
        }
    }

    /// All laps of one program, run in rounds.
    private final class Laps {

        private final String program;
        private final Map<String, List<Lap>> of = new LinkedHashMap<>();

        Laps(String program, Map<String, Contestant> contestants) throws BenchException {
            this.program = program;
            for (int round = 0; round <= settings.runs(); round++) {
                if (round == 1) {
                    warmUp(contestants);
                }
                progress.accept(program + ": " + (round == 0 ? "cold" : "warm " + round + " of " + settings.runs()));
                for (var each : contestants.entrySet()) {
                    List<Lap> laps = of.computeIfAbsent(each.getKey(), _ -> new ArrayList<>());
                    if (round > INTERPRETER_RUNS_MAX && each.getKey().equals(EngineKind.INTERPRETER.word())) {
                        continue;
                    }
                    Lap lap = each.getValue().lap();
                    check(lap, each.getKey());
                    laps.add(lap);
                }
            }
        }

        private void warmUp(Map<String, Contestant> contestants) throws BenchException {
            for (var each : contestants.entrySet()) {
                if (each.getKey().equals(EngineKind.INTERPRETER.word())) {
                    continue;
                }
                progress.accept(program + ": warms up " + each.getKey());
                long steps = 0;
                for (WarmUp warmUp = new WarmUp(); warmUp.goesOn(); ) {
                    Lap lap = each.getValue().lap();
                    check(lap, each.getKey());
                    steps += lap.steps();
                    boolean starting = lap.steps() > 0 && steps < STARTED_STEPS;
                    warmUp.took(lap.cpuSeconds(), starting || lap.processCpuSeconds() > COMPILING * lap.cpuSeconds());
                }
            }
        }

        private void check(Lap lap, String engine) throws BenchException {
            String expected = of.values().iterator().next().stream().findFirst().orElse(lap).line();
            if (!lap.line().equals(expected)) {
                throw new BenchException(program + " came to `" + lap.line() + "` on " + engine + ", expected `" + expected + "`");
            }
        }

        /// Steps of a repetition, as the first of our engines counted them.
        double steps() {
            List<Lap> laps = of.values().iterator().next();
            return laps.stream().mapToLong(Lap::steps).skip(1).average().orElseThrow();
        }

        double mips(String engine, int round, boolean process) {
            Lap lap = of.get(engine).get(round);
            double steps = lap.steps() > 0 ? lap.steps() : steps();
            return steps / (process ? lap.processCpuSeconds() : lap.cpuSeconds()) / 1e6;
        }

        Row row(String engine, int from, int to) {
            return new Row(program, engine, from == 0 ? "cold" : "warm", median(engine, from, to, false),
                    median(engine, from, to, true), ratio(engine, Qemu.ICOUNT.name(), from, to),
                    ratio(engine, Qemu.PLAIN.name(), from, to));
        }

        private double median(String engine, int from, int to, boolean process) {
            double[] all = new double[to - from];
            Arrays.setAll(all, i -> mips(engine, from + i, process));
            return MachineBench.median(all);
        }

        private OptionalDouble ratio(String engine, String peer, int from, int to) {
            if (!of.containsKey(peer)) {
                return OptionalDouble.empty();
            }
            double[] all = new double[to - from];
            Arrays.setAll(all, i -> mips(engine, from + i, false) / mips(peer, from + i, false));
            return OptionalDouble.of(MachineBench.median(all));
        }
    }

    private void report(BenchProgram program, Laps laps) {
        for (String engine : laps.of.keySet()) {
            Row warm = laps.row(engine, 1, laps.of.get(engine).size());
            result.accept(laps.row(engine, 0, 1));
            result.accept(warm);
            if (program.hot()) {
                warmOfHot.add(warm);
            }
        }
    }

    private static Row geomean(String engine, List<Row> rows) {
        return new Row(GEOMEAN, engine, "warm",
                geomean(rows.stream().mapToDouble(Row::mips).toArray()),
                geomean(rows.stream().mapToDouble(Row::processMips).toArray()),
                geomean(rows.stream().map(Row::ratioToIcount).toList()),
                geomean(rows.stream().map(Row::ratioToPlain).toList()));
    }

    private static OptionalDouble geomean(List<OptionalDouble> values) {
        return values.stream().allMatch(OptionalDouble::isPresent)
                ? OptionalDouble.of(geomean(values.stream().mapToDouble(OptionalDouble::getAsDouble).toArray()))
                : OptionalDouble.empty();
    }

    static double geomean(double[] values) {
        return Math.exp(Arrays.stream(values).map(Math::log).average().orElseThrow());
    }

    /// The middle one, or the mean of the two in the middle.
    static double median(double[] values) {
        double[] sorted = values.clone();
        Arrays.sort(sorted);
        int half = sorted.length / 2;
        return sorted.length % 2 == 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
    }
}
