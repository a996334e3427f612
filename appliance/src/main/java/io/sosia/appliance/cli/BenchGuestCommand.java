package io.sosia.appliance.cli;

import io.sosia.appliance.bench.BenchException;
import io.sosia.appliance.bench.GuestBench;
import io.sosia.appliance.bench.GuestPeer;
import io.sosia.appliance.bench.ResultTable;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/// `sosia bench guest`.
@Command(
        name = "guest",
        description = {
            "Boots the default guest image with each engine, with the translator recording the run, and, where it is installed, on "
                    + "qemu-system-riscv64 (plain, -icount shift=0, rr=record), and has all of them do the same work in turns:",
            "redis-P1, redis-P16: GET and SET of 8 clients, by the guest's own redis-benchmark over its loopback, pipelines of 1 "
                    + "and 16. redis-host-P1, -P16: the same by this host's redis-benchmark over the network. sqlite: 100,000 "
                    + "INSERTs in a transaction. sha256sum: of 64 MiB. dd-fsync: 64 MiB to disk. shell-fork: 1,000 times "
                    + "/bin/true. shell-loop: 200,000 additions.",
            "The work is typed on the guest's console and timed by the host's clock, never the guest's. \"to record\" is the speed "
                    + "divided by that of QEMU recording: above 1 is faster. Medians, of the pairs for the ratios. Each does "
                    + "it before, uncounted, until it gets no faster."
        },
        mixinStandardHelpOptions = true,
        sortOptions = false,
        footer = {
            "%nNeeds the image that \"sosia image build\" makes; qemu-system-misc for the peers; redis-tools and passt for redis-host."
        })
final class BenchGuestCommand implements Callable<Integer> {

    @Option(names = "--runs", paramLabel = "N", defaultValue = "5", description = "Runs of each (default: ${DEFAULT-VALUE}).")
    private int runs;

    @Option(names = "--peer", arity = "1..*", paramLabel = "NAME",
            description = "Only these of interpreter, translator, translator-record, qemu-plain, qemu-icount, qemu-record.")
    private List<String> peers = new ArrayList<>();

    @Option(names = "--work", paramLabel = "NAME", defaultValue = "", description = "Only work whose name contains this.")
    private String work;

    @Option(names = "--json", description = "An array of objects: work, engine, seconds, cpuSeconds, perSecond, unit, "
            + "ratioToPlain, ratioToIcount, ratioToRecord.")
    private boolean json;

    @CommandLine.Spec
    private CommandLine.Model.CommandSpec spec;

    @Override
    public Integer call() {
        GuestBench bench;
        try {
            bench = new GuestBench(runs, GuestPeer.named(peers), work, what -> System.err.println("bench: " + what));
        } catch (IllegalArgumentException e) {
            throw new CommandLine.ParameterException(spec.commandLine(), e.getMessage(), e);
        }
        try (ResultTable table = new ResultTable(System.out, json, GuestBench.Row.COLUMNS)) {
            bench.measure(row -> table.row(row.values()));
            return 0;
        } catch (BenchException e) {
            throw new CliException(CliException.FAILED, e.getMessage(), e);
        }
    }
}
