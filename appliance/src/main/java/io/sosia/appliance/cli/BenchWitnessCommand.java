package io.sosia.appliance.cli;

import io.sosia.appliance.bench.BenchException;
import io.sosia.appliance.bench.ResultTable;
import io.sosia.appliance.bench.WitnessBench;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/// `sosia bench witness`.
@Command(
        name = "witness",
        description = {
            "Measures how long a claim at the witness takes, with one member and with three: pairs are registered, then claims come "
                    + "at a steady rate, whether or not earlier ones are answered, from clients that are warm, as the nodes' are.",
            "\"by fsync\" divides the claim's p50 by that of a plain append with fsync in the same run: a claim is durable before it is "
                    + "granted, so it cannot be much below 1. Then the leader of three is killed (kill -9) again and again: "
                    + "\"loss\" is the time until the claim that every client sends at that moment is granted.",
            "Everything said is mutual TLS 1.3, by certificates made for the run, unless --tls off compares.",
            "The members are processes on this host's loopback, each with a heap of 64 MiB, their storage on its temporary file system. "
                    + "Medians of the runs; each run has a new witness."
        },
        mixinStandardHelpOptions = true,
        sortOptions = false,
        footer = {
            "%nWhat to expect: p50 at most 5 ms with one member, or twice the append; the next claim within 3 s of the kill.",
            "A temporary file system in memory makes fsync free: name a folder on a disk with SOSIA_JAVA_OPTS=-Djava.io.tmpdir=FOLDER."
        })
final class BenchWitnessCommand implements Callable<Integer> {

    @Option(names = "--runs", paramLabel = "N", defaultValue = "3", description = "Runs of each (default: ${DEFAULT-VALUE}).")
    private int runs;

    @Option(names = "--members", arity = "1..*", paramLabel = "N", defaultValue = "1 3", split = " ",
            description = "Members of the witness (default: 1 and 3).")
    private List<Integer> members;

    @Option(names = "--pairs", paramLabel = "N", defaultValue = "10000",
            description = "Pairs registered beforehand (default: ${DEFAULT-VALUE}).")
    private int pairs;

    @Option(names = "--rate", paramLabel = "N", defaultValue = "100", description = "Claims a second (default: ${DEFAULT-VALUE}).")
    private int rate;

    @Option(names = "--seconds", paramLabel = "N", defaultValue = "10",
            description = "How long the claims go on (default: ${DEFAULT-VALUE}).")
    private int seconds;

    @Option(names = "--kills", paramLabel = "N", defaultValue = "5",
            description = "Kills of the leader in each run (default: ${DEFAULT-VALUE}).")
    private int kills;

    private boolean encrypted;

    @Option(names = "--tls", paramLabel = "on|off", defaultValue = "on",
            description = "Whether members and clients encrypt and prove who they are (default: ${DEFAULT-VALUE}).")
    private void setTls(String word) {
        encrypted = switch (word) {
            case "on" -> true;
            case "off" -> false;
            default -> throw new CommandLine.ParameterException(spec.commandLine(), "--tls is `" + word + "`, expected on or off");
        };
    }

    @Option(names = "--json", description = "An array of objects: members, tls (on or off), pairs, registerSeconds, p50Millis, p99Millis, appendMillis, "
            + "ratioToAppend, lossSeconds, lossSecondsMax, rssMiB (the largest member), storageMiB.")
    private boolean json;

    @CommandLine.Spec
    private CommandLine.Model.CommandSpec spec;

    @Override
    public Integer call() {
        WitnessBench bench;
        try {
            bench = new WitnessBench(new WitnessBench.Settings(runs, members, pairs, rate, seconds, kills, encrypted),
                    what -> System.err.println("bench: " + what));
        } catch (IllegalArgumentException e) {
            throw new CommandLine.ParameterException(spec.commandLine(), e.getMessage(), e);
        }
        try (ResultTable table = new ResultTable(System.out, json, WitnessBench.Row.COLUMNS)) {
            bench.measure(row -> table.row(row.values()));
            return 0;
        } catch (BenchException e) {
            throw new CliException(CliException.FAILED, e.getMessage(), e);
        }
    }
}
