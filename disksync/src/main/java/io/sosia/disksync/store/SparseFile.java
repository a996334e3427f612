package io.sosia.disksync.store;

import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Path;

/// A disk's data file from the side, read-only: where its holes are, and a second file that shares its blocks.
///
/// May be used by several threads.
public final class SparseFile implements Closeable {
    private final LinuxFile file;

    private SparseFile(LinuxFile file) {
        this.file = file;
    }

    /// Opens an existing file.
    public static SparseFile open(Path path) throws IOException {
        return new SparseFile(LinuxFile.open(path, false));
    }

    /// The first byte at or after `from` that is not in a hole, or -1 when only holes follow. `from` itself where the file
    /// system does not know its holes.
    public long nextData(long from) throws IOException {
        return file.nextData(from);
    }

    /// The first byte at or after `from` that is in a hole; the end of the file, `size`, when none is known.
    public long nextHole(long from, long size) throws IOException {
        return file.nextHole(from, size);
    }

    /// Makes the existing file at `copy` share all blocks of this one (reflink), whatever is not yet on the host's disk
    /// included.
    ///
    /// @return false when the file system cannot; `copy` is as it was
    public boolean reflinkTo(Path copy) throws IOException {
        try (LinuxFile target = LinuxFile.open(copy, true)) {
            return target.reflink(file);
        }
    }

    @Override
    public void close() throws IOException {
        file.close();
    }
}
