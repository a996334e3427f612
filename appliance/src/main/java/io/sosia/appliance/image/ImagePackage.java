package io.sosia.appliance.image;

import java.util.Objects;

/// A Debian package an image was made from.
///
/// @param name package name
/// @param version Debian version
/// @param sha256 SHA-256 of the `.deb`, as the signed index gives it
public record ImagePackage(String name, String version, String sha256) {

    /// @throws NullPointerException when a field is absent
    public ImagePackage {
        Objects.requireNonNull(name, "name");
        Objects.requireNonNull(version, "version");
        Objects.requireNonNull(sha256, "sha256");
    }
}
