package io.sosia.appliance.image;

import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;

/// Runs the host's programs that a build uses, in the C locale. A program that is still running when this process
/// ends is ended too. Safe for several threads.
final class HostCommand {

    /// The programs, each with the Debian package that brings it.
    enum Tool {
        APT_GET("apt-get", "apt"),
        APT_CACHE("apt-cache", "apt"),
        DPKG_DEB("dpkg-deb", "dpkg"),
        GPGV("gpgv", "gpgv"),
        XZ("xz", "xz-utils"),
        MKE2FS("mke2fs", "e2fsprogs"),
        DEBUGFS("debugfs", "e2fsprogs"),
        E2FSCK("e2fsck", "e2fsprogs");

        private final String program;
        private final String debianPackage;

        Tool(String program, String debianPackage) {
            this.program = program;
            this.debianPackage = debianPackage;
        }
    }

    /// What a program did.
    ///
    /// @param exit its exit status
    /// @param out its standard output
    /// @param err its standard error
    record Outcome(int exit, byte[] out, String err) {

        /// Standard output as text.
        String text() {
            return new String(out, StandardCharsets.UTF_8);
        }

        /// The last lines of its complaint, on one line.
        String complaint() {
            String text = err.isBlank() ? text() : err;
            List<String> lines = text.lines().map(String::strip).filter(line -> !line.isEmpty()).toList();
            return String.join("; ", lines.subList(Math.max(0, lines.size() - 4), lines.size()));
        }
    }

    /// Takes a program's standard output while it runs.
    interface OutputReader<T> {
        T read(InputStream out) throws IOException;
    }

    /// Looks after a program while it runs, five times a second.
    interface Watch {
        void look() throws IOException;
    }

    private static final long WATCH_MILLIS = 200;
    private static final Set<Process> RUNNING = ConcurrentHashMap.newKeySet();

    static {
        Runtime.getRuntime().addShutdownHook(new Thread(() -> RUNNING.forEach(Process::destroy), "end-host-commands"));
    }

    private final List<Path> searched = new ArrayList<>();

    /// @param path directories to search, separated by colons
    HostCommand(String path) {
        for (String each : path.split(":")) {
            if (!each.isEmpty()) {
                searched.add(Path.of(each));
            }
        }
    }

    /// Searches the directories of a PATH and after them the system's: an ordinary user's PATH leaves out where mke2fs
    /// is.
    static HostCommand ofSystem(String path) {
        return new HostCommand(path + ":/usr/sbin:/sbin:/usr/bin:/bin");
    }

    /// @throws ImageBuildException naming every program that is missing and how to get it
    void checkTools() throws ImageBuildException {
        Set<String> programs = new LinkedHashSet<>();
        for (Tool tool : Tool.values()) {
            if (find(tool) == null) {
                programs.add(tool.program);
            }
        }
        if (!programs.isEmpty()) {
            throw new ImageBuildException("the image build needs " + String.join(", ", programs)
                    + ", not found on this host: on Debian, \"apt install " + String.join(" ", missingPackages()) + "\"");
        }
    }

    /// The Debian packages of the programs that are not there.
    Set<String> missingPackages() {
        Set<String> packages = new LinkedHashSet<>();
        for (Tool tool : Tool.values()) {
            if (find(tool) == null) {
                packages.add(tool.debianPackage);
            }
        }
        return packages;
    }

    /// Runs a program to its end.
    ///
    /// @throws ImageBuildException when it exits with anything but 0, with its complaint
    Outcome run(Tool tool, Map<String, String> environment, List<String> arguments)
            throws IOException, ImageBuildException {
        Outcome outcome = attempt(tool, environment, arguments);
        if (outcome.exit() != 0) {
            throw new ImageBuildException(tool.program + " " + arguments.getLast() + " failed with status "
                    + outcome.exit() + ": " + outcome.complaint());
        }
        return outcome;
    }

    /// Runs a program to its end, whatever its exit status.
    Outcome attempt(Tool tool, Map<String, String> environment, List<String> arguments)
            throws IOException, ImageBuildException {
        Path err = Files.createTempFile("sosia-", ".err");
        try {
            Process process = start(tool, environment, arguments, null, err.toFile());
            try (InputStream out = process.getInputStream()) {
                byte[] bytes = out.readAllBytes();
                int exit = await(process, () -> {});
                return new Outcome(exit, bytes, Files.readString(err));
            } finally {
                end(process);
            }
        } finally {
            Files.deleteIfExists(err);
        }
    }

    /// Runs a program whose output is read while it comes.
    ///
    /// @throws ImageBuildException when the program fails
    <T> T stream(Tool tool, List<String> arguments, OutputReader<T> reader) throws IOException, ImageBuildException {
        Path err = Files.createTempFile("sosia-", ".err");
        try {
            Process process = start(tool, Map.of(), arguments, null, err.toFile());
            try (InputStream out = process.getInputStream()) {
                T result = reader.read(out);
                int exit = await(process, () -> {});
                if (exit != 0) {
                    throw new ImageBuildException(tool.program + " " + arguments.getLast() + " failed with status "
                            + exit + ": " + Files.readString(err).strip());
                }
                return result;
            } finally {
                end(process);
            }
        } finally {
            Files.deleteIfExists(err);
        }
    }

    /// Runs a program in a directory while a watch looks on.
    ///
    /// @return the outcome; both streams together in `err`
    Outcome watch(Tool tool, Path directory, List<String> arguments, Watch watch)
            throws IOException, ImageBuildException {
        Path err = Files.createTempFile("sosia-", ".err");
        try {
            Process process = start(tool, Map.of(), arguments, directory, err.toFile());
            try {
                int exit = await(process, watch);
                return new Outcome(exit, new byte[0], Files.readString(err));
            } finally {
                end(process);
            }
        } finally {
            Files.deleteIfExists(err);
        }
    }

    private Process start(
            Tool tool, Map<String, String> environment, List<String> arguments, Path directory, File err)
            throws IOException, ImageBuildException {
        Path program = find(tool);
        if (program == null) {
            throw new ImageBuildException(tool.program + " is not found on this host: on Debian, \"apt install "
                    + tool.debianPackage + "\"");
        }
        List<String> command = new ArrayList<>();
        command.add(program.toString());
        command.addAll(arguments);
        ProcessBuilder builder = new ProcessBuilder(command).redirectError(err);
        builder.redirectInput(new File("/dev/null"));
        builder.environment().put("LC_ALL", "C");
        builder.environment().putAll(environment);
        if (directory != null) {
            builder.directory(directory.toFile()).redirectOutput(ProcessBuilder.Redirect.appendTo(err));
        }
        Process process = builder.start();
        RUNNING.add(process);
        return process;
    }

    private static int await(Process process, Watch watch) throws IOException, ImageBuildException {
        try {
            while (!process.waitFor(WATCH_MILLIS, TimeUnit.MILLISECONDS)) {
                watch.look();
            }
            return process.exitValue();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new ImageBuildException("interrupted; the next build goes on from here", e);
        }
    }

    private static void end(Process process) {
        process.destroy();
        RUNNING.remove(process);
    }

    private Path find(Tool tool) {
        return searched.stream()
                .map(each -> each.resolve(tool.program))
                .filter(Files::isExecutable)
                .findFirst()
                .orElse(null);
    }
}
