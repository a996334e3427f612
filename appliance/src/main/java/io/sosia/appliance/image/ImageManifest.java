package io.sosia.appliance.image;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;

/// What `image.json` says of an image directory. Format version 1:
///
/// ```
/// {"format": 1, "recipe": "…", "release": "13.7", "commandLine": "console=ttyS0 root=/dev/vda rw",
///  "parts": {"kernel": {"file": "kernel", "bytes": 1, "sha256": "…"}, "initrd": {…}, "disk": {…}},
///  "packages": [{"name": "…", "version": "…", "sha256": "…"}]}
/// ```
///
/// Only `format`, `commandLine` and the kernel part are required, so that an image of a user's own is quickly written.
///
/// @param recipe digest of the recipe it was built by; empty for an image of another origin
/// @param release the Debian point release it was built from; may be empty
/// @param commandLine the kernel's default parameters, see [GuestImage#checkCommandLine]
/// @param kernel a raw RISC-V `Image`
/// @param initrd initial RAM disk
/// @param disk root disk, raw
/// @param packages what it was made from, by name
public record ImageManifest(
        String recipe,
        String release,
        String commandLine,
        ImagePart kernel,
        Optional<ImagePart> initrd,
        Optional<ImagePart> disk,
        List<ImagePackage> packages) {

    /// The manifest's name in an image directory.
    public static final String FILE = "image.json";

    private static final int FORMAT = 1;
    private static final long BYTES_MAX = 1 << 20;

    /// @throws IllegalArgumentException when the command line is not one the kernel takes
    public ImageManifest {
        Objects.requireNonNull(recipe, "recipe");
        Objects.requireNonNull(release, "release");
        GuestImage.checkCommandLine(commandLine);
        Objects.requireNonNull(kernel, "kernel");
        Objects.requireNonNull(initrd, "initrd");
        Objects.requireNonNull(disk, "disk");
        packages = List.copyOf(packages);
    }

    /// Reads the manifest of an image directory.
    ///
    /// @throws ImageFormatException when there is none, or it is not valid
    public static ImageManifest read(Path directory) throws ImageFormatException {
        Path file = directory.resolve(FILE);
        try {
            if (!Files.isRegularFile(file)) {
                throw new ImageFormatException("no guest image in " + directory + " (it has no " + FILE
                        + "): \"sosia image build\" makes the default one");
            }
            long bytes = Files.size(file);
            if (bytes > BYTES_MAX) {
                throw new ImageFormatException(file + " has " + bytes + " bytes, the limit is " + BYTES_MAX);
            }
            return parse(Files.readString(file, StandardCharsets.UTF_8));
        } catch (ImageFormatException e) {
            boolean complete = e.getMessage().startsWith("no guest image") || e.getMessage().startsWith(file + " ");
            throw complete ? e : new ImageFormatException(file + ": " + e.getMessage(), e);
        } catch (IOException e) {
            throw new ImageFormatException(file + " cannot be read: " + e.getMessage(), e);
        }
    }

    /// Reads a manifest's text.
    ///
    /// @throws ImageFormatException naming the field that is missing or wrong
    static ImageManifest parse(String text) throws ImageFormatException {
        try {
            JsonNode top = JsonTree.read(text);
            int format = top.path("format").asInt(-1);
            if (format != FORMAT) {
                throw new ImageFormatException("format is " + top.path("format") + ", this version reads " + FORMAT);
            }
            JsonNode parts = top.path("parts");
            List<ImagePackage> packages = new ArrayList<>();
            for (JsonNode each : top.path("packages")) {
                packages.add(new ImagePackage(text(each, "name"), text(each, "version"), text(each, "sha256")));
            }
            return new ImageManifest(
                    top.path("recipe").asText(""),
                    top.path("release").asText(""),
                    text(top, "commandLine"),
                    part(parts, "kernel").orElseThrow(() -> new ImageFormatException("parts.kernel is missing")),
                    part(parts, "initrd"),
                    part(parts, "disk"),
                    packages);
        } catch (JsonProcessingException e) {
            throw new ImageFormatException("is not JSON: " + e.getOriginalMessage(), e);
        } catch (IllegalArgumentException e) {
            throw new ImageFormatException(e.getMessage(), e);
        }
    }

    /// The manifest's text: the same manifest gives the same bytes.
    String toJson() {
        ObjectNode top = JsonNodeFactory.instance.objectNode();
        top.put("format", FORMAT).put("recipe", recipe).put("release", release).put("commandLine", commandLine);
        ObjectNode parts = top.putObject("parts");
        write(parts, "kernel", kernel);
        initrd.ifPresent(part -> write(parts, "initrd", part));
        disk.ifPresent(part -> write(parts, "disk", part));
        var list = top.putArray("packages");
        for (ImagePackage each : packages) {
            list.addObject().put("name", each.name()).put("version", each.version()).put("sha256", each.sha256());
        }
        try {
            return JsonMapper.builder().enable(SerializationFeature.INDENT_OUTPUT).build().writeValueAsString(top) + "\n";
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("a tree of strings and numbers did not become JSON", e);
        }
    }

    private static void write(ObjectNode parts, String name, ImagePart part) {
        parts.putObject(name).put("file", part.file()).put("bytes", part.bytes()).put("sha256", part.sha256());
    }

    private static Optional<ImagePart> part(JsonNode parts, String name) throws ImageFormatException {
        JsonNode node = parts.path(name);
        if (node.isMissingNode() || node.isNull()) {
            return Optional.empty();
        }
        if (!node.path("bytes").canConvertToLong() || !node.path("bytes").isIntegralNumber()) {
            throw new ImageFormatException("parts." + name + ".bytes is " + node.path("bytes") + ", expected a length");
        }
        return Optional.of(new ImagePart(text(node, "file"), node.path("bytes").asLong(), text(node, "sha256")));
    }

    private static String text(JsonNode node, String field) throws ImageFormatException {
        JsonNode value = node.path(field);
        if (!value.isTextual()) {
            throw new ImageFormatException(field + " is " + (value.isMissingNode() ? "missing" : value)
                    + ", expected a string");
        }
        return value.asText();
    }
}
