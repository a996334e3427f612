package io.sosia.appliance.node;

import java.io.IOException;

/// An export of the disk cannot begin; the message says why and what to do.
public final class ExportRefusedException extends IOException {
    private static final long serialVersionUID = 1L;

    ExportRefusedException(String reason) {
        super(reason);
    }
}
