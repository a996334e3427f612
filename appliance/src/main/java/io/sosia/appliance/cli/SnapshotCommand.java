package io.sosia.appliance.cli;

import picocli.CommandLine;
import picocli.CommandLine.Command;

/// `sosia snapshot`: a pair's machine and disk at rest.
@Command(
        name = "snapshot",
        description = "Saves a pair's machine with its memory and disk as they are at one moment, and goes on from there later.",
        mixinStandardHelpOptions = true,
        subcommands = {SnapshotSaveCommand.class, SnapshotRestoreCommand.class})
public final class SnapshotCommand implements Runnable {

    @CommandLine.Spec
    private CommandLine.Model.CommandSpec spec;

    @Override
    public void run() {
        throw new CommandLine.ParameterException(spec.commandLine(), "which command? There is: "
                + String.join(", ", spec.subcommands().keySet()));
    }
}
