package io.sosia.appliance.node;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.sosia.appliance.eventlog.LogPosition;
import io.sosia.appliance.machine.MachineSpec.Mac;
import io.sosia.appliance.pair.PeerMessage.DiskStamp;
import io.sosia.disksync.block.GenerationId;
import io.sosia.disksync.store.DiskBirth;
import io.sosia.disksync.store.DiskStore;
import io.sosia.witness.claim.NodeName;
import io.sosia.witness.claim.PairId;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Optional;
import java.util.UUID;

/// The folder of all that a node keeps: who it is (`pair.json`), its disk (`disk/`), what the disk holds (`stamp.json`) and
/// evidence of failures (`evidence/`). Every file is replaced whole and durably.
public final class NodeHome {

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

    /// Makes a node's folder, with its own copy of the disk image. The folder counts as made only when all of it is durable.
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
        Files.createDirectories(folder.resolve("evidence"));
        NodeHome home = new NodeHome(folder, pairId, node);
        if (disk.isPresent()) {
            deleteTree(home.diskFolder());
            UUID id = pairId.value();
            DiskBirth birth = new DiskBirth(id, new GenerationId(id.getLeastSignificantBits() | 1));
            DiskStore.create(home.diskFolder(), birth, Files.size(disk.get()), disk.get());
        }
        home.writeStamp(new DiskStamp(content, LogPosition.START, true));
        ObjectNode json = JSON.createObjectNode();
        json.put("format", FORMAT).put("pairId", pairId.toString()).put("node", node.value());
        home.replace("pair.json", json);
        return home;
    }

    /// Opens the folder of a node that was initialised.
    ///
    /// @throws IOException naming the folder and the remedy
    public static NodeHome open(Path folder, NodeName node) throws IOException {
        if (!exists(folder)) {
            throw new IOException(folder + " holds no node of a pair yet: run `sosia pair init` first");
        }
        JsonNode json = JSON.readTree(folder.resolve("pair.json").toFile());
        if (json.path("format").asInt() != FORMAT) {
            throw new IOException(folder.resolve("pair.json") + ": format " + json.path("format") + ", expected " + FORMAT);
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
    public DiskStamp stamp() throws IOException {
        JsonNode json = JSON.readTree(folder.resolve("stamp.json").toFile());
        return new DiskStamp(json.path("content").asText(),
                new LogPosition(json.path("epoch").asLong(), json.path("seq").asLong()), json.path("clean").asBoolean());
    }

    /// Replaces what is said of the disk; durable on return.
    public void writeStamp(DiskStamp stamp) throws IOException {
        ObjectNode json = JSON.createObjectNode();
        json.put("content", stamp.content()).put("epoch", stamp.position().epoch()).put("seq", stamp.position().seq())
                .put("clean", stamp.clean());
        replace("stamp.json", json);
    }

    private void replace(String name, ObjectNode json) throws IOException {
        Path next = folder.resolve(name + ".next");
        Files.write(next, json.toPrettyString().getBytes(StandardCharsets.UTF_8));
        sync(next, StandardOpenOption.WRITE);
        Files.move(next, folder.resolve(name), StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        sync(folder, StandardOpenOption.READ);
    }

    private static void sync(Path path, StandardOpenOption access) throws IOException {
        try (FileChannel channel = FileChannel.open(path, access)) {
            channel.force(true);
        }
    }

    /// A disk of an initialisation that was interrupted is of no use to anybody.
    private static void deleteTree(Path path) throws IOException {
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
