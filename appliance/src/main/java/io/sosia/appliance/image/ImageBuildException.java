package io.sosia.appliance.image;

/// The image cannot be built here and now. The message is for the operator: what failed and what to do about it.
public final class ImageBuildException extends Exception {

    /// @param message what failed, and the remedy
    public ImageBuildException(String message) {
        super(message);
    }

    /// @param message what failed, and the remedy
    /// @param cause the failure underneath
    public ImageBuildException(String message, Throwable cause) {
        super(message, cause);
    }
}
