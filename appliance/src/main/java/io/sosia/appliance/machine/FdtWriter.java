package io.sosia.appliance.machine;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;

/// Writes a flattened device tree (Devicetree Specification 0.4, chapter 5, version 17) with an empty reservation map.
final class FdtWriter {

    private static final int MAGIC = 0xd00dfeed;
    private static final int VERSION = 17;
    private static final int LAST_COMPATIBLE_VERSION = 16;
    private static final int HEADER_BYTES = 40;
    private static final int RESERVATIONS_BYTES = 16;
    private static final int BEGIN_NODE = 1;
    private static final int END_NODE = 2;
    private static final int PROPERTY = 3;
    private static final int END = 9;

    private final ByteArrayOutputStream structure = new ByteArrayOutputStream();
    private final ByteArrayOutputStream strings = new ByteArrayOutputStream();
    private final Map<String, Integer> nameOffsets = new LinkedHashMap<>();
    private int depth;

    /// Opens a node; the root's name is empty.
    FdtWriter node(String name) {
        word(BEGIN_NODE);
        text(structure, name);
        align();
        depth++;
        return this;
    }

    /// Closes the innermost open node.
    FdtWriter end() {
        word(END_NODE);
        depth--;
        return this;
    }

    /// A property without a value.
    FdtWriter flag(String name) {
        return bytes(name, new byte[0]);
    }

    /// 32-bit cells.
    FdtWriter cells(String name, int... values) {
        ByteBuffer bytes = ByteBuffer.allocate(4 * values.length);
        for (int value : values) {
            bytes.putInt(value);
        }
        return bytes(name, bytes.array());
    }

    /// Numbers of two cells each.
    FdtWriter wide(String name, long... values) {
        ByteBuffer bytes = ByteBuffer.allocate(8 * values.length);
        for (long value : values) {
            bytes.putLong(value);
        }
        return bytes(name, bytes.array());
    }

    /// One or more strings.
    FdtWriter strings(String name, String... values) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        for (String value : values) {
            text(bytes, value);
        }
        return bytes(name, bytes.toByteArray());
    }

    /// Raw bytes.
    FdtWriter bytes(String name, byte[] value) {
        Integer known = nameOffsets.get(name);
        if (known == null) {
            known = strings.size();
            nameOffsets.put(name, known);
            text(strings, name);
        }
        word(PROPERTY);
        word(value.length);
        word(known);
        structure.writeBytes(value);
        align();
        return this;
    }

    /// The blob. All nodes must be closed.
    byte[] blob() {
        if (depth != 0) {
            throw new IllegalStateException(depth + " nodes of the device tree are open, expected 0");
        }
        word(END);
        int structureAt = HEADER_BYTES + RESERVATIONS_BYTES;
        int stringsAt = structureAt + structure.size();
        int total = stringsAt + strings.size();
        ByteBuffer blob = ByteBuffer.allocate((total + 7) & ~7);
        blob.putInt(MAGIC).putInt(blob.capacity()).putInt(structureAt).putInt(stringsAt).putInt(HEADER_BYTES);
        blob.putInt(VERSION).putInt(LAST_COMPATIBLE_VERSION).putInt(0);
        blob.putInt(strings.size()).putInt(structure.size());
        blob.putLong(0).putLong(0);
        blob.put(structure.toByteArray()).put(strings.toByteArray());
        return blob.array();
    }

    private void word(int value) {
        structure.writeBytes(ByteBuffer.allocate(4).putInt(value).array());
    }

    private static void text(ByteArrayOutputStream out, String value) {
        out.writeBytes(value.getBytes(StandardCharsets.UTF_8));
        out.write(0);
    }

    private void align() {
        while ((structure.size() & 3) != 0) {
            structure.write(0);
        }
    }
}
