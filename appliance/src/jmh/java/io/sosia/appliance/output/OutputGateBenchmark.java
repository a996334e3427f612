package io.sosia.appliance.output;

import io.sosia.appliance.eventlog.LogPosition;
import io.sosia.appliance.eventlog.MarkedOutput;
import io.sosia.appliance.machine.port.MachineOutput;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.infra.Blackhole;

/// A frame that is held, and let out by a receipt for a few of them.
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class OutputGateBenchmark {
    private static final UUID BACKUP = new UUID(0, 1);
    private static final int FRAMES = 8;

    private final MachineOutput frame = new MachineOutput.FrameOut(new byte[120]);
    private Blackhole outside;
    private final OutputGate gate = new OutputGate(GateLimits.DEFAULT, output -> outside.consume(output));
    private long sequence;

    public OutputGateBenchmark() {
        gate.startProtected(2, BACKUP);
    }

    @Benchmark
    @OperationsPerInvocation(FRAMES)
    public void holdAndRelease(Blackhole blackhole) {
        outside = blackhole;
        for (int i = 0; i < FRAMES; i++) {
            sequence++;
            gate.hold(new MarkedOutput(frame, new LogPosition(2, sequence)));
        }
        LogPosition last = new LogPosition(2, sequence);
        gate.ack(new Ack(2, BACKUP, last), last);
    }
}
