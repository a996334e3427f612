package io.sosia.disksync.store;

import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;

/// The bytes of a disk: the seam between the rules of crash safety above and the host's file system below.
///
/// May be called from several threads at once. Ranges are checked by the caller.
interface DataFile extends Closeable {
    /// Opens the file at a path whose length the caller has checked.
    @FunctionalInterface
    interface Opener {
        /// Opens `path` for reading and writing.
        DataFile open(Path path) throws IOException;
    }

    /// Fills what remains of `into` from `offset`.
    void read(long offset, ByteBuffer into) throws IOException;

    /// Writes what remains of `from` at `offset`; lost in a power failure unless [#sync()] follows.
    void write(long offset, ByteBuffer from) throws IOException;

    /// As [#write], and leaves nothing in the host's cache, if the host can do without. It can where offset, length and place in memory
    /// of `from` are whole pages ([io.sosia.disksync.block.Geometry#PAGE_BYTES]). It takes much less work, but whoever calls waits for
    /// the disk: for much at once that is not read again soon.
    default void writePastCache(long offset, ByteBuffer from) throws IOException {
        write(offset, from);
    }

    /// Makes the range read as zeroes, freeing its space where the file system can.
    ///
    /// @return how many bytes this left to be written back: the length where zeroes had to be written, else little
    long zero(long offset, long length) throws IOException;

    /// The first byte from `from` on that is not in a hole, as far as the file system tells; -1 when there is none.
    long nextData(long from) throws IOException;

    /// The first byte from `from` on that is in a hole; `size` when there is none before.
    long nextHole(long from, long size) throws IOException;

    /// This range will be written soon: the host may allot its space, which is then taken also where nothing is written after all. Only
    /// a hint; whether there is room shows when it is written.
    default void reserve(long offset, long length) {
    }

    /// This range will be read soon: the host may begin to bring it into its cache. Only a hint; whether it can be read shows when
    /// it is.
    default void willNeed(long offset, long length) {
    }

    /// This range has been written and will be synced: the host may begin to write it back. Only a hint; whether it can shows at
    /// [#sync].
    default void beginWriteback(long offset, long length) {
    }

    /// Returns when all that was written before the call is durable (fdatasync).
    void sync() throws IOException;
}
