package io.sosia.appliance.image;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Stream;

/// What a guest boots from.
///
/// @param kernel a raw RISC-V `Image`
/// @param initrd initial RAM disk, when there is one
/// @param disk root disk, raw, when there is one; never written by reading an image
/// @param commandLine the kernel's parameters, see [#checkCommandLine]
/// @param manifest what the image directory says of itself; none when the parts were given one by one
public record GuestImage(
        Path kernel, Optional<Path> initrd, Optional<Path> disk, String commandLine, Optional<ImageManifest> manifest) {

    /// Longest command line in bytes: `COMMAND_LINE_SIZE` of Linux on RISC-V is 1024 with the closing zero.
    public static final int COMMAND_LINE_BYTES_MAX = 1023;

    /// Least RAM the image that `sosia image build` makes runs in: with less, its kernel finds no room for its services.
    public static final long BUILT_RAM_BYTES_MIN = 96L << 20;

    /// @throws IllegalArgumentException when the command line is not one the kernel takes
    public GuestImage {
        Objects.requireNonNull(kernel, "kernel");
        Objects.requireNonNull(initrd, "initrd");
        Objects.requireNonNull(disk, "disk");
        Objects.requireNonNull(manifest, "manifest");
        checkCommandLine(commandLine);
    }

    /// Where `sosia image build` puts the default image of this version:
    /// `${SOSIA_CACHE:-${XDG_CACHE_HOME:-~/.cache}/sosia}/image/<digest of the recipe>`.
    public static Path defaultDirectory() {
        return defaultDirectory(cacheDirectory());
    }

    /// The project's cache directory: `${SOSIA_CACHE:-${XDG_CACHE_HOME:-~/.cache}/sosia}`. What is in it can be made
    /// again.
    public static Path cacheDirectory() {
        return cacheDirectory(System.getenv());
    }

    static Path defaultDirectory(Path cacheDirectory) {
        return cacheDirectory.resolve("image").resolve(ImageRecipe.load().digest());
    }

    /// The project's cache directory, from the environment's `SOSIA_CACHE`, `XDG_CACHE_HOME` or the user's home.
    /// Relative values of `XDG_CACHE_HOME` are ignored, as the XDG base directory specification asks.
    static Path cacheDirectory(Map<String, String> environment) {
        String own = environment.getOrDefault("SOSIA_CACHE", "");
        if (!own.isEmpty()) {
            return Path.of(own).toAbsolutePath();
        }
        String xdg = environment.getOrDefault("XDG_CACHE_HOME", "");
        Path base = xdg.startsWith("/")
                ? Path.of(xdg)
                : Path.of(environment.getOrDefault("HOME", System.getProperty("user.home")), ".cache");
        return base.resolve("sosia").toAbsolutePath();
    }

    /// Opens an image directory: any with a valid `image.json` and parts of the lengths it names. Cheap; [#verify]
    /// reads everything.
    ///
    /// @throws ImageFormatException when there is no such image, or a part is missing or of another length
    /// @throws IOException when it cannot be read
    public static GuestImage open(Path directory) throws IOException {
        ImageManifest manifest = ImageManifest.read(directory);
        for (ImagePart part : parts(manifest)) {
            part.checkSize(directory);
        }
        return new GuestImage(
                directory.resolve(manifest.kernel().file()),
                manifest.initrd().map(part -> directory.resolve(part.file())),
                manifest.disk().map(part -> directory.resolve(part.file())),
                manifest.commandLine(),
                Optional.of(manifest));
    }

    /// An image of files given one by one.
    ///
    /// @throws ImageFormatException when a file is missing or empty, or the command line is not one the kernel takes
    /// @throws IOException when a file cannot be read
    public static GuestImage of(Path kernel, Optional<Path> initrd, Optional<Path> disk, String commandLine)
            throws IOException {
        checkFile("kernel", kernel);
        if (initrd.isPresent()) {
            checkFile("initrd", initrd.get());
        }
        if (disk.isPresent()) {
            checkFile("disk", disk.get());
        }
        try {
            return new GuestImage(kernel, initrd, disk, commandLine, Optional.empty());
        } catch (IllegalArgumentException e) {
            throw new ImageFormatException(e.getMessage(), e);
        }
    }

    /// Reads every part and compares it with the manifest. Parts given one by one have nothing to compare with.
    ///
    /// @throws ImageFormatException naming the part that differs
    /// @throws IOException when a part cannot be read
    public void verify() throws IOException {
        if (manifest.isEmpty()) {
            return;
        }
        Path directory = kernel.toAbsolutePath().getParent();
        for (ImagePart part : parts(manifest.get())) {
            part.checkContent(directory);
        }
    }

    /// Checks kernel parameters: at most [#COMMAND_LINE_BYTES_MAX] printable ASCII characters.
    ///
    /// @throws IllegalArgumentException when they are not
    public static void checkCommandLine(String commandLine) {
        Objects.requireNonNull(commandLine, "commandLine");
        if (commandLine.length() > COMMAND_LINE_BYTES_MAX) {
            throw new IllegalArgumentException("the kernel command line has " + commandLine.length()
                    + " characters, the limit is " + COMMAND_LINE_BYTES_MAX);
        }
        for (int i = 0; i < commandLine.length(); i++) {
            char c = commandLine.charAt(i);
            if (c < ' ' || c > '~') {
                throw new IllegalArgumentException(
                        "the kernel command line has character U+%04X at %d, expected printable ASCII"
                        .formatted((int) c, i));
            }
        }
    }

    /// Checks the RAM of a machine that is to boot this image. Only of an image built by a recipe is it known what it
    /// needs.
    ///
    /// @throws IllegalArgumentException naming the limit, when it is too little
    public void checkRam(long ramBytes) {
        if (manifest.isPresent() && !manifest.get().recipe().isEmpty()) {
            checkBuiltRam(ramBytes);
        }
    }

    /// As [#checkRam], for the default image before it is there.
    ///
    /// @throws IllegalArgumentException naming the limit, when it is too little
    public static void checkBuiltRam(long ramBytes) {
        if (ramBytes < BUILT_RAM_BYTES_MIN) {
            throw new IllegalArgumentException("RAM of " + (ramBytes >> 20) + " MiB is too little for the Debian image, "
                    + "which needs " + (BUILT_RAM_BYTES_MIN >> 20) + " MiB or more");
        }
    }

    private static List<ImagePart> parts(ImageManifest manifest) {
        return Stream.of(Optional.of(manifest.kernel()), manifest.initrd(), manifest.disk())
                .flatMap(Optional::stream)
                .toList();
    }

    private static void checkFile(String what, Path file) throws IOException {
        if (!Files.isRegularFile(file)) {
            throw new ImageFormatException(what + " " + file + " is not a file");
        }
        if (Files.size(file) == 0) {
            throw new ImageFormatException(what + " " + file + " is empty");
        }
    }
}
