package io.sosia.appliance.cli;

import picocli.CommandLine;
import picocli.CommandLine.Command;

/// `sosia disk`: the disk of a node of a pair.
@Command(
        name = "disk",
        description = "What an operator does with the disk of a node of a pair.",
        mixinStandardHelpOptions = true,
        subcommands = {
            DiskStatusCommand.class,
            DiskResyncCommand.class,
            DiskVerifyCommand.class,
            DiskHistoryCommand.class,
            DiskExportCommand.class
        })
public final class DiskCommand implements Runnable {

    @CommandLine.Spec
    private CommandLine.Model.CommandSpec spec;

    @Override
    public void run() {
        throw new CommandLine.ParameterException(spec.commandLine(), "which command? There is: "
                + String.join(", ", spec.subcommands().keySet()));
    }
}
