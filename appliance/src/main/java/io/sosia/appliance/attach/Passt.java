package io.sosia.appliance.attach;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.UserPrincipal;
import java.nio.file.attribute.UserPrincipalNotFoundException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The user-mode network: Debian's `passt` as a child process, connected, needing no privilege.
///
/// The guest is 10.0.2.15/24, this host is 10.0.2.2 (the gateway; services on this host's loopback answer there too),
/// DNS is 10.0.2.3: the addresses QEMU's user network has. TCP ports of this host lead to the guest.
///
/// passt never outlives us, not even after `kill -9`: it serves one connection only and ends with it (`--one-off`),
/// and a shell beside it ends it when our end of a pipe closes, which covers the moment before we are connected.
///
/// Works with passt 0.0~git20230309 (Debian 12) and later.
public final class Passt implements AutoCloseable {
    /// The guest's address.
    public static final Ipv4Address GUEST = Ipv4Address.parse("10.0.2.15");

    /// This host, seen from the guest.
    public static final Ipv4Address GATEWAY = Ipv4Address.parse("10.0.2.2");

    /// The name server, seen from the guest: passes questions on to this host's.
    public static final Ipv4Address DNS = Ipv4Address.parse("10.0.2.3");

    /// The gateway's MAC address; the same in every passt, so that a guest's ARP cache stays true when passt is
    /// started anew.
    public static final MacAddress GATEWAY_MAC = MacAddress.parse("52:55:0a:00:02:02");

    private static final Logger LOG = LoggerFactory.getLogger(Passt.class);
    private static final String PROGRAM = "passt";
    private static final String DEFAULT_PATH = "/usr/local/bin:/usr/bin:/bin";
    private static final Duration START_TIMEOUT = Duration.ofSeconds(10);
    private static final int FREE_PORT_ATTEMPTS = 8;
    private static final int LINES_KEPT = 20;
    private static final Pattern BIND_FAILURE = Pattern.compile("[Ff]ailed to bind.*'-t ([0-9.]+)/(\\d+):(\\d+)'");
    private static final Pattern NO_ROUTE =
            Pattern.compile("External interface not usable|No external routable interface");

    /// Runs passt without standard input and waits for it; ends it when ours closes, which the kernel does when we die;
    /// removes its directory, the first argument.
    private static final String KEEPER = "directory=$1; shift; exec 3<&0; \"$@\" </dev/null 3<&- & child=$!; "
            + "{ read -r _ <&3; kill $child; } 2>/dev/null & watch=$!; exec 3<&-; "
            + "wait $child; status=$?; kill $watch 2>/dev/null; "
            + "rm -f \"$directory/s\"; rmdir \"$directory\"; exit $status";

    private final Process process;
    private final Path directory;
    private final SocketChannel channel;
    private final List<PortForward> forwards;

    private Passt(Process process, Path directory, SocketChannel channel, List<PortForward> forwards) {
        this.process = process;
        this.directory = directory;
        this.channel = channel;
        this.forwards = List.copyOf(forwards);
    }

    /// Starts passt and connects to it.
    ///
    /// @param forwards ports to publish; host port 0 takes a free one
    /// @throws IOException when passt is missing, a host port is busy, or passt refuses; the message names the thing
    /// and the remedy
    public static Passt start(List<PortForward> forwards) throws IOException {
        return start(PROGRAM, forwards, System.getenv().getOrDefault("PATH", DEFAULT_PATH));
    }

    /// As [#start(List)] with another program, found in the directories of `searchPath`.
    static Passt start(String program, List<PortForward> forwards, String searchPath) throws IOException {
        Path executable = find(program, searchPath);
        IOException last = null;
        for (int attempt = 0; attempt < FREE_PORT_ATTEMPTS; attempt++) {
            List<PortForward> taken = takePorts(forwards);
            try {
                return launch(executable, taken);
            } catch (PortBusyException e) {
                last = e;
                if (forwards.contains(e.forward)) {
                    break;
                }
                // A port that was free a moment ago and that nobody asked for: take another.
            }
        }
        throw last;
    }

    /// Whether this host has passt.
    public static boolean isInstalled() {
        try {
            find(PROGRAM, System.getenv().getOrDefault("PATH", DEFAULT_PATH));
            return true;
        } catch (IOException absent) {
            return false;
        }
    }

    /// The connection to passt, for [FrameSwitch#attach] or [StreamUplink#over]. passt ends when it is closed.
    public SocketChannel channel() {
        return channel;
    }

    /// The published ports with the host ports really taken, in the order they were asked for.
    public List<PortForward> forwards() {
        return forwards;
    }

    /// False once passt has ended.
    public boolean isAlive() {
        return process.isAlive();
    }

    /// The shell that keeps passt, and passt as its child.
    ProcessHandle keeper() {
        return process.toHandle();
    }

    /// Where the socket is.
    Path directory() {
        return directory;
    }

    /// Ends passt, waits until it is gone and removes its directory. May be called twice.
    @Override
    public void close() {
        try {
            channel.close();
        } catch (IOException e) {
            LOG.debug("closing the connection to passt", e);
        }
        stop(process, directory);
    }

    private static Passt launch(Path executable, List<PortForward> forwards) throws IOException {
        try {
            return launch(executable, forwards, List.of());
        } catch (PasstFailure e) {
            if (NO_ROUTE.matcher(e.getMessage()).find()) {
                // Older versions insist on a default route; without one the guest and this host still reach each other.
                LOG.warn("this host has no default route: the guest's network leads no further than this host");
                return launch(executable, forwards, List.of("--interface", "lo"));
            }
            throw e;
        }
    }

    private static Passt launch(Path executable, List<PortForward> forwards, List<String> more) throws IOException {
        Path directory = makeDirectory();
        Path socket = directory.resolve("s");
        Process process;
        try {
            process = new ProcessBuilder(command(executable, socket, forwards, more))
                    .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                    .start();
        } catch (IOException e) {
            remove(directory);
            throw new IOException("cannot start " + executable + ": " + e.getMessage(), e);
        }
        Complaints complaints = new Complaints(process);
        try {
            SocketChannel channel = connect(process, socket, complaints);
            return new Passt(process, directory, channel, forwards);
        } catch (IOException e) {
            stop(process, directory);
            throw e;
        }
    }

    private static List<String> command(Path executable, Path socket, List<PortForward> forwards, List<String> more) {
        List<String> command = new ArrayList<>(List.of("/bin/sh", "-c", KEEPER, "sosia-passt"));
        Collections.addAll(command, socket.getParent().toString(), executable.toString());
        Collections.addAll(command, "--foreground", "--quiet", "--one-off", "--ipv4-only");
        Collections.addAll(command, "--socket", socket.toString(), "--mtu", "1500", "--mac-addr",
                GATEWAY_MAC.toString());
        Collections.addAll(command, "--address", GUEST.toString(), "--netmask", "24", "--gateway", GATEWAY.toString());
        Collections.addAll(command, "--dns-forward", DNS.toString(), "--udp-ports", "none");
        command.addAll(more);
        if (forwards.isEmpty()) {
            Collections.addAll(command, "-t", "none");
        }
        for (PortForward forward : forwards) {
            Collections.addAll(
                    command, "-t", forward.hostAddress() + "/" + forward.hostPort() + ":" + forward.guestPort());
        }
        return command;
    }

    /// Connects as soon as passt listens.
    private static SocketChannel connect(Process process, Path socket, Complaints complaints) throws IOException {
        long deadlineNanos = System.nanoTime() + START_TIMEOUT.toNanos();
        while (true) {
            SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX);
            try {
                channel.connect(UnixDomainSocketAddress.of(socket));
                return channel;
            } catch (IOException _) {
                channel.close();
            }
            try {
                if (process.waitFor(2, TimeUnit.MILLISECONDS)) {
                    throw complaints.failure("passt ended with status " + process.exitValue());
                }
            } catch (InterruptedException _) {
                Thread.currentThread().interrupt();
                throw new IOException("interrupted while starting passt");
            }
            if (System.nanoTime() > deadlineNanos) {
                throw complaints.failure("passt did not listen on " + socket + " within " + START_TIMEOUT.toSeconds()
                        + " s");
            }
        }
    }

    private static void stop(Process process, Path directory) {
        try {
            process.getOutputStream().close();
        } catch (IOException e) {
            LOG.debug("closing passt's keeper", e);
        }
        boolean interrupted = false;
        try {
            if (!process.waitFor(5, TimeUnit.SECONDS)) {
                process.descendants().forEach(ProcessHandle::destroyForcibly);
                process.destroyForcibly();
            }
        } catch (InterruptedException _) {
            interrupted = true;
            process.descendants().forEach(ProcessHandle::destroyForcibly);
            process.destroyForcibly();
        }
        remove(directory);
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    /// A private directory under /tmp, where distributions' security profiles let passt bind. Started as root, passt
    /// becomes `nobody`, who then owns it.
    private static Path makeDirectory() throws IOException {
        Path directory = Files.createTempDirectory(Path.of("/tmp"), "sosia-passt-");
        try {
            UserPrincipal owner = Files.getOwner(directory);
            if ("root".equals(owner.getName())) {
                Files.setOwner(
                        directory, directory.getFileSystem().getUserPrincipalLookupService()
                                .lookupPrincipalByName("nobody"));
            }
        } catch (UserPrincipalNotFoundException e) {
            remove(directory);
            throw new IOException(
                    "passt started by root runs as 'nobody', a user this host lacks: start it as another user", e);
        } catch (IOException e) {
            remove(directory);
            throw new IOException("cannot give " + directory + " to the user 'nobody', as whom passt runs: "
                    + e.getMessage(), e);
        }
        return directory;
    }

    private static void remove(Path directory) {
        try {
            Files.deleteIfExists(directory.resolve("s"));
            Files.deleteIfExists(directory);
        } catch (IOException e) {
            LOG.warn("cannot remove {}: {}", directory, e.getMessage());
        }
    }

    private static Path find(String program, String searchPath) throws IOException {
        for (String directory : searchPath.split(":")) {
            Path candidate = Path.of(directory.isEmpty() ? "." : directory, program);
            if (Files.isExecutable(candidate) && Files.isRegularFile(candidate)) {
                return candidate;
            }
        }
        throw new IOException("the program '" + program
                + "' (user-mode network) is not on the PATH: install it (Debian, Ubuntu: apt-get install passt)");
    }

    /// Replaces host port 0 by a free port and makes sure that the others can be had.
    private static List<PortForward> takePorts(List<PortForward> forwards) throws IOException {
        List<PortForward> taken = new ArrayList<>();
        List<ServerSocket> held = new ArrayList<>();
        try {
            // All are held until the last is chosen, so that no port is chosen twice.
            for (PortForward forward : forwards) {
                ServerSocket socket = new ServerSocket();
                held.add(socket);
                try {
                    InetAddress address = InetAddress.getByName(forward.hostAddress().toString());
                    socket.bind(new InetSocketAddress(address, forward.hostPort()));
                } catch (IOException e) {
                    throw new PortBusyException(forward, e.getMessage());
                }
                taken.add(forward.withHostPort(socket.getLocalPort()));
            }
        } finally {
            for (ServerSocket socket : held) {
                socket.close();
            }
        }
        return taken;
    }

    /// A host port cannot be had.
    private static final class PortBusyException extends IOException {
        private static final long serialVersionUID = 1;
        private final transient PortForward forward;

        PortBusyException(PortForward forward, String reason) {
            super("cannot publish guest port " + forward.guestPort() + " on " + forward.hostAddress() + ":"
                    + forward.hostPort() + ": "
                    + reason + "; stop what uses that port, choose another, or give 0 to take a free one");
            this.forward = forward;
        }
    }

    /// passt ended, or never listened; the message has its own words.
    private static final class PasstFailure extends IOException {
        private static final long serialVersionUID = 1;

        PasstFailure(String message) {
            super(message);
        }
    }

    /// What passt writes to its standard error: the last lines, for an error message.
    private static final class Complaints {
        private final ArrayDeque<String> lines = new ArrayDeque<>();
        private final Thread reader;

        Complaints(Process process) {
            reader = Thread.ofPlatform().daemon().name("sosia-passt-errors").start(() -> {
                try (BufferedReader errors =
                        new BufferedReader(new InputStreamReader(process.getErrorStream(), StandardCharsets.UTF_8))) {
                    errors.lines().forEach(this::add);
                } catch (IOException | RuntimeException e) {
                    LOG.debug("passt's standard error ended", e);
                }
            });
        }

        private void add(String line) {
            // Said in front of every line where no system logger listens.
            if (line.startsWith("Failed to send ") || line.isBlank()) {
                return;
            }
            LOG.debug("passt: {}", line);
            synchronized (lines) {
                if (lines.size() == LINES_KEPT) {
                    lines.removeFirst();
                }
                lines.addLast(line.strip());
            }
        }

        IOException failure(String what) {
            try {
                reader.join(Duration.ofSeconds(1));
            } catch (InterruptedException _) {
                Thread.currentThread().interrupt();
            }
            String said;
            synchronized (lines) {
                said = String.join(" / ", lines);
            }
            Matcher bind = BIND_FAILURE.matcher(said);
            if (bind.find()) {
                PortForward forward = new PortForward(
                        Ipv4Address.parse(bind.group(1)), Integer.parseInt(bind.group(2)),
                                Integer.parseInt(bind.group(3)));
                return new PortBusyException(forward, "in use or not allowed");
            }
            return new PasstFailure(what + (said.isEmpty() ? "" : ": " + said));
        }
    }
}
