package io.sosia.appliance.cli;

import java.util.List;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.HelpCommand;
import picocli.CommandLine.IVersionProvider;

/// The `sosia` command. Exit statuses: 0 done, 1 the thing asked for failed, 2 bad usage or unusable input.
@Command(
        name = "sosia",
        description = "Runs one unmodified Linux machine on two ordinary hosts at once.",
        mixinStandardHelpOptions = true,
        versionProvider = Sosia.Version.class,
        synopsisSubcommandLabel = "COMMAND",
        footerHeading = "%nStart here:%n",
        footer = {
            "  sosia demo               a whole pair on this machine; its primary is killed, nothing is lost",
            "  sosia machine run        one unprotected machine on this terminal",
            "  sosia COMMAND --help     what a command does and takes"
        })
public final class Sosia implements Runnable {

    private static final List<Class<?>> COMMANDS = List.of(
            DemoCommand.class,
            MachineCommand.class,
            ImageCommand.class,
            NetworkCommand.class,
            WitnessCommand.class,
            CertsCommand.class,
            PairCommand.class,
            ApplianceCommand.class,
            StatusCommand.class,
            ConsoleCommand.class,
            SwitchoverCommand.class,
            DiskCommand.class,
            SnapshotCommand.class,
            BenchCommand.class,
            HelpCommand.class);

    @CommandLine.Spec
    private CommandLine.Model.CommandSpec spec;

    private Sosia() {}

    /// Runs one command line and ends the process with its exit status.
    public static void main(String[] args) {
        ParentWatch.beginIfAsked();
        Diagnostics.gather();
        System.exit(commandLine(named(args)).execute(args));
    }

    /// The command that is asked for, if one is: to know all of them takes a tenth of a second.
    private static List<Class<?>> named(String[] args) {
        return COMMANDS.stream()
                .filter(command -> args.length != 0 && command != HelpCommand.class && name(command).equals(args[0])).findFirst()
                .<List<Class<?>>>map(List::of).orElse(COMMANDS);
    }

    private static String name(Class<?> command) {
        return command.getAnnotation(Command.class).name();
    }

    /// The complete command line.
    public static CommandLine commandLine() {
        return commandLine(COMMANDS);
    }

    private static CommandLine commandLine(List<Class<?>> commands) {
        CommandLine line = new CommandLine(new Sosia());
        commands.forEach(line::addSubcommand);
        return line.setCaseInsensitiveEnumValuesAllowed(true).setExecutionExceptionHandler(Sosia::explain);
    }

    @Override
    public void run() {
        throw new CommandLine.ParameterException(spec.commandLine(), "which command?");
    }

    /// One line for the operator; the stack trace only on request.
    private static int explain(Exception failure, CommandLine command, CommandLine.ParseResult parsed) {
        String what = failure.getMessage() != null ? failure.getMessage() : failure.toString();
        command.getErr().println(command.getCommandSpec().qualifiedName() + ": " + what);
        if (Boolean.getBoolean("sosia.trace")) {
            failure.printStackTrace(command.getErr());
        }
        return failure instanceof CliException cli ? cli.exitStatus() : 1;
    }

    static final class Version implements IVersionProvider {
        @Override
        public String[] getVersion() {
            String version = Sosia.class.getPackage().getImplementationVersion();
            return new String[] {
                "sosia " + (version != null ? version : "(built from source)"),
                "Java " + Runtime.version() + " on " + System.getProperty("os.arch")
            };
        }
    }
}
