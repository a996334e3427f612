package io.sosia.appliance.lockstep;

import io.sosia.appliance.machine.port.DiskStatus;
import io.sosia.appliance.machine.port.MachineInput.DiskCompleted;
import io.sosia.appliance.machine.port.MachineOutput;
import io.sosia.appliance.machine.port.MachineOutput.DiskRequest;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;

/// A disk in memory that carries requests out in submission order and gives each answer once, when asked for it.
public final class ToyDisk implements DiskAnswers {
    private static final byte[] NOTHING = new byte[0];

    private final byte[] content = new byte[512 * 32];
    private final Map<Long, Answer.Done> answers = new LinkedHashMap<>();
    private int pollsBeforeAnswer;
    private int polls;

    /// A disk that answers each request only when asked for the `polls + 1`st time.
    public static ToyDisk answeringAfter(int polls) {
        ToyDisk disk = new ToyDisk();
        disk.pollsBeforeAnswer = polls;
        return disk;
    }

    /// Carries out a request at once.
    public void submit(DiskRequest request) {
        answers.put(request.requestId(), new Answer.Done(DiskStatus.OK, carryOut(request)));
    }

    private byte[] carryOut(DiskRequest request) {
        switch (request) {
            case MachineOutput.DiskRead(long _, long offset, int length) -> {
                return Arrays.copyOfRange(content, (int) offset, (int) offset + length);
            }
            case MachineOutput.DiskWrite(long _, long offset, byte[] data) ->
                    System.arraycopy(data, 0, content, (int) offset, data.length);
            case MachineOutput.DiskDiscard(long _, var ranges) -> ranges.forEach(this::clear);
            case MachineOutput.DiskWriteZeroes(long _, var ranges, boolean _) -> ranges.forEach(this::clear);
            case MachineOutput.DiskFlush _ -> { }
        }
        return NOTHING;
    }

    private void clear(MachineOutput.ByteRange range) {
        Arrays.fill(content, (int) range.offset(), (int) (range.offset() + range.length()), (byte) 0);
    }

    /// Makes the answer to a request that was carried out a failure.
    public void fail(long requestId) {
        answers.replace(requestId, new Answer.Done(DiskStatus.IO_ERROR, NOTHING));
    }

    @Override
    public Answer ask(DiskRequest request) {
        if (polls++ < pollsBeforeAnswer) {
            return new Answer.Pending();
        }
        polls = 0;
        Answer.Done done = answers.remove(request.requestId());
        if (done == null) {
            throw new IllegalStateException("asked again, or never given: " + request);
        }
        return done;
    }

    /// The completion of a request, to be applied to the machine that made it.
    public DiskCompleted complete(DiskRequest request) {
        Answer.Done done = answers.remove(request.requestId());
        return new DiskCompleted(request.requestId(), done.status(), done.data());
    }
}
