package io.sosia.appliance.cli;

import io.sosia.appliance.node.BootContent;
import io.sosia.appliance.recording.RecordingHeader.RecordedFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ForkJoinPool;
import java.util.concurrent.FutureTask;

/// A kernel, initrd or ELF read from a file, with its hash.
///
/// @param what    what it is, for messages
/// @param path    where it was read
/// @param content all of it
/// @param hash    computes its SHA-256
record BootFile(String what, Path path, ByteBuffer content, FutureTask<String> hash) {
    private static final long BYTES_MAX = 1L << 30;

    /// Reads it.
    ///
    /// @throws CliException (bad input) when it is missing, empty, unreadable or larger than any guest's RAM
    static BootFile read(String what, Path path) {
        try {
            if (!Files.isRegularFile(path)) {
                throw new CliException(CliException.BAD_INPUT, what + " " + path
                        + (Files.exists(path) ? " is not a regular file" : " does not exist; check the path"));
            }
            long size = Files.size(path);
            if (size == 0 || size > BYTES_MAX) {
                throw new CliException(CliException.BAD_INPUT,
                        what + " " + path + " has " + size + " bytes, expected 1 to " + BYTES_MAX);
            }
            ByteBuffer content = BootContent.read(path);
            return new BootFile(what, path, content, new FutureTask<>(() -> hash(content)));
        } catch (NoSuchFileException e) {
            throw new CliException(CliException.BAD_INPUT, what + " " + path + " does not exist; check the path", e);
        } catch (IOException e) {
            throw new CliException(CliException.BAD_INPUT, what + " " + path + " cannot be read: " + e.getMessage(), e);
        }
    }

    /// Has its SHA-256 computed meanwhile.
    void beginHash() {
        ForkJoinPool.commonPool().execute(hash);
    }

    /// Its SHA-256, 64 hexadecimal digits.
    String sha256() {
        // Unless another thread is at it.
        hash.run();
        try {
            return hash.get();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(what + " " + path + " was not hashed", e);
        } catch (ExecutionException e) {
            throw new IllegalStateException(what + " " + path + " was not hashed", e.getCause());
        }
    }

    /// How a recording names it.
    RecordedFile recorded() {
        return new RecordedFile(path.toAbsolutePath().normalize().toString(), sha256());
    }

    private static String hash(ByteBuffer content) {
        try {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            digest.update(content.duplicate());
            return HexFormat.of().formatHex(digest.digest());
        } catch (NoSuchAlgorithmException impossible) {
            throw new AssertionError("this Java platform has no SHA-256", impossible);
        }
    }
}
