package io.sosia.disksync.store;

import java.io.IOException;

/// A disk or image that cannot be used as it is; the message names the file, what is wrong and what to do about it.
public final class DiskFormatException extends IOException {
    private static final long serialVersionUID = 1L;

    /// With the message only.
    public DiskFormatException(String message) {
        super(message);
    }

    /// With the failure that led to it.
    public DiskFormatException(String message, Throwable cause) {
        super(message, cause);
    }
}
