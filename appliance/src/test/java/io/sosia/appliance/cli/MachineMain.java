package io.sosia.appliance.cli;

/// `sosia machine` as a program of its own, for tests that need a process with its own standard input.
public final class MachineMain {
    private MachineMain() {}

    public static void main(String[] args) {
        System.exit(Sosia.commandLine().addSubcommand(new MachineCommand())
                .setCaseInsensitiveEnumValuesAllowed(true)
                .setExecutionExceptionHandler(Sosia.commandLine().getExecutionExceptionHandler())
                .execute(args));
    }
}
