package io.sosia.disksync.store;

import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;

/// A disk as the machine sees it: sectors that can be read, written, discarded and made durable.
///
/// Offsets and lengths are bytes and multiples of 512. All methods may be called from several threads at once; requests that
/// overlap must not be, or their outcome depends on the race. Each method throws [IllegalArgumentException] when the range is not
/// whole sectors within [#sizeBytes()], and [IOException] when the host's file system fails (disk full, I/O error).
public interface BlockStore extends Closeable {
    /// The size of the disk in bytes, a multiple of 512; never changes.
    long sizeBytes();

    /// Fills what remains of `into` with the bytes at `offset`.
    void read(long offset, ByteBuffer into) throws IOException;

    /// Writes what remains of `from` at `offset`. Durable only after the next [#flush()]. On an [IOException] the range holds
    /// old and new bytes in any mixture.
    void write(long offset, ByteBuffer from) throws IOException;

    /// Gives up the range's content and, where the host can, its space. The range reads as zeroes afterwards, on every host.
    void discard(long offset, long length) throws IOException;

    /// Makes the range read as zeroes.
    void writeZeroes(long offset, long length) throws IOException;

    /// Returns when everything written by calls that returned before this one is durable. Once it has failed, the
    /// writes it was for may be lost for good, so every later write and flush fails too.
    void flush() throws IOException;

    /// Flushes and gives the disk up. Closing twice does nothing.
    @Override
    void close() throws IOException;
}
