package io.sosia.disksync.wire;

import java.io.IOException;

/// Bytes that are no message of a resync; the connection they came on is of no use.
public final class ResyncFormatException extends IOException {
    private static final long serialVersionUID = 1L;

    public ResyncFormatException(String message) {
        super(message);
    }
}
