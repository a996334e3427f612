package io.sosia.appliance.node;

import java.io.IOException;

/// A node saves no snapshot now; the message says why, and whom to ask instead.
public final class SnapshotRefusedException extends IOException {
    private static final long serialVersionUID = 1L;

    SnapshotRefusedException(String reason) {
        super(reason);
    }
}
