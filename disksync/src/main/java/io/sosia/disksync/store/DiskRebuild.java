package io.sosia.disksync.store;

import io.sosia.disksync.block.DiskState;
import io.sosia.disksync.block.Generations;
import io.sosia.disksync.block.Geometry;
import io.sosia.disksync.block.Partner;
import io.sosia.disksync.block.Position;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.UUID;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Opens a disk whose partner can make it good again: what cannot be read is put aside as evidence, and a resync does the rest.
///
/// The disk that comes out is INCONSISTENT: it keeps its data file if that has the right length, and is compared with the
/// partner's by hash; else it is empty, and filled in full. Never for a disk that is the only copy: that is the caller's to
/// know.
public final class DiskRebuild {
    private static final Logger DIAGNOSTICS = LoggerFactory.getLogger(DiskRebuild.class);

    private DiskRebuild() {
    }

    /// Opens the disk in `dir`, rebuilt when it has to be.
    ///
    /// @param disk      names the disk that both nodes' copies are copies of
    /// @param sizeBytes of the disk, a positive multiple of 512
    /// @throws DiskFormatException when another process has it
    /// @throws IOException when the host's file system fails
    public static DiskStore open(Path dir, UUID disk, long sizeBytes) throws IOException {
        try {
            DiskStore found = DiskStore.open(dir);
            if (found.superBlock().disk().equals(disk) && found.sizeBytes() == sizeBytes) {
                return found;
            }
            found.close();
            rebuild(dir, disk, sizeBytes, "it is another disk, or of another size");
        } catch (DiskFormatException damaged) {
            rebuild(dir, disk, sizeBytes, damaged.getMessage());
        }
        return DiskStore.open(dir);
    }

    private static void rebuild(Path dir, UUID disk, long sizeBytes, String why) throws IOException {
        Files.createDirectories(dir);
        try (DiskFolder folder = DiskFolder.lock(dir)) {
            long length = Geometry.roundUpToPage(sizeBytes);
            boolean kept = Files.exists(folder.data()) && Files.size(folder.data()) == length
                    && !Files.exists(folder.unfinished());
            Files.write(folder.unfinished(), new byte[0]);
            putAside(folder.meta());
            if (!kept) {
                Files.deleteIfExists(folder.data());
                try (FileChannel data = FileChannel.open(folder.data(), StandardOpenOption.CREATE_NEW,
                        StandardOpenOption.WRITE)) {
                    data.write(ByteBuffer.wrap(new byte[1]), length - 1);
                    data.force(true);
                }
            }
            SuperBlock block = new SuperBlock(disk, sizeBytes, Generations.first(DiskStore.newGeneration()),
                    DiskState.INCONSISTENT, Partner.NONE, Position.START);
            try (Metadata meta = Metadata.create(folder.meta()); Metadata.Change change = meta.change()) {
                change.superBlock(block).event("rebuilt, " + (kept ? "data kept" : "empty") + ": " + why).commit();
            }
            DiskFolder.syncDirectory(dir);
            Files.delete(folder.unfinished());
            DiskFolder.syncDirectory(dir);
            DIAGNOSTICS.warn("disk {} rebuilt, its data {}: {}", dir, kept ? "is kept and has to be compared" : "is gone", why);
        }
    }

    private static void putAside(Path meta) throws IOException {
        if (Files.exists(meta)) {
            Path aside = meta.resolveSibling("meta.damaged");
            DiskFolder.deleteTree(aside);
            Files.move(meta, aside);
        }
    }
}
