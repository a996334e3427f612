package io.sosia.appliance.image;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.UUID;

/// What the image is to be: the text files among this package's resources, read once. Its digest names the directory
/// of the default image, so that a changed recipe never meets an image of the old one.
final class ImageRecipe {

    /// An entry of `root.txt` or `initramfs.txt`.
    ///
    /// @param path where it goes
    /// @param node what it is
    record Overlay(String path, FileTree.Node node) {}

    /// A link to busybox.
    ///
    /// @param path where the link goes
    /// @param applet the program busybox then is
    record Applet(String path, String applet) {}

    /// Raised when the same text files give other bytes, because the code that follows them has changed.
    private static final int REVISION = 1;

    static final long DISK_BYTES = 512L << 20;
    static final String DISK_LABEL = "sosia-root";

    private static final ImageRecipe DEFAULT = new ImageRecipe();

    /// Contents by resource name, in name order: the digest covers them all.
    private final TreeMap<String, byte[]> resources = new TreeMap<>();

    private final List<String> rootPackages = new ArrayList<>();
    private final List<String> withoutPackages = new ArrayList<>();
    private final String kernelPackage;
    private final List<String> modules;
    private final List<String> leaveOut;
    private final List<Applet> applets = new ArrayList<>();
    private final List<Overlay> rootOverlay;
    private final List<Overlay> initramfsOverlay;
    private final String commandLine;
    private final String ext4Configuration;

    private ImageRecipe() {
        String kernel = null;
        for (String line : lines("packages.txt")) {
            String[] words = line.split("\\s+");
            check(words.length == 2, "packages.txt", line);
            switch (words[0]) {
                case "kernel" -> kernel = words[1];
                case "root" -> rootPackages.add(words[1]);
                case "without" -> withoutPackages.add(words[1]);
                default -> check(false, "packages.txt", line);
            }
        }
        check(kernel != null, "packages.txt", "no kernel");
        kernelPackage = kernel;
        modules = lines("modules.txt");
        leaveOut = lines("leave-out.txt");
        for (String line : lines("applets.txt")) {
            String[] words = line.split("\\s+");
            for (int i = 1; i < words.length; i++) {
                applets.add(new Applet(words[0] + "/" + words[i], words[i]));
            }
        }
        rootOverlay = overlay("root.txt");
        initramfsOverlay = overlay("initramfs.txt");
        commandLine = String.join(" ", lines("commandline.txt"));
        ext4Configuration = text("mke2fs.conf");
    }

    /// The recipe of this version.
    static ImageRecipe load() {
        return DEFAULT;
    }

    /// 16 hexadecimal digits that change with the recipe.
    String digest() {
        return HexFormat.of().formatHex(fullDigest(), 0, 8);
    }

    /// UUID of the root file system: the recipe's own (RFC 9562, version 8).
    UUID diskUuid() {
        byte[] bytes = fullDigest();
        long high = 0;
        long low = 0;
        for (int i = 0; i < 8; i++) {
            high = high << 8 | bytes[i] & 0xff;
            low = low << 8 | bytes[i + 8] & 0xff;
        }
        return new UUID(high & ~0xf000L | 0x8000L, low & 0x3fff_ffff_ffff_ffffL | 0x8000_0000_0000_0000L);
    }

    /// The metapackage that depends on the kernel image.
    String kernelPackage() {
        return kernelPackage;
    }

    /// Packages wanted on the root disk.
    List<String> rootPackages() {
        return List.copyOf(rootPackages);
    }

    /// Packages that their dependencies name and the root disk does without.
    List<String> withoutPackages() {
        return List.copyOf(withoutPackages);
    }

    /// Kernel modules of the initial RAM disk, in loading order.
    List<String> modules() {
        return modules;
    }

    /// Whether a path of a package belongs on the root disk. Of the documentation only the copyrights do.
    boolean isWanted(String path) {
        for (String each : leaveOut) {
            if (path.equals(each) || path.startsWith(each + "/")) {
                return false;
            }
        }
        return !path.startsWith("usr/share/doc/") || path.endsWith("/copyright");
    }

    /// Links to busybox on the root disk.
    List<Applet> applets() {
        return List.copyOf(applets);
    }

    /// What the root disk has besides the packages.
    List<Overlay> rootOverlay() {
        return rootOverlay;
    }

    /// What the initial RAM disk has besides busybox and modules.
    List<Overlay> initramfsOverlay() {
        return initramfsOverlay;
    }

    /// The kernel's default parameters.
    String commandLine() {
        return commandLine;
    }

    /// Text of the `mke2fs.conf` the root disk is made by.
    String ext4Configuration() {
        return ext4Configuration;
    }

    private byte[] fullDigest() {
        MessageDigest digest = Sha256.digest();
        String head = "recipe " + REVISION + " " + DISK_BYTES + " " + DISK_LABEL + "\n";
        digest.update(head.getBytes(StandardCharsets.UTF_8));
        for (Map.Entry<String, byte[]> each : resources.entrySet()) {
            digest.update((each.getKey() + " " + each.getValue().length + "\n").getBytes(StandardCharsets.UTF_8));
            digest.update(each.getValue());
        }
        return digest.digest();
    }

    private List<Overlay> overlay(String resource) {
        List<Overlay> all = new ArrayList<>();
        for (String line : lines(resource)) {
            String[] words = line.split("\\s+");
            FileTree.Node node = switch (words[0] + words.length) {
                case "dir5" -> new FileTree.Directory(
                        Integer.parseInt(words[2], 8), Integer.parseInt(words[3]), Integer.parseInt(words[4]));
                case "file6" -> new FileTree.RegularFile(
                        Integer.parseInt(words[2], 8),
                        Integer.parseInt(words[3]),
                        Integer.parseInt(words[4]),
                        bytes("files/" + words[5]));
                case "link3" -> new FileTree.SymbolicLink(words[2]);
                default -> throw new IllegalStateException(resource + " has a line that is no dir, file or link: "
                        + line);
            };
            all.add(new Overlay(words[1], node));
        }
        return List.copyOf(all);
    }

    private List<String> lines(String resource) {
        return text(resource).lines()
                .map(String::strip)
                .filter(line -> !line.isEmpty() && !line.startsWith("#"))
                .toList();
    }

    private String text(String resource) {
        return new String(bytes(resource), StandardCharsets.UTF_8);
    }

    private byte[] bytes(String resource) {
        try (InputStream in = ImageRecipe.class.getResourceAsStream(resource)) {
            if (in == null) {
                throw new IllegalStateException("resource " + resource + " is missing from this program");
            }
            byte[] bytes = in.readAllBytes();
            resources.put(resource, bytes);
            return bytes;
        } catch (IOException e) {
            throw new UncheckedIOException("resource " + resource + " cannot be read", e);
        }
    }

    private static void check(boolean holds, String resource, String line) {
        if (!holds) {
            throw new IllegalStateException(resource + " has a line that makes no sense: " + line);
        }
    }
}
