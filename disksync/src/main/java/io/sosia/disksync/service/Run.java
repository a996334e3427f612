package io.sosia.disksync.service;

import io.netty.buffer.ByteBuf;
import io.sosia.disksync.block.Geometry;
import io.sosia.disksync.store.DiskStore;
import java.io.IOException;
import java.nio.ByteBuffer;

/// Pieces of a disk that follow each other, gathered to be written at once. One thread at a time.
final class Run {
    /// Of the bytes in one run, at most.
    static final int BYTES_MAX = 1 << 20;

    private final ByteBuffer bytes = ByteBuffer.allocateDirect(BYTES_MAX + Geometry.PAGE_BYTES).alignedSlice(Geometry.PAGE_BYTES)
            .slice(0, BYTES_MAX);
    private long offset;
    private int length;
    private long upTo;

    /// Whether `more` bytes at `at` follow what is here, and there is room for them.
    boolean takes(long at, int more) {
        return length == 0 || at == end() && more <= BYTES_MAX - length;
    }

    /// Appends the piece `number`, which [#takes] has let in.
    void add(long number, long at, ByteBuf piece) {
        if (length == 0) {
            offset = at;
        }
        int more = piece.readableBytes();
        piece.getBytes(piece.readerIndex(), bytes.slice(length, more));
        length += more;
        upTo = number;
    }

    long offset() {
        return offset;
    }

    long end() {
        return offset + length;
    }

    int length() {
        return length;
    }

    /// When this run is written, and those before it are, so is everything up to this piece.
    long upTo() {
        return upTo;
    }

    /// What came after this run, up to piece `number`, is written already.
    void covers(long number) {
        upTo = number;
    }

    void writeTo(DiskStore disk) throws IOException {
        disk.receive(offset, bytes.slice(0, length));
    }

    void clear() {
        length = 0;
    }
}
