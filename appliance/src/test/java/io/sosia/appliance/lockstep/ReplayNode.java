package io.sosia.appliance.lockstep;

import io.sosia.appliance.eventlog.LogBatch;
import io.sosia.appliance.eventlog.LogFormatException;
import io.sosia.appliance.eventlog.MarkedOutput;
import io.sosia.appliance.eventlog.RunPoint;
import io.sosia.appliance.machine.port.GuestMachine;
import io.sosia.appliance.machine.port.MachineOutput.DiskRequest;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/// A replayer with a disk of its own, driven in random slices.
final class ReplayNode implements OutputSink {
    final List<MarkedOutput> outputs = new ArrayList<>();
    final ToyDisk disk;
    final Replayer replayer;
    long waitsForDisk;

    ReplayNode(GuestMachine machine, RunPoint start, ToyDisk disk) {
        this(machine, start, disk, disk);
    }

    ReplayNode(GuestMachine machine, RunPoint start, ToyDisk disk, DiskAnswers answers) {
        this.disk = disk;
        this.replayer = new Replayer(machine, start, ReplayLimits.DEFAULT, answers, this);
    }

    /// Feeds the batches one by one and replays each as far as it goes, in random slices.
    ReplayResult replay(List<LogBatch> batches, SplittableRandom random) throws LogFormatException {
        ReplayResult result = new ReplayResult.WaitingLog();
        for (LogBatch batch : batches) {
            replayer.accept(batch);
            result = drain(random);
        }
        return result;
    }

    ReplayResult drain(SplittableRandom random) {
        while (true) {
            ReplayResult result = replayer.advance(1 + random.nextInt(300));
            switch (result) {
                case ReplayResult.Ran _ -> { }
                case ReplayResult.WaitingDisk _ -> waitsForDisk++;
                case ReplayResult.WaitingLog _, ReplayResult.Diverged _, ReplayResult.DiskFailed _,
                     ReplayResult.Ended _ -> {
                    return result;
                }
            }
        }
    }

    @Override
    public void external(MarkedOutput output) {
        outputs.add(output);
    }

    @Override
    public void disk(DiskRequest request) {
        disk.submit(request);
    }

    @Override
    public void entropyWanted(int bytes) {}
}
