package io.sosia.appliance.node;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.sosia.appliance.eventlog.LogPosition;
import io.sosia.appliance.machine.MachineSpec.Mac;
import io.sosia.appliance.pair.PeerMessage.DiskStamp;
import io.sosia.appliance.snapshot.SnapshotFolder;
import io.sosia.disksync.block.GenerationId;
import io.sosia.disksync.store.DiskBirth;
import io.sosia.disksync.store.DiskStore;
import io.sosia.witness.claim.NodeName;
import io.sosia.witness.claim.OperatorWord;
import io.sosia.witness.claim.PairId;
import io.sosia.witness.claim.PairRecord;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The folder of all that a node keeps: who it is (`pair.json`), its disk (`disk/`), what the disk holds
/// (`stamp.json`), when that was last compared with the partner's (`verified.json`), what it remembers of the protocol (`epoch.json`, see
/// [EpochFile]), how its last life ended (`ended.json`), the
/// snapshot its machine is to go on from (`restore/`), operators' orders that it followed (`orders.jsonl`) and evidence of failures
/// (`evidence/`). Every other file is replaced whole and
/// durably.
public final class NodeHome {

    /// The content of a machine without a disk, in its stamp.
    static final String NO_DISK = "none";

    private static final Logger DIAGNOSTICS = LoggerFactory.getLogger(NodeHome.class);
    private static final String UNKNOWN_CONTENT = "unknown";
    private static final String VERIFIED = "verified.json";
    private static final String EPOCH = "epoch.json";
    private static final String ORDERS = "orders.jsonl";
    private static final int FORMAT = 1;
    private static final ObjectMapper JSON = new ObjectMapper();

    private final Path folder;
    private final PairId pairId;
    private final NodeName node;

    private NodeHome(Path folder, PairId pairId, NodeName node) {
        this.folder = folder;
        this.pairId = pairId;
        this.node = node;
    }

    /// Whether `sosia pair init` has been here.
    public static boolean exists(Path folder) {
        return Files.exists(folder.resolve("pair.json"));
    }

    /// Makes a node's folder, with its own copy of the disk image. The folder counts as made only when all of it is
    /// durable.
    ///
    /// @param disk    the image, or empty for a machine without a disk
    /// @param content SHA-256 of the image
    /// @throws IOException when the folder holds a node already, or cannot be written
    public static NodeHome create(Path folder, PairId pairId, NodeName node, Optional<Path> disk, String content)
            throws IOException {
        if (exists(folder)) {
            throw new IOException(folder + " already holds a node of a pair; to start over, remove that folder and run "
                    + "`sosia pair init` again");
        }
        NodeHome home = new NodeHome(folder, pairId, node);
        home.makeDisk(disk, new GenerationId(pairId.value().getLeastSignificantBits() | 1));
        home.writeStamp(new DiskStamp(content, LogPosition.START, true));
        home.complete();
        return home;
    }

    /// Makes a node's folder that holds the machine and the disk of a snapshot: the owner's next life goes on from there.
    /// No partner's disk is taken for equal to it.
    ///
    /// @param folder must not exist
    /// @param from   verified
    /// @param epoch  of the record that names this node the owner
    static void restore(Path folder, NodeName node, SnapshotFolder from, long epoch) throws IOException {
        PairId pairId = PairId.parse(from.header().origin().pairId());
        NodeHome home = new NodeHome(folder, pairId, node);
        UUID line = UUID.randomUUID();
        home.makeDisk(from.header().disk().map(_ -> from.disk()),
                GenerationId.of(line.getMostSignificantBits(), line.getLeastSignificantBits()));
        home.writeStamp(new DiskStamp(from.header().origin().content(), from.header().point().last(), false));
        Path restore = Files.createDirectory(home.restoreFolder());
        for (Path file : List.of(from.state(), from.headerFile())) {
            Path copy = restore.resolve(file.getFileName());
            Files.copy(file, copy);
            sync(copy, StandardOpenOption.WRITE);
        }
        sync(restore, StandardOpenOption.READ);
        home.memory().take(epoch, EpochFile.Role.PRIMARY);
        home.complete();
    }

    private void makeDisk(Optional<Path> image, GenerationId generation) throws IOException {
        Files.createDirectories(folder.resolve("evidence"));
        if (image.isPresent()) {
            deleteTree(diskFolder());
            DiskStore.create(diskFolder(), new DiskBirth(pairId.value(), generation), Files.size(image.get()), image.get());
        }
    }

    private void complete() throws IOException {
        memory();
        ObjectNode json = JSON.createObjectNode();
        json.put("format", FORMAT).put("pairId", pairId.toString()).put("node", node.value());
        replace("pair.json", json);
    }

    private Path restoreFolder() {
        return folder.resolve("restore");
    }

    /// What the machine is to go on from instead of booting; without the disk, which is in its place already.
    ///
    /// @throws IOException when that is there and cannot be read
    Optional<SnapshotFolder> restoration() throws IOException {
        return Files.exists(restoreFolder().resolve(SnapshotFolder.HEADER))
                ? Optional.of(SnapshotFolder.open(restoreFolder())) : Optional.empty();
    }

    /// The machine goes on from there no more; durable on return.
    void forgetRestoration() throws IOException {
        if (Files.exists(restoreFolder())) {
            Files.deleteIfExists(restoreFolder().resolve(SnapshotFolder.HEADER));
            sync(restoreFolder(), StandardOpenOption.READ);
            deleteTree(restoreFolder());
        }
    }

    /// Opens the folder of a node that was initialised.
    ///
    /// @throws IOException naming the folder and the remedy
    public static NodeHome open(Path folder, NodeName node) throws IOException {
        if (!exists(folder)) {
            throw new IOException(folder + " holds no node of a pair yet: run `sosia pair init` first");
        }
        JsonNode json = read(folder.resolve("pair.json"));
        if (json.path("format").asInt() != FORMAT) {
            throw new IOException(folder.resolve("pair.json") + ": format " + json.path("format") + ", expected "
                    + FORMAT);
        }
        String owner = json.path("node").asText();
        if (!owner.equals(node.value())) {
            throw new IOException(folder + " belongs to node " + owner + ", the configuration says " + node);
        }
        try {
            return new NodeHome(folder, PairId.parse(json.path("pairId").asText()), node);
        } catch (IllegalArgumentException e) {
            throw new IOException(folder.resolve("pair.json") + ": " + e.getMessage(), e);
        }
    }

    /// The only process that may use this folder, until it is closed.
    ///
    /// @throws IOException when another one has it, naming that process
    NodeLock lock() throws IOException {
        return NodeLock.take(folder);
    }

    private static JsonNode read(Path file) throws IOException {
        if (!Files.exists(file)) {
            throw new IOException(file + " is missing; bring it back from a backup, or remove " + file.getParent()
                    + " and run `sosia pair init` again");
        }
        try {
            JsonNode json = JSON.readTree(file.toFile());
            if (json.isObject()) {
                return json;
            }
        } catch (JsonProcessingException notJson) {
            // Said below.
        }
        throw new IOException(file + " is damaged (no JSON object); bring it back from a backup, or remove "
                + file.getParent()
                + " and run `sosia pair init` again");
    }

    public PairId pairId() {
        return pairId;
    }

    public NodeName node() {
        return node;
    }

    /// The pair's network card: the same address on both nodes, locally administered, from the pair's id.
    public Mac mac() {
        long tail = pairId.value().getLeastSignificantBits() & 0xff_ffff_ffffL;
        return new Mac(0x5200_0000_0000L | tail);
    }

    public Path diskFolder() {
        return folder.resolve("disk");
    }

    public boolean hasDisk() {
        return Files.isDirectory(diskFolder());
    }

    /// Where evidence of failures goes.
    public Path evidenceFolder() {
        return folder.resolve("evidence");
    }

    /// What the disk holds.
    ///
    /// @throws IOException when that is not known any more, naming the file
    public DiskStamp stamp() throws IOException {
        Path file = folder.resolve("stamp.json");
        JsonNode json = read(file);
        if (!json.path("content").isTextual() || !json.path("epoch").isIntegralNumber()
                || !json.path("seq").isIntegralNumber() || !json.path("clean").isBoolean()) {
            throw new IOException(file + " is damaged: expected content, epoch, seq and clean, found " + json);
        }
        try {
            return new DiskStamp(json.path("content").asText(),
                    new LogPosition(json.path("epoch").asLong(), json.path("seq").asLong()),
                    json.path("clean").asBoolean());
        } catch (IllegalArgumentException e) {
            throw new IOException(file + " is damaged: " + e.getMessage(), e);
        }
    }

    /// What the disk holds, as far as that is known: a stamp that cannot be read, or one of a disk that is not whole, becomes that of a
    /// run without an end, which no partner's disk equals.
    ///
    /// @param whole whether the disk's own metadata calls it whole
    /// @throws IOException when the folder cannot be written
    DiskStamp stampOf(boolean whole) throws IOException {
        DiskStamp stamp;
        try {
            stamp = stamp();
        } catch (IOException damaged) {
            DIAGNOSTICS.warn("{}; taken for that of a run without an end", damaged.getMessage());
            stamp = new DiskStamp(UNKNOWN_CONTENT, LogPosition.START, false);
        }
        if (!whole && stamp.clean()) {
            stamp = new DiskStamp(stamp.content(), stamp.position(), false);
        }
        writeStamp(stamp);
        return stamp;
    }

    /// How the node's last life ended; empty while it runs, after a life that was cut off, or before the first.
    public static Optional<Ending> ending(Path folder) {
        Path file = folder.resolve("ended.json");
        try {
            return Files.exists(file) ? Ending.of(read(file)) : Optional.empty();
        } catch (IOException unreadable) {
            return Optional.empty();
        }
    }

    /// The process that uses the folder now; empty when none does.
    public static Optional<Long> holder(Path folder) {
        try {
            return NodeLock.holder(folder);
        } catch (IOException unreadable) {
            return Optional.empty();
        }
    }

    /// When all of this node's disk was last compared with its partner's; empty when that is not known.
    Optional<Instant> lastVerify() {
        try {
            JsonNode json = read(folder.resolve(VERIFIED));
            return json.path("atMicros").isIntegralNumber()
                    ? Optional.of(Instant.EPOCH.plus(json.path("atMicros").asLong(), ChronoUnit.MICROS)) : Optional.empty();
        } catch (IOException neverOrDamaged) {
            return Optional.empty();
        }
    }

    /// Keeps when that was; durable on return.
    void writeLastVerify(Instant at) throws IOException {
        replace(VERIFIED, JSON.createObjectNode().put("atMicros", ChronoUnit.MICROS.between(Instant.EPOCH, at)));
    }

    /// Writes down how this life ended; durable on return.
    void writeEnding(Ending ending) throws IOException {
        replace("ended.json", ending.toJson());
    }

    /// What this node remembers of the pair's protocol, to be gone on with; for the process that has the [#lock].
    ///
    /// @throws IOException when the folder cannot be written
    EpochFile memory() throws IOException {
        return EpochFile.open(folder.resolve(EPOCH));
    }

    /// What this node remembers of the pair's protocol, for who only looks.
    ///
    /// @throws IOException when that is not known any more, with what can be done
    EpochFile.Memory remembered() throws IOException {
        return EpochFile.read(folder.resolve(EPOCH));
    }

    /// Keeps an operator's order, unless it is kept already; durable on return.
    ///
    /// @param record written by it
    /// @return whether it is new
    boolean noteOrder(PairRecord record) throws IOException {
        Path file = folder.resolve(ORDERS);
        String nonce = record.nonce().value().toString();
        if (Files.exists(file) && Files.readString(file, StandardCharsets.UTF_8).contains(nonce)) {
            return false;
        }
        OperatorWord word = record.lastChange().operatorWord().orElseThrow();
        ObjectNode json = JSON.createObjectNode().put("at", Instant.now().toString())
                .put("order", record.lastChange().getClass().getSimpleName()).put("operator", word.operator())
                .put("reason", word.reason()).put("given", Instant.ofEpochMilli(word.wallClockMillis()).toString())
                .put("record", record.summary()).put("nonce", nonce);
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.APPEND)) {
            ByteBuffer line = ByteBuffer.wrap((json + "\n").getBytes(StandardCharsets.UTF_8));
            while (line.hasRemaining()) {
                channel.write(line);
            }
            channel.force(true);
        }
        sync(folder, StandardOpenOption.READ);
        return true;
    }

    /// A new life begins.
    void forgetEnding() throws IOException {
        Files.deleteIfExists(folder.resolve("ended.json"));
    }

    /// Replaces what is said of the disk; durable on return.
    public void writeStamp(DiskStamp stamp) throws IOException {
        ObjectNode json = JSON.createObjectNode();
        json.put("content", stamp.content()).put("epoch", stamp.position().epoch()).put("seq", stamp.position().seq())
                .put("clean", stamp.clean());
        replace("stamp.json", json);
    }

    private void replace(String name, ObjectNode json) throws IOException {
        replace(folder.resolve(name), json.toPrettyString().getBytes(StandardCharsets.UTF_8));
    }

    /// Replaces a file whole; durable on return.
    static void replace(Path file, byte[] content) throws IOException {
        Path next = file.resolveSibling(file.getFileName() + ".next");
        Files.write(next, content);
        sync(next, StandardOpenOption.WRITE);
        Files.move(next, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        sync(file.toAbsolutePath().getParent(), StandardOpenOption.READ);
    }

    private static void sync(Path path, StandardOpenOption access) throws IOException {
        try (FileChannel channel = FileChannel.open(path, access)) {
            channel.force(true);
        }
    }

    /// A disk of an initialisation that was interrupted is of no use to anybody.
    static void deleteTree(Path path) throws IOException {
        if (!Files.exists(path)) {
            return;
        }
        try (var files = Files.walk(path)) {
            for (Path each : files.sorted(java.util.Comparator.reverseOrder()).toList()) {
                Files.delete(each);
            }
        }
    }
}
