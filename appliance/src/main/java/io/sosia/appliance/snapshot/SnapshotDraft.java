package io.sosia.appliance.snapshot;

import io.sosia.appliance.snapshot.SnapshotHeader.FileSum;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.channels.FileChannel;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.zip.CRC32C;
import java.util.zip.CheckedOutputStream;

/// A snapshot that is being written, beside the folder it is to become: there is either a whole snapshot of that name or none.
public final class SnapshotDraft {
    private static final int BUFFER_BYTES = 256 << 10;
    /// Left free on the host's file system, which the node's own disk may be on.
    private static final long SPARE_BYTES = 64L << 20;
    private static final List<String> FILES =
            List.of(SnapshotFolder.HEADER, SnapshotFolder.STATE, SnapshotFolder.DISK);

    private final Path folder;
    private final Path draft;

    /// What writes a machine's state.
    public interface Writer {
        void writeTo(OutputStream out) throws IOException;
    }

    private SnapshotDraft(Path folder, Path draft) {
        this.folder = folder;
        this.draft = draft;
    }

    /// Begins afresh; what an interrupted one of the same name has left is removed.
    ///
    /// @param folder    absolute, in a folder that exists; must not exist itself
    /// @param bytesMax  what the snapshot may take
    /// @throws IOException when `folder` exists, cannot be made, or there is no room; nothing is left behind
    public static SnapshotDraft begin(Path folder, long bytesMax) throws IOException {
        if (Files.exists(folder)) {
            throw new IOException(folder + " exists already; name a new folder");
        }
        Path parent = folder.getParent();
        if (parent == null || !Files.isDirectory(parent)) {
            throw new IOException("there is no folder " + parent + " on this node's host; make it first");
        }
        long freeBytes = Files.getFileStore(parent).getUsableSpace();
        if (freeBytes - SPARE_BYTES < bytesMax) {
            throw new IOException("there are " + (freeBytes >> 20) + " MiB free for " + folder + ", expected "
                    + (bytesMax + SPARE_BYTES >> 20) + "; make room, or name a folder elsewhere");
        }
        SnapshotDraft begun = new SnapshotDraft(folder, parent.resolve(folder.getFileName() + ".unfinished"));
        try {
            begun.remove();
            // It holds all that the guest has in memory.
            Files.createDirectory(begun.draft, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
        } catch (IOException e) {
            throw new IOException(begun.draft + " cannot be made: " + reason(e), e);
        }
        return begun;
    }

    /// Where the disk's image goes.
    public Path disk() {
        return draft.resolve(SnapshotFolder.DISK);
    }

    /// Writes the machine's state; durable only after [#finish].
    public FileSum writeState(Writer writer) throws IOException {
        Path file = draft.resolve(SnapshotFolder.STATE);
        CRC32C sum = new CRC32C();
        try (OutputStream out = new CheckedOutputStream(
                new BufferedOutputStream(Files.newOutputStream(file, StandardOpenOption.CREATE_NEW), BUFFER_BYTES), sum)) {
            writer.writeTo(out);
        }
        return new FileSum(Files.size(file), (int) sum.getValue());
    }

    /// Makes it a snapshot: all of it durable, its header last.
    public void finish(SnapshotHeader header) throws IOException {
        sync(draft.resolve(SnapshotFolder.STATE), StandardOpenOption.WRITE);
        Path file = draft.resolve(SnapshotFolder.HEADER);
        Files.write(file, header.toJson());
        sync(file, StandardOpenOption.WRITE);
        sync(draft, StandardOpenOption.READ);
        Files.move(draft, folder, StandardCopyOption.ATOMIC_MOVE);
        sync(folder.getParent(), StandardOpenOption.READ);
    }

    /// Leaves nothing behind, unless it is finished.
    public void abandon() throws IOException {
        remove();
    }

    private void remove() throws IOException {
        if (Files.isDirectory(draft)) {
            for (String name : FILES) {
                Files.deleteIfExists(draft.resolve(name));
            }
            Files.delete(draft);
        }
    }

    /// What an exception of the file system says, with its reason where Java leaves that out of the message.
    public static String reason(IOException e) {
        return e instanceof FileSystemException failed && failed.getReason() == null
                ? failed.getClass().getSimpleName().replace("Exception", "") + ": " + failed.getMessage() : e.getMessage();
    }

    private static void sync(Path path, StandardOpenOption access) throws IOException {
        try (FileChannel channel = FileChannel.open(path, access)) {
            channel.force(true);
        }
    }
}
