package io.sosia.appliance.pair;

import io.sosia.appliance.clone.CloneAssembly;
import io.sosia.appliance.clone.ClonePart;
import io.sosia.appliance.clone.MemorySender;
import io.sosia.appliance.eventlog.LogBatch;
import io.sosia.appliance.eventlog.LogEntry;
import io.sosia.appliance.eventlog.LogFormatException;
import io.sosia.appliance.eventlog.LogPosition;
import io.sosia.appliance.eventlog.MarkedOutput;
import io.sosia.appliance.eventlog.RunPoint;
import io.sosia.appliance.lockstep.DiskAnswers;
import io.sosia.appliance.lockstep.GoLive;
import io.sosia.appliance.lockstep.OutputSink;
import io.sosia.appliance.lockstep.Recorder;
import io.sosia.appliance.lockstep.ReplayLimits;
import io.sosia.appliance.lockstep.ReplayResult;
import io.sosia.appliance.lockstep.Replayer;
import io.sosia.appliance.machine.port.DiskStatus;
import io.sosia.appliance.machine.port.MachineInput;
import io.sosia.appliance.machine.port.MachineOutput;
import io.sosia.appliance.machine.port.MachineOutput.DiskRequest;
import io.sosia.appliance.machine.port.Stop;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;

/// The machine's thread of a simulated node: records or replays a slice at a time.
final class SimMachine implements OutputSink {

    private static final int INBOX_MAX = 16;

    private final SimNode node;
    private final PairSimulation world;
    private final SplittableRandom random;
    private final SimDisk disk;

    private WatchedMachine machine;
    private Recorder recorder;
    private Replayer replayer;
    private final ArrayDeque<LogBatch> backlog = new ArrayDeque<>();
    private final List<LogEntry> entries = new ArrayList<>();
    private LogPosition firstEntry;
    private final List<MarkedOutput> outputs = new ArrayList<>();
    private final ArrayDeque<byte[]> inbox = new ArrayDeque<>();
    private final ArrayDeque<Byte> typed = new ArrayDeque<>();

    private MemorySender sender;
    private boolean cutting;
    private CloneAssembly assembly;
    private final ArrayDeque<ClonePart> parts = new ArrayDeque<>();

    boolean paused;
    private long standAsked;
    private long stands;
    private boolean drainAsked;
    private boolean gone;
    private boolean corrupted;
    private Optional<List<MarkedOutput>> again = Optional.empty();
    private LogPosition releasedTold = LogPosition.START;

    SimMachine(SimNode node, PairSimulation world) {
        this.node = node;
        this.world = world;
        this.random = world.random.split();
        this.disk = node.host.disk;
    }

    long sliceNanos() {
        return 8_000_000 + random.nextLong(4_000_000) + (node.host.slowMachine ? random.nextLong(150_000_000) : 0);
    }

    void start(long epoch) {
        build(epoch);
        recorder = new Recorder(machine, RunPoint.start(epoch), Recorder.ReadData.OWN_DISK, this::append, this);
        world.checks.started(node, epoch, disk);
    }

    void follow(long epoch) {
        build(epoch);
        ReplayLimits limits = new ReplayLimits(400, 1 << 20, 1 << 20);
        replayer = new Replayer(machine, RunPoint.start(epoch), limits, this::ask, this);
        world.checks.follows(node, epoch);
    }

    private DiskAnswers.Answer ask(DiskRequest request) {
        return world.sabotage == Sabotage.FLUSH_FROM_LOG && request instanceof MachineOutput.DiskFlush
                ? new DiskAnswers.Answer.Done(DiskStatus.OK, new byte[0])
                : disk.ask(request);
    }

    private void build(long epoch) {
        machine = new WatchedMachine(epoch);
        disk.begin(epoch);
    }

    void deliver(LogBatch batch) {
        backlog.add(batch);
    }

    void drain() {
        drainAsked = true;
    }

    void stopAtMark(long number) {
        standAsked = number;
    }

    void resume() {
        paused = false;
        standAsked = 0;
    }

    /// A frame from outside, for a machine that runs here; dropped when too many wait.
    void offer(byte[] frame) {
        if (recorder != null && inbox.size() < INBOX_MAX) {
            inbox.add(frame);
        }
    }

    void type(char key) {
        if (recorder != null && typed.size() < INBOX_MAX) {
            typed.add((byte) key);
        }
    }

    void corrupt() {
        if (replayer != null) {
            corrupted = true;
            machine.toy.corrupt();
        }
    }

    boolean corrupted() {
        return corrupted;
    }

    boolean records() {
        return recorder != null;
    }

    long steps() {
        return machine == null ? 0 : machine.steps();
    }

    /// Whether it has the memory of a run.
    boolean holdsRun() {
        return recorder != null || replayer != null;
    }

    /// Whether the guest has switched itself off, as far as this node has come.
    boolean poweredOff() {
        return machine != null && machine.poweredOff();
    }

    LogPosition logEnd() {
        return recorder != null ? recorder.point().last() : replayer.executed();
    }

    long lineage() {
        return machine.lineage();
    }

    WatchedMachine machine() {
        return machine;
    }

    void slice() {
        if (assembly != null) {
            assemble();
        } else if (recorder != null) {
            record();
        } else if (replayer != null) {
            replay();
        }
    }

    // Recording.

    private void record() {
        emitAgain();
        boolean comesToStand = standAsked != stands && standAsked != 0;
        stands = standAsked;
        if (comesToStand) {
            recorder.digest();
            handOn();
            node.core.machineStands(stands, recorder.point().last(), world.timeline.now());
            return;
        }
        LogPosition released = node.core.gate().releasedUpTo();
        if (released.compareTo(releasedTold) > 0) {
            releasedTold = released;
            recorder.released(released);
        }
        if (!paused && stands == 0 && !node.core.congested()) {
            if (cutting) {
                machine.pendingDiskRequests().forEach(this::complete);
            } else {
                run();
            }
        }
        handOn();
        giveClone();
    }

    // Being copied.

    void beginClone() {
        sender = new MemorySender(machine.image());
        cutting = false;
        disk.markAllChanged();
    }

    void abandonClone() {
        sender = null;
        cutting = false;
    }

    private void giveClone() {
        if (sender == null) {
            return;
        }
        if (cutting) {
            boolean still = machine.pendingDiskRequests().stream().allMatch(MachineOutput.DiskFlush.class::isInstance);
            if (still) {
                cut();
            }
            return;
        }
        for (int i = 1 + random.nextInt(8); i > 0; i--) {
            disk.take().ifPresent(this::send);
        }
        sender.next().ifPresent(this::send);
        cutting = disk.changedSectors() < 6 && sender.restIsSmall() && random.nextInt(4) == 0;
    }

    private void send(ClonePart part) {
        if (sender != null) {
            node.core.clonePart(part, world.timeline.now());
        }
    }

    private void cut() {
        recorder.progress();
        handOn();
        if (world.sabotage != Sabotage.CUT_WITHOUT_REST) {
            sender.rest().forEach(this::send);
        }
        while (disk.changedSectors() > 0) {
            ClonePart.Blocks sector = disk.take().orElseThrow();
            if (world.sabotage != Sabotage.CUT_WITHOUT_BLOCKS) {
                send(sector);
            }
        }
        byte[] state = machine.image().state();
        send(new ClonePart.State(state));
        send(new ClonePart.Cut(recorder.point(), state.length));
        abandonClone();
    }

    // Being built.

    void join() {
        machine = new WatchedMachine(0);
        assembly = new CloneAssembly(machine.image());
    }

    void assemble(ClonePart part) {
        parts.add(part);
    }

    private void assemble() {
        try {
            for (int i = 1 + random.nextInt(20); i > 0 && !parts.isEmpty(); i--) {
                switch (parts.remove()) {
                    case ClonePart.Pages pages -> assembly.take(pages);
                    case ClonePart.State state -> assembly.take(state);
                    case ClonePart.Blocks blocks -> disk.install(blocks);
                    case ClonePart.Cut cut -> {
                        assembly.take(cut);
                        complete(cut);
                        return;
                    }
                }
            }
        } catch (IOException e) {
            throw new IllegalStateException("the core let a wrong part through", e);
        }
    }

    private void complete(ClonePart.Cut cut) {
        assembly = null;
        disk.begin(machine.lineage());
        world.checks.joins(node, cut.point().last());
        disk.sync(() -> world.timeline.in(0, node, () -> node.core.restored(world.timeline.now())));
        machine.pendingDiskRequests().forEach(disk::submit);
        replayer = new Replayer(machine, cut.point(), new ReplayLimits(400, 1 << 20, 1 << 20), this::ask, this);
        node.core.executed(machine.steps(), cut.point().last());
    }

    private void run() {
        if (recorder.point().inputs() == 0) {
            recorder.apply(new MachineInput.PowerOn(bytes(32), world.timeline.now()));
        }
        inputs();
        long until = machine.steps() + 20 + random.nextInt(140);
        while (machine.steps() < until) {
            Stop stop = recorder.run(until);
            if (stop == Stop.POWERED_OFF) {
                return;
            }
            if (stop == Stop.RESET) {
                recorder.apply(new MachineInput.PowerOn(bytes(40), world.timeline.now()));
            }
            if (stop == Stop.IDLE) {
                break;
            }
        }
        recorder.progress();
        if (random.nextInt(12) == 0) {
            recorder.digest();
        }
    }

    private void inputs() {
        if (machine.frameRoom() == 0 && machine.consoleRoom() == 0) {
            // Off, or waiting to be switched on again.
            return;
        }
        if (random.nextInt(6) == 0) {
            recorder.apply(new MachineInput.ClockAdjust(machine.ticks() + random.nextInt(3_000),
                    (1L << 32) / (1 + random.nextInt(20))));
        }
        if (!inbox.isEmpty()) {
            recorder.apply(new MachineInput.FramesIn(List.copyOf(inbox)));
            inbox.clear();
        }
        while (!typed.isEmpty() && machine.consoleRoom() > 0) {
            recorder.apply(new MachineInput.ConsoleIn(new byte[] {typed.remove()}));
        }
        if (machine.pendingEntropy() > 0 && random.nextInt(3) == 0) {
            recorder.apply(new MachineInput.Entropy(bytes(machine.pendingEntropy())));
        }
        for (DiskRequest request : machine.pendingDiskRequests()) {
            if (random.nextInt(4) != 0) {
                complete(request);
            }
        }
    }

    private void complete(DiskRequest request) {
        if (disk.ask(request) instanceof DiskAnswers.Answer.Done(DiskStatus status, byte[] data)) {
            if (status != DiskStatus.OK && node.core.state() instanceof NodeState.Protected) {
                node.core.fault("disk request " + request.requestId() + " failed: " + status, world.timeline.now());
                return;
            }
            if (status != DiskStatus.OK) {
                node.core.cloneFailed("disk request " + request.requestId() + " failed: " + status, world.timeline.now());
            }
            recorder.apply(new MachineInput.DiskCompleted(request.requestId(), status, data));
        }
    }

    private byte[] bytes(int count) {
        byte[] bytes = new byte[count];
        random.nextBytes(bytes);
        return bytes;
    }

    private void append(LogPosition position, LogEntry entry) {
        if (entries.isEmpty()) {
            firstEntry = position;
        }
        entries.add(entry);
    }

    /// Log and outputs go to the core, in one piece or several.
    private void handOn() {
        List<LogEntry> all = List.copyOf(entries);
        List<MarkedOutput> produced = List.copyOf(outputs);
        entries.clear();
        outputs.clear();
        produced.forEach(output -> world.checks.produced(output));
        for (int at = 0; at < all.size();) {
            int size = Math.min(all.size() - at, 1 + random.nextInt(8));
            LogPosition first = new LogPosition(firstEntry.epoch(), firstEntry.seq() + at);
            LogBatch batch = new LogBatch(first, all.subList(at, at + size));
            node.core.recorded(batch, batch.entries().stream().mapToLong(LogEntry::weightBytes).sum());
            at += size;
        }
        produced.forEach(node.core::produced);
        node.core.executed(machine.steps(), recorder.point().last());
    }

    // Replaying.

    private void replay() {
        if (gone) {
            return;
        }
        boolean early = drainAsked && world.sabotage == Sabotage.LIVE_BEFORE_DRAINED;
        if (early) {
            backlog.clear();
        }
        try {
            while (!backlog.isEmpty() && replayer.hasRoom()) {
                replayer.accept(backlog.remove());
            }
        } catch (LogFormatException e) {
            throw new IllegalStateException("the core let a gap through", e);
        }
        ReplayResult result = replayer.advance(20 + random.nextInt(200));
        node.core.executed(replayer.machine().steps(), replayer.executed());
        switch (result) {
            case ReplayResult.Ran _, ReplayResult.WaitingDisk _ -> { }
            case ReplayResult.Diverged(var evidence) -> {
                gone = true;
                world.checks.diverged(node, evidence);
                node.core.fault(evidence.toString(), world.timeline.now());
            }
            case ReplayResult.DiskFailed(long id, DiskStatus status) -> {
                gone = true;
                node.core.fault("own disk failed request " + id + ": " + status, world.timeline.now());
            }
            case ReplayResult.WaitingLog _, ReplayResult.Ended _ -> {
                if (drainAsked && backlog.isEmpty()) {
                    gone = true;
                    drained();
                }
            }
        }
    }

    private void drained() {
        if (world.sabotage == Sabotage.FLUSH_FROM_LOG) {
            node.core.drained(world.timeline.now());
            return;
        }
        disk.sync(() -> world.timeline.in(0, node, () -> node.core.drained(world.timeline.now())));
    }

    void goLive(long epoch) {
        GoLive live = replayer.goLive();
        replayer = null;
        recorder = new Recorder(
                machine, live.point().inEpoch(epoch), Recorder.ReadData.OWN_DISK, this::append, this);
        releasedTold = live.releasedUpTo();
        world.checks.wentLive(node, epoch, live, disk);
        again = Optional.of(live.unreleased());
    }

    /// The first thing a machine that went live does: what may not have left is sent again.
    private void emitAgain() {
        if (again.isPresent()) {
            again.get().forEach(node.core::produced);
            again = Optional.empty();
            world.checks.emittedAgain(node);
        }
    }

    // What the machine produced.

    @Override
    public void external(MarkedOutput output) {
        if (recorder != null) {
            outputs.add(output);
            world.checks.made(output, machine);
        } else {
            world.checks.replayed(node, output);
        }
    }

    @Override
    public void disk(DiskRequest request) {
        disk.submit(request);
    }

    @Override
    public void entropyWanted(int bytes) {}
}
