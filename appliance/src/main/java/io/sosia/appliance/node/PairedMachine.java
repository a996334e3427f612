package io.sosia.appliance.node;

import io.sosia.appliance.clone.ClonePart;
import io.sosia.appliance.eventlog.LogBatch;
import io.sosia.appliance.eventlog.LogEntry;
import io.sosia.appliance.eventlog.LogPosition;
import io.sosia.appliance.eventlog.MarkedOutput;
import io.sosia.appliance.eventlog.RunPoint;
import io.sosia.appliance.lockstep.Divergence;
import io.sosia.appliance.lockstep.GoLive;
import io.sosia.appliance.lockstep.GuestTime;
import io.sosia.appliance.lockstep.OutputSink;
import io.sosia.appliance.lockstep.Recorder;
import io.sosia.appliance.lockstep.ReplayLimits;
import io.sosia.appliance.lockstep.Replayer;
import io.sosia.appliance.machine.port.DiskStatus;
import io.sosia.appliance.machine.port.GuestMachine;
import io.sosia.appliance.machine.port.MachineInput.DiskCompleted;
import io.sosia.appliance.machine.port.MachineOutput.DiskRead;
import io.sosia.appliance.machine.port.MachineOutput.DiskRequest;
import io.sosia.appliance.node.NodeConfig.BackupReads;
import io.sosia.appliance.pair.PeerMessage.DiskStamp;
import io.sosia.disksync.store.DiskStore;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/// The machine of a node of a pair, on a thread of its own: first as a backup's replay, then as a primary's run, or as
/// a primary's from the start. Mirror of [PairNode], which lives on the event loop; each posts to the other and neither
/// waits.
final class PairedMachine {

    /// What a machine needs of its node.
    ///
    /// @param machine   the machine, just built, switched off
    /// @param disk      the node's disk; empty for a machine without one
    /// @param home      where the stamp of the disk is kept
    /// @param replayed  shown every output a backup's replay has produced
    /// @param diverged  told when the replay has turned out not to be the recorded run, before the node retires
    /// @param takenOver told where the run stands of a machine that was taken over from a running primary, or goes on from a snapshot
    /// @param broken    told of a broken invariant: the node has to stop at once
    record Parts(
            GuestMachine machine,
            Optional<DiskStore> disk,
            NodeHome home,
            BackupReads backupReads,
            Consumer<MarkedOutput> replayed,
            Consumer<Divergence> diverged,
            Consumer<RunPoint> takenOver,
            Consumer<Throwable> broken) {}

    private static final long REACHED_NANOS = 50_000_000;

    private final Parts parts;
    private final LoopSignal signal = new LoopSignal();
    private final MachineInboxes inboxes = new MachineInboxes(signal);
    private final Outgoing outgoing = new Outgoing();
    private final MachineDisk disk;

    private PairNode node;
    private Runnable wentLive;
    private CloneFeed clone;
    private volatile CloneBuild building;
    /// Log that has come before the machine it belongs to is complete. Its monitor orders it with `following`.
    private final List<LogBatch> early = new ArrayList<>();
    private volatile FollowLoop following;
    private volatile MachineLoop running;
    private volatile boolean paused;
    /// Number of the stand that is asked for, 0 for none.
    private volatile long standAsked;
    private volatile boolean ending;
    private volatile boolean diskErrorsRetire;
    private volatile double pace = 1.0;
    private volatile LogPosition releasedUpTo = LogPosition.START;
    private volatile long goLiveEpoch;
    private volatile Thread thread;
    private volatile long replayedSteps;

    PairedMachine(Parts parts) {
        this.parts = parts;
        this.disk = new MachineDisk(parts.disk(), signal::raise, parts.broken());
    }

    /// Once, before anything else.
    ///
    /// @param pairNode where the pair's side is
    /// @param wentLive called by the machine's thread when its machine has become the live one and takes frames
    void attach(PairNode pairNode, Runnable wentLive) {
        this.node = pairNode;
        this.wentLive = wentLive;
        this.clone = new CloneFeed(parts.machine(), pairNode, signal);
    }

    /// Where frames and console bytes for a live machine are put.
    MachineInboxes inboxes() {
        return inboxes;
    }

    /// The share of host time the machine may use, above 0 to 1. Any thread.
    void setPace(double share) {
        pace = share;
    }

    /// Whether an error of this node's disk makes the node retire instead of reaching the guest: as long as a backup
    /// has a disk that works. Any thread.
    void setDiskErrorsRetire(boolean retire) {
        diskErrorsRetire = retire;
    }

    /// Steps of the machine as last published. Any thread.
    long steps() {
        MachineLoop run = running;
        return run != null ? run.steps() : replayedSteps;
    }

    /// How the partner's disk stands to this one is told here. Any thread, as its methods say.
    MachineDisk disk() {
        return disk;
    }

    /// Asks for a moment at which a following machine stands still. Any thread.
    void ask(FollowLoop.Moment moment) {
        FollowLoop follow = following;
        if (follow == null) {
            moment.never("the node does not follow a primary");
        } else {
            follow.ask(moment);
        }
    }

    /// When the machine's thread last made a turn, on the monotonic clock; empty while it makes none, or waits for the
    /// disk to make all durable, or is written to a snapshot, which may take long. Any thread.
    Optional<Long> lastTurnNanos() {
        if (disk.isWaitedFor()) {
            return Optional.empty();
        }
        CloneBuild build = building;
        FollowLoop follow = following;
        MachineLoop run = running;
        if (run != null) {
            return Optional.of(run.lastTurnNanos());
        }
        if (build != null) {
            return Optional.of(build.lastTurnNanos());
        }
        return follow != null ? follow.lastTurnNanos() : Optional.empty();
    }

    /// Bytes of log, and of a clone, waiting for the machine's thread.
    long waitingBytes() {
        CloneBuild build = building;
        FollowLoop follow = following;
        return (follow == null ? 0 : follow.waitingBytes()) + (build == null ? 0 : build.waitingBytes());
    }

    // From the event loop.

    /// Switches the machine on as the recorder of this epoch's log.
    ///
    /// @param joins whether the partner's disk is equal at this moment
    void start(long epoch, boolean joins) {
        spawn(() -> {
            if (makeReady(epoch, joins)) {
                lead(epoch);
            }
        });
    }

    void follow(long epoch) {
        FollowLoop loop = replay(RunPoint.start(epoch));
        following = loop;
        spawn(() -> {
            if (makeReady(epoch, true)) {
                followThenLead(loop);
            }
        });
    }

    private FollowLoop replay(RunPoint from) {
        Replayer replayer = new Replayer(
                parts.machine(), from, ReplayLimits.DEFAULT, disk.answers(), new ReplayedOutputs());
        return new FollowLoop(replayer, signal, new FollowOwner());
    }

    /// Builds the machine from what a running primary sends, then replays its log.
    void join(DiskJoin diskJoin) {
        CloneBuild build = new CloneBuild(
                parts.machine(), blocks -> disk.waitFor(() -> diskJoin.write(blocks)), signal);
        building = build;
        spawn(() -> {
            Optional<ClonePart.Cut> cut = built(build, diskJoin);
            if (cut.isPresent()) {
                RunPoint point = cut.get().point();
                parts.takenOver().accept(point);
                FollowLoop loop = replay(point);
                synchronized (early) {
                    early.forEach(loop::deliver);
                    early.clear();
                    following = loop;
                }
                building = null;
                if (ending) {
                    loop.stop();
                }
                disk.reached(point.last());
                parts.machine().pendingDiskRequests().forEach(disk::submit);
                replayedSteps = parts.machine().steps();
                node.executed(replayedSteps, disk.durable());
                node.restored();
                followThenLead(loop);
            }
        });
    }

    /// @return empty when stopped, or when it cannot be built: the pair's side has been told
    private Optional<ClonePart.Cut> built(CloneBuild build, DiskJoin diskJoin) {
        try {
            parts.home().forgetRestoration();
            disk.waitFor(diskJoin::begin);
            Optional<ClonePart.Cut> cut = build.run();
            if (cut.isPresent()) {
                LogPosition at = cut.get().point().last();
                disk.waitFor(() -> {
                    diskJoin.complete(at);
                    parts.home().writeStamp(new DiskStamp(diskJoin.content(), at, false));
                });
            }
            return cut;
        } catch (IOException e) {
            node.fault("the primary's machine cannot be taken over: " + e.getMessage());
            return Optional.empty();
        } finally {
            diskJoin.abandon();
        }
    }

    /// The next part of the machine that [#join] builds.
    void assemble(ClonePart part) {
        building.deliver(part);
    }

    /// Gives the running machine away. Any thread, as its methods say.
    CloneFeed feed() {
        return clone;
    }

    void deliver(LogBatch batch) {
        synchronized (early) {
            if (following == null) {
                early.add(batch);
                return;
            }
        }
        following.deliver(batch);
    }

    void drain() {
        following.drain();
    }

    void goLive(long epoch) {
        goLiveEpoch = epoch;
        following.goLive();
    }

    void pause() {
        paused = true;
    }

    void resume() {
        paused = false;
        standAsked = 0;
        signal.raise();
    }

    void stopAtMark(long number) {
        standAsked = number;
        signal.raise();
    }

    void released(LogPosition upTo) {
        releasedUpTo = upTo;
        signal.raise();
    }

    /// The pair's side has made room, or has changed its mind. Any thread.
    void wake() {
        signal.raise();
    }

    /// Ends the machine's thread and the disk's, leaving the disk durable. Any thread but the machine's own.
    void close() throws IOException {
        ending = true;
        Thread own = thread;
        CloneBuild build = building;
        if (build != null) {
            build.stop();
        }
        FollowLoop follow = following;
        MachineLoop run = running;
        if (follow != null) {
            follow.stop();
        }
        if (run != null) {
            run.stop();
        }
        boolean interrupted = false;
        while (own != null && own.isAlive()) {
            try {
                own.join();
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        disk.close();
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    // The machine's thread.

    private interface Work {
        void run() throws Exception;
    }

    private void spawn(Work work) {
        if (thread != null) {
            throw new IllegalStateException("this node's machine has been started before");
        }
        thread = Thread.ofPlatform().name("machine").start(() -> {
            try {
                work.run();
            } catch (Throwable e) {
                parts.broken().accept(e);
            }
        });
    }

    /// Writes down that the disk is about to change, and how it stands to the partner's.
    ///
    /// @return false when that cannot be written; the pair's side has been told
    private boolean makeReady(long epoch, boolean joins) {
        try {
            DiskStamp stamp = parts.home().stamp();
            parts.home().writeStamp(new DiskStamp(stamp.content(), stamp.position(), false));
            if (joins) {
                parts.home().forgetRestoration();
                disk.startsEqual(epoch);
            } else {
                disk.startsAlone();
            }
            return true;
        } catch (IOException e) {
            node.fault("the machine cannot start here: " + e.getMessage());
            return false;
        }
    }

    private void markClean(LogPosition end) {
        try {
            disk.makeDurable();
            parts.home().writeStamp(new DiskStamp(parts.home().stamp().content(), end, true));
        } catch (IOException | InterruptedException e) {
            node.fault("the end of the run cannot be written down: " + e.getMessage());
        }
    }

    private void followThenLead(FollowLoop loop) throws Exception {
        Optional<GoLive> live = loop.run();
        if (live.isEmpty()) {
            return;
        }
        GoLive last = live.get();
        List<MarkedOutput> unreleased = last.unreleased();
        unreleased.forEach(outgoing::output);
        RunPoint point = last.point().inEpoch(goLiveEpoch);
        Recorder recorder = recorder(last.machine(), point);
        HostSources host = HostSources.system();
        GuestTime time = new GuestTime(host.monotonicNanos(), last.ticks(), last.ticksPerStepQ32());
        run(recorder, time, host, () -> {
            reissue(last.pendingDisk());
            // The network has to know where the guest is before what may have been lost leaves again.
            wentLive.run();
            post();
        });
    }

    /// Requests without a logged completion: those this node has carried out already answer at once, the others are
    /// under way; only reads that a backup with logged reads never asked its disk for have to be issued now.
    private void reissue(List<DiskRequest> pending) {
        disk.passOn(this::completed);
        if (parts.backupReads() == BackupReads.LOGGED) {
            for (DiskRequest request : pending) {
                if (request instanceof DiskRead) {
                    disk.submit(request);
                }
            }
        }
    }

    private void lead(long epoch) throws Exception {
        GuestMachine machine = parts.machine();
        Optional<Restoration> restored;
        try {
            restored = Restoration.into(machine, parts.home(), epoch);
        } catch (IOException e) {
            node.fault("the machine cannot go on from its snapshot: " + e.getMessage());
            return;
        }
        RunPoint point = restored.map(Restoration::point).orElse(RunPoint.start(epoch));
        restored.ifPresent(_ -> parts.takenOver().accept(point));
        HostSources host = HostSources.system();
        long ticks = machine.ticks() + restored.map(Restoration::outageTicks).orElse(0L);
        disk.passOn(this::completed);
        run(recorder(machine, point), new GuestTime(host.monotonicNanos(), ticks, machine.ticksPerStepQ32()), host, () -> {
            machine.pendingDiskRequests().forEach(disk::submit);
            wentLive.run();
        });
    }

    private Recorder recorder(GuestMachine machine, RunPoint point) {
        Recorder.ReadData reads = parts.backupReads() == BackupReads.LOGGED
                ? Recorder.ReadData.LOGGED : Recorder.ReadData.OWN_DISK;
        return new Recorder(machine, point, reads, outgoing, new LiveOutputs());
    }

    private void run(Recorder recorder, GuestTime time, HostSources host, Runnable before) throws Exception {
        inboxes.frames().clear();
        inboxes.console().take(Integer.MAX_VALUE);
        PrimaryDuty duty = new PrimaryDuty(recorder, disk, clone, new DutyOwner());
        MachineLoop loop = new MachineLoop(recorder, inboxes, signal, LoopSettings.PRIMARY, host, duty, time);
        running = loop;
        before.run();
        if (ending) {
            loop.stop();
        }
        if (recorder.point().inputs() == 0) {
            loop.powerOn();
        }
        loop.run();
    }

    private void post() {
        Outgoing.Load load = outgoing.take();
        if (!load.isEmpty()) {
            node.take(load);
        }
    }

    private void completed(DiskCompleted completed) {
        if (completed.status() == DiskStatus.IO_ERROR && diskErrorsRetire) {
            // The guest is not told: the backup's disk will answer the same request.
            node.fault("the disk failed request " + completed.requestId());
            return;
        }
        if (completed.status() == DiskStatus.IO_ERROR) {
            // The guest is told, and a partner that is just taken in would have done what this disk could not.
            node.cloneFailed("the disk failed request " + completed.requestId());
        }
        inboxes.completed(completed);
    }

    /// What a primary's machine produces.
    private final class LiveOutputs implements OutputSink {
        @Override
        public void external(MarkedOutput output) {
            outgoing.output(output);
        }

        @Override
        public void disk(DiskRequest request) {
            disk.submit(request);
        }

        @Override
        public void entropyWanted(int bytes) {
            // The loop looks for itself what the machine is waiting for.
        }
    }

    /// What a backup's replay produces.
    private final class ReplayedOutputs implements OutputSink {
        @Override
        public void external(MarkedOutput output) {
            parts.replayed().accept(output);
        }

        @Override
        public void disk(DiskRequest request) {
            boolean fromLog = parts.backupReads() == BackupReads.LOGGED && request instanceof DiskRead;
            if (!fromLog) {
                disk.submit(request);
            }
        }

        @Override
        public void verify(LogPosition at, LogEntry.Verify asked) {
            disk.upkeep().ifPresent(upkeep -> upkeep.replayed(at, asked));
        }

        @Override
        public void repair(LogEntry.Repair repair) {
            disk.upkeep().ifPresent(upkeep -> upkeep.replayed(repair));
        }

        @Override
        public void entropyWanted(int bytes) {
            // The primary's answer is in the log.
        }
    }

    private final class FollowOwner implements FollowLoop.Owner {
        private long reachedNanos;

        @Override
        public void turned() {
            disk.stand();
        }

        @Override
        public void executed(long step, LogPosition executed) {
            replayedSteps = step;
            disk.upkeep().ifPresent(DiskUpkeep::settle);
            long now = System.nanoTime();
            if (now - reachedNanos > REACHED_NANOS) {
                reachedNanos = now;
                disk.tell(executed);
            }
            node.executed(step, disk.durable());
        }

        @Override
        public void makeDurable() throws IOException, InterruptedException {
            disk.makeDurable();
            disk.adoptIfMadeEqual();
        }

        @Override
        public void drained() {
            node.drained();
        }

        @Override
        public void failed(String reason) {
            node.fault(reason);
        }

        @Override
        public void diverged(Divergence evidence) {
            parts.diverged().accept(evidence);
            node.fault(evidence.toString());
        }

        @Override
        public void ended(LogPosition end) {
            markClean(end);
        }
    }

    private final class DutyOwner implements PrimaryDuty.Owner {
        @Override
        public void post() {
            PairedMachine.this.post();
        }

        @Override
        public void executed(long step) {
            node.executed(step, disk.durable());
        }

        @Override
        public LogPosition releasedUpTo() {
            return releasedUpTo;
        }

        @Override
        public boolean mayRun() {
            return !paused && !node.congested();
        }

        @Override
        public double pace() {
            return pace;
        }

        @Override
        public long standAsked() {
            return standAsked;
        }

        @Override
        public void stands(long number, LogPosition last) {
            node.machineStands(number, last);
        }

        @Override
        public void poweredOff(LogPosition end) {
            markClean(end);
        }

        @Override
        public void cloneFailed(String reason) {
            node.cloneFailed(reason);
        }
    }
}
