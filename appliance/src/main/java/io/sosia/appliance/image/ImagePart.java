package io.sosia.appliance.image;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;
import java.util.regex.Pattern;

/// One file of an image as its manifest describes it.
///
/// @param file name inside the image directory: letters, digits, `.`, `_`, `+`, `-`; no directories
/// @param bytes its length, at least 1
/// @param sha256 its SHA-256, 64 lower-case hexadecimal digits
public record ImagePart(String file, long bytes, String sha256) {

    private static final Pattern NAME = Pattern.compile("[A-Za-z0-9_][A-Za-z0-9._+-]{0,99}");
    private static final Pattern DIGEST = Pattern.compile("[0-9a-f]{64}");

    /// @throws IllegalArgumentException when a field is out of the ranges above
    public ImagePart {
        Objects.requireNonNull(file, "file");
        Objects.requireNonNull(sha256, "sha256");
        if (!NAME.matcher(file).matches()) {
            throw new IllegalArgumentException("part \"" + file + "\" is not a plain file name of 1 to 100 characters");
        }
        if (bytes < 1) {
            throw new IllegalArgumentException("part " + file + " has " + bytes + " bytes, expected at least 1");
        }
        if (!DIGEST.matcher(sha256).matches()) {
            throw new IllegalArgumentException("part " + file + ": sha256 \"" + sha256 + "\" is not 64 hex digits");
        }
    }

    /// Describes a file as it is now.
    ///
    /// @throws IOException when it cannot be read
    static ImagePart of(Path path) throws IOException {
        return new ImagePart(path.getFileName().toString(), Files.size(path), Sha256.of(path));
    }

    /// Checks presence and length: cheap.
    ///
    /// @throws IOException when the file is missing or has another length
    void checkSize(Path directory) throws IOException {
        Path path = directory.resolve(file);
        if (!Files.isRegularFile(path)) {
            throw new ImageFormatException(path + " is missing from the image");
        }
        long found = Files.size(path);
        if (found != bytes) {
            throw new ImageFormatException(path + " has " + found + " bytes, its manifest says " + bytes);
        }
    }

    /// Checks length and content: reads the whole file.
    ///
    /// @throws IOException when the file differs from its description
    void checkContent(Path directory) throws IOException {
        checkSize(directory);
        String found = Sha256.of(directory.resolve(file));
        if (!found.equals(sha256)) {
            throw new ImageFormatException(directory.resolve(file) + " has sha256 " + found + ", its manifest says "
                    + sha256);
        }
    }
}
