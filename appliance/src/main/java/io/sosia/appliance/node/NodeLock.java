package io.sosia.appliance.node;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Optional;
import java.util.concurrent.locks.LockSupport;

/// Keeps a second process out of a node's folder; the kernel gives it back when the process dies.
final class NodeLock implements AutoCloseable {

    private static final int PID_BYTES_MAX = 20;
    private static final int TRIES = 5;
    private static final long PAUSE_NANOS = 20_000_000;

    private final FileChannel channel;

    private NodeLock(FileChannel channel) {
        this.channel = channel;
    }

    /// @throws IOException when another process has it, naming that process
    static NodeLock take(Path folder) throws IOException {
        FileChannel channel = open(folder);
        try {
            if (!obtained(channel)) {
                throw new IOException(folder + " is in use by process " + readHolder(channel)
                        + ": this node runs already; `sosia status` shows it");
            }
            channel.truncate(0);
            channel.write(StandardCharsets.US_ASCII.encode(ProcessHandle.current().pid() + "\n"), 0);
            return new NodeLock(channel);
        } catch (IOException | RuntimeException e) {
            channel.close();
            throw e;
        }
    }

    /// Tried a few times: whoever asks for the [#holder] has it for a moment.
    private static boolean obtained(FileChannel channel) throws IOException {
        for (int tries = 1; tryLock(channel) == null; tries++) {
            if (tries == TRIES) {
                return false;
            }
            LockSupport.parkNanos(PAUSE_NANOS);
        }
        return true;
    }

    /// The process that has it now.
    static Optional<Long> holder(Path folder) throws IOException {
        try (FileChannel channel = open(folder)) {
            if (tryLock(channel) != null) {
                return Optional.empty();
            }
            return Optional.of(Long.parseLong(readHolder(channel)));
        } catch (NumberFormatException justTaken) {
            return Optional.empty();
        }
    }

    private static FileChannel open(Path folder) throws IOException {
        return FileChannel.open(folder.resolve("lock"), StandardOpenOption.CREATE, StandardOpenOption.READ,
                StandardOpenOption.WRITE);
    }

    private static String readHolder(FileChannel channel) throws IOException {
        ByteBuffer holder = ByteBuffer.allocate(PID_BYTES_MAX);
        channel.read(holder, 0);
        return new String(holder.array(), 0, holder.position(), StandardCharsets.US_ASCII).strip();
    }

    private static FileLock tryLock(FileChannel channel) throws IOException {
        try {
            return channel.tryLock();
        } catch (OverlappingFileLockException ours) {
            return null;
        }
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }
}
