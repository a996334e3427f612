package io.sosia.appliance.control;

import java.io.IOException;

/// A node has answered that it does not do what was asked; the message is the node's own.
public final class ControlRefusedException extends IOException {
    private static final long serialVersionUID = 1L;
    private static final int BAD_REQUEST = 400;

    private final int status;

    ControlRefusedException(int status, String message) {
        super(message);
        this.status = status;
    }

    /// Whether the request made no sense at any time.
    public boolean isBadRequest() {
        return status == BAD_REQUEST;
    }
}
