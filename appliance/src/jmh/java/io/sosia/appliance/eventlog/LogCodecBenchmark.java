package io.sosia.appliance.eventlog;

import io.sosia.appliance.machine.port.MachineInput;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;

/// The bytes of a batch of the log as a guest that answers requests makes them: 32 frames that came in, and as many marks of output.
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
public class LogCodecBenchmark {
    private static final int REQUESTS = 32;
    private static final int FRAME_BYTES = 120;

    private final LogBatch batch = batch();
    private final byte[] bytes = LogCodec.encode(batch);

    private static LogBatch batch() {
        List<LogEntry> entries = new ArrayList<>();
        for (int i = 0; i < REQUESTS; i++) {
            entries.add(new LogEntry.Input(10_000L * i, new MachineInput.FramesIn(List.of(new byte[FRAME_BYTES]))));
            entries.add(new LogEntry.Mark(10_000L * i + 5_000, OutputTotals.NONE));
        }
        return new LogBatch(new LogPosition(2, 1), entries);
    }

    @Benchmark
    public byte[] encode() {
        return LogCodec.encode(batch);
    }

    @Benchmark
    public LogBatch decode() throws LogFormatException {
        return LogCodec.decode(bytes);
    }
}
