package io.sosia.disksync.export;

import io.sosia.disksync.store.SparseFile;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.FileChannel;
import java.util.List;
import java.util.Optional;

/// The past in a file of its own that shares its blocks with the disk's (reflink): the file system copies what is
/// overwritten.
final class SharedView implements PointInTimeView {
    private static final String CLOSED = "the export is closed";

    private final FileChannel channel;
    private final SparseFile holes;
    private final long sizeBytes;

    /// @param channel the file, which nothing else writes
    /// @param holes   the same file
    SharedView(FileChannel channel, SparseFile holes, long sizeBytes) {
        this.channel = channel;
        this.holes = holes;
        this.sizeBytes = sizeBytes;
    }

    @Override
    public long sizeBytes() {
        return sizeBytes;
    }

    @Override
    public void read(long offset, ByteBuffer into) throws IOException {
        long at = offset;
        while (into.hasRemaining()) {
            int got = readAt(into, at);
            if (got < 0) {
                throw new EOFException("the shared copy ends before byte " + at);
            }
            at += got;
        }
    }

    private int readAt(ByteBuffer into, long at) throws IOException {
        try {
            return channel.read(into, at);
        } catch (ClosedChannelException e) {
            throw new ExportEndedException(CLOSED);
        }
    }

    @Override
    public List<Allocation> allocation(long offset, long length, int runsMax) throws IOException {
        long end = offset + length;
        Runs runs = new Runs(runsMax);
        long at = offset;
        while (at < end) {
            long data = holes.nextData(at);
            boolean hole = data < 0 || data > at;
            long stop = Math.min(end, data < 0 ? end : hole ? data : holes.nextHole(at, end));
            if (!runs.add(stop - at, hole)) {
                break;
            }
            at = stop;
        }
        return runs.all();
    }

    @Override
    public Optional<String> ended() {
        return channel.isOpen() ? Optional.empty() : Optional.of(CLOSED);
    }

    @Override
    public long sideBytes() {
        return 0;
    }

    @Override
    public long sideBytesMax() {
        return 0;
    }

    @Override
    public void close() throws IOException {
        try (channel) {
            holes.close();
        }
    }
}
