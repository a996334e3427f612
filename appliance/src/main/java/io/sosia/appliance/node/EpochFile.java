package io.sosia.appliance.node;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.sosia.appliance.pair.NodeState;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.IntStream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// What a node remembers of the pair's protocol: the greatest epoch it has claimed or been a backup in, its role then, and the last epoch in
/// which it relied on its backup's renunciation.
///
/// Two slots, JSON and blanks, are overwritten in turn, in place: they have their room on the disk from the beginning, so that a full one keeps
/// no node from going on. A write that is cut short leaves the other slot; nobody acted on what it was to say.
///
/// [#knows], [#check] and [#relied] never wait for the disk; the others do, one thread at a time.
final class EpochFile {

    /// What a node was, or asked to be.
    enum Role {
        NONE, BACKUP, PRIMARY;

        private String word() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /// What a slot says.
    ///
    /// @param epoch  0 for none
    /// @param role   in that epoch
    /// @param relied the last epoch in which output left without receipts; 0 for none
    /// @param turn   counts the writes: the greater slot is the later one; -1 for one that was never written
    record Memory(long epoch, Role role, long relied, long turn) {
        private static final Memory NONE = new Memory(0, Role.NONE, 0, -1);

        /// No epoch in which this node has acted is above this one.
        long greatestEpoch() {
            return Math.max(epoch, relied);
        }

        private static Memory later(Memory a, Memory b) {
            return a.turn >= b.turn ? a : b;
        }
    }

    private static final Logger DIAGNOSTICS = LoggerFactory.getLogger(EpochFile.class);
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final int SLOTS = 2;
    /// A block of its own on any usual disk.
    private static final int SLOT_BYTES = 4096;

    private final Path file;
    private final boolean[] damaged = new boolean[SLOTS];
    private volatile Memory memory;

    private EpochFile(Path file, Slots slots) {
        this.file = file;
        this.memory = slots.best();
        for (int i = 0; i < SLOTS; i++) {
            damaged[i] = slots.all().get(i).isEmpty();
        }
    }

    /// What is in a file; a slot that is damaged is empty.
    private record Slots(List<Optional<Memory>> all) {
        Memory best() {
            return all.stream().flatMap(Optional::stream).reduce(Memory.NONE, Memory::later);
        }

        boolean whole() {
            return all.stream().allMatch(Optional::isPresent);
        }
    }

    /// What a node remembers, for who only looks. Before its first start, nothing.
    ///
    /// @throws IOException when that is not known any more, with what can be done
    static Memory read(Path file) throws IOException {
        Slots slots = slots(file);
        if (!slots.whole()) {
            throw new IOException(damage(file) + ". Bring it back from a backup; or write one line into it that says an epoch above any this "
                    + "pair can have had, for example the partner's and some thousands: {\"epoch\": 5000}");
        }
        return slots.best();
    }

    /// Opens, and first makes, the file of the node that runs here. A damaged one keeps nobody from starting: whoever starts claims what the
    /// witness's record says, or follows who has, and what is written then is right again.
    ///
    /// @throws IOException when it cannot be made
    static EpochFile open(Path file) throws IOException {
        Slots slots = slots(file);
        if (!slots.whole()) {
            DIAGNOSTICS.warn("{}; the witness's record decides", damage(file));
        }
        byte[] there = Files.exists(file) ? Files.readAllBytes(file) : new byte[0];
        if (there.length != SLOTS * SLOT_BYTES) {
            byte[] whole = Arrays.copyOf(there, SLOTS * SLOT_BYTES);
            Arrays.fill(whole, Math.min(there.length, whole.length), whole.length, (byte) ' ');
            NodeHome.replace(file, whole);
        }
        return new EpochFile(file, slots);
    }

    private static String damage(Path file) {
        return file + " is damaged: which epoch this node last took part in is not known";
    }

    private static Slots slots(Path file) throws IOException {
        byte[] bytes = Files.exists(file) ? Files.readAllBytes(file) : new byte[0];
        return new Slots(IntStream.range(0, SLOTS)
                .mapToObj(slot -> parse(Arrays.copyOfRange(bytes, Math.min(bytes.length, slot * SLOT_BYTES),
                        Math.min(bytes.length, (slot + 1) * SLOT_BYTES))))
                .toList());
    }

    private static Optional<Memory> parse(byte[] slot) {
        String text = new String(slot, StandardCharsets.UTF_8).strip();
        if (text.isEmpty()) {
            return Optional.of(Memory.NONE);
        }
        try {
            JsonNode json = JSON.readTree(text);
            if (json.path("epoch").isIntegralNumber() && json.path("epoch").asLong() >= 0) {
                return Optional.of(new Memory(json.path("epoch").asLong(),
                        Role.valueOf(json.path("role").asText(Role.NONE.name()).toUpperCase(Locale.ROOT)), json.path("relied").asLong(),
                        json.path("turn").asLong()));
            }
            return Optional.empty();
        } catch (JsonProcessingException | IllegalArgumentException damaged) {
            return Optional.empty();
        }
    }

    /// Whether it is durable that this node may act in this epoch in this role.
    boolean knows(long epoch, Role role) {
        Memory known = memory;
        return known.epoch() >= epoch && known.role() == role;
    }

    /// Checks that a node which is about to act in this state has made its epoch durable.
    ///
    /// @throws IllegalStateException when it has not
    void check(NodeState to) {
        boolean kept = switch (to) {
            case NodeState.Alone _, NodeState.Protected _, NodeState.Solo _, NodeState.Taking _, NodeState.HandingOver _ ->
                    knows(to.epoch(), Role.PRIMARY);
            case NodeState.Syncing _, NodeState.Following _, NodeState.Draining _ -> knows(to.epoch(), Role.BACKUP);
            case NodeState.Reading _, NodeState.Waiting _, NodeState.Claiming _, NodeState.Standby _, NodeState.Stopped _,
                    NodeState.Halted _ -> true;
        };
        if (!kept) {
            throw new IllegalStateException(to.word() + " in epoch " + to.epoch() + ", which is not written down in " + file);
        }
    }

    /// The last epoch in which a life of this node let output leave without receipts; 0 for none.
    long relied() {
        return memory.relied();
    }

    /// Makes durable that this node may act in this epoch in this role.
    ///
    /// @throws IOException when it cannot: then it must not
    synchronized void take(long epoch, Role role) throws IOException {
        if (!knows(epoch, role)) {
            write(new Memory(Math.max(epoch, memory.epoch()), role, memory.relied(), memory.turn() + 1));
        }
    }

    /// Makes durable that this node relies on its backup's renunciation in this epoch.
    ///
    /// @throws IOException when it cannot: then it must not
    synchronized void rely(long epoch) throws IOException {
        write(new Memory(Math.max(epoch, memory.epoch()), memory.role(), epoch, memory.turn() + 1));
    }

    private void write(Memory next) throws IOException {
        byte[] slot = new byte[SLOT_BYTES];
        Arrays.fill(slot, (byte) ' ');
        byte[] text = JSON.writeValueAsBytes(JSON.createObjectNode().put("epoch", next.epoch()).put("role", next.role().word())
                .put("relied", next.relied()).put("turn", next.turn()));
        System.arraycopy(text, 0, slot, 0, text.length);
        slot[SLOT_BYTES - 1] = '\n';
        int turn = (int) (next.turn() % SLOTS);
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
            for (int i = 0; i < SLOTS; i++) {
                if (i == turn || damaged[i]) {
                    writeAt(channel, slot, i * (long) SLOT_BYTES);
                }
            }
            channel.force(true);
        }
        Arrays.fill(damaged, false);
        memory = next;
    }

    private static void writeAt(FileChannel channel, byte[] slot, long at) throws IOException {
        ByteBuffer bytes = ByteBuffer.wrap(slot);
        while (bytes.hasRemaining()) {
            channel.write(bytes, at + bytes.position());
        }
    }
}
