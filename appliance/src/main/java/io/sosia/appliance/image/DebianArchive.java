package io.sosia.appliance.image;

import io.sosia.appliance.image.HostCommand.Outcome;
import io.sosia.appliance.image.HostCommand.Tool;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/// Debian's riscv64 packages, through an apt of our own that has its own state beside the host's and checks
/// signatures and hashes like any other. Packages are fetched, never installed. One build at a time uses a directory
/// (see [ImageBuilder]).
final class DebianArchive {

    /// Where packages come from.
    ///
    /// @param mirror its address
    /// @param suite the directory under `dists` that was read
    /// @param release point release, such as "13.7", as the signed release file gives it
    record Source(String mirror, String suite, String release) {}

    /// One package file.
    ///
    /// @param name package name
    /// @param version Debian version
    /// @param file its file name in the download directory
    /// @param bytes its length
    /// @param sha256 its digest, as the signed index gives it
    record Deb(String name, String version, String file, long bytes, String sha256) {}

    static final String CODENAME = "trixie";

    /// Names of the distribution, in the order they are tried. A mirror (or a cache before it) that is between two
    /// states can serve one name with an index its release file does not vouch for, and the other in order; the
    /// signed release must say [#CODENAME] under either name.
    private static final List<String> SUITES = List.of(CODENAME, "stable");

    private static final List<Path> KEYRINGS = List.of(
            Path.of("/usr/share/keyrings/debian-archive-keyring.pgp"),
            Path.of("/usr/share/keyrings/debian-archive-keyring.gpg"));

    private static final Pattern INSTALL = Pattern.compile("Inst (\\S+) \\((\\S+) .*");
    private static final Pattern FILE =
            Pattern.compile("'[^']*' ([a-z0-9][a-z0-9.+-]*_[A-Za-z0-9.+~%-]+_[a-z0-9]+\\.deb)"
                    + " (\\d{1,12}) SHA256:([0-9a-f]{64})");

    private final Path directory;
    private final HostCommand host;
    private final BuildProgress progress;

    /// @param directory where lists and downloads are kept from build to build
    DebianArchive(Path directory, HostCommand host, BuildProgress progress) {
        this.directory = directory.toAbsolutePath();
        this.host = host;
        this.progress = progress;
    }

    /// Whether this host has the keys that Debian's releases are signed with.
    static boolean hasKeyring() {
        return KEYRINGS.stream().anyMatch(Files::isReadable);
    }

    /// Brings the package lists up to date from the first mirror that can serve them, or falls back on lists of an
    /// earlier build.
    ///
    /// @param mirror a mirror of the user's choice instead of the host's
    /// @throws ImageBuildException when no mirror serves the distribution, saying why
    Source refresh(Optional<String> mirror) throws IOException, ImageBuildException {
        Path keyring = KEYRINGS.stream().filter(Files::isReadable).findFirst().orElseThrow(
                () -> new ImageBuildException("Debian's archive keyring is not on this host (" + KEYRINGS.getFirst()
                        + " or .gpg): \"apt install debian-archive-keyring\""));
        prepare();
        List<String> mirrors = mirror.isPresent() ? List.of(mirror.get()) : hostMirrors();
        List<String> failures = new ArrayList<>();
        for (String each : mirrors) {
            for (String suite : SUITES) {
                writeSources(each, suite, keyring);
                Outcome update = host.attempt(Tool.APT_GET, Map.of(), List.of("-c", configuration(), "-q", "update"));
                Optional<Source> source = update.exit() == 0 ? loaded(each, suite) : Optional.empty();
                if (source.isPresent()) {
                    failures.forEach(failure -> progress.note("not used: " + failure));
                    return source.get();
                }
                failures.add(each + " " + suite + ": " + reason(update));
            }
        }
        for (String each : mirrors) {
            for (String suite : SUITES) {
                writeSources(each, suite, keyring);
                Optional<Source> source = loaded(each, suite);
                if (source.isPresent()) {
                    progress.note("package lists of an earlier build are used, since no mirror could be read now: "
                            + failures.getFirst());
                    return source.get();
                }
            }
        }
        throw new ImageBuildException("no mirror serves Debian " + CODENAME + " for riscv64 ("
                + String.join(" | ", failures)
                + "); check the network, or name another one with --mirror");
    }

    /// The package files a recipe asks for: what apt finds the wanted packages to need, less what the recipe says can
    /// be done without; by name.
    ///
    /// @throws ImageBuildException when apt does not know a package
    List<Deb> resolve(ImageRecipe recipe) throws IOException, ImageBuildException {
        List<String> install = new ArrayList<>(List.of("-c", configuration(), "-qq", "-s", "install"));
        install.addAll(recipe.rootPackages());
        Map<String, String> versions = new LinkedHashMap<>();
        for (String line : host.run(Tool.APT_GET, Map.of(), install).text().lines().toList()) {
            Matcher matcher = INSTALL.matcher(line);
            if (matcher.matches() && !recipe.withoutPackages().contains(matcher.group(1))) {
                versions.put(matcher.group(1), matcher.group(2));
            }
        }
        List<String> download = new ArrayList<>(List.of("-c", configuration(), "-qq", "download", "--print-uris"));
        versions.forEach((name, version) -> download.add(name + "=" + version));
        String kernel = kernelPackage(recipe.kernelPackage());
        download.add(kernel);
        Map<String, Deb> debs = new TreeMap<>();
        for (String line : host.run(Tool.APT_GET, Map.of(), download).text().lines().toList()) {
            Deb deb = deb(line);
            debs.put(deb.name(), deb);
        }
        Set<String> asked = new TreeSet<>(versions.keySet());
        asked.add(kernel);
        if (!debs.keySet().equals(asked)) {
            throw new ImageBuildException("apt-get tells the files of " + debs.keySet() + ", expected " + asked);
        }
        return List.copyOf(debs.values());
    }

    /// Fetches what is not there yet and checks everything; files no longer asked for are deleted.
    ///
    /// @return the file of each package, by package name
    /// @throws ImageBuildException when a package cannot be fetched or is not what the index says
    Map<String, Path> download(List<Deb> debs) throws IOException, ImageBuildException {
        Path downloads = Files.createDirectories(directory.resolve("debs"));
        List<Deb> missing = new ArrayList<>();
        for (Deb deb : debs) {
            if (!isComplete(downloads.resolve(deb.file()), deb)) {
                missing.add(deb);
            }
        }
        if (!missing.isEmpty()) {
            fetch(missing, downloads);
        }
        Map<String, Path> files = new LinkedHashMap<>();
        for (Deb deb : debs) {
            Path file = downloads.resolve(deb.file());
            if (missing.contains(deb) && !isComplete(file, deb)) {
                throw new ImageBuildException(file + " is not the file the signed index describes (" + deb.bytes()
                        + " bytes, sha256 " + deb.sha256() + ")");
            }
            files.put(deb.name(), file);
        }
        discardOthers(downloads, debs);
        return files;
    }

    private void fetch(List<Deb> missing, Path downloads) throws IOException, ImageBuildException {
        long total = missing.stream().mapToLong(Deb::bytes).sum();
        List<String> arguments = new ArrayList<>(List.of("-c", configuration(), "-q", "download"));
        missing.forEach(deb -> arguments.add(deb.name() + "=" + deb.version()));
        try (BuildProgress.Meter meter = progress.meter("download " + missing.size() + " packages", total)) {
            Outcome outcome = host.watch(Tool.APT_GET, downloads, arguments, () -> {
                long done = 0;
                for (Deb deb : missing) {
                    done += Math.max(
                            length(downloads.resolve(deb.file())),
                            length(downloads.resolve("partial").resolve(deb.file())));
                }
                meter.at(Math.min(done, total));
            });
            if (outcome.exit() != 0) {
                throw new ImageBuildException("packages could not be fetched: " + outcome.complaint()
                        + "; what has come is kept, run the build again");
            }
            meter.at(total);
        }
    }

    private static void discardOthers(Path downloads, List<Deb> debs) throws IOException {
        Set<String> wanted = new LinkedHashSet<>();
        debs.forEach(deb -> wanted.add(deb.file()));
        try (Stream<Path> files = Files.list(downloads)) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                if (!wanted.contains(file.getFileName().toString())) {
                    Files.delete(file);
                }
            }
        }
    }

    private void prepare() throws IOException {
        Files.createDirectories(directory.resolve("state/lists/partial"));
        Files.createDirectories(directory.resolve("cache/archives/partial"));
        Files.writeString(directory.resolve("state/status"), "");
        Files.writeString(directory.resolve("apt.conf"), AptSources.configuration(directory.toString()));
    }

    private void writeSources(String mirror, String suite, Path keyring) throws IOException {
        Files.writeString(
                directory.resolve("sources.list"), AptSources.sourcesLine(mirror, suite, keyring.toString()));
    }

    private List<String> hostMirrors() throws IOException, ImageBuildException {
        Outcome targets = host.run(Tool.APT_GET, Map.of(), List.of("indextargets", "Created-By: Packages"));
        List<String> mirrors = AptSources.debianMirrors(targets.text());
        if (mirrors.isEmpty()) {
            throw new ImageBuildException("this host's apt is configured with no mirror of Debian's main section:"
                    + " name one with --mirror");
        }
        return mirrors;
    }

    /// What apt has loaded for the present sources list, when it is the right distribution.
    private Optional<Source> loaded(String mirror, String suite) throws IOException, ImageBuildException {
        Outcome targets = host.run(
                Tool.APT_GET, Map.of(), List.of("-c", configuration(), "indextargets", "Created-By: Packages"));
        for (Map<String, String> target : AptSources.stanzas(targets.text())) {
            boolean complete = Files.isReadable(Path.of(target.getOrDefault("Filename", "/nonexistent")));
            if (complete
                    && target.getOrDefault("Codename", "").equals(CODENAME)
                    && target.getOrDefault("Trusted", "").equals("yes")) {
                return Optional.of(new Source(mirror, suite, target.getOrDefault("Version", "")));
            }
        }
        return Optional.empty();
    }

    private String kernelPackage(String metapackage) throws IOException, ImageBuildException {
        Outcome depends = host.run(
                Tool.APT_CACHE, Map.of(), List.of("-c", configuration(), "depends", "--important", metapackage));
        return depends.text().lines()
                .map(String::strip)
                .filter(line -> line.startsWith("Depends: linux-image-"))
                .map(line -> line.substring("Depends: ".length()))
                .findFirst()
                .orElseThrow(() -> new ImageBuildException("Debian's " + metapackage + " depends on no kernel image"));
    }

    /// A line of `apt-get download --print-uris`: 'address' name_version_architecture.deb length SHA256:digest.
    private static Deb deb(String line) throws ImageBuildException {
        Matcher matcher = FILE.matcher(line.strip());
        if (!matcher.matches()) {
            throw new ImageBuildException("apt-get does not say where a package is: \"" + line.strip() + "\"");
        }
        String file = matcher.group(1);
        String[] fields = file.split("_");
        return new Deb(
                fields[0],
                fields[1].replace("%3a", ":"),
                file,
                Long.parseLong(matcher.group(2)),
                matcher.group(3));
    }

    private static boolean isComplete(Path file, Deb deb) throws IOException {
        return length(file) == deb.bytes() && Sha256.of(file).equals(deb.sha256());
    }

    private static long length(Path file) throws IOException {
        return Files.isRegularFile(file) ? Files.size(file) : 0;
    }

    private static String reason(Outcome update) {
        String said = update.err().isBlank() ? update.text() : update.err();
        return said.lines()
                .map(String::strip)
                .filter(line -> line.startsWith("E:") || line.startsWith("Err:"))
                .findFirst()
                .orElseGet(() -> update.exit() == 0 ? "it is not Debian " + CODENAME : update.complaint());
    }

    private String configuration() {
        return directory.resolve("apt.conf").toString();
    }
}
