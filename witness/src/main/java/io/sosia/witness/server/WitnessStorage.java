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
///     joined            there since a joining member was first seen in its group
///     raft/storage-id   the same random id as in `identity`: this is the Raft directory it was born with
///     raft/GROUP/...    Ratis's own
///
/// The identity holds the member's id in its group: its name and a part of the random id, so that a member initialised
/// anew is never taken for its former self, whose votes and acknowledgements it has forgotten.
///
/// A witness that lost its Raft directory and started afresh would grant again what it granted before. Therefore it
/// starts only when `identity` and a Raft directory of the same id, with a log in it, are both there.
final class WitnessStorage {
    private static final String FORMAT = "sosia-witness 2";
    private static final String NAME = "name=";
    private static final String MEMBER = "member=";
    private static final String STORAGE_ID = "storage-id=";
    private static final String BORN = "born=";
    private static final String FOUNDER = "founder";
    private static final String JOINER = "joiner";
    private static final List<String> IDENTITY_LINES = List.of(FORMAT, NAME, MEMBER, STORAGE_ID, BORN);
    /// Of the random id, in the member's: 32 bits.
    private static final int ID_PART_LENGTH = 8;

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

    private Path joined() {
        return directory.resolve("joined");
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

    /// @throws WitnessStorageException when a witness lives or lived here
    void checkNew() throws WitnessStorageException {
        if (Files.exists(identity())) {
            throw new WitnessStorageException(directory + " is the storage of a witness already (" + identity()
                    + " is there). Run it, or name another storage directory");
        }
        if (Files.exists(raft())) {
            throw new WitnessStorageException(raft() + " is there but " + identity() + " is not. If this witness ever"
                    + " ran, restore " + identity() + " from a backup; if it never did, delete " + raft()
                    + " and initialise again");
        }
    }

    /// Makes the directory ready for the making of a Raft directory.
    ///
    /// @throws WitnessStorageException when a witness lives or lived here
    void prepare() throws IOException {
        checkNew();
        deleteTree(raftInTheMaking());
        Files.createDirectory(raftInTheMaking());
    }

    /// Who a member is.
    ///
    /// @param member its id in the group
    /// @param storageId the random id of its storage
    /// @param founder whether its group began with it; otherwise it joined one
    record Identity(String member, String storageId, boolean founder) {
        /// A new one, never given before.
        static Identity fresh(NodeName name, boolean founder) {
            String id = UUID.randomUUID().toString();
            return new Identity(name + "-" + id.substring(0, ID_PART_LENGTH), id, founder);
        }
    }

    /// Makes the Raft directory just made the one in use, and this directory the storage of that witness. Durable on
    /// return; after a crash in between, `prepare` says what to do.
    void adopt(NodeName name, Identity identity) throws IOException {
        writeDurably(storageId(raftInTheMaking()), identity.storageId() + "\n");
        Files.move(raftInTheMaking(), raft(), StandardCopyOption.ATOMIC_MOVE);
        syncDirectory(directory);
        writeDurably(identity(), String.join(
                "\n",
                FORMAT,
                NAME + name,
                MEMBER + identity.member(),
                STORAGE_ID + identity.storageId(),
                BORN + (identity.founder() ? FOUNDER : JOINER),
                ""));
    }

    /// Notes durably that this member is in its group: from now on it must have a log.
    void noteJoined() throws IOException {
        if (!Files.exists(joined())) {
            writeDurably(joined(), "");
        }
    }

    /// Checks that this is the whole storage of the witness of this name, and tells who it is.
    ///
    /// @throws WitnessStorageException when it was never initialised, is another's, or the Raft directory is not the
    ///     one it was born with
    Identity check(NodeName name) throws IOException {
        List<String> lines = identityLines();
        String storedName = lines.get(1).substring(NAME.length());
        if (!storedName.equals(name.value())) {
            throw new WitnessStorageException(directory + " is the storage of witness '" + storedName + "', not of '"
                    + name + "'. Correct the name or the storage directory in the configuration");
        }
        Identity identity = new Identity(
                lines.get(2).substring(MEMBER.length()),
                lines.get(3).substring(STORAGE_ID.length()),
                lines.get(4).equals(BORN + FOUNDER));
        String found;
        try {
            found = Files.readString(storageId(raft())).strip();
        } catch (NoSuchFileException missing) {
            throw amnesia("its Raft directory is gone (" + storageId(raft()) + " is missing)");
        }
        if (!found.equals(identity.storageId())) {
            throw amnesia(raft() + " is of storage " + found + ", expected " + identity.storageId());
        }
        if ((identity.founder() || Files.exists(joined())) && !hasLog()) {
            throw amnesia(raft() + " has no log");
        }
        return identity;
    }

    private List<String> identityLines() throws IOException {
        List<String> lines;
        try {
            lines = Files.readAllLines(identity());
        } catch (NoSuchFileException missing) {
            throw new WitnessStorageException(directory + " holds no witness (" + identity()
                    + " is missing). Run 'sosia witness init' once; if a witness ran here before, its storage is lost:"
                    + " a member of three is initialised with --join and added anew; one alone is initialised, and then"
                    + " each pair again");
        }
        boolean whole = lines.size() == IDENTITY_LINES.size();
        for (int i = 0; whole && i < lines.size(); i++) {
            whole = lines.get(i).startsWith(IDENTITY_LINES.get(i));
        }
        if (!whole) {
            throw new WitnessStorageException(identity() + " is damaged or of another release: expected the "
                    + IDENTITY_LINES.size() + " lines that init wrote. Restore it from a backup");
        }
        return lines;
    }

    private WitnessStorageException amnesia(String what) {
        return new WitnessStorageException("the witness in " + directory + " has lost its memory: " + what
                + ". Started now, it could grant again what it granted before. Restore the directory as it last was;"
                + " otherwise move " + directory + " away; a member of three is then initialised with --join, added anew"
                + " and its former self removed; one alone is initialised, and then each pair again");
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
