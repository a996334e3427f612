package io.sosia.appliance.machine.memory;

import com.sun.management.OperatingSystemMXBean;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/// Gets memory from the host for what is large and written bit by bit.
///
/// A direct buffer of Java's is filled with zeros when it is made, which takes as long as a fair part of a boot, and counts
/// against a limit that has to be set for it. Here a page becomes the host's concern when it is first touched; what nobody reaches
/// any longer is looked for when more is asked for. The launcher has the C library ask for large pages: on hosts where a page
/// takes long to come, a boot is a twentieth faster by that.
public final class HostMemory {

    private static final Linker LINKER = Linker.nativeLinker();
    private static final MethodHandle CALLOC = function("calloc",
            FunctionDescriptor.of(ValueLayout.ADDRESS, ValueLayout.JAVA_LONG, ValueLayout.JAVA_LONG));
    private static final MethodHandle FREE = function("free", FunctionDescriptor.ofVoid(ValueLayout.ADDRESS));

    /// Beside two machines: above that, those that are gone are looked for. Java sees no reason to, their heap is small.
    private static final long BESIDE_MAX = 512L << 20;

    private static long lent;
    private static long most;

    private HostMemory() {}

    /// A little-endian buffer of zeros, given back when it is no longer reachable.
    ///
    /// @throws OutOfMemoryError when that is more than this host has, or may be used here, or when it refuses
    public static ByteBuffer zeros(int bytes) {
        if (bytes > ((OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean()).getTotalMemorySize()) {
            throw new OutOfMemoryError("this host has less memory");
        }
        if (lend(bytes)) {
            System.gc();
        }
        try {
            MemorySegment start = (MemorySegment) CALLOC.invokeExact((long) bytes, 1L);
            if (start.address() == 0) {
                lend(-bytes);
                throw new OutOfMemoryError("the host refuses it");
            }
            return start.reinterpret(bytes, Arena.ofAuto(), HostMemory::free).asByteBuffer().order(ByteOrder.LITTLE_ENDIAN);
        } catch (RuntimeException | Error e) {
            throw e;
        } catch (Throwable e) {
            throw new IllegalStateException(e);
        }
    }

    private static void free(MemorySegment memory) {
        try {
            FREE.invokeExact(memory);
            lend(-memory.byteSize());
        } catch (Throwable e) {
            throw new IllegalStateException(e);
        }
    }

    /// Bytes that have not been given back.
    static synchronized long lent() {
        return lent;
    }

    /// @return whether much of it may not be in use any longer
    private static synchronized boolean lend(long bytes) {
        lent += bytes;
        most = Math.max(most, bytes);
        return lent > 2 * most + BESIDE_MAX;
    }

    private static MethodHandle function(String name, FunctionDescriptor type) {
        return LINKER.downcallHandle(LINKER.defaultLookup().findOrThrow(name), type);
    }
}
