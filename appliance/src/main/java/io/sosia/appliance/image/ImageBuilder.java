package io.sosia.appliance.image;

import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.locks.ReentrantLock;
import java.util.stream.Stream;

/// Builds the default guest image into a directory.
///
/// Builds take turns: a lock file in the cache directory orders processes, a lock in here the threads of one. An image
/// is put together beside its place and renamed into it, so a directory has either a whole image or none. Package lists
/// and packages are kept in the cache directory: a build that was cut short goes on from what it has.
public final class ImageBuilder {

    /// What to build.
    ///
    /// @param directory where the image goes
    /// @param force build although an image of this recipe is there
    /// @param mirror Debian mirror to use in place of the host's
    public record Request(Path directory, boolean force, Optional<String> mirror) {

        /// @throws IllegalArgumentException when the mirror is not an address apt takes
        public Request {
            directory = directory.toAbsolutePath().normalize();
            mirror = mirror.map(each -> each.replaceAll("/+$", ""));
            if (mirror.isPresent() && !AptSources.isMirror(mirror.get())) {
                throw new IllegalArgumentException("\"" + mirror.get()
                        + "\" is not the address of a mirror; it looks like scheme://host/debian");
            }
        }
    }

    private static final ReentrantLock TURN = new ReentrantLock();

    private final Path cache;
    private final Map<String, String> environment;
    private final BuildProgress progress;
    private final ImageRecipe recipe = ImageRecipe.load();
    private final HostCommand host;

    /// @param progress is told how far the build is
    public ImageBuilder(BuildProgress progress) {
        this(System.getenv(), progress);
    }

    ImageBuilder(Map<String, String> environment, BuildProgress progress) {
        this.environment = Map.copyOf(environment);
        this.cache = GuestImage.cacheDirectory(environment);
        this.progress = Objects.requireNonNull(progress, "progress");
        this.host = HostCommand.ofSystem(environment.getOrDefault("PATH", ""));
    }

    /// Builds the image, unless it is there already.
    ///
    /// @return the image, its sizes checked
    /// @throws ImageBuildException when it cannot be built, with the remedy
    /// @throws IOException when a file cannot be read or written
    public GuestImage build(Request request) throws IOException, ImageBuildException {
        if (!request.force()) {
            Optional<GuestImage> present = present(request.directory());
            if (present.isPresent()) {
                return present.get();
            }
        }
        checkPlace(request.directory());
        host.checkTools();
        try {
            Files.createDirectories(cache);
        } catch (IOException e) {
            throw new ImageBuildException("the cache directory " + cache + " cannot be made (" + e.getMessage()
                    + "): set SOSIA_CACHE to a place that can be written", e);
        }
        TURN.lock();
        try (FileChannel channel = FileChannel.open(
                        cache.resolve("image.lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
                FileLock lock = takeTurn(channel)) {
            Objects.requireNonNull(lock, "lock");
            // Another build may have made it while this one waited.
            Optional<GuestImage> present = request.force() ? Optional.empty() : present(request.directory());
            return present.isPresent() ? present.get() : buildInTurn(request);
        } finally {
            TURN.unlock();
        }
    }

    /// Whether a directory holds a whole image of this version's recipe, so that [#build] has nothing to do.
    public boolean isBuilt(Path directory) {
        return present(directory).isPresent();
    }

    /// The Debian packages that a build needs and this host lacks.
    public Set<String> missingPackages() {
        Set<String> packages = new LinkedHashSet<>(host.missingPackages());
        if (!DebianArchive.hasKeyring()) {
            packages.add("debian-archive-keyring");
        }
        return packages;
    }

    private GuestImage buildInTurn(Request request) throws IOException, ImageBuildException {
        progress.step("read the package lists of Debian " + DebianArchive.CODENAME);
        DebianArchive archive = new DebianArchive(cache.resolve("apt"), host, progress);
        DebianArchive.Source source = archive.refresh(request.mirror());
        progress.note("Debian " + source.release() + " from " + source.mirror() + " (" + source.suite() + ")");
        List<DebianArchive.Deb> debs = archive.resolve(recipe);
        Map<String, Path> files = archive.download(debs);

        Path directory = request.directory();
        Path partial = sibling(directory, ".partial");
        Path work = sibling(directory, ".work");
        try {
            deleteTree(partial);
            deleteTree(work);
            Files.createDirectories(partial);
            Files.createDirectories(work);
            assemble(files, debs, source.release(), partial, work);
            replace(directory, partial);
        } finally {
            deleteTree(work);
            deleteTree(partial);
        }
        return GuestImage.open(directory);
    }

    private void assemble(
            Map<String, Path> files, List<DebianArchive.Deb> debs, String release, Path partial, Path work)
            throws IOException, ImageBuildException {
        GuestFiles guest = new GuestFiles(recipe, host, work);
        guest.read(files, progress);
        long epochSeconds = epochSeconds(guest.newestSeconds());

        progress.step("write kernel, initial RAM disk and root disk");
        Path kernel = Files.write(partial.resolve("kernel"), guest.kernel());
        FileTree root = guest.root();
        Path initrd = partial.resolve("initrd");
        try (OutputStream out = new BufferedOutputStream(Files.newOutputStream(initrd))) {
            CpioWriter.write(guest.initramfs(), out, epochSeconds);
        }
        Path disk = partial.resolve("disk");
        var identity = new Ext4Disk.Identity(
                ImageRecipe.DISK_BYTES, ImageRecipe.DISK_LABEL, recipe.diskUuid(), epochSeconds);
        new Ext4Disk(host, work.resolve("ext4"), identity).write(root, disk, recipe.ext4Configuration());

        progress.step("compute checksums");
        for (Path part : List.of(kernel, initrd, disk)) {
            Files.setPosixFilePermissions(part, PosixFilePermissions.fromString("r--r--r--"));
        }
        ImageManifest manifest = new ImageManifest(
                recipe.digest(),
                release,
                recipe.commandLine(),
                ImagePart.of(kernel),
                Optional.of(ImagePart.of(initrd)),
                Optional.of(ImagePart.of(disk)),
                debs.stream().map(deb -> new ImagePackage(deb.name(), deb.version(), deb.sha256())).toList());
        Files.writeString(partial.resolve(ImageManifest.FILE), manifest.toJson());
    }

    /// The time all files of the image bear: SOURCE_DATE_EPOCH (reproducible-builds.org) or that of the newest file in
    /// the packages, so that it depends on nothing else.
    private long epochSeconds(long newestSeconds) throws ImageBuildException {
        String given = environment.getOrDefault("SOURCE_DATE_EPOCH", "");
        if (given.isEmpty()) {
            return newestSeconds;
        }
        if (!given.matches("[0-9]{1,10}") || Long.parseLong(given) > 0xffff_ffffL) {
            throw new ImageBuildException("SOURCE_DATE_EPOCH is \"" + given + "\", expected seconds since 1970");
        }
        return Long.parseLong(given);
    }

    private Optional<GuestImage> present(Path directory) {
        try {
            GuestImage image = GuestImage.open(directory);
            String found = image.manifest().map(ImageManifest::recipe).orElse("");
            return found.equals(recipe.digest()) ? Optional.of(image) : Optional.empty();
        } catch (IOException absentOrBroken) {
            return Optional.empty();
        }
    }

    private static void checkPlace(Path directory) throws IOException, ImageBuildException {
        if (directory.getParent() == null) {
            throw new ImageBuildException("the image cannot be built into " + directory + ": name another directory");
        }
        if (!Files.exists(directory)) {
            return;
        }
        if (!Files.isDirectory(directory)) {
            throw new ImageBuildException(directory + " is not a directory: name another place with --dir");
        }
        try (Stream<Path> entries = Files.list(directory)) {
            if (entries.findAny().isPresent() && !Files.exists(directory.resolve(ImageManifest.FILE))) {
                throw new ImageBuildException(directory + " has files that are no guest image, and they are not"
                        + " overwritten: name an empty or new directory with --dir");
            }
        }
    }

    private FileLock takeTurn(FileChannel channel) throws IOException {
        FileLock lock = channel.tryLock();
        if (lock != null) {
            return lock;
        }
        progress.note("another image build is running; waiting for it");
        return channel.lock();
    }

    private static void replace(Path directory, Path partial) throws IOException {
        Path old = sibling(directory, ".old");
        deleteTree(old);
        if (Files.exists(directory)) {
            Files.move(directory, old, StandardCopyOption.ATOMIC_MOVE);
        }
        Files.move(partial, directory, StandardCopyOption.ATOMIC_MOVE);
        deleteTree(old);
    }

    private static Path sibling(Path directory, String suffix) {
        return directory.resolveSibling(directory.getFileName() + suffix);
    }

    private static void deleteTree(Path directory) throws IOException {
        if (!Files.exists(directory)) {
            return;
        }
        try (Stream<Path> paths = Files.walk(directory)) {
            for (Path path : paths.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(path);
            }
        }
    }
}
