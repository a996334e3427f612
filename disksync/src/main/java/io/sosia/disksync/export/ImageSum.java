package io.sosia.disksync.export;

import io.sosia.disksync.store.SparseFile;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.zip.CRC32C;

/// A checksum of a disk's content, whatever of it is kept as holes: CRC32C over the number (eight bytes, big-endian) and the
/// bytes of each MiB that is not all zero. One thread at a time.
public final class ImageSum {
    static final int CHUNK_BYTES = 1 << 20;

    /// Told how far a copy or a check is.
    public interface Progress {
        /// @param bytes of the disk dealt with so far, holes included
        /// @throws IOException to end it there
        void at(long bytes) throws IOException;
    }

    private static final ByteBuffer ZEROES = ByteBuffer.allocateDirect(CHUNK_BYTES);

    private final CRC32C sum = new CRC32C();

    /// The checksum of an image file.
    public static int of(Path image, Progress progress) throws IOException {
        ImageSum sum = new ImageSum();
        ByteBuffer chunk = ByteBuffer.allocateDirect(CHUNK_BYTES);
        try (FileChannel file = FileChannel.open(image, StandardOpenOption.READ);
             SparseFile holes = SparseFile.open(image)) {
            long size = file.size();
            for (long at = holes.nextData(0); at >= 0 && at < size; ) {
                at -= at % CHUNK_BYTES;
                chunk.clear().limit((int) Math.min(CHUNK_BYTES, size - at));
                while (chunk.hasRemaining()) {
                    if (file.read(chunk, at + chunk.position()) < 0) {
                        throw new EOFException(image + " became shorter while it was read");
                    }
                }
                sum.add(at, chunk.flip());
                at += CHUNK_BYTES;
                progress.at(Math.min(at, size));
                at = at < size ? holes.nextData(at) : size;
            }
            progress.at(size);
        }
        return sum.value();
    }

    static boolean isZero(ByteBuffer bytes) {
        return bytes.equals(ZEROES.slice(0, bytes.remaining()));
    }

    /// Adds a MiB of content, or the shorter rest of a disk; in order.
    void add(long offset, ByteBuffer chunk) {
        if (!isZero(chunk)) {
            sum.update(ByteBuffer.allocate(Long.BYTES).putLong(offset / CHUNK_BYTES).flip());
            sum.update(chunk.duplicate());
        }
    }

    int value() {
        return (int) sum.getValue();
    }
}
