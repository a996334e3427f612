package io.sosia.appliance.bench;

import io.sosia.appliance.tls.Authority;
import io.sosia.appliance.tls.Tls;
import io.sosia.witness.claim.NodeName;
import io.sosia.witness.client.WitnessAddress;
import io.sosia.witness.client.WitnessClient;
import io.sosia.witness.client.WitnessClientConfig;
import io.sosia.witness.client.WitnessMembership;
import io.sosia.witness.identity.Credentials;
import io.sosia.witness.identity.Identity;
import io.sosia.witness.server.WitnessConfig;
import io.sosia.witness.server.WitnessServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;

/// A witness of one or more members on this host's loopback, each `sosia witness run` in a process of its own. Over mutual TLS, as
/// configured by default, with certificates of an authority of its own, or not encrypted.
///
/// Threads: its owner's.
final class WitnessMembers implements AutoCloseable {

    /// The most heap of a member.
    static final int HEAP_MIB = 64;

    private static final Duration PATIENCE = Duration.ofSeconds(180);
    private static final Duration ATTEMPT = Duration.ofSeconds(10);
    private static final long LOOK_NANOS = 20_000_000;
    private static final String SAYS_WHERE = " on 127.0.0.1:";
    private static final String MAIN = "io.sosia.appliance.cli.Sosia";

    private final Path folder;
    /// The authority that makes the members' certificates; empty when nothing is encrypted.
    private final Optional<Authority> authority;
    private final List<Member> members = new ArrayList<>();

    private WitnessMembers(Path folder, Optional<Authority> authority) {
        this.folder = folder;
        this.authority = authority;
    }

    /// One member; its process is another after each start.
    private static final class Member {
        private final String name;
        private final WitnessAddress address;
        private Optional<Credentials> credentials = Optional.empty();
        private Process process;

        Member(String name, WitnessAddress address) {
            this.name = name;
            this.address = address;
        }
    }

    /// Founds a witness, starts its members and waits until one leads and all the others follow.
    ///
    /// @param folder    where configurations, certificates, storages and diagnostics go
    /// @param encrypted whether everything said is mutual TLS
    /// @throws BenchException when it does not come up
    static WitnessMembers form(Path folder, int count, boolean encrypted) throws BenchException {
        WitnessMembers witness = new WitnessMembers(folder, encrypted ? Optional.of(authority(folder)) : Optional.empty());
        try {
            for (int port : freePorts(count)) {
                witness.members.add(new Member("w" + (witness.members.size() + 1), new WitnessAddress("127.0.0.1", port)));
            }
            for (Member member : witness.members) {
                witness.initialise(member);
                witness.start(member);
                if (member != witness.members.getFirst()) {
                    WitnessMembership.add(witness.members.getFirst().address, member.address, witness.asking());
                }
            }
            witness.awaitWhole();
            return witness;
        } catch (IOException e) {
            witness.close();
            throw new BenchException("the witness does not come up: " + e.getMessage(), e);
        } catch (BenchException | RuntimeException e) {
            witness.close();
            throw e;
        }
    }

    private static Authority authority(Path folder) throws BenchException {
        try {
            return Authority.create(folder.resolve("authority"));
        } catch (IOException e) {
            throw new BenchException("no certificates can be made for the witness: " + e.getMessage(), e);
        }
    }

    private static List<Integer> freePorts(int count) throws IOException {
        List<ServerSocket> held = new ArrayList<>();
        try {
            for (int i = 0; i < count; i++) {
                held.add(new ServerSocket(0, 1, InetAddress.getLoopbackAddress()));
            }
            return held.stream().map(ServerSocket::getLocalPort).toList();
        } finally {
            for (ServerSocket socket : held) {
                socket.close();
            }
        }
    }

    private void initialise(Member member) throws IOException {
        Path storage = folder.resolve(member.name);
        WitnessConfig config = new WitnessConfig(new NodeName(member.name), member.address.host(), member.address.port(), storage);
        if (member == members.getFirst()) {
            WitnessServer.init(config);
        } else {
            WitnessServer.initJoining(config);
        }
        if (authority.isPresent()) {
            authority.get().issue(new Identity.OfWitness(config.name()), Authority.VALIDITY_DEFAULT, certificate(member));
            member.credentials = Optional.of(Tls.open(certificate(member)).forWitness());
        }
        Files.writeString(configuration(member), """
                name: %s
                listen: %s
                storage: %s
                tls: %s
                """.formatted(member.name, member.address, storage, authority.isPresent() ? certificate(member) : "off"),
                StandardCharsets.UTF_8);
    }

    private Path certificate(Member member) {
        return folder.resolve("tls").resolve(member.name);
    }

    private Path configuration(Member member) {
        return folder.resolve(member.name + ".yaml");
    }

    private void start(Member member) throws BenchException {
        Path printed = folder.resolve(member.name + ".out");
        List<String> command = List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(), "--enable-native-access=ALL-UNNAMED",
                "--sun-misc-unsafe-memory-access=allow", "-XX:+UseSerialGC", "-Xmx" + HEAP_MIB + "m",
                // It ends when its standard input does, which the kernel closes with us.
                "-Dsosia.endsWithParent=true", "-cp", System.getProperty("java.class.path"), MAIN, "witness", "run", "--config",
                configuration(member).toString());
        try {
            Files.deleteIfExists(printed);
            member.process = new ProcessBuilder(command)
                    .redirectOutput(printed.toFile())
                    .redirectError(ProcessBuilder.Redirect.appendTo(folder.resolve(member.name + ".log").toFile()))
                    .start();
        } catch (IOException e) {
            throw new BenchException("a member of the witness cannot be started: " + e.getMessage(), e);
        }
        await("member " + member.name + " listens", () -> contains(printed, SAYS_WHERE));
    }

    private static boolean contains(Path file, String text) {
        try {
            return Files.exists(file) && Files.readString(file).contains(text);
        } catch (IOException beingWritten) {
            return false;
        }
    }

    private void await(String what, BooleanSupplier so) throws BenchException {
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        while (!so.getAsBoolean()) {
            for (Member member : members) {
                if (member.process != null && !member.process.isAlive()) {
                    throw new BenchException("member " + member.name + " of the witness has ended with status "
                            + member.process.exitValue() + "; its last words: " + lastWords(member));
                }
            }
            if (System.nanoTime() - deadline > 0) {
                throw new BenchException("waited " + PATIENCE.toSeconds() + " s and still not: " + what);
            }
            LockSupport.parkNanos(LOOK_NANOS);
        }
    }

    private String lastWords(Member member) {
        try {
            List<String> lines = Files.readAllLines(folder.resolve(member.name + ".log"));
            return String.join(" | ", lines.subList(Math.max(0, lines.size() - 3), lines.size()));
        } catch (IOException unreadable) {
            return "(unreadable: " + unreadable.getMessage() + ")";
        }
    }

    private void awaitWhole() throws BenchException {
        await("one member leads and the others follow", () -> {
            int following = 0;
            int leading = 0;
            for (Member member : members) {
                Optional<WitnessMembership.View> view = ask(member);
                if (view.isEmpty() || view.get().leader().isEmpty()) {
                    return false;
                }
                leading += view.get().role().equals("leader") ? 1 : 0;
                following += view.get().role().equals("follower") ? 1 : 0;
            }
            return leading == 1 && following == members.size() - 1;
        });
    }

    private Optional<WitnessMembership.View> ask(Member member) {
        try {
            return Optional.of(WitnessMembership.ask(member.address, asking()));
        } catch (IOException silent) {
            return Optional.empty();
        }
    }

    /// A client of all members. It shows the first one's certificate: a member's may claim for every pair, a node's for its own only.
    WitnessClient client() {
        return WitnessClient.open(new WitnessClientConfig(addresses(), members.getFirst().credentials));
    }

    /// Where the members listen.
    List<WitnessAddress> addresses() {
        return members.stream().map(member -> member.address).toList();
    }

    private WitnessMembership.Asking asking() {
        return new WitnessMembership.Asking(ATTEMPT, members.getFirst().credentials);
    }

    /// `kill -9` of the member that leads.
    ///
    /// @return the `System.nanoTime` of the kill
    /// @throws BenchException when nobody leads
    long killLeader() throws BenchException {
        Member[] leader = new Member[1];
        await("a member of the witness leads", () -> {
            leader[0] = members.stream().filter(member -> ask(member).filter(view -> view.role().equals("leader")).isPresent())
                    .findFirst().orElse(null);
            return leader[0] != null;
        });
        Process process = leader[0].process;
        leader[0].process = null;
        long now = System.nanoTime();
        process.destroyForcibly();
        return now;
    }

    /// Starts the member that was killed and waits until all follow one leader.
    ///
    /// @throws BenchException when they do not
    void restore() throws BenchException {
        for (Member member : members) {
            if (member.process == null) {
                start(member);
            }
        }
        awaitWhole();
    }

    /// What each member has in memory now (VmRSS of /proc/PID/status, proc(5)), in MiB.
    ///
    /// @throws BenchException when one has ended
    List<Double> residentMiB() throws BenchException {
        List<Double> all = new ArrayList<>();
        for (Member member : members) {
            try (Stream<String> lines = Files.lines(Path.of("/proc", Long.toString(member.process.pid()), "status"))) {
                all.add(lines.filter(line -> line.startsWith("VmRSS:"))
                        .mapToDouble(line -> Double.parseDouble(line.replaceAll("\\D", "")) / 1024)
                        .findFirst()
                        .orElseThrow(() -> new BenchException("member " + member.name + " of the witness has ended")));
            } catch (IOException e) {
                throw new BenchException("the memory of member " + member.name + " is not known: " + e.getMessage(), e);
            }
        }
        return all;
    }

    /// What the greatest storage of a member takes on disk, log and snapshots, in MiB.
    ///
    /// @throws BenchException when it cannot be read
    double storageMiB() throws BenchException {
        double greatest = 0;
        for (Member member : members) {
            try {
                greatest = Math.max(greatest, bytesOf(folder.resolve(member.name)) / 1048576.0);
            } catch (IOException e) {
                throw new BenchException("the storage of member " + member.name + " cannot be read: " + e.getMessage(), e);
            }
        }
        return greatest;
    }

    /// Of all files there; of those that are dropped meanwhile some or none.
    private static long bytesOf(Path storage) throws IOException {
        long[] bytes = new long[1];
        Files.walkFileTree(storage, new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) {
                bytes[0] += attributes.isRegularFile() ? attributes.size() : 0;
                return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult visitFileFailed(Path file, IOException failure) throws IOException {
                if (failure instanceof NoSuchFileException) {
                    return FileVisitResult.CONTINUE;
                }
                throw failure;
            }
        });
        return bytes[0];
    }

    /// Ends all members; none is left when it returns.
    @Override
    public void close() {
        for (Member member : members) {
            if (member.process != null) {
                member.process.destroyForcibly();
            }
        }
        for (Member member : members) {
            try {
                if (member.process != null) {
                    member.process.waitFor(ATTEMPT.toMillis(), TimeUnit.MILLISECONDS);
                }
            } catch (InterruptedException hurry) {
                Thread.currentThread().interrupt();
            }
        }
    }
}
