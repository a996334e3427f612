package io.sosia.appliance.bench;

/// Something that executes a program of the benchmark, one repetition of its work at a time; in between it stands still.
interface Contestant extends AutoCloseable {

    /// One repetition.
    ///
    /// @param line              what the program printed at its end
    /// @param steps             guest steps it took; 0 where nobody counts them
    /// @param cpuSeconds        CPU time of what executes the guest: our thread, or all of QEMU
    /// @param processCpuSeconds CPU time of the whole process meanwhile, its compilers included
    record Lap(String line, long steps, double cpuSeconds, double processCpuSeconds) {}

    /// Runs on to the end of the next repetition.
    ///
    /// @throws BenchException when the program prints nothing in time, or ends
    Lap lap() throws BenchException;

    @Override
    void close();
}
