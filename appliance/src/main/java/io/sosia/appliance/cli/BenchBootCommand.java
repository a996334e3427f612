package io.sosia.appliance.cli;

import io.sosia.appliance.bench.BenchException;
import io.sosia.appliance.bench.BootBench;
import io.sosia.appliance.bench.GuestPeer;
import io.sosia.appliance.bench.ResultTable;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/// `sosia bench boot`.
@Command(
        name = "boot",
        description = {
            "Boots the default guest image to GUEST READY, in turns: with each engine, with the translator recording the run, and, "
                    + "where it is installed, on qemu-system-riscv64: plain, with -icount shift=0, and recording (rr=record). "
                    + "The same kernel, initial RAM disk, command line and disk; what the guest writes is forgotten.",
            "Seconds are from the start of the process, the launcher's and Java's own start included, by the host's clock; CPU "
                    + "seconds are of all its processes. \"by record\" is the seconds divided by those of QEMU recording: below "
                    + "1 is faster. Medians, of the pairs for the ratios."
        },
        mixinStandardHelpOptions = true,
        sortOptions = false,
        footer = {
            "%nNeeds the image that \"sosia image build\" makes; qemu-system-misc for the peers. A run of all takes about a minute."
        })
final class BenchBootCommand implements Callable<Integer> {

    @Option(names = "--runs", paramLabel = "N", defaultValue = "5", description = "Boots of each (default: ${DEFAULT-VALUE}).")
    private int runs;

    @Option(names = "--peer", arity = "1..*", paramLabel = "NAME",
            description = "Only these of interpreter, translator, translator-record, qemu-plain, qemu-icount, qemu-record.")
    private List<String> peers = new ArrayList<>();

    @Option(names = "--json", description = "An array of objects: engine, seconds, cpuSeconds, timeToPlain, timeToIcount, "
            + "timeToRecord.")
    private boolean json;

    @CommandLine.Spec
    private CommandLine.Model.CommandSpec spec;

    @Override
    public Integer call() {
        BootBench bench;
        try {
            bench = new BootBench(runs, GuestPeer.named(peers), what -> System.err.println("bench: " + what));
        } catch (IllegalArgumentException e) {
            throw new CommandLine.ParameterException(spec.commandLine(), e.getMessage(), e);
        }
        try (ResultTable table = new ResultTable(System.out, json, BootBench.Row.COLUMNS)) {
            bench.measure(row -> table.row(row.values()));
            return 0;
        } catch (BenchException e) {
            throw new CliException(CliException.FAILED, e.getMessage(), e);
        }
    }
}
