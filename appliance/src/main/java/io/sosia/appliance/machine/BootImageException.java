package io.sosia.appliance.machine;

/// A file the machine cannot start from. The message is one line that names the thing and the limit.
public final class BootImageException extends Exception {
    private static final long serialVersionUID = 1L;

    public BootImageException(String message) {
        super(message);
    }
}
