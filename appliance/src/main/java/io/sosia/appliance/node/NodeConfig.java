package io.sosia.appliance.node;

import io.sosia.appliance.config.ConfigException;
import io.sosia.appliance.config.ConfigFile;
import io.sosia.appliance.engine.EngineKind;
import io.sosia.appliance.tls.Tls;
import io.sosia.witness.claim.NodeName;
import io.sosia.witness.client.WitnessAddress;
import io.sosia.witness.client.WitnessClientConfig;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// What an operator says about one node of a pair. Read from YAML; `configs/node-a.yaml` explains every key.
///
/// @param file       the file itself, for messages
/// @param state      folder of all that this node keeps
/// @param control    where the local API listens
/// @param tls        folder of this node's key and certificate; empty when nothing is to be encrypted
/// @param lagTargetNanos lag above which the primary is slowed
/// @param witness    the witness's members; none with a shared directory
/// @param sharedDirectory the arbiter in place of a witness
/// @param resync     where this node offers its disk to a partner it takes in
/// @param engine     what executes the guest on this node; the partner may use another
/// @param scrub      when both disks are compared without anybody asking
public record NodeConfig(
        Path file,
        NodeName node,
        NodeName partner,
        InetSocketAddress partnerAddress,
        InetSocketAddress listen,
        InetSocketAddress resync,
        Path state,
        List<WitnessAddress> witness,
        Optional<Path> sharedDirectory,
        MachineSource machine,
        String uplink,
        InetSocketAddress control,
        Optional<Path> tls,
        long silenceNanos,
        long partnerGraceNanos,
        long lagTargetNanos,
        BackupReads backupReads,
        EngineKind engine,
        Scrub scrub) {

    /// The comparison of both disks that a primary makes by itself.
    ///
    /// @param every          time between two of them; zero for never
    /// @param bytesPerSecond compared in a second at most
    public record Scrub(Duration every, long bytesPerSecond) {}

    /// Where the machine's parts come from.
    ///
    /// @param image   `default`, a folder, or empty when the parts are named one by one
    /// @param append  words added to the kernel's command line
    /// @param ramBytes guest RAM
    public record MachineSource(
            Optional<String> image, Optional<Path> kernel, Optional<Path> initrd, Optional<Path> disk, String append,
            long ramBytes) {}

    /// Where a backup takes the data of disk reads from (FT paper, 4.2).
    public enum BackupReads {
        /// From its own disk.
        LOCAL,
        /// From the log.
        LOGGED
    }

    private static final long MILLI = 1_000_000;

    /// Reads and checks a node's configuration.
    ///
    /// @throws ConfigException naming file, key and remedy
    public static NodeConfig read(Path path) throws ConfigException {
        ConfigFile file = ConfigFile.read(path);
        NodeName node = name(file, "node", "a");
        NodeName partner = name(file, "partner.name", "b");
        if (node.equals(partner)) {
            throw file.wrong("partner.name", "is `" + partner + "`, the same as node; the two nodes need different names");
        }
        NodeConfig config = new NodeConfig(
                path,
                node,
                partner,
                file.address("partner.address", "10.0.0.2:7701"),
                file.address("listen", "0.0.0.0:7701"),
                resync(file),
                file.pathOf("state", "/var/lib/sosia/a"),
                sharedArbiter(file) ? List.of() : witnesses(file),
                sharedArbiter(file) ? Optional.of(file.pathOf("sharedDirectory", "/mnt/arbiter")) : Optional.empty(),
                machine(file),
                uplink(file),
                file.address("control", "127.0.0.1:7711"),
                file.pathOrOff("tls", Path.of("tls", node.value())),
                file.number("failure.silenceMillis", 1000, 50, 600_000) * MILLI,
                file.number("failure.partnerGraceSeconds", 30, 0, 86_400) * 1000 * MILLI,
                file.number("lagTargetMillis", 100, 5, 60_000) * MILLI,
                file.choice("backupReads", "local", List.of("local", "logged")).equals("local")
                        ? BackupReads.LOCAL : BackupReads.LOGGED,
                engine(file),
                scrub(file));
        file.checkAllUsed();
        return config;
    }

    /// The same, with another engine.
    public NodeConfig withEngine(EngineKind other) {
        return new NodeConfig(file, node, partner, partnerAddress, listen, resync, state, witness, sharedDirectory, machine, uplink,
                control, tls, silenceNanos, partnerGraceNanos, lagTargetNanos, backupReads, other, scrub);
    }

    /// The same, listening elsewhere.
    NodeConfig withListen(InetSocketAddress other) {
        return new NodeConfig(file, node, partner, partnerAddress, other, resync, state, witness, sharedDirectory, machine, uplink,
                control, tls, silenceNanos, partnerGraceNanos, lagTargetNanos, backupReads, engine, scrub);
    }

    /// Where this node offers its disk while it takes the partner in: any port of the address it listens on, unless named.
    private static InetSocketAddress resync(ConfigFile file) throws ConfigException {
        return file.textOptional("resync").isPresent() ? file.address("resync", "0.0.0.0:7702")
                : new InetSocketAddress(file.address("listen", "0.0.0.0:7701").getHostString(), 0);
    }

    private static EngineKind engine(ConfigFile file) throws ConfigException {
        try {
            return EngineKind.parse(file.textOptional("engine").orElse(EngineKind.AUTO.word()));
        } catch (IllegalArgumentException e) {
            throw file.wrong("engine", e.getMessage());
        }
    }

    private static Scrub scrub(ConfigFile file) throws ConfigException {
        String every = file.textOptional("disk.scrubEvery").orElse("7d");
        if (!every.matches("off|[1-9]\\d{0,3}[hd]")) {
            throw file.wrong("disk.scrubEvery", "is `" + every + "`, expected hours or days such as 24h or 7d, or off");
        }
        long count = every.equals("off") ? 0 : Long.parseLong(every.substring(0, every.length() - 1));
        try {
            return new Scrub(every.endsWith("d") ? Duration.ofDays(count) : Duration.ofHours(count),
                    ByteSize.parse(file.textOptional("disk.scrubBytesPerSecond").orElse("32M")));
        } catch (IllegalArgumentException e) {
            throw file.wrong("disk.scrubBytesPerSecond", e.getMessage());
        }
    }

    private static NodeName name(ConfigFile file, String key, String example) throws ConfigException {
        try {
            return new NodeName(file.text(key, example));
        } catch (IllegalArgumentException e) {
            throw file.wrong(key, "cannot be used: " + e.getMessage());
        }
    }

    /// A file that names both would leave open which of them counts.
    private static boolean sharedArbiter(ConfigFile file) throws ConfigException {
        boolean shared = file.choice("arbiter", "witness", List.of("witness", "shared-directory")).equals("shared-directory");
        String other = shared ? "witness" : "sharedDirectory";
        if (file.has(other)) {
            throw file.wrong(other, "does not go with arbiter: " + (shared ? "shared-directory" : "witness")
                    + "; take one of the two lines out");
        }
        return shared;
    }

    private static List<WitnessAddress> witnesses(ConfigFile file) throws ConfigException {
        List<WitnessAddress> all = new ArrayList<>();
        for (InetSocketAddress address : file.addresses("witness", "10.0.0.3:7700")) {
            all.add(new WitnessAddress(address.getHostString(), address.getPort()));
        }
        return List.copyOf(all);
    }

    private static MachineSource machine(ConfigFile file) throws ConfigException {
        Optional<String> image = file.textOptional("machine.image");
        Optional<Path> kernel = file.pathOptional("machine.kernel");
        Optional<Path> initrd = file.pathOptional("machine.initrd");
        Optional<Path> disk = file.pathOptional("machine.disk");
        if (image.isEmpty() == kernel.isEmpty()) {
            throw file.wrong("machine", image.isEmpty()
                    ? "names neither image nor kernel; write for example `machine: {image: default, ram: 256M}`"
                    : "names both image and kernel; keep one of them");
        }
        if (image.isPresent() && (initrd.isPresent() || disk.isPresent())) {
            throw file.wrong("machine.image", "brings its own initrd and disk; take those lines out, or name the kernel too");
        }
        Optional<String> folder = image.isPresent() && !image.get().equals("default")
                ? file.pathOptional("machine.image").map(Path::toString) : image;
        return new MachineSource(folder, kernel, initrd, disk, file.textOptional("machine.append").orElse(""),
                ram(file, file.textOptional("machine.ram").orElse("256M")));
    }

    private static long ram(ConfigFile file, String text) throws ConfigException {
        try {
            return ByteSize.parse(text);
        } catch (IllegalArgumentException e) {
            throw file.wrong("machine.ram", e.getMessage());
        }
    }

    private static String uplink(ConfigFile file) throws ConfigException {
        String uplink = file.text("network.uplink", "tcp:127.0.0.1:7703");
        if (!uplink.equals("none") && !uplink.matches("(unix|tap):.+|tcp:.+:\\d+")) {
            throw file.wrong("network.uplink", "is `" + uplink + "`, expected unix:PATH, tcp:HOST:PORT, tap:NAME or none");
        }
        return uplink;
    }
}
