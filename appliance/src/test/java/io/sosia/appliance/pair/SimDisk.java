package io.sosia.appliance.pair;

import io.sosia.appliance.clone.ClonePart;
import io.sosia.appliance.lockstep.DiskAnswers;
import io.sosia.appliance.machine.port.DiskStatus;
import io.sosia.appliance.machine.port.MachineOutput;
import io.sosia.appliance.machine.port.MachineOutput.DiskRequest;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.TreeMap;

/// The disk of one host: carries requests out in order, each taking its time; what has been written is durable only
/// after a flush, and a power loss keeps any part of the rest. Each sector knows which write it holds (its tag),
/// durably and not.
final class SimDisk implements DiskAnswers {

    static final int SECTORS = 32;
    private static final int SECTOR = 512;

    private record Job(long lineage, DiskRequest request, Runnable done) {
        long tag() {
            return tag(lineage, request.requestId());
        }

        static long tag(long lineage, long requestId) {
            return (lineage << 32) + requestId + 1;
        }
    }

    private final Timeline timeline;
    private final SplittableRandom random;

    private final byte[] content = new byte[SECTORS * SECTOR];
    private final byte[] durable = new byte[SECTORS * SECTOR];
    private final long[] tags = new long[SECTORS];
    private final long[] durableTags = new long[SECTORS];

    private final ArrayDeque<Job> queue = new ArrayDeque<>();
    private final Map<Long, Answer.Done> answers = new TreeMap<>();
    private long lineage;
    private int life;
    private boolean busy;

    boolean slow;
    boolean failing;
    /// Sectors written since they were last taken for the partner.
    private final boolean[] changed = new boolean[SECTORS];

    SimDisk(Timeline timeline, SplittableRandom random) {
        this.timeline = timeline;
        this.random = random;
    }

    /// Tag of a write of one machine's life, greater than that of every write submitted before.
    static long tag(long lineage, long requestId) {
        return Job.tag(lineage, requestId);
    }

    /// A machine's life begins: its request ids count from 0.
    void begin(long newLineage) {
        lineage = newLineage;
        answers.clear();
    }

    void submit(DiskRequest request) {
        queue.add(new Job(lineage, request, () -> { }));
        work();
    }

    /// Makes all that was submitted durable, then tells.
    void sync(Runnable done) {
        queue.add(new Job(lineage, new MachineOutput.DiskFlush(-1), done));
        work();
    }

    private void work() {
        if (busy || queue.isEmpty()) {
            return;
        }
        busy = true;
        int of = life;
        long nanos = slow ? 30_000_000 + random.nextLong(200_000_000) : 20_000 + random.nextLong(2_000_000);
        timeline.in(nanos, () -> {
            if (of == life) {
                busy = false;
                Job job = queue.remove();
                answers.put(job.request().requestId(), carryOut(job));
                job.done().run();
                work();
            }
        });
    }

    private Answer.Done carryOut(Job job) {
        boolean ours = job.request().requestId() < 0;
        if (failing && !ours) {
            return new Answer.Done(DiskStatus.IO_ERROR, new byte[0]);
        }
        switch (job.request()) {
            case MachineOutput.DiskRead(long _, long offset, int length) -> {
                return new Answer.Done(DiskStatus.OK, Arrays.copyOfRange(content, (int) offset, (int) offset + length));
            }
            case MachineOutput.DiskWrite(long _, long offset, byte[] data) -> write(job.tag(), (int) offset, data);
            case MachineOutput.DiskDiscard(long _, var ranges) -> ranges.forEach(range -> zero(job.tag(), range));
            case MachineOutput.DiskWriteZeroes(long _, var ranges, boolean _) ->
                    ranges.forEach(range -> zero(job.tag(), range));
            case MachineOutput.DiskFlush _ -> {
                System.arraycopy(content, 0, durable, 0, content.length);
                System.arraycopy(tags, 0, durableTags, 0, tags.length);
            }
        }
        return new Answer.Done(DiskStatus.OK, new byte[0]);
    }

    private void zero(long tag, MachineOutput.ByteRange range) {
        write(tag, (int) range.offset(), new byte[(int) range.length()]);
    }

    private void write(long tag, int offset, byte[] data) {
        System.arraycopy(data, 0, content, offset, data.length);
        Arrays.fill(tags, offset / SECTOR, (offset + data.length) / SECTOR, tag);
        Arrays.fill(changed, offset / SECTOR, (offset + data.length) / SECTOR, true);
    }

    // What a partner is sent.

    void markAllChanged() {
        Arrays.fill(changed, true);
    }

    int changedSectors() {
        int count = 0;
        for (boolean each : changed) {
            count += each ? 1 : 0;
        }
        return count;
    }

    /// The next changed sector, its tag behind it; empty when there is none.
    Optional<ClonePart.Blocks> take() {
        for (int i = 0; i < SECTORS; i++) {
            if (changed[i]) {
                changed[i] = false;
                ByteBuffer bytes = ByteBuffer.allocate(2 * SECTOR).put(content, i * SECTOR, SECTOR).putLong(tags[i]);
                return Optional.of(new ClonePart.Blocks((long) i * SECTOR, bytes.array()));
            }
        }
        return Optional.empty();
    }

    /// What the partner's [#take] gave.
    void install(ClonePart.Blocks sector) {
        System.arraycopy(sector.bytes(), 0, content, (int) sector.offset(), SECTOR);
        tags[(int) sector.offset() / SECTOR] = ByteBuffer.wrap(sector.bytes()).getLong(SECTOR);
    }

    @Override
    public Answer ask(DiskRequest request) {
        Answer.Done done = answers.remove(request.requestId());
        return done == null ? new Answer.Pending() : done;
    }

    /// The power goes: of what is not durable each sector survives or does not.
    void powerLoss() {
        life++;
        busy = false;
        while (!queue.isEmpty() && random.nextInt(3) == 0) {
            Job job = queue.remove();
            if (!(job.request() instanceof MachineOutput.DiskFlush)) {
                carryOut(job);
            }
        }
        queue.clear();
        answers.clear();
        for (int i = 0; i < SECTORS; i++) {
            if (random.nextBoolean()) {
                System.arraycopy(content, i * SECTOR, durable, i * SECTOR, SECTOR);
                durableTags[i] = tags[i];
            }
        }
        System.arraycopy(durable, 0, content, 0, content.length);
        System.arraycopy(durableTags, 0, tags, 0, tags.length);
    }

    boolean sameContent(SimDisk other) {
        return Arrays.equals(content, other.content);
    }

    /// The first sector that durably holds an earlier write than it has to; -1 if none.
    int missing(long[] required) {
        for (int i = 0; i < SECTORS; i++) {
            if (durableTags[i] < required[i]) {
                return i;
            }
        }
        return -1;
    }
}
