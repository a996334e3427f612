package io.sosia.appliance.eventlog;

import java.io.IOException;

/// Bytes that are no event log: cut, corrupt, out of order or of another version. The message names the thing and the
/// limit.
public final class LogFormatException extends IOException {
    private static final long serialVersionUID = 1L;

    public LogFormatException(String message) {
        super(message);
    }
}
