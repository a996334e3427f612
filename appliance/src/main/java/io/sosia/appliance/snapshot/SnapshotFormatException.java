package io.sosia.appliance.snapshot;

import java.io.IOException;

/// A folder does not hold a complete, undamaged snapshot; the message is one line for the operator.
public final class SnapshotFormatException extends IOException {
    private static final long serialVersionUID = 1L;

    SnapshotFormatException(String message) {
        super(message);
    }
}
