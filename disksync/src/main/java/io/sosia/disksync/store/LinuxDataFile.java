package io.sosia.disksync.store;

import io.sosia.disksync.block.Geometry;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/// A [DataFile] in a file system: buffered reads and writes, fdatasync, holes.
///
/// Threads that use it must not be interrupted: an interrupt during I/O closes a [FileChannel].
final class LinuxDataFile implements DataFile {
    private static final int ZEROES_BYTES = 1 << 20;

    private final Path path;
    private final FileChannel channel;
    private final LinuxFile file;
    private volatile boolean refusesHoles;

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
        try (channel) {
            file.close();
        }
    }
}
