package io.sosia.appliance.lockstep;

import io.sosia.appliance.eventlog.EndReason;
import io.sosia.appliance.eventlog.LogBatch;
import io.sosia.appliance.eventlog.LogEntry;
import io.sosia.appliance.eventlog.LogPosition;
import io.sosia.appliance.eventlog.LogSink;
import io.sosia.appliance.eventlog.MarkedOutput;
import io.sosia.appliance.eventlog.RunPoint;
import io.sosia.appliance.machine.port.GuestMachine;
import io.sosia.appliance.machine.port.MachineInput;
import io.sosia.appliance.machine.port.MachineOutput.DiskRequest;
import io.sosia.appliance.machine.port.Stop;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/// A recorded run of a toy machine on a random schedule, all of it following from one seed: slices, frames, console
/// input, disk completions out of order, entropy, clock adjustments, digests, restarts.
public final class RandomRun {
    public final List<LogEntry> entries = new ArrayList<>();
    public final List<MarkedOutput> outputs = new ArrayList<>();
    public final ToyMachine machine;
    public final Recorder recorder;

    private final ToyDisk disk = new ToyDisk();
    private final List<DiskRequest> underWay = new ArrayList<>();
    private final SplittableRandom random;
    private int entropyWanted;

    public RandomRun(long seed, ToyMachine.Habits habits, Recorder.ReadData readData) {
        this(seed, habits, readData, (_, _) -> { });
    }

    /// @param also told of every entry
    public RandomRun(long seed, ToyMachine.Habits habits, Recorder.ReadData readData, LogSink also) {
        this.random = new SplittableRandom(seed);
        this.machine = new ToyMachine(habits);
        OutputSink sink = new OutputSink() {
            @Override
            public void external(MarkedOutput output) {
                outputs.add(output);
            }

            @Override
            public void disk(DiskRequest request) {
                disk.submit(request);
                underWay.add(request);
            }

            @Override
            public void entropyWanted(int bytes) {
                entropyWanted = bytes;
            }
        };
        this.recorder = new Recorder(machine, RunPoint.start(1), readData, (position, entry) -> {
            entries.add(entry);
            also.append(position, entry);
            if (position.seq() != entries.size()) {
                throw new IllegalStateException("entry " + entries.size() + " at position " + position);
            }
        }, sink);
        recorder.apply(new MachineInput.PowerOn(bytes(32), random.nextLong() >>> 1));
    }

    /// Does `actions` random things.
    public RandomRun act(int actions) {
        for (int i = 0; i < actions; i++) {
            act();
        }
        return this;
    }

    private void act() {
        Stop stop = recorder.run(machine.steps() + random.nextInt(400));
        if (stop == Stop.RESET) {
            recorder.apply(new MachineInput.PowerOn(bytes(40), 17));
            return;
        }
        switch (random.nextInt(10)) {
            case 0 -> frames();
            case 1, 2, 3 -> {
                if (!underWay.isEmpty()) {
                    recorder.apply(disk.complete(underWay.remove(random.nextInt(underWay.size()))));
                }
            }
            case 4 -> {
                if (entropyWanted > 0 && machine.pendingEntropy() > 0) {
                    recorder.apply(new MachineInput.Entropy(bytes(entropyWanted)));
                }
                entropyWanted = 0;
            }
            case 5 -> recorder.apply(new MachineInput.ClockAdjust(machine.ticks() + random.nextInt(1_000),
                    (1L << 32) / (1 + random.nextInt(20))));
            case 6 -> recorder.progress();
            case 7 -> {
                if (random.nextInt(4) == 0) {
                    recorder.digest();
                }
            }
            case 8 -> {
                if (machine.consoleRoom() > 0) {
                    byte key = (byte) (random.nextInt(40) == 0 ? 'r' : 'x');
                    recorder.apply(new MachineInput.ConsoleIn(new byte[] {key}));
                }
            }
            default -> { }
        }
    }

    private void frames() {
        List<byte[]> frames = new ArrayList<>();
        for (int i = 0; i <= random.nextInt(3); i++) {
            frames.add(bytes(14 + random.nextInt(80)));
        }
        recorder.apply(new MachineInput.FramesIn(frames));
    }

    private byte[] bytes(int count) {
        byte[] bytes = new byte[count];
        random.nextBytes(bytes);
        return bytes;
    }

    /// Ends the log.
    public RandomRun end() {
        recorder.end(EndReason.STOPPED);
        return this;
    }

    /// All entries, in batches of random size.
    public List<LogBatch> batches() {
        return batches(entries, 1, random);
    }

    /// Entries numbered from `firstSeq` in epoch 1, in batches of random size.
    public static List<LogBatch> batches(List<LogEntry> entries, long firstSeq, SplittableRandom random) {
        List<LogBatch> batches = new ArrayList<>();
        for (int at = 0; at < entries.size();) {
            int size = Math.min(entries.size() - at, 1 + random.nextInt(12));
            batches.add(new LogBatch(new LogPosition(1, firstSeq + at), entries.subList(at, at + size)));
            at += size;
        }
        return batches;
    }

    /// A copy of the machine, made by saving and restoring it.
    public static GuestMachine copy(ToyMachine machine, ToyMachine.Habits habits) throws IOException {
        var bytes = new ByteArrayOutputStream();
        machine.save(bytes);
        return ToyMachine.restore(bytes.toByteArray(), habits);
    }
}
