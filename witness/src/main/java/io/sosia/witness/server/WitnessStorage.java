package io.sosia.witness.server;

import io.sosia.witness.claim.NodeName;
import java.io.Closeable;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.UUID;
import java.util.stream.Stream;

/// The layout of a witness's directory, and the guard against amnesia.
///
///     lock              held by the process that runs on this storage
///     identity          who this is; written last by init, never again
///     raft/storage-id   the same random id as in `identity`: this is the Raft directory it was born with
///     raft/GROUP/...    Ratis's own
///
/// A witness that lost its Raft directory and started afresh would grant again what it granted before. Therefore it
/// starts only when `identity` and a Raft directory of the same id, with a log in it, are both there.
final class WitnessStorage {
    private static final String FORMAT = "sosia-witness 1";

    private final Path directory;

    WitnessStorage(Path directory) {
        this.directory = directory;
    }

    /// The Raft directory in use.
    Path raft() {
        return directory.resolve("raft");
    }

    /// The Raft directory while it is being made; without meaning until `adopt`.
    Path raftInTheMaking() {
        return directory.resolve("raft.new");
    }

    private Path identity() {
        return directory.resolve("identity");
    }

    private static Path storageId(Path raft) {
        return raft.resolve("storage-id");
    }

    /// Takes the storage for this process until the result is closed.
    ///
    /// @throws WitnessStorageException when another holds it
    Closeable lock() throws IOException {
        Files.createDirectories(directory);
        FileChannel channel = FileChannel.open(
                directory.resolve("lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        try {
            if (channel.tryLock() != null) {
                return channel;
            }
        } catch (OverlappingFileLockException heldByThisProcess) {
            // The same answer as for another process: below.
        } catch (IOException failure) {
            channel.close();
            throw failure;
        }
        channel.close();
        throw new WitnessStorageException("another witness is running on " + directory
                + ". Stop it, or name another storage directory");
    }

    /// Makes the directory ready for the making of a Raft directory.
    ///
    /// @throws WitnessStorageException when a witness lives or lived here
    void prepare() throws IOException {
        if (Files.exists(identity())) {
            throw new WitnessStorageException(directory + " is the storage of a witness already (" + identity()
                    + " is there). Run it, or name another storage directory");
        }
        if (Files.exists(raft())) {
            throw new WitnessStorageException(raft() + " is there but " + identity() + " is not. If this witness ever"
                    + " ran, restore " + identity() + " from a backup; if it never did, delete " + raft()
                    + " and initialise again");
        }
        deleteTree(raftInTheMaking());
        Files.createDirectory(raftInTheMaking());
    }

    /// Makes the Raft directory just made the one in use, and this directory the storage of that witness. Durable on
    /// return; after a crash in between, `prepare` says what to do.
    void adopt(NodeName name) throws IOException {
        String id = UUID.randomUUID().toString();
        writeDurably(storageId(raftInTheMaking()), id + "\n");
        Files.move(raftInTheMaking(), raft(), StandardCopyOption.ATOMIC_MOVE);
        syncDirectory(directory);
        writeDurably(identity(), FORMAT + "\nname=" + name + "\nstorage-id=" + id + "\n");
    }

    /// Checks that this is the whole storage of the witness of this name.
    ///
    /// @throws WitnessStorageException when it was never initialised, is another's, or the Raft directory is not the
    ///     one it was born with
    void check(NodeName name) throws IOException {
        List<String> lines;
        try {
            lines = Files.readAllLines(identity());
        } catch (NoSuchFileException missing) {
            throw new WitnessStorageException(directory + " holds no witness (" + identity()
                    + " is missing). Run 'sosia witness init' once; if a witness ran here before, its storage is lost:"
                    + " initialise it and then each pair again");
        }
        if (lines.size() != 3
                || !lines.get(0).equals(FORMAT)
                || !lines.get(1).startsWith("name=")
                || !lines.get(2).startsWith("storage-id=")) {
            throw new WitnessStorageException(
                    identity() + " is damaged: expected the three lines that init wrote. Restore it from a backup");
        }
        String storedName = lines.get(1).substring("name=".length());
        if (!storedName.equals(name.value())) {
            throw new WitnessStorageException(directory + " is the storage of witness '" + storedName + "', not of '"
                    + name + "'. Correct the name or the storage directory in the configuration");
        }
        String found;
        try {
            found = Files.readString(storageId(raft())).strip();
        } catch (NoSuchFileException missing) {
            throw amnesia("its Raft directory is gone (" + storageId(raft()) + " is missing)");
        }
        String id = lines.get(2).substring("storage-id=".length());
        if (!found.equals(id)) {
            throw amnesia(raft() + " is of storage " + found + ", expected " + id);
        }
        if (!hasLog()) {
            throw amnesia(raft() + " has no log");
        }
    }

    private WitnessStorageException amnesia(String what) {
        return new WitnessStorageException("the witness in " + directory + " has lost its memory: " + what
                + ". Started now, it could grant again what it granted before. Restore the directory as it last was;"
                + " otherwise move " + directory + " away, initialise the witness and then each pair again");
    }

    /// From its birth on a log keeps at least its last entry, however much of it snapshots let go.
    private boolean hasLog() throws IOException {
        try (Stream<Path> files = Files.walk(raft(), 4)) {
            return files.filter(Files::isRegularFile)
                    .map(file -> file.getFileName().toString())
                    .anyMatch(file -> file.startsWith("log_"));
        }
    }

    private static void writeDurably(Path file, String text) throws IOException {
        Path draft = file.resolveSibling(file.getFileName() + ".new");
        Files.writeString(draft, text);
        try (FileChannel channel = FileChannel.open(draft, StandardOpenOption.WRITE)) {
            channel.force(true);
        }
        Files.move(draft, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        syncDirectory(file.getParent());
    }

    private static void syncDirectory(Path directory) throws IOException {
        try (FileChannel channel = FileChannel.open(directory, StandardOpenOption.READ)) {
            channel.force(true);
        }
    }

    private static void deleteTree(Path tree) throws IOException {
        if (!Files.exists(tree)) {
            return;
        }
        List<Path> deepestLast;
        try (Stream<Path> files = Files.walk(tree)) {
            deepestLast = files.toList();
        }
        for (Path path : deepestLast.reversed()) {
            Files.delete(path);
        }
    }
}
