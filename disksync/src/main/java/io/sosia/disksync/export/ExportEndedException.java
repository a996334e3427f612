package io.sosia.disksync.export;

import java.io.IOException;

/// The moment that was exported can be read no more; the message is the reason and the remedy, for the operator.
public final class ExportEndedException extends IOException {
    private static final long serialVersionUID = 1L;

    ExportEndedException(String reason) {
        super(reason);
    }
}
