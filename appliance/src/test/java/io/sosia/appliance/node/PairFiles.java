package io.sosia.appliance.node;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;

/// Two nodes' configurations on the loopback address, with a [TickingGuest] and a small disk, born of a [WitnessOfTests], whose authority
/// certifies them.
public final class PairFiles {

    static final int DISK_BYTES = 1 << 20;
    private static final long WRITER_PAUSE_TICKS = 20_000;
    private static final Duration PATIENCE = Duration.ofSeconds(180);

    private final Path folder;
    private final String disk;

    /// A pair that has been initialised.
    ///
    /// @param settings more lines for both configurations
    public PairFiles(Path folder, int witnessPort, String... settings) throws Exception {
        this(folder, witnessPort, TickingGuest.elf(), ", disk: disk.img", settings);
    }

    /// A pair whose machine has no disk.
    static PairFiles withoutDisk(Path folder, int witnessPort, String... settings) throws Exception {
        return new PairFiles(folder, witnessPort, TickingGuest.elf(), "", settings);
    }

    /// A pair whose guest writes to its disk.
    static PairFiles withLedger(Path folder, int witnessPort, String... settings) throws Exception {
        return new PairFiles(folder, witnessPort, LedgerGuest.elf(), ", disk: disk.img", settings);
    }

    /// A pair whose guest writes all over a disk of some size, some hundred pages a second.
    ///
    /// @param diskBytes a power of two
    public static PairFiles withWriter(Path folder, int witnessPort, int diskBytes, String... settings) throws Exception {
        return new PairFiles(folder, witnessPort, WritingGuest.elf(diskBytes / WritingGuest.PAGE_BYTES, WRITER_PAUSE_TICKS), diskBytes,
                ", disk: disk.img", settings);
    }

    private PairFiles(Path folder, int witnessPort, byte[] guest, String disk, String[] settings) throws Exception {
        this(folder, witnessPort, guest, DISK_BYTES, disk, settings);
    }

    private PairFiles(Path folder, int witnessPort, byte[] guest, int diskBytes, String disk, String[] settings)
            throws Exception {
        this.folder = folder;
        this.disk = disk;
        Files.write(folder.resolve("guest.elf"), guest);
        byte[] content = new byte[diskBytes];
        new Random(7).nextBytes(content);
        Files.write(image(), content);
        int[] ports = freePorts(4);
        write("a", "b", ports[0], ports[1], ports[2], witnessPort, settings);
        write("b", "a", ports[1], ports[0], ports[3], witnessPort, settings);
        PairBirth.of(List.of(config("a"), config("b")), Optional.of(WitnessOfTests.authority(witnessPort))).carryOut(_ -> { });
    }

    private void write(String node, String partner, int listen, int partnerListens, int control, int witness,
            String... settings) throws IOException {
        Files.writeString(file(node), """
                node: %s
                partner: {name: %s, address: "127.0.0.1:%d"}
                listen: 127.0.0.1:%d
                state: state-%s
                witness: ["127.0.0.1:%d"]
                machine: {kernel: guest.elf%s, ram: 64M}
                network: {uplink: none}
                control: 127.0.0.1:%d
                """.formatted(node, partner, partnerListens, listen, node, witness, disk, control)
                + String.join("\n", settings) + "\n");
    }

    private static int[] freePorts(int count) throws IOException {
        ServerSocket[] sockets = new ServerSocket[count];
        int[] ports = new int[count];
        for (int i = 0; i < count; i++) {
            sockets[i] = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
            ports[i] = sockets[i].getLocalPort();
        }
        for (ServerSocket socket : sockets) {
            socket.close();
        }
        return ports;
    }

    /// A node's configuration file.
    public Path file(String node) {
        return folder.resolve("node-" + node + ".yaml");
    }

    /// What both disks begin with.
    public Path image() {
        return folder.resolve("disk.img");
    }

    /// The file that holds a node's disk.
    public Path disk(String node) {
        return state(node).resolve("disk/data.img");
    }

    /// A node's state folder.
    public Path state(String node) {
        return folder.resolve("state-" + node);
    }

    public NodeConfig config(String node) throws Exception {
        return NodeConfig.read(file(node));
    }

    public InetSocketAddress control(String node) throws Exception {
        return config(node).control();
    }

    /// Asks again and again until it is so.
    public static void await(String what, BooleanSupplier so, Supplier<?> seen) {
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        while (!so.getAsBoolean()) {
            if (System.nanoTime() > deadline) {
                throw new AssertionError("waited " + PATIENCE.toSeconds() + " s for: " + what + "; last seen: "
                        + seen.get());
            }
            LockSupport.parkNanos(10_000_000);
        }
    }
}
