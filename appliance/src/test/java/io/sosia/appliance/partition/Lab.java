package io.sosia.appliance.partition;

import io.sosia.appliance.cli.Sosia;
import io.sosia.appliance.control.ControlClient;
import io.sosia.appliance.node.NodeConfig;
import io.sosia.appliance.node.NodeStatus;
import io.sosia.appliance.node.PairBirth;
import io.sosia.appliance.tls.Authority;
import io.sosia.witness.claim.PairId;
import io.sosia.witness.claim.PairRecord;
import io.sosia.witness.claim.TableEntry;
import io.sosia.witness.client.ClaimService;
import io.sosia.witness.client.WitnessAnswer.Answered;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintWriter;
import java.io.RandomAccessFile;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;

/// A pair on two hosts and its arbiter, with an [Outside] that uses the guest all the time. Every node keeps its state on a small
/// file system of its own, which can be filled up.
final class Lab implements AutoCloseable {

    static final List<String> NODES = List.of("a", "b");
    private static final Duration PATIENCE = Duration.ofSeconds(180);
    private static final Duration ANSWER_LIMIT = Duration.ofSeconds(60);
    private static final int DISK_ROOM_MIB = 64;

    private final Path folder;
    private final Network network;
    private final LabArbiter arbiter;
    private final ClaimService claims;
    private final PairId pairId;
    private final Map<String, Command> nodes = new LinkedHashMap<>();
    private final Map<String, ControlClient> controls = new LinkedHashMap<>();
    private final Outside outside;

    /// Starts all of it.
    ///
    /// @param folder must be empty; of this process's own mount namespace
    Lab(Path folder, Network network, boolean sharedDirectory) throws Exception {
        this.folder = folder;
        this.network = network;
        Authority authority = Authority.create(Authority.besideMember(folder.resolve("tls/a")));
        this.arbiter = sharedDirectory ? new LabArbiter.Directory(folder) : new LabArbiter.Witness(network, folder, authority);
        arbiter.start();
        Files.write(folder.resolve("guest.elf"), EchoGuest.elf());
        try (var disk = new RandomAccessFile(folder.resolve("disk.img").toFile(), "rw")) {
            disk.setLength(EchoGuest.DISK_BYTES);
        }
        for (String node : NODES) {
            Path state = Files.createDirectory(folder.resolve(node));
            Network.run("mount", "-t", "tmpfs", "-o", "size=" + DISK_ROOM_MIB + "m", "state-of-" + node, state.toString());
            Files.writeString(file(node), configuration(node));
            nodes.put(node, new Command(network.on(node), folder.resolve(node + ".log"),
                    "appliance", "run", "--config", file(node).toString()));
        }
        PairBirth birth = PairBirth.of(List.of(NodeConfig.read(file("a")), NodeConfig.read(file("b"))), Optional.empty());
        birth.carryOut(_ -> { });
        claims = arbiter.ask();
        pairId = birth.pairId();
        for (String node : NODES) {
            controls.put(node, new ControlClient(NodeConfig.read(file(node)).control()));
            nodes.get(node).start();
        }
        outside = new Outside(controls);
    }

    private Path file(String node) {
        return folder.resolve("node-" + node + ".yaml");
    }

    private String configuration(String node) {
        String partner = partnerOf(node);
        return """
                node: %s
                partner: {name: %s, address: "%s:7701"}
                listen: %s:7701
                state: %s/state
                machine: {kernel: guest.elf, disk: disk.img, ram: 64M}
                network: {uplink: none}
                control: %s:7711
                failure: {silenceMillis: 4000, partnerGraceSeconds: 4}
                %s
                """.formatted(node, partner, network.address(partner), network.address(node), node, network.address(node),
                arbiter.setting(node));
    }

    static String partnerOf(String node) {
        return NODES.get(1 - NODES.indexOf(node));
    }

    Outside outside() {
        return outside;
    }

    LabArbiter arbiter() {
        return arbiter;
    }

    Network network() {
        return network;
    }

    void start(String node) throws IOException {
        outside.forget(node);
        nodes.get(node).start();
    }

    void startUnlessAlive(String node) throws IOException {
        if (!nodes.get(node).isAlive()) {
            start(node);
        }
    }

    void kill(String node) throws InterruptedException {
        nodes.get(node).kill();
    }

    /// An operator's word, given where both nodes and the arbiter can be reached.
    ///
    /// @param command `override` or `reinit`
    void order(String command, String owner) throws IOException {
        List<String> line = new ArrayList<>(List.of("pair", command, "--config", file(owner).toString()));
        if (command.equals("reinit")) {
            line.addAll(List.of("--config", file(partnerOf(owner)).toString()));
        }
        line.addAll(List.of("--reason", "a row of the matrix", "--yes"));
        StringWriter said = new StringWriter();
        PrintWriter out = new PrintWriter(said, true);
        if (Sosia.commandLine().setOut(out).setErr(out).execute(line.toArray(String[]::new)) != 0) {
            throw new IOException(line + " fails: " + said);
        }
    }

    /// Both nodes die before either can notice that the other did.
    void powerLoss() throws InterruptedException {
        nodes.values().forEach(Command::strike);
        for (Command node : nodes.values()) {
            node.kill();
        }
    }

    /// What a node is, in a word: its state, DEAD without a process, SILENT when that does not answer.
    String state(String node) {
        return nodes.get(node).isAlive() ? outside.status(node).map(NodeStatus::state).orElse("SILENT") : "DEAD";
    }

    /// All a node has said.
    String said(String node) throws IOException {
        return nodes.get(node).said();
    }

    /// The pair's record; empty when the arbiter does not answer or does not know the pair.
    Optional<PairRecord> record() {
        return claims.read(pairId, ANSWER_LIMIT).join() instanceof Answered<Optional<TableEntry>>(Optional<TableEntry> entry)
                ? entry.map(TableEntry::record) : Optional.empty();
    }

    private Path filler(String node) {
        return folder.resolve(node).resolve("filler");
    }

    /// No more room where a node keeps its state.
    void fillDisk(String node) throws IOException {
        byte[] zeros = new byte[64 << 10];
        try (OutputStream out = Files.newOutputStream(filler(node))) {
            for (int piece = zeros.length; piece > 0; ) {
                try {
                    out.write(zeros, 0, piece);
                } catch (IOException full) {
                    piece /= 2;
                }
            }
        }
    }

    void emptyDisk(String node) throws IOException {
        Files.delete(filler(node));
    }

    /// A node's host refuses every write of its to a file, or takes them again.
    void refuseWrites(String node, boolean refused) throws IOException, InterruptedException {
        nodes.get(node).refuseWrites(refused);
    }

    /// Looks again and again until it is so.
    void await(String what, BooleanSupplier so, Supplier<String> seen) {
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        while (!so.getAsBoolean()) {
            if (System.nanoTime() > deadline) {
                throw new AssertionError("waited " + PATIENCE.toSeconds() + " s for: " + what + "; last seen: " + seen.get());
            }
            LockSupport.parkNanos(5_000_000);
        }
    }

    @Override
    public void close() throws Exception {
        outside.close();
        for (String node : NODES) {
            nodes.get(node).close();
            controls.get(node).close();
        }
        claims.close();
        arbiter.close();
        for (String node : NODES) {
            for (String other : NODES) {
                network.heal(node, other);
            }
            arbiter.heal(node);
            Network.run("umount", folder.resolve(node).toString());
        }
    }
}
