package io.sosia.appliance.attach;

import java.io.IOException;

/// A peer sent bytes that are not the QEMU stream protocol; its connection is dropped and nothing else.
public final class FrameFormatException extends IOException {
    private static final long serialVersionUID = 1;

    /// @param message names the value found and the limit
    public FrameFormatException(String message) {
        super(message);
    }
}
