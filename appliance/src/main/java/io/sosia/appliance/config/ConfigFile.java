package io.sosia.appliance.config;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import com.fasterxml.jackson.dataformat.yaml.YAMLParser;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/// One YAML file, read as a tree of sections. Every key that is asked for is checked; a key nobody asked for is a mistake in
/// the file and reported by [#checkAllUsed].
public final class ConfigFile {

    /// YAML 1.1 takes `off` and `no` for false; here they are words.
    private static final YAMLMapper YAML =
            YAMLMapper.builder().enable(YAMLParser.Feature.PARSE_BOOLEAN_LIKE_WORDS_AS_STRINGS).build();

    private final Path file;
    private final JsonNode root;
    private final Set<String> used = new TreeSet<>();

    private ConfigFile(Path file, JsonNode root) {
        this.file = file;
        this.root = root;
    }

    /// Reads `file`.
    ///
    /// @throws ConfigException when it is missing, unreadable or no YAML mapping
    public static ConfigFile read(Path file) throws ConfigException {
        try {
            JsonNode root = YAML.readTree(Files.readString(file));
            if (root == null || !root.isObject()) {
                throw new ConfigException(file + ": expected `key: value` lines, found none");
            }
            return new ConfigFile(file, root);
        } catch (NoSuchFileException e) {
            throw new ConfigException(file + ": no such file; examples are in configs/");
        } catch (JsonProcessingException e) {
            var at = e.getLocation();
            throw new ConfigException(file + (at == null ? "" : ":" + at.getLineNr()) + ": not valid YAML: "
                    + e.getOriginalMessage().lines().findFirst().orElse(""));
        } catch (IOException e) {
            throw new ConfigException(file + ": cannot be read: " + e.getMessage());
        }
    }

    /// The file's own path, for messages.
    public Path path() {
        return file;
    }

    /// Whether the file says anything about a key.
    public boolean has(String key) {
        return find(key).isPresent();
    }

    /// A text that has to be there. Keys of sections are written with dots: `partner.address`.
    public String text(String key, String example) throws ConfigException {
        return textOptional(key).orElseThrow(
                () -> wrong(key, "is missing; write for example `" + key + ": " + example + "`"));
    }

    /// A text that may be left out.
    public Optional<String> textOptional(String key) throws ConfigException {
        Optional<JsonNode> node = find(key);
        if (node.isEmpty()) {
            return Optional.empty();
        }
        if (!node.get().isValueNode()) {
            throw wrong(key, "is a section or a list, expected one value");
        }
        String text = node.get().asText().strip();
        if (text.isEmpty()) {
            throw wrong(key, "is empty; give it a value or leave the line out");
        }
        return Optional.of(text);
    }

    /// A whole number in `[min, max]`.
    public long number(String key, long otherwise, long min, long max) throws ConfigException {
        Optional<JsonNode> node = find(key);
        if (node.isEmpty()) {
            return otherwise;
        }
        if (!node.get().isIntegralNumber() || !node.get().canConvertToLong()
                || node.get().asLong() < min || node.get().asLong() > max) {
            throw wrong(key, "is " + node.get() + ", expected a whole number from " + min + " to " + max);
        }
        return node.get().asLong();
    }

    /// One of a few words.
    public String choice(String key, String otherwise, List<String> choices) throws ConfigException {
        String text = textOptional(key).orElse(otherwise);
        if (!choices.contains(text)) {
            throw wrong(key, "is `" + text + "`, expected one of " + String.join(", ", choices));
        }
        return text;
    }

    /// A path; a relative one is taken from the configuration file's folder, `~/` from the home folder.
    public Path pathOf(String key, String example) throws ConfigException {
        return resolve(text(key, example));
    }

    /// A path that may be left out.
    public Optional<Path> pathOptional(String key) throws ConfigException {
        return textOptional(key).map(this::resolve);
    }

    /// A path, or the word `off`, for which the answer is empty.
    ///
    /// @param otherwise when the file says nothing
    public Optional<Path> pathOrOff(String key, Path otherwise) throws ConfigException {
        String text = textOptional(key).orElse(otherwise.toString());
        return text.equals("off") ? Optional.empty() : Optional.of(resolve(text));
    }

    private Path resolve(String text) {
        if (text.startsWith("~/")) {
            return Path.of(System.getProperty("user.home"), text.substring(2));
        }
        Path folder = file.toAbsolutePath().getParent();
        return folder.resolve(text).normalize();
    }

    /// `host:port`.
    public InetSocketAddress address(String key, String example) throws ConfigException {
        return parseAddress(key, text(key, example), example);
    }

    /// A list of `host:port`, at least one.
    public List<InetSocketAddress> addresses(String key, String example) throws ConfigException {
        Optional<JsonNode> node = find(key);
        if (node.isEmpty() || !node.get().isArray() || node.get().isEmpty()) {
            throw wrong(key, "is missing; write for example `" + key + ": [" + example + "]`");
        }
        List<InetSocketAddress> all = new ArrayList<>();
        for (JsonNode each : node.get()) {
            all.add(parseAddress(key, each.asText(), example));
        }
        return List.copyOf(all);
    }

    private InetSocketAddress parseAddress(String key, String text, String example) throws ConfigException {
        int colon = text.lastIndexOf(':');
        try {
            int port = Integer.parseInt(text.substring(colon + 1));
            if (colon > 0 && port > 0 && port < 65536) {
                return InetSocketAddress.createUnresolved(text.substring(0, colon), port);
            }
        } catch (NumberFormatException e) {
            // said below
        }
        throw wrong(key, "is `" + text + "`, expected host:port, for example " + example);
    }

    /// To be called when everything has been asked for: a key that nobody knows is most likely misspelt.
    public void checkAllUsed() throws ConfigException {
        checkUsed("", root);
    }

    private void checkUsed(String prefix, JsonNode section) throws ConfigException {
        for (Iterator<String> names = section.fieldNames(); names.hasNext();) {
            String name = names.next();
            String key = prefix + name;
            if (used.contains(key)) {
                continue;
            }
            boolean sectionKnown = used.stream().anyMatch(known -> known.startsWith(key + "."));
            if (!sectionKnown || !section.get(name).isObject()) {
                throw wrong(key, "is not a key of this file; known here: " + String.join(", ", used));
            }
            checkUsed(key + ".", section.get(name));
        }
    }

    /// An exception about one key of this file.
    public ConfigException wrong(String key, String what) {
        return new ConfigException(file + ": " + key + " " + what);
    }

    private Optional<JsonNode> find(String key) {
        used.add(key);
        JsonNode node = root;
        for (String part : key.split("\\.")) {
            node = node.path(part);
        }
        return node.isMissingNode() || node.isNull() ? Optional.empty() : Optional.of(node);
    }
}
