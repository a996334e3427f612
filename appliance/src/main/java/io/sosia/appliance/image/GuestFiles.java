package io.sosia.appliance.image;

import io.sosia.appliance.image.HostCommand.Tool;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/// Puts together in memory, from Debian packages and the recipe, what goes on the root disk and into the initial RAM
/// disk. Maintainer scripts do not run: what they would have made is in the recipe.
final class GuestFiles {

    private static final String BUSYBOX = "usr/bin/busybox";
    private static final List<String> LIBRARY_DIRECTORIES = List.of("usr/lib", "usr/lib/riscv64-linux-gnu");
    private static final String XZ = ".ko.xz";

    private final ImageRecipe recipe;
    private final HostCommand host;
    private final Path work;
    private final FileTree root = new FileTree();
    private final FileTree kernelPackage = new FileTree();
    private long newestSeconds;

    /// @param work an existing directory for files in between
    GuestFiles(ImageRecipe recipe, HostCommand host, Path work) {
        this.recipe = recipe;
        this.host = host;
        this.work = work;
    }

    /// Reads the packages, by name.
    ///
    /// @throws ImageBuildException when dpkg-deb fails
    /// @throws ImageFormatException when a package has something unexpected in it
    void read(Map<String, Path> debs, BuildProgress progress) throws IOException, ImageBuildException {
        long total = 0;
        for (Path deb : debs.values()) {
            total += Files.size(deb);
        }
        long done = 0;
        try (BuildProgress.Meter meter = progress.meter("unpack " + debs.size() + " packages", total)) {
            for (Map.Entry<String, Path> deb : debs.entrySet()) {
                boolean kernel = deb.getKey().startsWith("linux-image-");
                FileTree tree = kernel ? kernelPackage : root;
                long newest = host.stream(Tool.DPKG_DEB, List.of("--fsys-tarfile", deb.getValue().toString()),
                        tar -> TarReader.read(tar, tree, kernel ? this::isWantedOfKernel : recipe::isWanted));
                newestSeconds = Math.max(newestSeconds, newest);
                done += Files.size(deb.getValue());
                meter.at(done);
            }
        }
    }

    /// Modification time of the newest file in the packages, seconds since 1970.
    long newestSeconds() {
        return newestSeconds;
    }

    /// The raw kernel image.
    ///
    /// @throws ImageFormatException when the package has none, or another kind
    byte[] kernel() throws ImageFormatException {
        for (String name : kernelPackage.names("boot")) {
            if (name.startsWith("vmlinux-")) {
                byte[] image = kernelPackage.content("boot/" + name);
                // Documentation/arch/riscv/boot-image-header.rst: "RSC\x05" at byte 56.
                String magic = image.length < 64 ? "" : new String(image, 56, 4, StandardCharsets.ISO_8859_1);
                if (!magic.equals("RSC\005")) {
                    throw new ImageFormatException("/boot/" + name + " is not a raw RISC-V Image");
                }
                return image;
            }
        }
        throw new ImageFormatException("the kernel package has no /boot/vmlinux-*");
    }

    /// What the root disk holds.
    ///
    /// @throws ImageFormatException when a program would not start there: busybox lacks an applet, a library is missing
    FileTree root() throws ImageFormatException {
        Set<String> present = busyboxApplets(root.content(BUSYBOX));
        List<String> missing = new ArrayList<>();
        for (ImageRecipe.Applet each : recipe.applets()) {
            if (!present.contains(each.applet())) {
                missing.add(each.applet());
            }
            root.put(each.path(), new FileTree.SymbolicLink("/" + BUSYBOX));
        }
        if (!missing.isEmpty()) {
            throw new ImageFormatException("busybox of the packages lacks the applets " + String.join(", ", missing));
        }
        root.put("usr/sbin/init", new FileTree.SymbolicLink("/" + BUSYBOX));
        for (ImageRecipe.Overlay each : recipe.rootOverlay()) {
            root.put(each.path(), each.node());
        }
        checkLibraries();
        return root;
    }

    /// What the initial RAM disk holds.
    ///
    /// @throws ImageFormatException when a module is missing or malformed
    /// @throws ImageBuildException when xz fails
    FileTree initramfs() throws IOException, ImageBuildException {
        FileTree tree = new FileTree();
        for (ImageRecipe.Overlay each : recipe.initramfsOverlay()) {
            tree.put(each.path(), each.node());
        }
        tree.put("bin/busybox", new FileTree.RegularFile(0755, 0, 0, root.content(BUSYBOX)));
        tree.put("modules", new FileTree.Directory(0755, 0, 0));
        StringBuilder order = new StringBuilder();
        for (String module : recipe.modules()) {
            if (isBuiltIn(module)) {
                continue;
            }
            byte[] light = KernelModule.lighten(module, module(module));
            tree.put("modules/" + module + ".ko", new FileTree.RegularFile(0644, 0, 0, light));
            order.append(module).append('\n');
        }
        tree.put("modules/order",
                new FileTree.RegularFile(0644, 0, 0, order.toString().getBytes(StandardCharsets.US_ASCII)));
        return tree;
    }

    private boolean isWantedOfKernel(String path) {
        if (path.startsWith("boot/vmlinux-") || path.endsWith("/modules.builtin")) {
            return true;
        }
        String name = path.substring(path.lastIndexOf('/') + 1);
        return name.endsWith(XZ) && recipe.modules().contains(name.substring(0, name.length() - XZ.length()));
    }

    private byte[] module(String module) throws IOException, ImageBuildException {
        for (Map.Entry<String, FileTree.Node> entry : kernelPackage.entries().entrySet()) {
            if (entry.getKey().endsWith("/" + module + XZ)) {
                Path packed = work.resolve(module + XZ);
                Files.write(packed, kernelPackage.content(entry.getKey()));
                return host.run(Tool.XZ, Map.of(), List.of("-d", "-c", packed.toString())).out();
            }
        }
        throw new ImageFormatException("the kernel package has no module " + module + XZ);
    }

    private boolean isBuiltIn(String module) throws ImageFormatException {
        for (String path : kernelPackage.entries().keySet()) {
            if (path.endsWith("/modules.builtin")) {
                String list = new String(kernelPackage.content(path), StandardCharsets.UTF_8);
                return list.lines().anyMatch(line -> line.endsWith("/" + module + ".ko"));
            }
        }
        return false;
    }

    /// The applets a busybox has: its table of names is in byte order, each closed by a zero, and opens with "[" and
    /// "[[" (busybox, `include/applet_tables.h`).
    static Set<String> busyboxApplets(byte[] busybox) {
        String bytes = new String(busybox, StandardCharsets.ISO_8859_1);
        Set<String> applets = new TreeSet<>();
        int at = bytes.indexOf("[\0[[\0");
        String last = "";
        while (at >= 0) {
            int end = bytes.indexOf('\0', at);
            String name = end < 0 ? "" : bytes.substring(at, end);
            if (name.compareTo(last) <= 0) {
                break;
            }
            applets.add(name);
            last = name;
            at = end + 1;
        }
        return applets;
    }

    /// Every library a program or library of the tree names must be in the tree: the recipe leaves packages out.
    private void checkLibraries() throws ImageFormatException {
        Set<String> present = new HashSet<>();
        for (String directory : LIBRARY_DIRECTORIES) {
            present.addAll(root.names(directory));
        }
        List<String> missing = new ArrayList<>();
        for (Map.Entry<String, FileTree.Node> entry : root.entries().entrySet()) {
            if (entry.getValue() instanceof FileTree.RegularFile file) {
                for (String library : ElfFile.needed(file.content())) {
                    if (!present.contains(library)) {
                        missing.add(library + " for /" + entry.getKey());
                    }
                }
            }
        }
        if (!missing.isEmpty()) {
            throw new ImageFormatException("the recipe leaves out libraries that are needed: "
                    + String.join(", ", missing));
        }
    }
}
