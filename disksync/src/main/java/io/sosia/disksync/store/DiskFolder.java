package io.sosia.disksync.store;

import io.sosia.disksync.block.DiskState;
import io.sosia.disksync.block.Generations;
import io.sosia.disksync.block.Geometry;
import io.sosia.disksync.block.Partner;
import io.sosia.disksync.block.Position;
import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/// The directory of a disk: `data.img`, `meta/`, the lock that keeps a second process out, and, while it is being made, the
/// marker `unfinished`.
final class DiskFolder implements Closeable {
    private final Path dir;
    private final FileChannel lock;

    private DiskFolder(Path dir, FileChannel lock) {
        this.dir = dir;
        this.lock = lock;
    }

    /// Locks the directory of an existing disk.
    ///
    /// @throws DiskFormatException when there is no finished disk, or another process has it
    static DiskFolder open(Path dir) throws IOException {
        if (!Files.isDirectory(dir) || !Files.exists(dir.resolve("data.img"))) {
            throw new DiskFormatException("there is no disk in " + dir + "; check the path, or create the disk first");
        }
        DiskFolder folder = lock(dir);
        try {
            if (Files.exists(folder.unfinished())) {
                throw new DiskFormatException("the disk in " + dir + " was never finished: its creation was interrupted; "
                        + "create it again");
            }
            if (!Files.isDirectory(folder.meta())) {
                throw new DiskFormatException("the disk in " + dir + " has no metadata: " + folder.meta()
                        + " is missing; bring it back, or make the disk anew from its image or its partner");
            }
            return folder;
        } catch (IOException | RuntimeException e) {
            folder.close();
            throw e;
        }
    }

    /// Makes a disk in a directory that does not exist, is empty, or holds what an interrupted creation has left.
    static void create(Path dir, DiskBirth birth, long sizeBytes, Optional<Path> image) throws IOException {
        Files.createDirectories(dir);
        if (!Files.exists(dir.resolve("unfinished")) && !isEmpty(dir)) {
            throw new DiskFormatException(dir + " is not empty; name a new directory, or remove this one");
        }
        try (DiskFolder folder = lock(dir)) {
            Files.write(folder.unfinished(), new byte[0]);
            syncDirectory(dir);
            Files.deleteIfExists(folder.data());
            deleteTree(folder.meta());
            try (FileChannel data = FileChannel.open(folder.data(), StandardOpenOption.CREATE_NEW,
                    StandardOpenOption.WRITE)) {
                data.write(ByteBuffer.wrap(new byte[1]), Geometry.roundUpToPage(sizeBytes) - 1);
                if (image.isPresent()) {
                    SparseCopy.copy(image.get(), Files.size(image.get()), data);
                }
                data.force(true);
            }
            SuperBlock block = new SuperBlock(birth.disk(), sizeBytes, Generations.first(birth.generation()),
                    DiskState.UP_TO_DATE, Partner.NONE, Position.START);
            try (Metadata meta = Metadata.create(folder.meta()); Metadata.Change change = meta.change()) {
                change.superBlock(block).event("created, generation " + birth.generation()
                        + image.map(path -> ", from " + path).orElse(", empty")).commit();
            }
            syncDirectory(dir);
            Files.delete(folder.unfinished());
            syncDirectory(dir);
        }
    }

    Path data() {
        return dir.resolve("data.img");
    }

    Path meta() {
        return dir.resolve("meta");
    }

    Path unfinished() {
        return dir.resolve("unfinished");
    }

    /// Takes the directory, whatever it holds.
    static DiskFolder lock(Path dir) throws IOException {
        Path file = dir.resolve("lock");
        FileChannel channel = FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.READ,
                StandardOpenOption.WRITE);
        try {
            if (tryLock(channel) == null) {
                ByteBuffer holder = ByteBuffer.allocate(20);
                channel.read(holder, 0);
                throw new DiskFormatException("the disk in " + dir + " is in use by process "
                        + new String(holder.array(), 0, holder.position(), StandardCharsets.US_ASCII).strip()
                        + "; stop that one first");
            }
            channel.truncate(0);
            channel.write(StandardCharsets.US_ASCII.encode(ProcessHandle.current().pid() + "\n"), 0);
            return new DiskFolder(dir, channel);
        } catch (IOException | RuntimeException e) {
            channel.close();
            throw e;
        }
    }

    private static FileLock tryLock(FileChannel channel) throws IOException {
        try {
            return channel.tryLock();
        } catch (OverlappingFileLockException e) {
            return null;
        }
    }

    /// Whether there is nothing but, perhaps, the lock of a creation that was interrupted before it began.
    private static boolean isEmpty(Path dir) throws IOException {
        try (DirectoryStream<Path> entries = Files.newDirectoryStream(dir, path -> !path.endsWith("lock"))) {
            return !entries.iterator().hasNext();
        }
    }

    static void deleteTree(Path root) throws IOException {
        List<Path> all;
        try (Stream<Path> found = Files.walk(root)) {
            all = found.sorted(Comparator.reverseOrder()).toList();
        } catch (NoSuchFileException e) {
            return;
        }
        for (Path each : all) {
            Files.delete(each);
        }
    }

    /// Makes the names in a directory durable.
    static void syncDirectory(Path dir) throws IOException {
        try (FileChannel channel = FileChannel.open(dir, StandardOpenOption.READ)) {
            channel.force(true);
        }
    }

    @Override
    public void close() throws IOException {
        lock.close();
    }
}
