package io.sosia.appliance.attach;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.VarHandle;
import java.nio.charset.StandardCharsets;

/// A Linux TAP interface (kernel documentation, networking/tuntap), by system calls.
///
/// WHY native: the JDK has no ioctl and no poll on such a file. SAFE BECAUSE every buffer is allocated here with the
/// size passed to the call, buffers of the two directions are apart, each direction is used by one thread at a time
/// ([TapUplink] sees to it), and [#close] runs only when neither can be in a call.
final class TapDevice implements AutoCloseable {
    private static final int O_RDWR = 2;
    private static final int O_NONBLOCK = 0x800;
    private static final int O_CLOEXEC = 0x80000;
    private static final long TUNSETIFF = 0x400454caL;
    private static final short IFF_TAP = 0x0002;
    private static final short IFF_NO_PI = 0x1000;
    private static final int NAME_BYTES_MAX = 15;
    private static final int IFREQ_BYTES = 40;
    private static final short POLLIN = 1;
    private static final int EPERM = 1;
    private static final int ENOENT = 2;
    private static final int EINTR = 4;
    private static final int EAGAIN = 11;
    private static final int EACCES = 13;
    private static final int EBUSY = 16;

    private static final Linker LINKER = Linker.nativeLinker();
    private static final SymbolLookup LIBC = LINKER.defaultLookup();
    private static final StructLayout CALL_STATE = Linker.Option.captureStateLayout();
    private static final VarHandle ERRNO = CALL_STATE.varHandle(MemoryLayout.PathElement.groupElement("errno"));
    private static final Linker.Option CAPTURE = Linker.Option.captureCallState("errno");
    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT;
    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG;

    private static final MethodHandle OPEN =
            call("open", FunctionDescriptor.of(INT, ValueLayout.ADDRESS, INT), Linker.Option.firstVariadicArg(2));
    private static final MethodHandle IOCTL =
            call("ioctl", FunctionDescriptor.of(INT, INT, LONG, ValueLayout.ADDRESS),
                    Linker.Option.firstVariadicArg(2));
    private static final MethodHandle READ = call("read", FunctionDescriptor.of(LONG, INT, ValueLayout.ADDRESS, LONG));
    private static final MethodHandle WRITE = call("write",
            FunctionDescriptor.of(LONG, INT, ValueLayout.ADDRESS, LONG));
    private static final MethodHandle POLL = call("poll", FunctionDescriptor.of(INT, ValueLayout.ADDRESS, LONG, INT));
    private static final MethodHandle EVENTFD = call("eventfd", FunctionDescriptor.of(INT, INT, INT));
    private static final MethodHandle CLOSE = call("close", FunctionDescriptor.of(INT, INT));

    private final Arena arena = Arena.ofShared();
    private final MemorySegment readState = arena.allocate(CALL_STATE);
    private final MemorySegment writeState = arena.allocate(CALL_STATE);
    private final MemorySegment readBuffer = arena.allocate(EthernetFrame.LENGTH_MAX);
    private final MemorySegment writeBuffer = arena.allocate(EthernetFrame.LENGTH_MAX);
    private final MemorySegment polled = arena.allocate(16, 4);
    private final MemorySegment one = arena.allocateFrom(LONG, 1);
    private final MemorySegment wakeState = arena.allocate(CALL_STATE);
    private final int tap;
    private final int wake;

    /// Opens or creates the interface `name`.
    ///
    /// @param name 1 to 15 ASCII characters
    /// @throws IOException naming what is missing and the remedy
    TapDevice(String name) throws IOException {
        if (!name.matches("[!-.0-~]{1," + NAME_BYTES_MAX + "}")) {
            throw new IOException("'" + name + "' is no interface name: 1 to " + NAME_BYTES_MAX
                    + " printable characters without '/'");
        }
        int opened = -1;
        try {
            opened = (int) OPEN.invokeExact(readState, arena.allocateFrom("/dev/net/tun"),
                    O_RDWR | O_NONBLOCK | O_CLOEXEC);
            if (opened < 0) {
                throw failure("/dev/net/tun", name, errno(readState));
            }
            MemorySegment request = arena.allocate(IFREQ_BYTES);
            MemorySegment.copy(name.getBytes(StandardCharsets.US_ASCII), 0, request, ValueLayout.JAVA_BYTE, 0,
                    name.length());
            request.set(ValueLayout.JAVA_SHORT, 16, (short) (IFF_TAP | IFF_NO_PI));
            if ((int) IOCTL.invokeExact(readState, opened, TUNSETIFF, request) < 0) {
                throw failure("the TAP interface " + name, name, errno(readState));
            }
            wake = (int) EVENTFD.invokeExact(readState, 0, O_NONBLOCK | O_CLOEXEC);
            if (wake < 0) {
                throw new IOException("cannot make an eventfd: errno " + errno(readState));
            }
            tap = opened;
        } catch (Throwable e) {
            if (opened >= 0) {
                closeFile(readState, opened);
            }
            arena.close();
            throw rethrown(e);
        }
        polled.set(INT, 0, tap);
        polled.set(ValueLayout.JAVA_SHORT, 4, POLLIN);
        polled.set(INT, 8, wake);
        polled.set(ValueLayout.JAVA_SHORT, 12, POLLIN);
    }

    /// Waits for a frame.
    ///
    /// @return the frame; null when [#wakeReader] was called
    /// @throws IOException when the interface is gone
    byte[] read() throws IOException {
        try {
            while (true) {
                long count = (long) READ.invokeExact(readState, tap, readBuffer, (long) EthernetFrame.LENGTH_MAX);
                if (count >= 0) {
                    return readBuffer.asSlice(0, count).toArray(ValueLayout.JAVA_BYTE);
                }
                int errno = errno(readState);
                if (errno != EAGAIN && errno != EINTR) {
                    throw new IOException("reading from the TAP interface failed: errno " + errno);
                }
                int ready = (int) POLL.invokeExact(readState, polled, 2L, -1);
                if (ready < 0 && errno(readState) != EINTR) {
                    throw new IOException("waiting for the TAP interface failed: errno " + errno(readState));
                }
                if (ready > 0 && polled.get(ValueLayout.JAVA_SHORT, 14) != 0) {
                    return null;
                }
            }
        } catch (Throwable e) {
            throw rethrown(e);
        }
    }

    /// Sends a frame without waiting.
    ///
    /// @return false when the kernel did not take it: the interface is down, or its queue is full
    boolean write(byte[] frame) {
        try {
            MemorySegment.copy(frame, 0, writeBuffer, ValueLayout.JAVA_BYTE, 0, frame.length);
            return (long) WRITE.invokeExact(writeState, tap, writeBuffer, (long) frame.length) == frame.length;
        } catch (Throwable e) {
            throw new IllegalStateException("write", e);
        }
    }

    /// Makes a waiting [#read], or the next that would wait, return null.
    void wakeReader() {
        try {
            long written = (long) WRITE.invokeExact(wakeState, wake, one, 8L);
            if (written != 8) {
                throw new IllegalStateException("eventfd took " + written + " bytes, expected 8");
            }
        } catch (Throwable e) {
            throw new IllegalStateException("waking the TAP reader", e);
        }
    }

    @Override
    public void close() {
        closeFile(readState, tap);
        closeFile(readState, wake);
        arena.close();
    }

    private static IOException failure(String what, String name, int errno) {
        String create = "create it for this user as root: 'ip tuntap add dev " + name + " mode tap user "
                + System.getProperty("user.name") + "' and 'ip link set " + name
                        + " up'; or use the user-mode network, which needs no privilege";
        return new IOException(
                switch (errno) {
                    case EPERM, EACCES -> "not permitted to open " + what + ": " + create;
                    case ENOENT -> "this host has no " + what
                            + ": load the kernel module with 'modprobe tun', or use the user-mode network";
                    case EBUSY -> what + " is in use by another process: stop it, or choose another interface";
                    default -> "cannot open " + what + " (errno " + errno + "): " + create;
                });
    }

    private static int errno(MemorySegment state) {
        return (int) ERRNO.get(state, 0L);
    }

    private static void closeFile(MemorySegment state, int file) {
        try {
            int _ = (int) CLOSE.invokeExact(state, file);
        } catch (Throwable e) {
            throw new IllegalStateException("close", e);
        }
    }

    private static IOException rethrown(Throwable e) {
        return switch (e) {
            case IOException io -> io;
            case RuntimeException unchecked -> throw unchecked;
            case Error error -> throw error;
            default -> new IOException(e);
        };
    }

    private static MethodHandle call(String name, FunctionDescriptor descriptor, Linker.Option... options) {
        Linker.Option[] all = new Linker.Option[options.length + 1];
        all[0] = CAPTURE;
        System.arraycopy(options, 0, all, 1, options.length);
        return LINKER.downcallHandle(LIBC.find(name).orElseThrow(), descriptor, all);
    }
}
