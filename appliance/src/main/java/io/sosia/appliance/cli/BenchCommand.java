package io.sosia.appliance.cli;

import picocli.CommandLine;
import picocli.CommandLine.Command;

/// `sosia bench`: measures the product, next to its peers.
@Command(
        name = "bench",
        description = "Measures the product, next to its peers on the same work.",
        mixinStandardHelpOptions = true,
        synopsisSubcommandLabel = "COMMAND",
        subcommands = {
            BenchMachineCommand.class, BenchBootCommand.class, BenchGuestCommand.class, BenchResyncCommand.class,
            BenchWitnessCommand.class
        })
public final class BenchCommand implements Runnable {

    @CommandLine.Spec
    private CommandLine.Model.CommandSpec spec;

    @Override
    public void run() {
        throw new CommandLine.ParameterException(spec.commandLine(), "which benchmark? There are: machine, boot, guest, resync, witness");
    }
}
