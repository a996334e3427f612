package io.sosia.appliance.cli;

import picocli.CommandLine;
import picocli.CommandLine.Command;

/// `sosia machine`: one machine without a partner.
@Command(
        name = "machine",
        description = "One unprotected machine: runs it, records it, replays the recording.",
        mixinStandardHelpOptions = true,
        synopsisSubcommandLabel = "COMMAND",
        subcommands = {MachineRunCommand.class, MachineReplayCommand.class})
public final class MachineCommand implements Runnable {
    @CommandLine.Spec
    private CommandLine.Model.CommandSpec spec;

    @Override
    public void run() {
        throw new CommandLine.ParameterException(spec.commandLine(), "which command? There are: run, replay");
    }
}
