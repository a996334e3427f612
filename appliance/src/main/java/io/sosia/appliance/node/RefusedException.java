package io.sosia.appliance.node;

import java.io.IOException;

/// A node does not begin what it is asked for; the message says why, and what to do or whom to ask instead.
public final class RefusedException extends IOException {
    private static final long serialVersionUID = 1L;

    RefusedException(String reason) {
        super(reason);
    }
}
