package io.sosia.appliance.image;

import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Collections;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;

/// A Unix directory tree in memory, sorted by path; what archives are read into and file systems written from.
///
/// Paths are relative to the tree's root, without a leading or trailing slash (`usr/bin/sh`); the root itself is not
/// an entry. Sorting puts every directory before what is in it. Not for use by several threads.
final class FileTree {

    private static final int LINKS_MAX = 40;

    /// One entry. Owners are numbers: the building host's accounts mean nothing to the guest.
    sealed interface Node {}

    /// @param mode permission bits, 0 to 07777
    /// @param uid owner
    /// @param gid group
    record Directory(int mode, int uid, int gid) implements Node {
        Directory {
            checkMode(mode);
        }
    }

    /// @param mode permission bits, 0 to 07777
    /// @param uid owner
    /// @param gid group
    /// @param content the bytes; not copied, not to be changed
    record RegularFile(int mode, int uid, int gid, byte[] content) implements Node {
        RegularFile {
            checkMode(mode);
            Objects.requireNonNull(content, "content");
        }

        @Override
        public boolean equals(Object other) {
            return other instanceof RegularFile(int m, int u, int g, byte[] bytes)
                    && m == mode
                    && u == uid
                    && g == gid
                    && Arrays.equals(bytes, content);
        }

        @Override
        public int hashCode() {
            return Arrays.hashCode(content) * 31 + mode;
        }
    }

    /// @param target where it points, as it stands
    record SymbolicLink(String target) implements Node {
        SymbolicLink {
            Objects.requireNonNull(target, "target");
        }
    }

    private final TreeMap<String, Node> nodes = new TreeMap<>();

    /// Puts an entry, through links among its parents as a kernel would; missing parents become directories of root.
    /// Replaces what was there, except that a directory leaves a link to a directory in its place.
    ///
    /// @throws ImageFormatException when the path leaves the tree, or passes through a file, or a directory and
    ///     something else claim one path
    void put(String path, Node node) throws ImageFormatException {
        String cleaned = clean(path);
        int slash = cleaned.lastIndexOf('/');
        String parent = slash < 0 ? "" : directory(cleaned.substring(0, slash));
        String place = join(parent, cleaned.substring(slash + 1));
        Node old = nodes.get(place);
        if (node instanceof Directory && old instanceof SymbolicLink) {
            directory(place);
            return;
        }
        if (old != null && (old instanceof Directory) != (node instanceof Directory)) {
            throw new ImageFormatException("/" + place
                    + " is a directory in one package and something else in another");
        }
        nodes.put(place, node);
    }

    /// What is at a path, following links everywhere but at the end.
    Optional<Node> get(String path) throws ImageFormatException {
        String cleaned = clean(path);
        int slash = cleaned.lastIndexOf('/');
        String parent = slash < 0 ? "" : resolve(cleaned.substring(0, slash));
        return Optional.ofNullable(nodes.get(join(parent, cleaned.substring(slash + 1))));
    }

    /// The content of a file, following links.
    ///
    /// @throws ImageFormatException when it is not there or not a file
    byte[] content(String path) throws ImageFormatException {
        if (nodes.get(resolve(clean(path))) instanceof RegularFile file) {
            return file.content();
        }
        throw new ImageFormatException("/" + path + " is not a file of the packages");
    }

    /// All entries in path order, parents first.
    SortedMap<String, Node> entries() {
        return Collections.unmodifiableSortedMap(nodes);
    }

    /// Names of the entries directly in a directory, links followed; none when it is not there.
    List<String> names(String path) throws ImageFormatException {
        String prefix = resolve(clean(path)) + "/";
        return nodes.subMap(prefix, prefix + Character.MAX_VALUE).keySet().stream()
                .map(each -> each.substring(prefix.length()))
                .filter(each -> each.indexOf('/') < 0)
                .toList();
    }

    /// Takes away a path and everything under it.
    void remove(String path) {
        nodes.remove(path);
        nodes.subMap(path + "/", path + "/" + Character.MAX_VALUE).clear();
    }

    private String directory(String path) throws ImageFormatException {
        String place = resolve(path);
        StringBuilder prefix = new StringBuilder();
        for (String name : place.split("/")) {
            prefix.append(prefix.isEmpty() ? "" : "/").append(name);
            Node node = nodes.computeIfAbsent(prefix.toString(), missing -> new Directory(0755, 0, 0));
            if (!(node instanceof Directory)) {
                throw new ImageFormatException("/" + prefix + " is not a directory, but /" + path
                        + " needs it to be one");
            }
        }
        return place;
    }

    private String resolve(String path) throws ImageFormatException {
        Deque<String> rest = new ArrayDeque<>(Arrays.asList(path.split("/")));
        String at = "";
        int links = 0;
        while (!rest.isEmpty()) {
            String name = rest.pop();
            if (name.isEmpty() || name.equals(".")) {
                continue;
            }
            if (name.equals("..")) {
                at = at.substring(0, Math.max(at.lastIndexOf('/'), 0));
                continue;
            }
            String next = join(at, name);
            if (nodes.get(next) instanceof SymbolicLink(String target)) {
                if (++links > LINKS_MAX) {
                    throw new ImageFormatException("/" + path + " passes through more than " + LINKS_MAX + " links");
                }
                at = target.startsWith("/") ? "" : at;
                List<String> names = Arrays.asList(target.split("/"));
                names.reversed().forEach(rest::push);
            } else {
                at = next;
            }
        }
        return at;
    }

    private static String clean(String path) throws ImageFormatException {
        String cleaned = path;
        while (cleaned.startsWith("./") || cleaned.startsWith("/")) {
            cleaned = cleaned.substring(cleaned.indexOf('/') + 1);
        }
        while (cleaned.endsWith("/")) {
            cleaned = cleaned.substring(0, cleaned.length() - 1);
        }
        if (cleaned.isEmpty() || cleaned.equals(".")) {
            throw new ImageFormatException("path \"" + path + "\" names the root, not an entry");
        }
        for (String name : cleaned.split("/", -1)) {
            if (name.isEmpty() || name.equals(".") || name.equals("..")) {
                throw new ImageFormatException("path \"" + path + "\" has a component \"" + name + "\"");
            }
        }
        return cleaned;
    }

    private static String join(String directory, String name) {
        return directory.isEmpty() ? name : directory + "/" + name;
    }

    private static void checkMode(int mode) {
        if ((mode & ~07777) != 0) {
            throw new IllegalArgumentException("mode 0" + Integer.toOctalString(mode) + " is outside 0 to 07777");
        }
    }

    @Override
    public String toString() {
        StringBuilder text = new StringBuilder();
        for (Map.Entry<String, Node> entry : nodes.entrySet()) {
            text.append(entry.getKey()).append('\n');
        }
        return text.toString();
    }
}
