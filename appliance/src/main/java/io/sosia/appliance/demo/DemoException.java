package io.sosia.appliance.demo;

/// The demo, or a part it starts, could not do its work; the message says what, and what to do where that is known.
public final class DemoException extends Exception {
    private static final long serialVersionUID = 1L;

    public DemoException(String message) {
        super(message);
    }

    public DemoException(String message, Throwable cause) {
        super(message, cause);
    }
}
