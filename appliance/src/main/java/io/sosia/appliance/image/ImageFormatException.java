package io.sosia.appliance.image;

import java.io.IOException;

/// An image, a manifest or a package that is not what it should be. The message names the thing and what is wrong.
public final class ImageFormatException extends IOException {

    /// @param message one line, naming the file and the expectation it fails
    public ImageFormatException(String message) {
        super(message);
    }

    /// @param message one line, naming the file and the expectation it fails
    /// @param cause what the reader said
    public ImageFormatException(String message, Throwable cause) {
        super(message, cause);
    }
}
