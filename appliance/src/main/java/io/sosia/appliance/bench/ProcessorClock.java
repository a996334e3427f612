package io.sosia.appliance.bench;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;

/// The CPU time of a whole process, all its threads, dead ones included, in nanoseconds (clock_getcpuclockid(3)).
///
/// WHY native: `/proc` and the JDK count in hundredths of a second, too coarse for laps of a few tenths. SAFE BECAUSE the
/// one buffer is allocated here, with the size the call fills, and nobody else has it.
final class ProcessorClock {

    private static final int TIMESPEC_BYTES = 16;
    /// The kernel's clock of a process (include/linux/posix-timers_types.h): complement of its id, then CPUCLOCK_SCHED.
    private static final int SCHED = 2;
    private static final MethodHandle CLOCK_GETTIME = Linker.nativeLinker().downcallHandle(
            Linker.nativeLinker().defaultLookup().findOrThrow("clock_gettime"),
            FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.JAVA_INT, ValueLayout.ADDRESS));

    private ProcessorClock() {}

    /// CPU time of a living process so far.
    ///
    /// @throws BenchException when there is no such process
    static long nanos(long pid) throws BenchException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment time = arena.allocate(TIMESPEC_BYTES, Long.BYTES);
            int failed = (int) CLOCK_GETTIME.invokeExact((int) (~pid << 3) | SCHED, time);
            if (failed != 0) {
                throw new BenchException("process " + pid + " has no CPU clock: it has ended");
            }
            return time.get(ValueLayout.JAVA_LONG, 0) * 1_000_000_000L + time.get(ValueLayout.JAVA_LONG, Long.BYTES);
        } catch (BenchException | RuntimeException | Error e) {
            throw e;
        } catch (Throwable e) {
            throw new IllegalStateException("clock_gettime throws nothing", e);
        }
    }
}
