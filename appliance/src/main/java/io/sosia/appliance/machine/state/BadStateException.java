package io.sosia.appliance.machine.state;

import java.io.IOException;

/// A snapshot that cannot be read: cut, corrupt, of another version or of another machine. The message names the thing and
/// the limit.
public final class BadStateException extends IOException {
    private static final long serialVersionUID = 1L;

    public BadStateException(String message) {
        super(message);
    }
}
