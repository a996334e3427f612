package io.sosia.witness.server;

import java.io.IOException;

/// The witness's storage does not allow what was asked: never initialised, initialised already, of another witness, or
/// in part lost. The message names the path and the remedy; nothing was changed.
public final class WitnessStorageException extends IOException {
    private static final long serialVersionUID = 1L;

    /// @param message names the path and the remedy
    public WitnessStorageException(String message) {
        super(message);
    }
}
