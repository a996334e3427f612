package io.sosia.appliance.machine.fpu;

import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;

/// Double-precision operations, with the flags they raise: where Java's arithmetic does for them (rounding to nearest), and where it does not
/// (rounding up).
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class FloatBenchmark {

    /// As in `frm`: 0 to nearest, 3 up.
    @Param({"0", "3"})
    public int rounding;

    private final FpFlags flags = new FpFlags();
    private long a = Double.doubleToRawLongBits(1.0 / 3);
    private long b = Double.doubleToRawLongBits(7.0 / 11);
    private long c = Double.doubleToRawLongBits(-0.1);

    @Benchmark
    public long add() {
        return Float64.add(a, b, rounding, flags);
    }

    @Benchmark
    public long mul() {
        return Float64.mul(a, b, rounding, flags);
    }

    @Benchmark
    public long div() {
        return Float64.div(a, b, rounding, flags);
    }

    @Benchmark
    public long fmadd() {
        return Float64.fmadd(a, b, c, rounding, flags);
    }
}
