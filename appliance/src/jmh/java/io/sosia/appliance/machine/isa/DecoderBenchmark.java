package io.sosia.appliance.machine.isa;

import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;

/// One instruction decoded: what the first execution of each costs besides.
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class DecoderBenchmark {
    private static final int WORDS = 1024;

    private final int[] full = new SplittableRandom(1).ints(WORDS).map(word -> word | 3).toArray();
    private final int[] compressed = new SplittableRandom(2).ints(WORDS, 0, 1 << 16).filter(word -> (word & 3) != 3).limit(WORDS).toArray();

    @Benchmark
    @OperationsPerInvocation(WORDS)
    public long full() {
        return decodeAll(full);
    }

    @Benchmark
    @OperationsPerInvocation(WORDS)
    public long compressed() {
        return decodeAll(compressed);
    }

    private static long decodeAll(int[] words) {
        long all = 0;
        for (int word : words) {
            all ^= Decoder.decode(word);
        }
        return all;
    }
}
