package io.sosia.appliance.demo;

import io.sosia.appliance.attach.Passt;
import io.sosia.appliance.image.ImageBuilder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;

/// The programs of the host that the demo uses, and how they get there.
final class HostTools {

    private static final Duration INSTALL_LIMIT = Duration.ofMinutes(10);
    private static final Duration SUDO_LIMIT = Duration.ofSeconds(10);

    private HostTools() {}

    /// Sees to it that all programs are there: installs what is missing when this user may.
    ///
    /// @param builder of the image, when it has to be built
    /// @param log     where the package tool's output goes
    /// @throws DemoException naming what is missing and the command that installs it
    static void provide(Optional<ImageBuilder> builder, Path log, Narrator narrator) throws DemoException {
        SortedSet<String> packages = missing(builder);
        if (packages.isEmpty()) {
            return;
        }
        String remedy = "apt-get install --no-install-recommends " + String.join(" ", packages);
        List<String> privilege = privilege();
        if (privilege == null) {
            throw new DemoException("this host lacks " + String.join(", ", packages)
                    + " and this user may not install them. "
                    + "Install them and start again: sudo " + remedy);
        }
        narrator.say("installs " + String.join(", ", packages) + " (" + String.join(" ", privilege)
                + (privilege.isEmpty() ? "" : " ") + remedy + ")");
        if (!install(privilege, packages, log)) {
            // The package lists of a fresh machine may be empty or old.
            run(privilege, List.of("apt-get", "-q", "update"), log);
            install(privilege, packages, log);
        }
        SortedSet<String> still = missing(builder);
        if (!still.isEmpty()) {
            throw new DemoException("installing " + String.join(", ", still) + " did not succeed; " + log
                    + " says why. "
                    + "Install them and start again: sudo " + remedy);
        }
    }

    private static SortedSet<String> missing(Optional<ImageBuilder> builder) {
        SortedSet<String> packages = new TreeSet<>();
        builder.ifPresent(images -> packages.addAll(images.missingPackages()));
        if (!Passt.isInstalled()) {
            packages.add("passt");
        }
        return packages;
    }

    /// The words to put before a command that needs root, null when there are none.
    private static List<String> privilege() throws DemoException {
        if (!Files.isExecutable(Path.of("/usr/bin/apt-get"))) {
            return null;
        }
        if ("root".equals(System.getProperty("user.name"))) {
            return List.of();
        }
        boolean sudo = Files.isExecutable(Path.of("/usr/bin/sudo"))
                && attempt(List.of("sudo", "-n", "true"), ProcessBuilder.Redirect.DISCARD, SUDO_LIMIT);
        return sudo ? List.of("sudo", "-n") : null;
    }

    private static boolean install(List<String> privilege, SortedSet<String> packages, Path log) throws DemoException {
        List<String> command = new ArrayList<>(
                List.of("env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-q", "-y", "install",
                        "--no-install-recommends"));
        command.addAll(packages);
        return run(privilege, command, log);
    }

    private static boolean run(List<String> privilege, List<String> command, Path log) throws DemoException {
        List<String> whole = new ArrayList<>(privilege);
        whole.addAll(command);
        return attempt(whole, ProcessBuilder.Redirect.appendTo(log.toFile()), INSTALL_LIMIT);
    }

    private static boolean attempt(List<String> command, ProcessBuilder.Redirect output, Duration limit)
            throws DemoException {
        Process process;
        try {
            process = new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(output).start();
            process.getOutputStream().close();
        } catch (IOException e) {
            throw new DemoException(command.getFirst() + " cannot be run: " + e.getMessage(), e);
        }
        try {
            if (process.waitFor(limit.toMillis(), TimeUnit.MILLISECONDS)) {
                return process.exitValue() == 0;
            }
            throw new DemoException("waited " + limit.toSeconds() + " s and still not: " + String.join(" ", command)
                    + " has ended");
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new DemoException("interrupted while running " + String.join(" ", command), e);
        } finally {
            process.destroy();
        }
    }
}
