package io.sosia.appliance.cli;

import io.sosia.appliance.bench.BenchException;
import io.sosia.appliance.bench.ResultTable;
import io.sosia.appliance.bench.ResyncBench;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/// `sosia bench resync`.
@Command(
        name = "resync",
        description = {
            "Measures how long it takes until a partner's disk is equal again: in full into an empty disk, next to `cp --sparse=never` "
                    + "and fsync of the same file in the same run, and after a part of it has changed while the partner was away.",
            "Both disks and the copy are on this host's temporary file system, the connection is the loopback with TLS. Medians, of the "
                    + "pairs for the ratios: above 1 the resync is faster than the copy. `TLS MiB/s` is a bare stream over such a "
                    + "connection; `by limit` compares with the slower of copy and stream."
        },
        mixinStandardHelpOptions = true,
        sortOptions = false,
        footer = "%nThe disks are filled with bytes that do not compress; twice their size is needed.")
final class BenchResyncCommand implements Callable<Integer> {

    @Option(names = "--runs", paramLabel = "N", defaultValue = "5", description = "Runs of each, after up to three that warm the JVM up and "
            + "are shown but not counted (default: ${DEFAULT-VALUE}).")
    private int runs;

    @Option(names = "--sizes", arity = "1..*", paramLabel = "GIB", defaultValue = "1 8", split = " ",
            description = "Sizes of the disk, in GiB (default: 1 and 8).")
    private List<Double> sizes;

    @Option(names = "--changed", paramLabel = "MIB", defaultValue = "100",
            description = "What changes while the partner is away (default: ${DEFAULT-VALUE}).")
    private int changed;

    @Option(names = "--json", description = "An array of objects: diskGiB, kind (full, incremental), movedMiB, seconds, mibPerSecond, "
            + "ratioToCopy, streamMibPerSecond, ratioToLimit.")
    private boolean json;

    @CommandLine.Spec
    private CommandLine.Model.CommandSpec spec;

    @Override
    public Integer call() {
        ResyncBench bench;
        try {
            bench = new ResyncBench(runs, sizes, changed, what -> System.err.println("bench: " + what));
        } catch (IllegalArgumentException e) {
            throw new CommandLine.ParameterException(spec.commandLine(), e.getMessage(), e);
        }
        try (ResultTable table = new ResultTable(System.out, json, ResyncBench.Row.COLUMNS)) {
            bench.measure(row -> table.row(row.values()));
            return 0;
        } catch (BenchException e) {
            throw new CliException(CliException.FAILED, e.getMessage(), e);
        }
    }
}
