package io.sosia.disksync.store;

import io.sosia.disksync.block.Geometry;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;

/// Checks a raw image that somebody else made, before anything is done with it.
final class ImageFile {
    private static final int QCOW_MAGIC = 0x514649fb;

    private ImageFile() {
    }

    /// The size of a usable raw image in bytes.
    ///
    /// @param writable whether it is to be written
    /// @throws DiskFormatException when it is missing, not a file, not permitted, in another format, or not whole sectors
    static long checkedSize(Path image, boolean writable) throws IOException {
        require(Files.exists(image), image, "does not exist", "check the path, or make an empty one: truncate -s 1G");
        require(Files.isRegularFile(image), image, "is not a regular file", "name a raw image file");
        require(Files.isReadable(image), image, "cannot be read", "permit it: chmod u+r");
        require(!writable || Files.isWritable(image), image, "cannot be written",
                "permit it (chmod u+w), or use it throwaway, which leaves it untouched");
        long size = Files.size(image);
        require(size >= Geometry.SECTOR_BYTES, image, "is too small: " + size + " bytes, at least "
                + Geometry.SECTOR_BYTES, "is it the right file?");
        require(magicOf(image) != QCOW_MAGIC, image, "is in qcow2 format, only raw images can be used",
                "convert it: qemu-img convert -O raw");
        require(size % Geometry.SECTOR_BYTES == 0, image, "has " + size + " bytes, not a multiple of "
                + Geometry.SECTOR_BYTES, "pad it to whole sectors: truncate -s %" + Geometry.SECTOR_BYTES);
        return size;
    }

    private static int magicOf(Path image) throws IOException {
        try (InputStream in = Files.newInputStream(image)) {
            byte[] head = in.readNBytes(Integer.BYTES);
            return ByteBuffer.wrap(head).getInt();
        }
    }

    private static void require(boolean holds, Path image, String wrong, String remedy) throws DiskFormatException {
        if (!holds) {
            throw new DiskFormatException("disk image " + image + " " + wrong + "; " + remedy);
        }
    }
}
