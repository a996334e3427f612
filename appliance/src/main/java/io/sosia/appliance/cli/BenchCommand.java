package io.sosia.appliance.cli;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.sosia.appliance.bench.BenchException;
import io.sosia.appliance.bench.MachineBench;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/// `sosia bench`: measures the product, next to its peers.
@Command(
        name = "bench",
        description = "Measures the product, next to its peers on the same work.",
        mixinStandardHelpOptions = true,
        subcommands = BenchCommand.MachineSpeed.class)
public final class BenchCommand implements Runnable {

    @CommandLine.Spec
    private CommandLine.Model.CommandSpec spec;

    @Override
    public void run() {
        throw new CommandLine.ParameterException(spec.commandLine(), "which benchmark? There is: machine");
    }

    /// `sosia bench machine`.
    @Command(
            name = "machine",
            description = {
                "Runs an integer mix (crc32, quicksort, sieve, matrix multiply, fib) on the machine and, where it is installed, "
                        + "on qemu-system-riscv64, plain and with -icount shift=0, the same binaries in turns.",
                "Speeds are million guest steps per CPU-second: of the executing thread, and of QEMU's process less what an "
                        + "empty program costs it. The ratios are the result; the machine's load disturbs the speeds."
            },
            mixinStandardHelpOptions = true,
            footer = {
                "%nNeeds Debian's gcc-riscv64-linux-gnu; qemu-system-misc for the ratios."
            })
    static final class MachineSpeed implements Callable<Integer> {

        @Option(names = "--runs", paramLabel = "N", defaultValue = "5",
                description = "Warm runs of each program; the median counts (default: ${DEFAULT-VALUE}).")
        private int runs;

        @Option(names = "--json", description = "An array of rows: program, engine, phase, mips, ratioToIcount, ratioToPlain.")
        private boolean json;

        @CommandLine.Spec
        private CommandLine.Model.CommandSpec spec;

        @Override
        public Integer call() {
            if (runs < 1) {
                throw new CommandLine.ParameterException(spec.commandLine(), "--runs " + runs + ": expected 1 or more");
            }
            try {
                List<MachineBench.Row> rows = new MachineBench(runs, what -> System.err.println("bench: " + what)).measure();
                if (json) {
                    System.out.println(asJson(rows).toPrettyString());
                } else {
                    print(rows);
                }
                return 0;
            } catch (BenchException e) {
                throw new CliException(CliException.FAILED, e.getMessage(), e);
            }
        }

        private static void print(List<MachineBench.Row> rows) {
            System.out.printf("%-10s %-12s %-5s %8s %10s %10s%n", "program", "engine", "phase", "MIPS", "to icount", "to plain");
            for (MachineBench.Row row : rows) {
                System.out.printf(Locale.ROOT, "%-10s %-12s %-5s %8.1f %10s %10s%n", row.program(), row.engine(), row.phase(),
                        row.mips(), text(row.ratioToIcount()), text(row.ratioToPlain()));
            }
        }

        private static String text(Optional<Double> ratio) {
            return ratio.map(value -> String.format(Locale.ROOT, "%.3f", value)).orElse("-");
        }

        private static ArrayNode asJson(List<MachineBench.Row> rows) {
            ArrayNode array = new ObjectMapper().createArrayNode();
            for (MachineBench.Row row : rows) {
                ObjectNode node = array.addObject();
                node.put("program", row.program()).put("engine", row.engine()).put("phase", row.phase()).put("mips", row.mips());
                node.put("ratioToIcount", row.ratioToIcount().orElse(null));
                node.put("ratioToPlain", row.ratioToPlain().orElse(null));
            }
            return array;
        }
    }
}
