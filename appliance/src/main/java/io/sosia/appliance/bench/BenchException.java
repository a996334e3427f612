package io.sosia.appliance.bench;

/// A measurement that cannot be made: the message names the thing and the remedy.
public final class BenchException extends Exception {
    private static final long serialVersionUID = 1L;

    public BenchException(String message) {
        super(message);
    }

    public BenchException(String message, Throwable cause) {
        super(message, cause);
    }
}
