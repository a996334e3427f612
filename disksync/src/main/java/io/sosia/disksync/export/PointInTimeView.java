package io.sosia.disksync.export;

import io.sosia.disksync.store.DiskStore;
import io.sosia.disksync.store.SparseFile;
import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Optional;

/// A disk's content at one moment, while the disk itself goes on. May be read by several threads.
///
/// Costs no copying where the file system can share blocks (XFS, Btrfs) and has room for the whole disk once more, so that
/// no write of the disk's own can find it full; elsewhere a block's old bytes are copied into a bounded side file before
/// its first overwrite. Either file is deleted as soon as it is open: nothing is left behind, however the process ends.
public sealed interface PointInTimeView extends Closeable permits CopiedView, SharedView {
    /// What a view may put aside when nothing is said, in bytes, at most and for large disks.
    long SIDE_BYTES_MAX = 1L << 30;
    /// The same for small disks.
    long SIDE_BYTES_MIN = 64L << 20;

    /// Keeps the disk's content as it is now. Call it between writes: on the one thread that makes them, for instance.
    /// Flush the disk before that: sharing blocks has to write back what is not yet on the host's disk.
    ///
    /// @param folder       where the file with what is put aside lives; the disk's own folder can share blocks with it
    /// @param sideBytesMax what may be put aside, in bytes, at least one block of 64 KiB
    /// @throws IOException when no file can be made in `folder`, or there is no room for what may be put aside
    static PointInTimeView take(DiskStore disk, Path folder, long sideBytesMax) throws IOException {
        long freeBytes = Files.getFileStore(folder).getUsableSpace();
        SparseFile live = SparseFile.open(disk.dataPath());
        try {
            Path file = Files.createTempFile(folder, "export-", ".side");
            try {
                boolean shared = freeBytes >= disk.sizeBytes() && live.reflinkTo(file);
                FileChannel side = FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE);
                if (shared) {
                    live.close();
                    return new SharedView(side, SparseFile.open(file), disk.sizeBytes());
                }
                if (freeBytes < sideBytesMax) {
                    side.close();
                    throw new IOException("there are " + freeBytes + " bytes free for " + folder + ", expected the "
                            + sideBytesMax + " that may be put aside; allow less (--side-bytes), or make room");
                }
                CopiedView view = new CopiedView(disk, live, side, sideBytesMax);
                disk.observe(view);
                return view;
            } finally {
                Files.delete(file);
            }
        } catch (IOException | RuntimeException e) {
            live.close();
            throw e;
        }
    }

    /// What a view of a disk of `diskBytes` may put aside when nothing is said: a tenth, from 64 MiB to 1 GiB.
    static long usualSideBytes(long diskBytes) {
        return Math.clamp(diskBytes / 10, SIDE_BYTES_MIN, SIDE_BYTES_MAX);
    }

    /// The size of the disk in bytes.
    long sizeBytes();

    /// Fills what remains of `into` with the bytes that were at `offset`.
    ///
    /// @param offset whole sectors, as is the length
    /// @throws ExportEndedException when the past can be read no more
    void read(long offset, ByteBuffer into) throws IOException;

    /// What the bytes from `offset` on are made of, in order: at least one run, at most `runsMax`, together no more than
    /// `length`.
    ///
    /// @throws ExportEndedException when the past can be read no more
    List<Allocation> allocation(long offset, long length, int runsMax) throws IOException;

    /// Why the past can be read no more, for good; empty while it can.
    Optional<String> ended();

    /// Bytes put aside so far; 0 where blocks are shared.
    long sideBytes();

    /// Bytes that may be put aside; 0 where blocks are shared, as nothing needs to.
    long sideBytesMax();

    /// Lets go of the past. Closing twice does nothing.
    @Override
    void close() throws IOException;
}
