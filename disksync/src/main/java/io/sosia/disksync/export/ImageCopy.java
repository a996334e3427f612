package io.sosia.disksync.export;

import io.sosia.disksync.export.ImageSum.Progress;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/// Writes a disk's content at one moment to a raw image file: sparse, durable and with its [ImageSum].
public final class ImageCopy {
    private static final int BLOCK_BYTES = 64 << 10;

    private ImageCopy() {}

    /// @param image a file that does not exist yet
    /// @return the content's [ImageSum]
    /// @throws ExportEndedException when the past can be read no more
    /// @throws IOException          when the file cannot be written, or `progress` ends it; what was written is left
    public static int copy(PointInTimeView view, Path image, Progress progress) throws IOException {
        ImageSum sum = new ImageSum();
        long size = view.sizeBytes();
        ByteBuffer chunk = ByteBuffer.allocateDirect(ImageSum.CHUNK_BYTES);
        try (FileChannel file = FileChannel.open(image, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
            file.write(ByteBuffer.wrap(new byte[1]), size - 1);
            for (long at = 0; at < size; ) {
                Allocation first = view.allocation(at, size - at, 1).getFirst();
                long hole = first.zero() ? at + first.bytes() : at;
                if (hole == size || hole - at >= ImageSum.CHUNK_BYTES) {
                    at = hole == size ? size : hole - hole % ImageSum.CHUNK_BYTES;
                } else {
                    chunk.clear().limit((int) Math.min(ImageSum.CHUNK_BYTES, size - at));
                    view.read(at, chunk.duplicate());
                    sum.add(at, chunk);
                    writeNonZero(chunk, file, at);
                    at += chunk.limit();
                }
                progress.at(at);
            }
            file.force(true);
        }
        return sum.value();
    }

    private static void writeNonZero(ByteBuffer chunk, FileChannel file, long at) throws IOException {
        for (int start = 0; start < chunk.limit(); start += BLOCK_BYTES) {
            ByteBuffer block = chunk.slice(start, Math.min(BLOCK_BYTES, chunk.limit() - start));
            if (!ImageSum.isZero(block)) {
                while (block.hasRemaining()) {
                    file.write(block, at + start + block.position());
                }
            }
        }
    }
}
