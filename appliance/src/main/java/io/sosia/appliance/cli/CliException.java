package io.sosia.appliance.cli;

/// Ends a command with one clear line for the operator, naming the thing and the remedy.
public final class CliException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /// Exit status of bad usage and unusable input.
    public static final int BAD_INPUT = 2;
    /// Exit status when the thing asked for was tried and failed.
    public static final int FAILED = 1;

    private final int exitStatus;

    public CliException(int exitStatus, String message) {
        super(message);
        this.exitStatus = exitStatus;
    }

    public CliException(int exitStatus, String message, Throwable cause) {
        super(message, cause);
        this.exitStatus = exitStatus;
    }

    public int exitStatus() {
        return exitStatus;
    }
}
