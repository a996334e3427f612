package io.sosia.appliance.snapshot;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.sosia.appliance.eventlog.LogPosition;
import io.sosia.appliance.eventlog.OutputTotals;
import io.sosia.appliance.eventlog.RunPoint;
import java.io.IOException;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.Optional;
import java.util.zip.CRC32C;

/// What a snapshot is of: `snapshot.json`, with a checksum of its own.
///
/// @param origin  where it comes from
/// @param machine what the machine is built from
/// @param point   where the run stands
/// @param step    the machine's steps there
/// @param savedAt the host's wall clock there
/// @param state   the file of the machine's state
/// @param disk    the file of its disk; empty for a machine without one
public record SnapshotHeader(Origin origin, Build machine, RunPoint point, long step, Instant savedAt, FileSum state,
        Optional<FileSum> disk) {

    static final int FORMAT = 1;

    private static final String SUM = "crc32c";
    private static final ObjectMapper JSON = new ObjectMapper();

    /// @param pairId  the pair
    /// @param node    the node it was taken from
    /// @param content digest of the image that the disk was made from once
    public record Origin(String pairId, String node, String content) {}

    /// @param digest   of kernel, initrd, command line, RAM and devices
    /// @param ramBytes guest RAM
    /// @param mac      of the pair's network card
    public record Build(String digest, long ramBytes, String mac) {}

    /// @param bytes length
    /// @param sum   CRC32C: of a machine's state all bytes', of a disk's image [io.sosia.disksync.export.ImageSum]'s
    public record FileSum(long bytes, int sum) {
        public FileSum {
            if (bytes < 0) {
                throw new IllegalArgumentException("file of " + bytes + " bytes");
            }
        }
    }

    public SnapshotHeader {
        if (step < 0) {
            throw new IllegalArgumentException("step " + step + ", expected nothing below 0");
        }
    }

    /// Capacity of the disk in bytes; 0 for none.
    public long diskBytes() {
        return disk.map(FileSum::bytes).orElse(0L);
    }

    byte[] toJson() throws IOException {
        ObjectNode json = JSON.createObjectNode();
        json.put("format", FORMAT).put("pairId", origin.pairId()).put("node", origin.node())
                .put("content", origin.content()).put("machineDigest", machine.digest())
                .put("ramBytes", machine.ramBytes()).put("mac", machine.mac())
                .put("savedAt", savedAt.toString()).put("step", step).put("inputs", point.inputs());
        json.putObject("position").put("epoch", point.last().epoch()).put("seq", point.last().seq());
        OutputTotals totals = point.totals();
        json.putObject("outputs").put("consoleBytes", totals.consoleBytes()).put("consoleHash", totals.consoleHash())
                .put("frames", totals.frames()).put("frameBytes", totals.frameBytes()).put("ends", totals.ends())
                .put("eventHash", totals.eventHash());
        put(json.putObject("state"), state);
        if (disk.isPresent()) {
            put(json.putObject("disk"), disk.get());
        }
        json.put(SUM, hex(sum(json)));
        return json.toPrettyString().getBytes(java.nio.charset.StandardCharsets.UTF_8);
    }

    private static void put(ObjectNode json, FileSum file) {
        json.put("bytes", file.bytes()).put(SUM, hex(file.sum()));
    }

    static String hex(int sum) {
        return "%08x".formatted(sum);
    }

    /// Over the compact form of all that was said before.
    private static int sum(ObjectNode json) throws IOException {
        CRC32C sum = new CRC32C();
        sum.update(JSON.writeValueAsBytes(json));
        return (int) sum.getValue();
    }

    /// @param file what the bytes are called in a message
    static SnapshotHeader of(String file, byte[] bytes) throws IOException {
        ObjectNode json = object(file, bytes);
        if (json.path("format").isInt() && json.path("format").asInt() != FORMAT) {
            throw new SnapshotFormatException(file + " has format " + json.path("format") + ", expected " + FORMAT
                    + "; restore it with the release that saved it");
        }
        JsonNode written = json.remove(SUM);
        String expected = hex(sum(json));
        if (written == null || !written.asText().equals(expected)) {
            throw new SnapshotFormatException(file + " is damaged: its checksum is " + written + ", expected \"" + expected
                    + "\"; take another snapshot");
        }
        try {
            return read(json);
        } catch (IllegalArgumentException | DateTimeException e) {
            throw new SnapshotFormatException(file + " is not usable: " + e.getMessage());
        }
    }

    private static ObjectNode object(String file, byte[] bytes) throws IOException {
        try {
            if (JSON.readTree(bytes) instanceof ObjectNode object) {
                return object;
            }
        } catch (JsonProcessingException notJson) {
            // Said below.
        }
        throw new SnapshotFormatException(file + " is damaged: no JSON object; take another snapshot");
    }

    private static SnapshotHeader read(ObjectNode json) {
        JsonNode out = json.path("outputs");
        RunPoint point = new RunPoint(
                new LogPosition(number(json.path("position"), "epoch"), number(json.path("position"), "seq")),
                new OutputTotals(number(out, "consoleBytes"), (int) number(out, "consoleHash"), number(out, "frames"),
                        number(out, "frameBytes"), number(out, "ends"), (int) number(out, "eventHash")),
                number(json, "inputs"));
        return new SnapshotHeader(new Origin(text(json, "pairId"), text(json, "node"), text(json, "content")),
                new Build(text(json, "machineDigest"), number(json, "ramBytes"), text(json, "mac")), point,
                number(json, "step"), Instant.parse(text(json, "savedAt")), file(json.path("state")),
                json.has("disk") ? Optional.of(file(json.path("disk"))) : Optional.empty());
    }

    private static FileSum file(JsonNode json) {
        return new FileSum(number(json, "bytes"), Integer.parseUnsignedInt(text(json, SUM), 16));
    }

    private static long number(JsonNode json, String name) {
        if (!json.path(name).canConvertToLong() || !json.path(name).isIntegralNumber()) {
            throw new IllegalArgumentException(name + " is " + json.get(name) + ", expected a whole number");
        }
        return json.path(name).asLong();
    }

    private static String text(JsonNode json, String name) {
        if (!json.path(name).isTextual()) {
            throw new IllegalArgumentException(name + " is " + json.get(name) + ", expected text");
        }
        return json.path(name).asText();
    }
}
