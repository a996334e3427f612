package io.sosia.disksync.store;

import io.sosia.disksync.block.Geometry;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/// Copies an image without its holes, and without blocks that hold only zeroes.
final class SparseCopy {
    private static final int CHUNK_BYTES = 1 << 20;

    private SparseCopy() {
    }

    /// Copies the first `sizeBytes` of `source` over the start of `target`, which must read as zeroes.
    static void copy(Path source, long sizeBytes, FileChannel target) throws IOException {
        ByteBuffer buffer = ByteBuffer.allocateDirect(CHUNK_BYTES);
        try (FileChannel from = FileChannel.open(source, StandardOpenOption.READ);
             LinuxFile holes = LinuxFile.open(source, false)) {
            long at = holes.nextData(0);
            while (at >= 0 && at < sizeBytes) {
                long stop = Math.min(sizeBytes, holes.nextHole(at, sizeBytes));
                while (at < stop) {
                    buffer.clear().limit((int) Math.min(CHUNK_BYTES, stop - at));
                    readFully(source, from, at, buffer.slice());
                    writeNonZero(buffer, target, at);
                    at += buffer.limit();
                }
                at = at < sizeBytes ? holes.nextData(at) : sizeBytes;
            }
            if (from.size() < sizeBytes) {
                throw shortened(source);
            }
        }
    }

    private static void readFully(Path source, FileChannel from, long at, ByteBuffer into) throws IOException {
        while (into.hasRemaining()) {
            int got = from.read(into, at + into.position());
            if (got < 0) {
                throw shortened(source);
            }
        }
    }

    private static EOFException shortened(Path source) {
        return new EOFException(source + " became shorter while it was copied; leave it alone and copy again");
    }

    private static void writeNonZero(ByteBuffer chunk, FileChannel target, long at) throws IOException {
        int length = chunk.limit();
        int start = 0;
        while (start < length) {
            int stop = start;
            while (stop < length && !isZero(chunk, stop, Math.min(length, stop + Geometry.PAGE_BYTES))) {
                stop = Math.min(length, stop + Geometry.PAGE_BYTES);
            }
            ByteBuffer run = chunk.slice(start, stop - start);
            while (run.hasRemaining()) {
                target.write(run, at + start + run.position());
            }
            start = Math.min(length, stop + Geometry.PAGE_BYTES);
        }
    }

    private static boolean isZero(ByteBuffer chunk, int from, int to) {
        int i = from;
        for (; i <= to - Long.BYTES; i += Long.BYTES) {
            if (chunk.getLong(i) != 0) {
                return false;
            }
        }
        for (; i < to; i++) {
            if (chunk.get(i) != 0) {
                return false;
            }
        }
        return true;
    }
}
