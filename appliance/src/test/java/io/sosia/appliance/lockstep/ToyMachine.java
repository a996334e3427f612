package io.sosia.appliance.lockstep;

import io.sosia.appliance.machine.cpu.GuestClock;
import io.sosia.appliance.machine.port.DiskStatus;
import io.sosia.appliance.machine.port.GuestMachine;
import io.sosia.appliance.machine.port.MachineImage;
import io.sosia.appliance.machine.port.MachineInput;
import io.sosia.appliance.machine.port.MachineOutput;
import io.sosia.appliance.machine.port.MachineOutput.DiskRequest;
import io.sosia.appliance.machine.port.Stop;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Consumer;

/// A small machine with everything a log has to carry: each step stirs a hash chain, and the chain decides what the
/// step does (talk, ask the disk, set a timer, wait, ask for entropy, read the clock). Every input goes into the
/// chain, so whatever is applied differently or at another step shows in the outputs and in the digest.
///
/// It answers every frame it receives with one frame: the request's source and destination swapped, ethertype 0x88b5,
/// then (8 bytes each) the number of the answer, a hash of the request and the chain. Console input `p`, `f` and `r`
/// make it switch off, fail and ask for a restart.
public final class ToyMachine implements GuestMachine {

    /// How often a step does something, as one in so many steps; 0 for never.
    public record Habits(int console, int frame, int disk, int timer, int idle, int entropy) {
        /// Does a bit of everything.
        public static final Habits LIVELY = new Habits(90, 400, 350, 300, 500, 2_000);
        /// Sits in WFI and answers what comes in.
        public static final Habits SERVER = new Habits(0, 0, 0, 60, 200, 0);
        /// Only computes.
        public static final Habits SILENT = new Habits(0, 0, 0, 0, 0, 0);
    }

    private enum Power { OFF, ON, DOWN, RESET }

    private record Reply(long dueStep, byte[] frame) {}

    private static final int FIFO_BYTES = 16;
    /// Words used of each page of its image.
    private static final int PAGE_WORDS = 8;
    private static final int PENDING_DISK_MAX = 8;
    private static final int REPLIES_MAX = 64;

    private final Habits habits;
    private final GuestClock clock = new GuestClock();
    private final long[] ram = new long[64];
    private final boolean[] changed = new boolean[64 / PAGE_WORDS];
    private final ArrayDeque<Reply> replies = new ArrayDeque<>();
    private final List<DiskRequest> pendingDisk = new ArrayList<>();
    private final ArrayDeque<MachineOutput> outbox = new ArrayDeque<>();

    private Power power = Power.OFF;
    private long steps;
    private long chain;
    private long deadline = Long.MAX_VALUE;
    private long timerStep = Long.MAX_VALUE;
    private boolean waiting;
    private boolean waitReported;
    private int command;
    private int fifo;
    private long consoleBytes;
    private long requestIds;
    private long staleBelow;
    private long answers;
    private int entropyWanted;
    private long digest;

    /// A machine that is switched off.
    public ToyMachine(Habits habits) {
        this.habits = habits;
    }

    /// Makes this machine's future differ from what it should be: a planted fault that survives a restart.
    public void corrupt() {
        chain ^= 1;
        answers++;
    }

    @Override
    public long steps() {
        return steps;
    }

    @Override
    public Stop run(long untilSteps) {
        while (steps < untilSteps) {
            switch (power) {
                case OFF, DOWN -> {
                    return Stop.POWERED_OFF;
                }
                case RESET -> {
                    return Stop.RESET;
                }
                case ON -> { }
            }
            if (waiting) {
                if (!waitReported || deadline == Long.MAX_VALUE) {
                    waitReported = true;
                    return Stop.IDLE;
                }
                clock.passTo(steps, Math.max(deadline, clock.ticks(steps)));
                timerStep = clock.stepReaching(deadline);
                waiting = false;
            }
            boolean output = step();
            waitReported = false;
            if (power == Power.DOWN) {
                return Stop.POWERED_OFF;
            }
            if (power == Power.RESET) {
                return Stop.RESET;
            }
            if (output) {
                return Stop.OUTPUT;
            }
            if (waiting) {
                waitReported = true;
                return Stop.IDLE;
            }
        }
        return Stop.REACHED;
    }

    private boolean step() {
        steps++;
        stir(steps);
        int word = (int) (chain >>> 8) & 63;
        ram[word] ^= chain;
        changed[word / PAGE_WORDS] = true;
        fifo = Math.max(0, fifo - 1);
        if (steps >= timerStep) {
            stir(deadline);
            deadline = Long.MAX_VALUE;
            timerStep = Long.MAX_VALUE;
            return false;
        }
        if (command != 0) {
            return obey();
        }
        if (!replies.isEmpty() && replies.peek().dueStep() <= steps) {
            outbox.add(new MachineOutput.FrameOut(replies.remove().frame()));
            return true;
        }
        if ((chain & 31) == 0) {
            stir(clock.ticks(steps));
        }
        return act();
    }

    private boolean act() {
        if (due(habits.console(), 1)) {
            console((char) ('a' + Long.remainderUnsigned(chain, 26)));
        }
        if (due(habits.timer(), 2)) {
            deadline = clock.ticks(steps) + 1 + (chain >>> 50);
            timerStep = clock.stepReaching(deadline);
        }
        if (due(habits.frame(), 3)) {
            byte[] frame = ByteBuffer.allocate(64).putLong(0, chain).putLong(40, steps).array();
            outbox.add(new MachineOutput.FrameOut(frame));
            return true;
        }
        if (due(habits.disk(), 4) && pendingDisk.size() < PENDING_DISK_MAX) {
            askDisk();
            return true;
        }
        if (due(habits.entropy(), 5) && entropyWanted == 0) {
            entropyWanted = 1 + ((int) chain & 63);
            outbox.add(new MachineOutput.EntropyWanted(entropyWanted));
            return true;
        }
        waiting = due(habits.idle(), 6) && replies.isEmpty() && steps < timerStep;
        return false;
    }

    private boolean due(int oneIn, int salt) {
        return oneIn > 0 && Long.remainderUnsigned(mix(chain + salt), oneIn) == 0;
    }

    private void console(char c) {
        outbox.add(new MachineOutput.ConsoleOut(consoleBytes++, new byte[] {(byte) c}));
    }

    private boolean obey() {
        int c = command;
        command = 0;
        power = c == 'r' ? Power.RESET : Power.DOWN;
        outbox.add(c == 'r' ? new MachineOutput.ResetRequested(false) : new MachineOutput.PowerOff(c == 'f'));
        return true;
    }

    private void askDisk() {
        long id = requestIds++;
        long offset = 512 * (chain >>> 20 & 15);
        int length = 512 * (1 + (int) (chain >>> 30 & 3));
        var ranges = List.of(new MachineOutput.ByteRange(offset, length));
        DiskRequest request = switch ((int) (chain >>> 40) & 7) {
            case 0, 1, 2 -> new MachineOutput.DiskRead(id, offset, length);
            case 3, 4 -> {
                byte[] data = new byte[length];
                Arrays.fill(data, (byte) chain);
                yield new MachineOutput.DiskWrite(id, offset, data);
            }
            case 5 -> new MachineOutput.DiskDiscard(id, ranges);
            case 6 -> new MachineOutput.DiskWriteZeroes(id, ranges, (chain & 1) == 0);
            default -> new MachineOutput.DiskFlush(id);
        };
        pendingDisk.add(request);
        outbox.add(request);
    }

    @Override
    public void apply(MachineInput input) {
        waitReported = false;
        if (power != Power.ON && !(input instanceof MachineInput.PowerOn)
                && !(input instanceof MachineInput.ClockAdjust)) {
            throw new IllegalStateException("machine is " + power + ", expected ON for " + input);
        }
        switch (input) {
            case MachineInput.PowerOn(byte[] seed, long wallClockNanos) -> powerOn(seed, wallClockNanos);
            case MachineInput.FramesIn(List<byte[]> frames) -> {
                for (byte[] frame : frames) {
                    answer(frame);
                }
                waiting = false;
            }
            case MachineInput.ConsoleIn(byte[] bytes) -> {
                for (byte b : bytes) {
                    if (fifo < FIFO_BYTES) {
                        fifo++;
                        stir(b);
                        command = b == 'p' || b == 'f' || b == 'r' ? b : command;
                    }
                }
                waiting = false;
            }
            case MachineInput.DiskCompleted completed -> complete(completed);
            case MachineInput.ClockAdjust(long ticks, long rate) -> {
                clock.adjust(steps, ticks, rate);
                timerStep = clock.stepReaching(deadline);
                waiting &= steps < timerStep;
            }
            case MachineInput.Entropy(byte[] bytes) -> {
                if (bytes.length > entropyWanted) {
                    throw new IllegalStateException(bytes.length + " random bytes, expected at most " + entropyWanted);
                }
                stir(Arrays.hashCode(bytes));
                entropyWanted = 0;
                waiting = false;
            }
        }
    }

    private void powerOn(byte[] seed, long wallClockNanos) {
        if (power == Power.ON || power == Power.DOWN) {
            throw new IllegalStateException("machine is " + power + ", expected OFF or RESET for PowerOn");
        }
        Arrays.fill(ram, 0);
        Arrays.fill(changed, true);
        replies.clear();
        staleBelow = requestIds;
        chain = mix(Arrays.hashCode(seed) ^ wallClockNanos);
        deadline = Long.MAX_VALUE;
        timerStep = Long.MAX_VALUE;
        waiting = false;
        entropyWanted = 0;
        fifo = 0;
        power = Power.ON;
    }

    private void answer(byte[] request) {
        stir(Arrays.hashCode(request));
        if (replies.size() >= REPLIES_MAX) {
            return;
        }
        ByteBuffer reply = ByteBuffer.allocate(38);
        reply.put(request, 6, 6).put(request, 0, 6).putShort((short) 0x88b5);
        reply.putLong(++answers).putLong(Arrays.hashCode(request)).putLong(chain);
        replies.add(new Reply(steps + 20 + (chain >>> 58), reply.array()));
    }

    private void complete(MachineInput.DiskCompleted completed) {
        for (DiskRequest request : pendingDisk) {
            if (request.requestId() == completed.requestId()) {
                boolean data = request instanceof MachineOutput.DiskRead && completed.status() == DiskStatus.OK;
                int expected = data ? ((MachineOutput.DiskRead) request).length() : 0;
                if (completed.data().length != expected) {
                    throw new IllegalStateException(completed.data().length + " bytes read, expected " + expected);
                }
                pendingDisk.remove(request);
                if (completed.requestId() >= staleBelow) {
                    stir(completed.requestId() * 31 + completed.status().ordinal());
                    stir(Arrays.hashCode(completed.data()));
                    waiting = false;
                }
                return;
            }
        }
        throw new IllegalStateException("disk request " + completed.requestId() + " completed, pending " + pendingDisk);
    }

    @Override
    public void drain(Consumer<MachineOutput> to) {
        while (!outbox.isEmpty()) {
            MachineOutput output = outbox.remove();
            if (output instanceof MachineOutput.ConsoleOut(long offset, byte[] bytes)) {
                ByteArrayOutputStream text = new ByteArrayOutputStream();
                text.writeBytes(bytes);
                while (outbox.peek() instanceof MachineOutput.ConsoleOut(long _, byte[] more)) {
                    text.writeBytes(more);
                    outbox.remove();
                }
                output = new MachineOutput.ConsoleOut(offset, text.toByteArray());
            }
            to.accept(output);
        }
    }

    @Override
    public long ticks() {
        return clock.ticks(steps);
    }

    @Override
    public long ticksPerStepQ32() {
        return clock.rate();
    }

    @Override
    public long timerDeadlineTicks() {
        return deadline;
    }

    @Override
    public int consoleRoom() {
        return power == Power.ON ? FIFO_BYTES - fifo : 0;
    }

    @Override
    public int frameRoom() {
        return power == Power.ON ? REPLIES_MAX - replies.size() : 0;
    }

    @Override
    public List<DiskRequest> pendingDiskRequests() {
        return List.copyOf(pendingDisk);
    }

    @Override
    public int pendingEntropy() {
        return entropyWanted;
    }

    @Override
    public long digest() {
        for (long word : ram) {
            digest = mix(digest ^ word);
        }
        for (long word : new long[] {steps, chain, deadline, clock.ticks(steps), clock.rate(), answers, consoleBytes,
            requestIds, entropyWanted, fifo, power.ordinal(), waiting ? 1 : 0, pendingDisk.size(), replies.size()}) {
            digest = mix(digest ^ word);
        }
        return digest;
    }

    @Override
    public void save(OutputStream to) throws IOException {
        DataOutputStream out = new DataOutputStream(to);
        clock.save(out);
        for (long word : new long[] {steps, chain, deadline, consoleBytes, requestIds, staleBelow, answers, digest}) {
            out.writeLong(word);
        }
        for (int word : new int[] {power.ordinal(), waiting ? 1 : 0, command, fifo, entropyWanted, replies.size(),
            pendingDisk.size()}) {
            out.writeInt(word);
        }
        for (long word : ram) {
            out.writeLong(word);
        }
        for (Reply reply : replies) {
            out.writeLong(reply.dueStep());
            out.write(reply.frame());
        }
        for (DiskRequest request : pendingDisk) {
            saveRequest(out, request);
        }
        if (!outbox.isEmpty()) {
            throw new IllegalStateException("this machine is saved drained");
        }
        out.flush();
    }

    @Override
    public MachineImage image() {
        return new Image();
    }

    private final class Image implements MachineImage {
        @Override
        public int pages() {
            return changed.length;
        }

        @Override
        public void markAllChanged() {
            Arrays.fill(changed, true);
        }

        @Override
        public int changedPages() {
            int count = 0;
            for (boolean each : changed) {
                count += each ? 1 : 0;
            }
            return count;
        }

        @Override
        public int nextChanged(int page) {
            int at = page;
            while (at < changed.length && !changed[at]) {
                at++;
            }
            return at < changed.length ? at : -1;
        }

        @Override
        public boolean take(int page, byte[] into, int at) {
            changed[page] = false;
            long all = 0;
            ByteBuffer out = ByteBuffer.wrap(into, at, PAGE_BYTES);
            for (int i = 0; i < PAGE_WORDS; i++) {
                long word = ram[page * PAGE_WORDS + i];
                out.putLong(word);
                all |= word;
            }
            return all != 0;
        }

        @Override
        public byte[] state() {
            ByteArrayOutputStream bytes = new ByteArrayOutputStream();
            try {
                save(bytes);
            } catch (IOException e) {
                throw new IllegalStateException(e);
            }
            return bytes.toByteArray();
        }

        @Override
        public void put(int page, byte[] from, int at) {
            ByteBuffer in = ByteBuffer.wrap(from, at, PAGE_BYTES);
            for (int i = 0; i < PAGE_WORDS; i++) {
                ram[page * PAGE_WORDS + i] = in.getLong();
            }
        }

        @Override
        public void putZero(int page) {
            Arrays.fill(ram, page * PAGE_WORDS, (page + 1) * PAGE_WORDS, 0);
        }

        @Override
        public void restore(byte[] state) throws IOException {
            // RAM comes by pages: what was not sent must show.
            load(new DataInputStream(new ByteArrayInputStream(state)), false);
        }
    }

    @Override
    public void load(InputStream from) throws IOException {
        load(new DataInputStream(from), true);
    }

    /// Continues from what [#save] wrote.
    public static ToyMachine restore(byte[] saved, Habits habits) throws IOException {
        ToyMachine toy = new ToyMachine(habits);
        toy.load(new DataInputStream(new ByteArrayInputStream(saved)), true);
        return toy;
    }

    private void load(DataInputStream in, boolean withRam) throws IOException {
        clock.load(in);
        steps = in.readLong();
        chain = in.readLong();
        deadline = in.readLong();
        timerStep = deadline == Long.MAX_VALUE ? Long.MAX_VALUE : clock.stepReaching(deadline);
        consoleBytes = in.readLong();
        requestIds = in.readLong();
        staleBelow = in.readLong();
        answers = in.readLong();
        digest = in.readLong();
        power = Power.values()[in.readInt()];
        waiting = in.readInt() == 1;
        command = in.readInt();
        fifo = in.readInt();
        entropyWanted = in.readInt();
        int count = in.readInt();
        int requests = in.readInt();
        for (int i = 0; i < ram.length; i++) {
            long word = in.readLong();
            ram[i] = withRam ? word : ram[i];
        }
        for (int i = 0; i < count; i++) {
            replies.add(new Reply(in.readLong(), in.readNBytes(38)));
        }
        for (int i = 0; i < requests; i++) {
            pendingDisk.add(loadRequest(in));
        }
    }

    private static void saveRequest(DataOutputStream out, DiskRequest request) throws IOException {
        out.writeLong(request.requestId());
        switch (request) {
            case MachineOutput.DiskRead(long _, long offset, int length) -> saveRange(out, 0, offset, length);
            case MachineOutput.DiskWrite(long _, long offset, byte[] data) -> {
                saveRange(out, 1, offset, data.length);
                out.write(data);
            }
            case MachineOutput.DiskDiscard(long _, var ranges) ->
                    saveRange(out, 2, ranges.getFirst().offset(), ranges.getFirst().length());
            case MachineOutput.DiskWriteZeroes(long _, var ranges, boolean unmap) ->
                    saveRange(out, unmap ? 4 : 3, ranges.getFirst().offset(), ranges.getFirst().length());
            case MachineOutput.DiskFlush _ -> saveRange(out, 5, 0, 0);
        }
    }

    private static void saveRange(DataOutputStream out, int kind, long offset, long length) throws IOException {
        out.writeByte(kind);
        out.writeLong(offset);
        out.writeLong(length);
    }

    private static DiskRequest loadRequest(DataInputStream in) throws IOException {
        long id = in.readLong();
        int kind = in.readByte();
        var range = new MachineOutput.ByteRange(in.readLong(), in.readLong());
        return switch (kind) {
            case 0 -> new MachineOutput.DiskRead(id, range.offset(), (int) range.length());
            case 1 -> new MachineOutput.DiskWrite(id, range.offset(), in.readNBytes((int) range.length()));
            case 2 -> new MachineOutput.DiskDiscard(id, List.of(range));
            case 3, 4 -> new MachineOutput.DiskWriteZeroes(id, List.of(range), kind == 4);
            default -> new MachineOutput.DiskFlush(id);
        };
    }

    private void stir(long value) {
        chain = mix(chain ^ value);
    }

    private static long mix(long value) {
        long z = value + 0x9e37_79b9_7f4a_7c15L;
        z = (z ^ z >>> 30) * 0xbf58_476d_1ce4_e5b9L;
        z = (z ^ z >>> 27) * 0x94d0_49bb_1331_11ebL;
        return z ^ z >>> 31;
    }
}
