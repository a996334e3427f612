package io.sosia.disksync.store;

import java.io.Closeable;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout.PathElement;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.VarHandle;
import java.nio.file.Path;

/// The file operations that Java lacks: punching holes, finding them, allotting their space, reading ahead, and sharing a file's
/// content with a second one.
///
/// WHY: a guest's TRIM must give space back to the host, and a sparse image must stay sparse when it is copied; a point in
/// time costs nothing where the file system can share blocks; who reads a whole disk beside a guest must not make it wait, and who
/// writes a whole disk must not have all of it left to do when it is to be durable, nor write one piece after the other. The Java
/// library has neither `fallocate` nor `SEEK_DATA` nor `FICLONE` nor `posix_fadvise` nor `sync_file_range`.
///
/// SAFE-BECAUSE: the descriptor is private to this object and closed once; `fallocate`, `lseek`, `posix_fadvise`, `sync_file_range` and `ioctl(FICLONE)` take
/// integers only, so no memory of ours is handed out; `open` reads one string that its arena keeps alive during the call; errno is captured by
/// the call itself. Calls and close exclude each other, so no call can meet a descriptor number that has been given to
/// another file.
final class LinuxFile implements Closeable {
    private static final int O_RDONLY = 0;
    private static final int O_RDWR = 2;
    private static final int O_CLOEXEC = 0x80000;
    private static final int FALLOC_FL_KEEP_SIZE = 1;
    private static final int FALLOC_FL_PUNCH_HOLE = 2;
    private static final int SEEK_DATA = 3;
    private static final int SEEK_HOLE = 4;
    /// ioctl_ficlonerange(2): `_IOW(0x94, 9, int)`.
    private static final long FICLONE = 0x4004_9409L;
    private static final int POSIX_FADV_WILLNEED = 3;
    private static final int SYNC_FILE_RANGE_WRITE = 2;
    private static final int EINTR = 4;
    private static final int ENXIO = 6;
    private static final int EXDEV = 18;
    private static final int EINVAL = 22;
    private static final int ENOTTY = 25;
    private static final int ENOSYS = 38;
    private static final int EOPNOTSUPP = 95;

    private static final Linker LINKER = Linker.nativeLinker();
    private static final Linker.Option ERRNO = Linker.Option.captureCallState("errno");
    private static final VarHandle ERRNO_VALUE =
            Linker.Option.captureStateLayout().varHandle(PathElement.groupElement("errno"));
    private static final MethodHandle OPEN = function("open", FunctionDescriptor.of(ValueLayout.JAVA_INT,
            ValueLayout.ADDRESS, ValueLayout.JAVA_INT), ERRNO, Linker.Option.firstVariadicArg(2));

    // The others are linked when they are first called: that takes a hundredth of a second each, and hardly anyone calls them all.

    private static final class Close {
        static final MethodHandle CALL = function("close",
                FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.JAVA_INT), ERRNO);
    }

    private static final class Allocate {
        static final MethodHandle CALL = function("fallocate", FunctionDescriptor.of(ValueLayout.JAVA_INT,
                ValueLayout.JAVA_INT, ValueLayout.JAVA_INT, ValueLayout.JAVA_LONG, ValueLayout.JAVA_LONG), ERRNO);
    }

    private static final class Seek {
        static final MethodHandle CALL = function("lseek", FunctionDescriptor.of(ValueLayout.JAVA_LONG,
                ValueLayout.JAVA_INT, ValueLayout.JAVA_LONG, ValueLayout.JAVA_INT), ERRNO);
    }

    private static final class Ioctl {
        static final MethodHandle CALL = function("ioctl", FunctionDescriptor.of(ValueLayout.JAVA_INT,
                ValueLayout.JAVA_INT, ValueLayout.JAVA_LONG, ValueLayout.JAVA_INT), ERRNO, Linker.Option.firstVariadicArg(2));
    }

    private static final class Advise {
        static final MethodHandle CALL = function("posix_fadvise", FunctionDescriptor.of(ValueLayout.JAVA_INT,
                ValueLayout.JAVA_INT, ValueLayout.JAVA_LONG, ValueLayout.JAVA_LONG, ValueLayout.JAVA_INT));
    }

    private static final class SyncRange {
        static final MethodHandle CALL = function("sync_file_range", FunctionDescriptor.of(ValueLayout.JAVA_INT,
                ValueLayout.JAVA_INT, ValueLayout.JAVA_LONG, ValueLayout.JAVA_LONG, ValueLayout.JAVA_INT));
    }

    private static final class ErrorText {
        static final MethodHandle CALL = function("strerror",
                FunctionDescriptor.of(ValueLayout.ADDRESS, ValueLayout.JAVA_INT));
    }

    private final Path path;
    private final int descriptor;
    private boolean closed;

    private LinuxFile(Path path, int descriptor) {
        this.path = path;
        this.descriptor = descriptor;
    }

    /// Opens an existing file.
    static LinuxFile open(Path path, boolean writable) throws IOException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment name = arena.allocateFrom(path.toAbsolutePath().toString());
            MemorySegment errno = arena.allocate(Linker.Option.captureStateLayout());
            int flags = (writable ? O_RDWR : O_RDONLY) | O_CLOEXEC;
            int descriptor;
            do {
                descriptor = (int) OPEN.invokeExact(errno, name, flags);
            } while (descriptor < 0 && error(errno) == EINTR);
            if (descriptor < 0) {
                throw failure("open", path, error(errno));
            }
            return new LinuxFile(path, descriptor);
        } catch (IOException | RuntimeException | Error e) {
            throw e;
        } catch (Throwable e) {
            throw new IllegalStateException("open " + path, e);
        }
    }

    /// Gives the range's space back; it reads as zeroes afterwards.
    ///
    /// @return false when this file system cannot punch holes, and then nothing has changed
    synchronized boolean punch(long offset, long length) throws IOException {
        requireOpen();
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment errno = arena.allocate(Linker.Option.captureStateLayout());
            int result;
            do {
                result = (int) Allocate.CALL.invokeExact(errno, descriptor, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
                        offset, length);
            } while (result < 0 && error(errno) == EINTR);
            if (result == 0) {
                return true;
            }
            int error = error(errno);
            if (error == EOPNOTSUPP || error == ENOSYS) {
                return false;
            }
            throw failure("punch a hole into", path, error);
        } catch (IOException | RuntimeException | Error e) {
            throw e;
        } catch (Throwable e) {
            throw new IllegalStateException("fallocate " + path, e);
        }
    }

    /// Has the host allot the range's space, if it can; what it reads as stays.
    synchronized void reserve(long offset, long length) {
        if (closed) {
            return;
        }
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment errno = arena.allocate(Linker.Option.captureStateLayout());
            // Its result is of no use to anybody: whether there is room shows when it is written.
            int _ = (int) Allocate.CALL.invokeExact(errno, descriptor, FALLOC_FL_KEEP_SIZE, offset, length);
        } catch (RuntimeException | Error e) {
            throw e;
        } catch (Throwable e) {
            throw new IllegalStateException("fallocate " + path, e);
        }
    }

    /// Has the host read the range into its cache meanwhile, if it likes to.
    synchronized void willNeed(long offset, long length) {
        if (closed) {
            return;
        }
        try {
            // Its result says whether the host takes such hints: of no use to anybody.
            int _ = (int) Advise.CALL.invokeExact(descriptor, offset, length, POSIX_FADV_WILLNEED);
        } catch (RuntimeException | Error e) {
            throw e;
        } catch (Throwable e) {
            throw new IllegalStateException("posix_fadvise " + path, e);
        }
    }

    /// Has the host begin to write the range back, without waiting for it: nothing is durable by this.
    synchronized void beginWriteback(long offset, long length) {
        if (closed) {
            return;
        }
        try {
            // Its result is of no use to anybody: whether it can be written shows when it is synced.
            int _ = (int) SyncRange.CALL.invokeExact(descriptor, offset, length, SYNC_FILE_RANGE_WRITE);
        } catch (RuntimeException | Error e) {
            throw e;
        } catch (Throwable e) {
            throw new IllegalStateException("sync_file_range " + path, e);
        }
    }

    /// The first byte at or after `from` that is not in a hole, or -1 when only holes follow. `from` itself where the file
    /// system does not know its holes.
    long nextData(long from) throws IOException {
        return seek(from, SEEK_DATA, from);
    }

    /// The first byte at or after `from` that is in a hole, or the end of the file.
    long nextHole(long from, long size) throws IOException {
        return seek(from, SEEK_HOLE, size);
    }

    private synchronized long seek(long from, int whence, long unknown) throws IOException {
        requireOpen();
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment errno = arena.allocate(Linker.Option.captureStateLayout());
            long result = (long) Seek.CALL.invokeExact(errno, descriptor, from, whence);
            if (result >= 0) {
                return result;
            }
            int error = error(errno);
            return switch (error) {
                case ENXIO -> -1;
                case EINVAL, EOPNOTSUPP, ENOSYS -> unknown;
                default -> throw failure("find the holes of", path, error);
            };
        } catch (IOException | RuntimeException | Error e) {
            throw e;
        } catch (Throwable e) {
            throw new IllegalStateException("lseek " + path, e);
        }
    }

    /// Makes this file's content that of `source` by sharing its blocks (reflink): at once, and for no space.
    ///
    /// @return false when the file system cannot, and then nothing has changed
    synchronized boolean reflink(LinuxFile source) throws IOException {
        requireOpen();
        synchronized (source) {
            source.requireOpen();
            try (Arena arena = Arena.ofConfined()) {
                MemorySegment errno = arena.allocate(Linker.Option.captureStateLayout());
                int result;
                do {
                    result = (int) Ioctl.CALL.invokeExact(errno, descriptor, FICLONE, source.descriptor);
                } while (result < 0 && error(errno) == EINTR);
                if (result == 0) {
                    return true;
                }
                int error = error(errno);
                return switch (error) {
                    case EOPNOTSUPP, ENOTTY, ENOSYS, EXDEV, EINVAL -> false;
                    default -> throw failure("share the blocks of " + source.path + " with", path, error);
                };
            } catch (IOException | RuntimeException | Error e) {
                throw e;
            } catch (Throwable e) {
                throw new IllegalStateException("ioctl " + path, e);
            }
        }
    }

    @Override
    public synchronized void close() throws IOException {
        if (closed) {
            return;
        }
        closed = true;
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment errno = arena.allocate(Linker.Option.captureStateLayout());
            // Linux releases the descriptor even when close fails, so it is never repeated.
            if ((int) Close.CALL.invokeExact(errno, descriptor) < 0 && error(errno) != EINTR) {
                throw failure("close", path, error(errno));
            }
        } catch (IOException | RuntimeException | Error e) {
            throw e;
        } catch (Throwable e) {
            throw new IllegalStateException("close " + path, e);
        }
    }

    private void requireOpen() throws IOException {
        if (closed) {
            throw new IOException(path + " is closed");
        }
    }

    private static MethodHandle function(String name, FunctionDescriptor type, Linker.Option... options) {
        SymbolLookup lookup = LINKER.defaultLookup();
        return LINKER.downcallHandle(lookup.findOrThrow(name), type, options);
    }

    private static int error(MemorySegment errno) {
        return (int) ERRNO_VALUE.get(errno, 0L);
    }

    private static IOException failure(String what, Path path, int error) throws Throwable {
        MemorySegment text = (MemorySegment) ErrorText.CALL.invokeExact(error);
        return new IOException("cannot " + what + " " + path + ": " + text.reinterpret(256).getString(0));
    }
}
