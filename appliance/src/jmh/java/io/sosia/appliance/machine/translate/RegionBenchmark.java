package io.sosia.appliance.machine.translate;

import io.sosia.appliance.machine.isa.Decoder;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

/// The class file of a region: what the translation thread does before the JVM's compiler.
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
public class RegionBenchmark {
    /// `ld x6,0(x5)`, `add x7,x6,x5`, `sd x7,8(x5)`, `addi x5,x5,16`, `bne x5,x10,.-16`.
    private static final int[] LOOP = {0x0002_b303, 0x0053_03b3, 0x0072_b423, 0x0102_8293, 0xfea2_98e3};

    private static final int INSTRUCTIONS = 160;

    @Param
    public Tier tier;

    private RegionPlan plan;

    @Setup
    public void plan() {
        List<RegionPlan.Block> blocks = new ArrayList<>();
        for (int place = 0; blocks.size() * LOOP.length < INSTRUCTIONS; place += 4 * LOOP.length) {
            long[] words = new long[LOOP.length];
            for (int i = 0; i < LOOP.length; i++) {
                words[i] = Decoder.decode(LOOP[i]);
            }
            blocks.add(new RegionPlan.Block(place, words, 0));
        }
        plan = new RegionPlan(0, blocks, new int[] {0}, new int[] {1}, new int[0], false);
    }

    @Benchmark
    public byte[] compile() {
        return RegionCompiler.compile(tier, "", plan);
    }
}
