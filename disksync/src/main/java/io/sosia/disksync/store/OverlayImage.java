package io.sosia.disksync.store;

import io.sosia.disksync.block.Geometry;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.BitSet;

/// A throwaway disk: reads come from a base image, which stays untouched; writes go to a temporary file that disappears.
///
/// Works in 4 KiB pages: the first write into part of a page copies that page from the base. The temporary file is sparse and
/// already deleted while in use, so a killed process leaves nothing behind. The base must not change meanwhile. One lock
/// for everything: a throwaway disk need not be fast with many threads.
public final class OverlayImage implements BlockStore {
    private static final int PAGE = Geometry.PAGE_BYTES;
    private static final long SIZE_BYTES_MAX = (long) Integer.MAX_VALUE * PAGE;

    private final FileChannel base;
    private final LinuxDataFile changes;
    private final long sizeBytes;
    private final BitSet changed = new BitSet();
    private final ByteBuffer page = ByteBuffer.allocateDirect(PAGE);

    private OverlayImage(FileChannel base, LinuxDataFile changes, long sizeBytes) {
        this.base = base;
        this.changes = changes;
        this.sizeBytes = sizeBytes;
    }

    /// Opens `image` for reading only, with a temporary file in the system's temporary directory for what is written.
    ///
    /// @throws DiskFormatException when the file is missing, not readable, not a raw image of whole sectors, or above 8 TiB
    public static OverlayImage over(Path image) throws IOException {
        long size = ImageFile.checkedSize(image, false);
        if (size > SIZE_BYTES_MAX) {
            throw new DiskFormatException("disk image " + image + " has " + size + " bytes, at most " + SIZE_BYTES_MAX
                    + " can be used throwaway; use it in write mode");
        }
        FileChannel base = FileChannel.open(image, StandardOpenOption.READ);
        try {
            return new OverlayImage(base, temporary(size), size);
        } catch (IOException | RuntimeException e) {
            base.close();
            throw e;
        }
    }

    private static LinuxDataFile temporary(long size) throws IOException {
        Path file = Files.createTempFile("sosia-throwaway-", ".img");
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
            channel.write(ByteBuffer.wrap(new byte[1]), Geometry.roundUpToPage(size) - 1);
            return LinuxDataFile.open(file);
        } finally {
            Files.delete(file);
        }
    }

    @Override
    public long sizeBytes() {
        return sizeBytes;
    }

    @Override
    public synchronized void read(long offset, ByteBuffer into) throws IOException {
        Ranges.inside(this, offset, into.remaining());
        int limit = into.limit();
        long at = offset;
        while (into.position() < limit) {
            boolean here = changed.get(pageOf(at));
            int bytes = (int) Math.min(limit - into.position(), runEnd(at, here) - at);
            into.limit(into.position() + bytes);
            if (here) {
                changes.read(at, into);
            } else {
                readBase(at, into);
            }
            at += bytes;
            into.limit(limit);
        }
    }

    /// Where the pages that are changed, or not, as the one that holds `at`, end.
    private long runEnd(long at, boolean here) {
        int next = here ? changed.nextClearBit(pageOf(at)) : changed.nextSetBit(pageOf(at));
        return next < 0 ? Long.MAX_VALUE : (long) next * PAGE;
    }

    private void readBase(long offset, ByteBuffer into) throws IOException {
        long at = offset;
        while (into.hasRemaining()) {
            int got = base.read(into, at);
            if (got < 0) {
                throw new IOException("the base image became shorter while it was in use: it ends before byte " + at);
            }
            at += got;
        }
    }

    @Override
    public synchronized void write(long offset, ByteBuffer from) throws IOException {
        long end = offset + Ranges.inside(this, offset, from.remaining()).length();
        if (offset == end) {
            return;
        }
        keepEdges(offset, end);
        changes.write(offset, from);
        changed.set(pageOf(offset), pageOf(end - 1) + 1);
    }

    @Override
    public void discard(long offset, long length) throws IOException {
        writeZeroes(offset, length);
    }

    @Override
    public synchronized void writeZeroes(long offset, long length) throws IOException {
        Ranges.inside(this, offset, length);
        if (length == 0) {
            return;
        }
        keepEdges(offset, offset + length);
        changes.zero(offset, length);
        changed.set(pageOf(offset), pageOf(offset + length - 1) + 1);
    }

    /// Copies the first and the last page of a range from the base when the range covers only part of them.
    private void keepEdges(long offset, long end) throws IOException {
        if (offset % PAGE != 0) {
            copyUp(pageOf(offset));
        }
        if (end % PAGE != 0) {
            copyUp(pageOf(end - 1));
        }
    }

    private void copyUp(int number) throws IOException {
        if (changed.get(number)) {
            return;
        }
        long at = (long) number * PAGE;
        page.clear().limit((int) Math.min(PAGE, sizeBytes - at));
        readBase(at, page);
        changes.write(at, page.flip());
        changed.set(number);
    }

    private static int pageOf(long offset) {
        return (int) (offset / PAGE);
    }

    /// Does nothing: a throwaway disk is gone after a crash, with everything flushed.
    @Override
    public void flush() {
    }

    @Override
    public synchronized void close() throws IOException {
        try (base) {
            changes.close();
        }
    }
}
