package io.sosia.appliance.node;

import io.sosia.appliance.disk.DiskExecutor;
import io.sosia.appliance.disk.KeptCompletions;
import io.sosia.appliance.eventlog.EndReason;
import io.sosia.appliance.eventlog.LogBatch;
import io.sosia.appliance.eventlog.LogPosition;
import io.sosia.appliance.eventlog.MarkedOutput;
import io.sosia.appliance.eventlog.RunPoint;
import io.sosia.appliance.lockstep.DiskAnswers;
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
import io.sosia.disksync.block.Position;
import io.sosia.disksync.store.DiskStore;
import io.sosia.disksync.store.Partner;
import java.io.IOException;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

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
    /// @param broken    told of a broken invariant: the node has to stop at once
    record Parts(
            GuestMachine machine,
            Optional<DiskStore> disk,
            NodeHome home,
            BackupReads backupReads,
            Consumer<MarkedOutput> replayed,
            Consumer<Divergence> diverged,
            Consumer<Throwable> broken) {}

    private static final Logger DIAGNOSTICS = LoggerFactory.getLogger(PairedMachine.class);
    private static final int KEPT_COMPLETIONS_MAX = 4_096;
    private static final long RELEASED_NANOS = 20_000_000;
    private static final long IDLE_PROGRESS_NANOS = 5_000_000;
    private static final long REACHED_NANOS = 50_000_000;

    private final Parts parts;
    private final LoopSignal signal = new LoopSignal();
    private final MachineInboxes inboxes = new MachineInboxes(signal);
    private final Outgoing outgoing = new Outgoing();
    private final KeptCompletions kept = new KeptCompletions(KEPT_COMPLETIONS_MAX, signal::raise);
    private final Optional<DiskExecutor> executor;

    private PairNode node;
    private Runnable wentLive;
    private volatile FollowLoop following;
    private volatile MachineLoop running;
    private volatile boolean paused;
    private volatile boolean handingOver;
    private volatile boolean ending;
    private volatile boolean diskErrorsRetire;
    private volatile boolean waitingForDisk;
    private volatile LogPosition partnerDurable = LogPosition.START;
    private volatile Optional<String> leftBehind = Optional.empty();
    private volatile double pace = 1.0;
    private volatile LogPosition releasedUpTo = LogPosition.START;
    private volatile long goLiveEpoch;
    private volatile Thread thread;
    private volatile long replayedSteps;

    PairedMachine(Parts parts) {
        this.parts = parts;
        this.executor = parts.disk().map(disk -> new DiskExecutor(disk, DiskExecutor.Settings.BACKUP, kept,
                parts.broken()));
    }

    /// Once, before anything else.
    ///
    /// @param pairNode where the pair's side is
    /// @param wentLive called by the machine's thread when its machine has become the live one and takes frames
    void attach(PairNode pairNode, Runnable wentLive) {
        this.node = pairNode;
        this.wentLive = wentLive;
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

    /// The backup's disk durably holds what the log up to here causes. Any thread.
    void setPartnerDurable(LogPosition position) {
        partnerDurable = position;
    }

    /// This node goes on without its partner: from now on its disk keeps durably what the partner's lacks. Any thread.
    void partnerLeftBehind(String reason) {
        leftBehind = Optional.of(reason);
        signal.raise();
    }

    /// When the machine's thread last made a turn, on the monotonic clock; empty while it makes none, or waits for the
    /// disk to make all durable, which may take long. Any thread.
    Optional<Long> lastTurnNanos() {
        if (waitingForDisk) {
            return Optional.empty();
        }
        FollowLoop follow = following;
        MachineLoop run = running;
        if (run != null) {
            return Optional.of(run.lastTurnNanos());
        }
        return follow != null ? Optional.of(follow.lastTurnNanos()) : Optional.empty();
    }

    /// Bytes of log waiting for the replayer.
    long waitingBytes() {
        FollowLoop follow = following;
        return follow == null ? 0 : follow.waitingBytes();
    }

    // From the event loop.

    /// Switches the machine on as the recorder of this epoch's log.
    ///
    /// @param joins whether the partner's disk is equal at this moment
    void start(long epoch, boolean joins) {
        spawn(() -> {
            if (makeReady(joins)) {
                lead(epoch);
            }
        });
    }

    void follow(long epoch) {
        Replayer replayer = new Replayer(parts.machine(), RunPoint.start(epoch), ReplayLimits.DEFAULT,
                executor.isPresent() ? this::answer : DiskAnswers.FROM_LOG, new ReplayedOutputs());
        FollowLoop loop = new FollowLoop(replayer, signal, new FollowOwner());
        following = loop;
        spawn(() -> {
            if (makeReady(true)) {
                followThenLead(loop);
            }
        });
    }

    void deliver(LogBatch batch) {
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
        signal.raise();
    }

    void stopAtMark() {
        handingOver = true;
        MachineLoop run = running;
        if (run != null) {
            run.stop();
        }
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
        executor.ifPresent(DiskExecutor::close);
        if (parts.disk().isPresent()) {
            parts.disk().get().close();
        }
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
    private boolean makeReady(boolean joins) {
        try {
            DiskStamp stamp = parts.home().stamp();
            parts.home().writeStamp(new DiskStamp(stamp.content(), stamp.position(), false));
            if (joins && parts.disk().isPresent()) {
                parts.disk().get().joined("both nodes of the pair start from here");
            }
            return true;
        } catch (IOException e) {
            node.fault("the start of the run cannot be written down: " + e.getMessage());
            return false;
        }
    }

    private void markClean(LogPosition end) {
        try {
            makeDurable();
            parts.home().writeStamp(new DiskStamp(parts.home().stamp().content(), end, true));
        } catch (IOException | InterruptedException e) {
            node.fault("the end of the run cannot be written down: " + e.getMessage());
        }
    }

    private void makeDurable() throws IOException, InterruptedException {
        waitingForDisk = true;
        try {
            if (executor.isPresent()) {
                executor.get().drainDurably();
            }
        } finally {
            waitingForDisk = false;
        }
    }

    /// Once, on a node that goes on alone. What has not been written down yet is remembered by the disk's activity log,
    /// so that a failure here costs a longer resync and nothing else.
    private void splitDisk(String reason) {
        try {
            DiskStore disk = parts.disk().get();
            if (disk.superBlock().partner() == Partner.IN_SYNC) {
                disk.split(reason);
            }
        } catch (IOException e) {
            DIAGNOSTICS.warn("disk: that the partner is left behind cannot be written down: {}", e.getMessage());
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
        kept.passOn(this::completed);
        if (parts.backupReads() == BackupReads.LOGGED) {
            for (DiskRequest request : pending) {
                if (request instanceof DiskRead) {
                    executor.orElseThrow().submit(request);
                }
            }
        }
    }

    private void lead(long epoch) throws Exception {
        HostSources host = HostSources.system();
        Recorder recorder = recorder(parts.machine(), RunPoint.start(epoch));
        kept.passOn(this::completed);
        run(recorder, new GuestTime(host.monotonicNanos(), 0, 0), host, wentLive);
    }

    private Recorder recorder(GuestMachine machine, RunPoint point) {
        Recorder.ReadData reads = parts.backupReads() == BackupReads.LOGGED
                ? Recorder.ReadData.LOGGED : Recorder.ReadData.OWN_DISK;
        return new Recorder(machine, point, reads, outgoing, new LiveOutputs());
    }

    private void run(Recorder recorder, GuestTime time, HostSources host, Runnable before) throws Exception {
        inboxes.frames().clear();
        inboxes.console().take(Integer.MAX_VALUE);
        Duty duty = new Duty(recorder);
        MachineLoop loop = new MachineLoop(recorder, inboxes, signal, LoopSettings.PRIMARY, host, duty, time);
        running = loop;
        before.run();
        if (handingOver || ending) {
            loop.stop();
        }
        if (recorder.point().inputs() == 0) {
            loop.powerOn();
        }
        loop.run();
        if (handingOver) {
            if (!duty.over) {
                recorder.end(EndReason.HANDED_OVER);
            }
            post();
            node.machineStopped(recorder.point().last());
        }
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
        inboxes.completed(completed);
    }

    private DiskAnswers.Answer answer(DiskRequest request) {
        Optional<DiskCompleted> done = kept.take(request.requestId());
        return done.isPresent()
                ? new DiskAnswers.Answer.Done(done.get().status(), done.get().data())
                : new DiskAnswers.Answer.Pending();
    }

    private void reached(LogPosition position) {
        executor.ifPresent(disk -> disk.reached(new Position(position.epoch(), position.seq())));
    }

    private LogPosition durable() {
        return executor.flatMap(DiskExecutor::durablePosition)
                .map(position -> new LogPosition(position.epoch(), position.sequence()))
                .orElse(LogPosition.START);
    }

    /// What a primary's machine produces.
    private final class LiveOutputs implements OutputSink {
        @Override
        public void external(MarkedOutput output) {
            outgoing.output(output);
        }

        @Override
        public void disk(DiskRequest request) {
            executor.orElseThrow().submit(request);
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
                executor.orElseThrow().submit(request);
            }
        }

        @Override
        public void entropyWanted(int bytes) {
            // The primary's answer is in the log.
        }
    }

    private final class FollowOwner implements FollowLoop.Owner {
        private long reachedNanos;

        @Override
        public void executed(long step, LogPosition executed) {
            replayedSteps = step;
            long now = System.nanoTime();
            if (now - reachedNanos > REACHED_NANOS) {
                reachedNanos = now;
                reached(executed);
            }
            node.executed(step, durable());
        }

        @Override
        public void makeDurable() throws IOException, InterruptedException {
            PairedMachine.this.makeDurable();
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
        public void ended(LogPosition end, EndReason reason) {
            if (reason != EndReason.HANDED_OVER) {
                markClean(end);
            }
        }
    }

    /// What a primary does between two slices.
    private final class Duty implements MachineDuty {
        private final Recorder recorder;
        private LogPosition releasedLogged = LogPosition.START;
        private long releasedNanos;
        private long progressNanos;
        private long reachedNanos;
        private long toldStep = -1;
        private boolean over;
        private boolean split;

        Duty(Recorder recorder) {
            this.recorder = recorder;
        }

        @Override
        public void turn(Recorder same, long now, boolean idle) {
            if (!over) {
                LogPosition upTo = releasedUpTo;
                if (upTo.compareTo(releasedLogged) > 0 && now - releasedNanos >= RELEASED_NANOS) {
                    releasedNanos = now;
                    releasedLogged = upTo;
                    recorder.released(upTo);
                }
                if (idle && now - progressNanos >= IDLE_PROGRESS_NANOS && recorder.progress()) {
                    progressNanos = now;
                }
            }
            if (now - reachedNanos >= REACHED_NANOS) {
                reachedNanos = now;
                tellDisk();
            }
            post();
            long step = recorder.machine().steps();
            if (step != toldStep) {
                toldStep = step;
                node.executed(step, durable());
            }
        }

        /// A disk request has no entry of its own: closed by a progress entry, the position covers every request asked
        /// for until now, so that nothing is taken for acknowledged that the backup has not come to.
        private void tellDisk() {
            if (executor.isEmpty()) {
                return;
            }
            if (!over) {
                recorder.progress();
            }
            reached(recorder.point().last());
            LogPosition there = partnerDurable;
            if (leftBehind.isEmpty()) {
                parts.disk().get().partnerDurable(new Position(there.epoch(), there.seq()));
            } else if (!split) {
                split = true;
                splitDisk(leftBehind.get());
            }
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
        public Next stopped(boolean restartWanted) {
            if (restartWanted) {
                return Next.POWER_ON;
            }
            over = true;
            recorder.end(EndReason.POWERED_OFF);
            post();
            markClean(recorder.point().last());
            return Next.STAY;
        }
    }
}
