package io.sosia.disksync.store;

import com.sun.nio.file.ExtendedOpenOption;
import io.sosia.disksync.block.Geometry;
import java.io.Closeable;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Optional;

/// A [DataFile] in a file system: reads and writes through the host's cache or past it, fdatasync, holes.
///
/// Threads that use it must not be interrupted: an interrupt during I/O closes a [FileChannel].
final class LinuxDataFile implements DataFile {
    private static final int ZEROES_BYTES = 1 << 20;

    private final Path path;
    private final FileChannel channel;
    private final LinuxFile file;
    private volatile boolean refusesHoles;
    /// For writes past the cache; empty when there were none yet, or when the file system refuses them.
    private volatile Optional<FileChannel> direct = Optional.empty();
    private volatile boolean refusesDirect;

    private LinuxDataFile(Path path, FileChannel channel, LinuxFile file) {
        this.path = path;
        this.channel = channel;
        this.file = file;
    }

    /// Opens an existing file for reading and writing.
    static LinuxDataFile open(Path path) throws IOException {
        FileChannel channel = FileChannel.open(path, StandardOpenOption.READ, StandardOpenOption.WRITE);
        try {
            return new LinuxDataFile(path, channel, LinuxFile.open(path, true));
        } catch (IOException | RuntimeException e) {
            channel.close();
            throw e;
        }
    }

    /// Takes the file for this process, until it is closed.
    ///
    /// @return false when another process, or another store in this one, has it
    boolean tryLock() throws IOException {
        try {
            FileLock lock = channel.tryLock();
            return lock != null;
        } catch (OverlappingFileLockException e) {
            return false;
        }
    }

    @Override
    public void read(long offset, ByteBuffer into) throws IOException {
        long at = offset;
        while (into.hasRemaining()) {
            int got = channel.read(into, at);
            if (got < 0) {
                throw new EOFException(path + " ends at byte " + channel.size() + ", expected to read "
                        + into.remaining() + " bytes at " + at + ": something else has cut it short");
            }
            at += got;
        }
    }

    @Override
    public void write(long offset, ByteBuffer from) throws IOException {
        long at = offset;
        while (from.hasRemaining()) {
            at += channel.write(from, at);
        }
    }

    @Override
    public void writePastCache(long offset, ByteBuffer from) throws IOException {
        int begun = from.position();
        if (wholePages(offset, from)) {
            try {
                Optional<FileChannel> open = direct();
                while (open.isPresent() && from.hasRemaining()) {
                    open.get().write(from, offset + from.position() - begun);
                }
            } catch (IOException e) {
                // Whether it was this way of writing or the disk shows when the same is written through the cache, and synced.
                refusesDirect = true;
            }
        }
        if (from.hasRemaining()) {
            write(offset + from.position() - begun, from);
        }
    }

    private static boolean wholePages(long offset, ByteBuffer from) {
        return from.isDirect() && offset % Geometry.PAGE_BYTES == 0 && from.remaining() % Geometry.PAGE_BYTES == 0
                && from.alignmentOffset(from.position(), Geometry.PAGE_BYTES) == 0;
    }

    private synchronized Optional<FileChannel> direct() throws IOException {
        if (refusesDirect) {
            return Optional.empty();
        }
        if (direct.isEmpty()) {
            try {
                direct = Optional.of(FileChannel.open(path, StandardOpenOption.WRITE, ExtendedOpenOption.DIRECT));
            } catch (UnsupportedOperationException e) {
                throw new IOException(e);
            }
        }
        return direct;
    }

    @Override
    public long zero(long offset, long length) throws IOException {
        if (!refusesHoles) {
            if (file.punch(offset, length)) {
                return Geometry.PAGE_BYTES;
            }
            refusesHoles = true;
        }
        ByteBuffer zeroes = ByteBuffer.allocateDirect((int) Math.min(length, ZEROES_BYTES));
        for (long at = offset; at < offset + length; at += zeroes.limit()) {
            zeroes.clear().limit((int) Math.min(zeroes.capacity(), offset + length - at));
            write(at, zeroes);
        }
        return length;
    }

    @Override
    public long nextData(long from) throws IOException {
        return file.nextData(from);
    }

    @Override
    public long nextHole(long from, long size) throws IOException {
        return file.nextHole(from, size);
    }

    @Override
    public void reserve(long offset, long length) {
        file.reserve(offset, length);
    }

    @Override
    public void willNeed(long offset, long length) {
        file.willNeed(offset, length);
    }

    @Override
    public void beginWriteback(long offset, long length) {
        file.beginWriteback(offset, length);
    }

    @Override
    public void sync() throws IOException {
        channel.force(false);
    }

    @Override
    public void close() throws IOException {
        try (channel; Closeable other = direct.<Closeable>map(open -> open).orElse(() -> { })) {
            file.close();
        }
    }
}
