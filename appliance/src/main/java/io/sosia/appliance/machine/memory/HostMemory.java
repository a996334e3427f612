package io.sosia.appliance.machine.memory;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/// Gets memory from the host for what is large and written bit by bit.
///
/// A direct buffer of Java's is filled with zeros when it is made, which takes as long as a fair part of a boot, and counts
/// against a limit that has to be set for it. Here a page becomes the host's concern when it is first touched. (Large pages, asked
/// for with `madvise`, made a boot slower by a twentieth and nothing faster.)
public final class HostMemory {

    private static final Linker LINKER = Linker.nativeLinker();
    private static final MethodHandle CALLOC = function("calloc",
            FunctionDescriptor.of(ValueLayout.ADDRESS, ValueLayout.JAVA_LONG, ValueLayout.JAVA_LONG));
    private static final MethodHandle FREE = function("free", FunctionDescriptor.ofVoid(ValueLayout.ADDRESS));

    private HostMemory() {}

    /// A little-endian buffer of zeros, given back when it is no longer reachable.
    ///
    /// @throws OutOfMemoryError when the host does not have so much
    public static ByteBuffer zeros(int bytes) {
        try {
            MemorySegment start = (MemorySegment) CALLOC.invokeExact((long) bytes, 1L);
            if (start.address() == 0) {
                throw new OutOfMemoryError("the host has no " + bytes + " bytes of memory");
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
        } catch (Throwable e) {
            throw new IllegalStateException(e);
        }
    }

    private static MethodHandle function(String name, FunctionDescriptor type) {
        return LINKER.downcallHandle(LINKER.defaultLookup().findOrThrow(name), type);
    }
}
