package io.sosia.disksync.store;

import io.sosia.disksync.block.ByteRange;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;

/// A user's own raw image file, written in place. No metadata: it cannot be resynchronised.
public final class RawImage implements BlockStore {
    private final DataFile data;
    private final long sizeBytes;
    private final Writeback writeback;
    private boolean closed;

    private RawImage(DataFile data, long sizeBytes, String name) {
        this.data = data;
        this.sizeBytes = sizeBytes;
        this.writeback = new Writeback(name, data, Writeback.Limits.DEFAULT, () -> () -> { });
    }

    /// Opens an image for reading and writing, and locks it against a second use.
    ///
    /// @throws DiskFormatException when the file is missing, not permitted, in use, or not a raw image of whole sectors
    public static RawImage open(Path image) throws IOException {
        long size = ImageFile.checkedSize(image, true);
        LinuxDataFile data = LinuxDataFile.open(image);
        try {
            if (!data.tryLock()) {
                throw new DiskFormatException("disk image " + image
                        + " is in use by another machine; stop that one first, or use the image throwaway");
            }
            // What a killed process wrote may be in the host's cache only; a flush of ours would not know of it.
            data.sync();
            return new RawImage(data, size, image.getFileName().toString());
        } catch (IOException | RuntimeException e) {
            data.close();
            throw e;
        }
    }

    @Override
    public long sizeBytes() {
        return sizeBytes;
    }

    @Override
    public void read(long offset, ByteBuffer into) throws IOException {
        Ranges.inside(this, offset, into.remaining());
        data.read(offset, into);
    }

    @Override
    public void write(long offset, ByteBuffer from) throws IOException {
        ByteRange range = Ranges.inside(this, offset, from.remaining());
        writeback.admit();
        try {
            data.write(offset, from);
        } finally {
            writeback.completed(range.length());
        }
    }

    @Override
    public void discard(long offset, long length) throws IOException {
        writeZeroes(offset, length);
    }

    @Override
    public void writeZeroes(long offset, long length) throws IOException {
        Ranges.inside(this, offset, length);
        if (length == 0) {
            return;
        }
        writeback.admit();
        long left = length;
        try {
            left = data.zero(offset, length);
        } finally {
            writeback.completed(left);
        }
    }

    @Override
    public void flush() throws IOException {
        writeback.flush();
    }

    @Override
    public synchronized void close() throws IOException {
        if (closed) {
            return;
        }
        closed = true;
        try (data) {
            writeback.close();
        }
    }
}
