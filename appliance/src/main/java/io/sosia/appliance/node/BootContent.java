package io.sosia.appliance.node;

import io.sosia.appliance.machine.memory.HostMemory;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/// Reads what a machine starts from: a kernel, an initial RAM disk.
///
/// Into memory that is written once: on the way to an array of Java's it would be written four times, and to give out memory that has
/// not been used before takes the host longer than anything else here.
public final class BootContent {

    private BootContent() {}

    /// A file's bytes, little-endian: a copy, whatever happens to the file.
    public static ByteBuffer read(Path file) throws IOException {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
            long bytes = channel.size();
            if (bytes > Integer.MAX_VALUE) {
                throw new IOException(file + " has " + bytes + " bytes, more than any machine's RAM");
            }
            ByteBuffer content = memory(file, (int) bytes);
            while (content.hasRemaining() && channel.read(content) >= 0) {
                // On.
            }
            return content.flip().asReadOnlyBuffer().order(ByteOrder.LITTLE_ENDIAN);
        }
    }

    private static ByteBuffer memory(Path file, int bytes) throws IOException {
        try {
            return bytes == 0 ? ByteBuffer.allocate(0) : HostMemory.zeros(bytes);
        } catch (OutOfMemoryError e) {
            throw new IOException("no room for the " + bytes + " bytes of " + file + ": " + e.getMessage(), e);
        }
    }
}
