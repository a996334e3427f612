package io.sosia.appliance.recording;

import io.sosia.appliance.eventlog.LogBatch;
import io.sosia.appliance.eventlog.LogEntry;
import io.sosia.appliance.eventlog.LogFormatException;
import io.sosia.appliance.eventlog.RunPoint;
import io.sosia.appliance.lockstep.DiskAnswers;
import io.sosia.appliance.lockstep.Divergence;
import io.sosia.appliance.lockstep.OutputSink;
import io.sosia.appliance.lockstep.ReplayLimits;
import io.sosia.appliance.lockstep.ReplayResult;
import io.sosia.appliance.lockstep.Replayer;
import io.sosia.appliance.machine.port.GuestMachine;
import java.io.IOException;
import java.util.Optional;

/// Replays a whole recording on a machine and says whether the run was reproduced.
public final class Playback {

    /// How a replay ended.
    public sealed interface Outcome {

        /// Reproduced to the last output byte.
        ///
        /// @param end     the recording's last entry
        /// @param entries number of its entries
        record Reproduced(LogEntry.End end, long entries) implements Outcome {}

        /// Not the run that was recorded.
        record Diverged(Divergence evidence) implements Outcome {}
    }

    private static final ReplayLimits LIMITS = new ReplayLimits(1 << 20, 1L << 30, 1 << 20);

    private Playback() {}

    /// Replays to the end.
    ///
    /// @param machine built as `reader.header()` says, not started
    /// @param outputs shown what the machine sent, once its mark is reached
    /// @throws LogFormatException when the recording is cut or corrupt
    public static Outcome play(RecordingReader reader, GuestMachine machine, OutputSink outputs) throws IOException {
        Optional<LogBatch> batch = reader.next();
        long epoch = batch.isPresent() ? batch.get().first().epoch() : 0;
        Replayer replayer = new Replayer(machine, RunPoint.start(epoch), LIMITS, DiskAnswers.FROM_LOG, outputs);
        while (batch.isPresent()) {
            replayer.accept(batch.get());
            ReplayResult result = replayer.advance(Long.MAX_VALUE);
            switch (result) {
                case ReplayResult.WaitingLog _ -> batch = reader.next();
                case ReplayResult.Diverged(Divergence evidence) -> {
                    return new Outcome.Diverged(evidence);
                }
                case ReplayResult.Ended(LogEntry.End end) -> {
                    if (reader.next().isPresent()) {
                        throw new IllegalStateException("a reader gave entries after the end");
                    }
                    return new Outcome.Reproduced(end, replayer.executed().seq());
                }
                case ReplayResult.Ran _, ReplayResult.WaitingDisk _, ReplayResult.DiskFailed _ ->
                        throw new IllegalStateException("replay without a disk and without a limit gave " + result);
            }
        }
        throw new LogFormatException("the recording has no entries");
    }
}
