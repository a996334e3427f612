package io.sosia.witness.wire;

/// Bytes that are not what they should be: cut, corrupt, of another version, or beyond a limit. Nothing of them was
/// used.
public final class WireFormatException extends Exception {
    private static final long serialVersionUID = 1L;

    /// @param message names the thing that was read, what was expected and what was found
    public WireFormatException(String message) {
        super(message);
    }

    /// @param message names the thing that was read
    /// @param cause what was wrong with it
    public WireFormatException(String message, Throwable cause) {
        super(message, cause);
    }
}
