package io.sosia.appliance.cli;

import io.sosia.appliance.bench.BenchException;
import io.sosia.appliance.bench.MachineBench;
import io.sosia.appliance.bench.ResultTable;
import io.sosia.appliance.engine.EngineKind;
import io.sosia.appliance.image.GuestImage;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/// `sosia bench machine`.
@Command(
        name = "machine",
        description = {
            "Runs programs of its own on the machine with each engine and, where it is installed, on qemu-system-riscv64, "
                    + "plain and with -icount shift=0: an integer mix (crc32, quicksort, sieve, matrix, fib), hot kernels "
                    + "(sha256, strings, bytecode, lists, chase, nbody) and wide: 3,000 functions, none of them hot, as "
                    + "in a boot.",
            "Each program repeats its work for ever; the engines take turns, one repetition each. Cold is the first "
                    + "repetition in a new machine; then it repeats, uncounted, until nothing is compiled any more and it gets "
                    + "no faster; warm is the median of the repetitions after that.",
            "MIPS are million guest steps per CPU-second of what executes the guest: our thread, or all of QEMU. \"process\" "
                    + "divides by the CPU time of the whole process, compilers included. The ratios are the result; the "
                    + "host's load disturbs the speeds. The last rows are the geometric means over all but wide, warm."
        },
        mixinStandardHelpOptions = true,
        sortOptions = false,
        footer = {
            "%nNeeds Debian's gcc-riscv64-linux-gnu; qemu-system-misc for the ratios. A whole run takes a few minutes, the "
                    + "first one half a minute more to compile."
        })
final class BenchMachineCommand implements Callable<Integer> {

    @Option(names = "--runs", paramLabel = "N", defaultValue = "5",
            description = "Warm repetitions of each program (default: ${DEFAULT-VALUE}; the slow interpreter makes 2).")
    private int runs;

    @Option(names = "--program", paramLabel = "NAME", defaultValue = "",
            description = "Only programs whose name contains this.")
    private String program;

    @Mixin
    private EngineOption engine;

    @Option(names = "--json", description = "An array of objects: program, engine, phase, mips, processMips, ratioToIcount, "
            + "ratioToPlain.")
    private boolean json;

    @CommandLine.Spec
    private CommandLine.Model.CommandSpec spec;

    @Override
    public Integer call() {
        try (ResultTable table = new ResultTable(System.out, json, MachineBench.Row.COLUMNS)) {
            new MachineBench(settings(), what -> System.err.println("bench: " + what), row -> table.row(row.values())).measure();
            return 0;
        } catch (BenchException e) {
            throw new CliException(CliException.FAILED, e.getMessage(), e);
        }
    }

    private MachineBench.Settings settings() {
        List<EngineKind> engines = engine.named().map(EngineKind::decided).map(List::of)
                .orElse(List.of(EngineKind.INTERPRETER, EngineKind.TRANSLATOR));
        try {
            return new MachineBench.Settings(runs, engines, program, GuestImage.cacheDirectory().resolve("bench"));
        } catch (IllegalArgumentException e) {
            throw new CommandLine.ParameterException(spec.commandLine(), e.getMessage(), e);
        }
    }
}
