package io.sosia.appliance.channel;

/// Bytes from a peer that are no message of this protocol. That connection is closed, nothing else happens.
public final class PeerFormatException extends Exception {
    private static final long serialVersionUID = 1L;

    public PeerFormatException(String message) {
        super(message);
    }

    public PeerFormatException(String message, Throwable cause) {
        super(message, cause);
    }
}
