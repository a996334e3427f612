package io.sosia.appliance.pair;

import io.sosia.appliance.lockstep.ToyMachine;
import io.sosia.appliance.machine.port.DiskStatus;
import io.sosia.appliance.machine.port.GuestMachine;
import io.sosia.appliance.machine.port.MachineImage;
import io.sosia.appliance.machine.port.MachineInput;
import io.sosia.appliance.machine.port.MachineOutput;
import io.sosia.appliance.machine.port.MachineOutput.DiskRequest;
import io.sosia.appliance.machine.port.Stop;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Consumer;

/// A toy machine and a ledger of what its guest may rely on: the writes that a flush it has seen complete made durable.
final class WatchedMachine implements GuestMachine {

    private record Seen(DiskRequest request, long[] completedAtSubmission) {}

    private static final int SEEN_BYTES = 8 + 8 * SimDisk.SECTORS;
    private static final int LEDGER_BYTES = 4 + 8 + 1 + 2 * 8 * SimDisk.SECTORS;

    final ToyMachine toy = new ToyMachine(ToyMachine.Habits.LIVELY);
    private long lineage;
    private final Map<Long, Seen> pending = new TreeMap<>();
    private final long[] completed = new long[SimDisk.SECTORS];
    private final long[] required = new long[SimDisk.SECTORS];
    private boolean poweredOff;

    WatchedMachine(long lineage) {
        this.lineage = lineage;
    }

    /// Tells the machine of one cold boot from that of another.
    long lineage() {
        return lineage;
    }

    /// For each sector the least tag that has to be durable.
    long[] required() {
        return required.clone();
    }

    boolean poweredOff() {
        return poweredOff;
    }

    @Override
    public void apply(MachineInput input) {
        toy.apply(input);
        if (input instanceof MachineInput.DiskCompleted(long id, DiskStatus status, byte[] _)) {
            Seen seen = pending.remove(id);
            if (status == DiskStatus.OK) {
                done(seen);
            }
        }
    }

    private void done(Seen seen) {
        long tag = SimDisk.tag(lineage, seen.request().requestId());
        switch (seen.request()) {
            case MachineOutput.DiskRead _ -> { }
            case MachineOutput.DiskWrite(long _, long offset, byte[] data) -> wrote(tag, offset, data.length);
            case MachineOutput.DiskDiscard(long _, var ranges) ->
                    ranges.forEach(r -> wrote(tag, r.offset(), r.length()));
            case MachineOutput.DiskWriteZeroes(long _, var ranges, boolean _) ->
                    ranges.forEach(r -> wrote(tag, r.offset(), r.length()));
            case MachineOutput.DiskFlush _ -> {
                for (int i = 0; i < required.length; i++) {
                    required[i] = Math.max(required[i], seen.completedAtSubmission()[i]);
                }
            }
        }
    }

    private void wrote(long tag, long offset, long length) {
        int from = (int) (offset / 512);
        for (int i = from; i < from + length / 512; i++) {
            completed[i] = Math.max(completed[i], tag);
        }
    }

    @Override
    public void drain(Consumer<MachineOutput> outbox) {
        toy.drain(output -> {
            if (output instanceof DiskRequest request) {
                pending.put(request.requestId(), new Seen(request, Arrays.copyOf(completed, completed.length)));
            }
            poweredOff |= output instanceof MachineOutput.PowerOff;
            outbox.accept(output);
        });
    }

    @Override
    public long steps() {
        return toy.steps();
    }

    @Override
    public Stop run(long untilSteps) {
        return toy.run(untilSteps);
    }

    @Override
    public long ticks() {
        return toy.ticks();
    }

    @Override
    public long ticksPerStepQ32() {
        return toy.ticksPerStepQ32();
    }

    @Override
    public long timerDeadlineTicks() {
        return toy.timerDeadlineTicks();
    }

    @Override
    public int consoleRoom() {
        return toy.consoleRoom();
    }

    @Override
    public int frameRoom() {
        return toy.frameRoom();
    }

    @Override
    public List<DiskRequest> pendingDiskRequests() {
        return toy.pendingDiskRequests();
    }

    @Override
    public int pendingEntropy() {
        return toy.pendingEntropy();
    }

    @Override
    public long digest() {
        return toy.digest();
    }

    /// The toy's, and the ledger with the state.
    @Override
    public MachineImage image() {
        MachineImage of = toy.image();
        return new MachineImage() {
            @Override
            public int pages() {
                return of.pages();
            }

            @Override
            public void markAllChanged() {
                of.markAllChanged();
            }

            @Override
            public int changedPages() {
                return of.changedPages();
            }

            @Override
            public int nextChanged(int page) {
                return of.nextChanged(page);
            }

            @Override
            public boolean take(int page, byte[] into, int at) {
                return of.take(page, into, at);
            }

            @Override
            public byte[] state() {
                byte[] inner = of.state();
                ByteBuffer out = ByteBuffer.allocate(inner.length + LEDGER_BYTES + pending.size() * SEEN_BYTES);
                out.putInt(inner.length).put(inner).putLong(lineage).put((byte) (poweredOff ? 1 : 0));
                words(out, completed);
                words(out, required);
                pending.forEach((id, seen) -> words(out.putLong(id), seen.completedAtSubmission()));
                return out.array();
            }

            @Override
            public void put(int page, byte[] from, int at) {
                of.put(page, from, at);
            }

            @Override
            public void putZero(int page) {
                of.putZero(page);
            }

            @Override
            public void restore(byte[] state) throws IOException {
                ByteBuffer in = ByteBuffer.wrap(state);
                byte[] inner = new byte[in.getInt()];
                in.get(inner);
                of.restore(inner);
                lineage = in.getLong();
                poweredOff = in.get() != 0;
                get(in, completed);
                get(in, required);
                while (in.hasRemaining()) {
                    long id = in.getLong();
                    long[] at = new long[SimDisk.SECTORS];
                    get(in, at);
                    DiskRequest request = toy.pendingDiskRequests().stream().filter(r -> r.requestId() == id).findFirst()
                            .orElseThrow();
                    pending.put(id, new Seen(request, at));
                }
            }
        };
    }

    private static void words(ByteBuffer out, long[] words) {
        for (long word : words) {
            out.putLong(word);
        }
    }

    private static void get(ByteBuffer in, long[] words) {
        for (int i = 0; i < words.length; i++) {
            words[i] = in.getLong();
        }
    }

    @Override
    public void save(OutputStream out) throws IOException {
        toy.save(out);
    }

    @Override
    public void load(InputStream in) throws IOException {
        toy.load(in);
    }
}
