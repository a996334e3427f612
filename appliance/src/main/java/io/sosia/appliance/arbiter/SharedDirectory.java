package io.sosia.appliance.arbiter;

import io.sosia.witness.claim.ClaimCommand;
import io.sosia.witness.claim.ClaimResult;
import io.sosia.witness.claim.ClaimTable;
import io.sosia.witness.claim.PairId;
import io.sosia.witness.claim.TableEntry;
import io.sosia.witness.wire.SnapshotCodec;
import io.sosia.witness.wire.WireFormatException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.DirectoryStream;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.UUID;

/// The records of pairs in a directory that both nodes can reach: the FT paper's test-and-set on shared storage (2.3).
///
///     DIRECTORY/sosia-arbiter            says that this is the directory, and not the place where it is to be mounted
///     DIRECTORY/PAIR/change-0000000001   the pair's record after its first change, whole; then -0000000002 and so on
///     DIRECTORY/PAIR/.new-UUID           a record that is being written
///
/// The last number counts. A change is a file written and made durable under another name, then linked under the next number:
/// of two that try, the file system lets one. Numbers count changes, not epochs, since a change within an epoch (`Protect`)
/// and one that ends it (`ColdBoot`) must compete for the same name. No record is ever deleted or written over: a name that
/// is free again could be taken by somebody who has slept for long. It is under 1 KiB a change.
///
/// Every method may block for as long as the file system does. One thread.
final class SharedDirectory {

    private static final String MARKER = "sosia-arbiter";
    private static final String RECORD = "change-";
    private static final String UNFINISHED = ".new-";
    private static final long RECORDS_MAX = 9_999_999_999L;
    private static final Duration UNFINISHED_AGE_MAX = Duration.ofHours(1);
    /// Races lost in a row before a command is given up; the partner's changes are few.
    private static final int RACES_MAX = 16;

    private final Path directory;

    /// The last record, and the table with this one pair; number 0 and an empty table before its birth.
    private record Head(long number, ClaimTable table) {}

    SharedDirectory(Path directory) {
        this.directory = directory;
    }

    /// Whether the directory is there.
    ///
    /// @throws IOException when it is not, or it is only the place where it is to be mounted
    void check() throws IOException {
        if (!Files.exists(directory.resolve(MARKER))) {
            throw new IOException(directory + " is not a shared directory of Sosia: no " + MARKER
                    + " is to be seen in it; is it mounted? (Make that file if the directory is new and "
                    + "takes the place of one that is lost.)");
        }
        // An attribute may come from a cache; a listing asks.
        try (DirectoryStream<Path> files = Files.newDirectoryStream(directory)) {
            files.iterator().hasNext();
        }
    }

    /// What the pair's last record says; empty before its birth.
    ///
    /// @throws IOException when the directory cannot be read, or the last record is not whole
    Optional<TableEntry> read(PairId pairId) throws IOException {
        check();
        return head(pairId).table().find(pairId);
    }

    /// Carries out a command.
    ///
    /// @throws IOException when the directory cannot be read or written, or the last record is not whole: the outcome is
    ///     unknown
    ClaimResult submit(ClaimCommand command) throws IOException {
        if (command instanceof ClaimCommand.Birth) {
            prepare(command.pairId());
        }
        check();
        for (int races = 0; races < RACES_MAX; races++) {
            Head head = head(command.pairId());
            Optional<TableEntry> before = head.table().find(command.pairId());
            ClaimResult result = head.table().apply(command);
            if (head.table().find(command.pairId()).equals(before)
                    || append(command.pairId(), head.number() + 1, head.table())) {
                return result;
            }
        }
        throw new IOException("in " + directory + " somebody else's change came first, " + RACES_MAX + " times");
    }

    private Path folder(PairId pairId) {
        return directory.resolve(pairId.toString());
    }

    private static Path record(Path folder, long number) {
        return folder.resolve(RECORD + String.format("%010d", number));
    }

    /// The directory itself is not made: where it is to be mounted nobody else would see it.
    private void prepare(PairId pairId) throws IOException {
        createIfAbsent(directory.resolve(MARKER), false);
        createIfAbsent(folder(pairId), true);
        sync(directory);
    }

    private static void createIfAbsent(Path path, boolean folder) throws IOException {
        try {
            if (folder) {
                Files.createDirectory(path);
            } else {
                Files.createFile(path);
            }
        } catch (FileAlreadyExistsException fine) {
            // By an earlier birth, or the same one.
        }
    }

    /// The last record. It is durable by the time it is returned: what is answered on its account must not be undone.
    private Head head(PairId pairId) throws IOException {
        Path folder = folder(pairId);
        long last = last(folder);
        if (last == 0) {
            return new Head(0, new ClaimTable());
        }
        Path file = record(folder, last);
        ClaimTable table;
        try {
            table = SnapshotCodec.decode(Files.readAllBytes(file));
        } catch (WireFormatException torn) {
            // Whatever it was, it may have been granted: the one before it does not count any more.
            throw new IOException(file + " is not whole: " + torn.getMessage(), torn);
        }
        if (table.size() != 1 || table.find(pairId).isEmpty()) {
            throw new IOException(file + " is not about pair " + pairId);
        }
        sync(folder);
        return new Head(last, table);
    }

    /// The greatest number; 0 when there is none.
    private static long last(Path folder) throws IOException {
        long last = 0;
        long count = 0;
        try (DirectoryStream<Path> files = Files.newDirectoryStream(folder, RECORD + "*")) {
            for (Path file : files) {
                String digits = file.getFileName().toString().substring(RECORD.length());
                if (!digits.matches("\\d{10}")) {
                    throw new IOException(file + " is no name of a record");
                }
                last = Math.max(last, Long.parseLong(digits));
                count++;
            }
        } catch (NoSuchFileException unborn) {
            return 0;
        }
        if (last != count) {
            throw new IOException(folder + " holds " + count + " records, but the last is number " + last);
        }
        return last;
    }

    /// Makes a table the next record.
    ///
    /// @return whether the number was free
    private boolean append(PairId pairId, long number, ClaimTable table) throws IOException {
        if (number > RECORDS_MAX) {
            throw new IOException("pair " + pairId + " has been changed " + RECORDS_MAX + " times, the most there may be");
        }
        Path folder = folder(pairId);
        Path fresh = folder.resolve(UNFINISHED + UUID.randomUUID());
        try {
            write(fresh, SnapshotCodec.encode(table));
            Files.createLink(record(folder, number), fresh);
        } catch (FileAlreadyExistsException taken) {
            // By another, or by us, when the answer to an earlier try was lost: the next look tells.
            return false;
        } finally {
            Files.deleteIfExists(fresh);
        }
        sync(folder);
        sweep(folder, record(folder, number));
        return true;
    }

    private static void write(Path file, byte[] bytes) throws IOException {
        try (FileChannel out = FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
            ByteBuffer left = ByteBuffer.wrap(bytes);
            while (left.hasRemaining()) {
                out.write(left);
            }
            out.force(true);
        }
    }

    private static void sync(Path folder) throws IOException {
        try (FileChannel open = FileChannel.open(folder, StandardOpenOption.READ)) {
            open.force(true);
        }
    }

    /// Takes away what writers that died have left. Should one only have slept, its link fails. Ages are by the storage's
    /// clock alone.
    private static void sweep(Path folder, Path justWritten) throws IOException {
        long now = Files.getLastModifiedTime(justWritten).toMillis();
        List<Path> unfinished;
        try (var files = Files.list(folder)) {
            unfinished = files.filter(file -> file.getFileName().toString().startsWith(UNFINISHED)).toList();
        }
        for (Path file : unfinished) {
            try {
                if (now - Files.getLastModifiedTime(file).toMillis() > UNFINISHED_AGE_MAX.toMillis()) {
                    Files.deleteIfExists(file);
                }
            } catch (NoSuchFileException finished) {
                // In the meantime, by its writer.
            }
        }
    }
}
