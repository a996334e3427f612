package io.sosia.appliance.node;

import io.netty.channel.EventLoopGroup;
import io.sosia.appliance.arbiter.Arbiter;
import io.sosia.appliance.channel.PeerChannel;
import io.sosia.appliance.channel.PeerListener;
import io.sosia.appliance.clone.ClonePart;
import io.sosia.appliance.eventlog.LogBatch;
import io.sosia.appliance.eventlog.LogPosition;
import io.sosia.appliance.eventlog.MarkedOutput;
import io.sosia.appliance.pair.LagMeter;
import io.sosia.appliance.pair.LagPolicy;
import io.sosia.appliance.pair.NodeState;
import io.sosia.appliance.pair.Outcome;
import io.sosia.appliance.pair.PairCore;
import io.sosia.appliance.pair.PairEnvironment;
import io.sosia.appliance.pair.PeerMessage;
import io.sosia.appliance.pair.PeerMessage.DiskStamp;
import io.sosia.appliance.pair.PeerMessage.Envelope;
import io.sosia.appliance.pair.Renunciation;
import io.sosia.witness.claim.ClaimCommand;
import io.sosia.witness.claim.Incarnation;
import io.sosia.witness.claim.Nonce;
import io.sosia.witness.claim.PairRecord;
import java.io.IOException;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Runs the pair protocol of one node: a [PairCore] on its event loop, with the link, the arbiter and the machine's
/// thread around it. Holds no decision of its own.
///
/// Everything but the methods named "any thread" is called on the event loop. What the machine's thread produces waits
/// in an [Outgoing] queue and is taken over in one go, so a burst costs one hand-over.
///
/// Netty logs what a task or a listener throws and goes on; here that is a broken invariant, so everything that enters
/// the core is guarded and ends the node.
final class PairNode implements PairEnvironment, PeerListener, Arbiter.Answers, CloneFeed.Outlet {

    /// Told of what the outside sees of this node, and keeps what has to be durable.
    interface Observer extends Notebook.Pages {
        void transition(NodeState from, NodeState to, String reason);

        void finished(Outcome outcome, String reason);

        /// Keeps durably that this node relies on its backup's renunciation in this epoch. On a thread of its own.
        void writeRelied(long epoch) throws IOException;

        /// A broken invariant: the node has to stop at once.
        void broken(Throwable cause);
    }

    private static final Logger DIAGNOSTICS = LoggerFactory.getLogger(PairNode.class);
    private static final long TICK_MILLIS = 10;
    private static final long RELIED_RETRY_NANOS = 500_000_000;
    private static final long LAG_SAMPLE_NANOS = 50_000_000;
    /// Log handed to the event loop and not taken over yet, in bytes, before the machine waits.
    private static final long HANDED_BYTES_MAX = 32L << 20;
    /// Log received and not taken by the replayer, in bytes, before nothing more is read.
    private static final long WAITING_BYTES_MAX = 64L << 20;

    private final EventLoopGroup loop;
    private final Arbiter arbiter;
    private final PairedMachine machine;
    private final Consumer<MarkedOutput> outside;
    private final Observer observer;
    private final PairCore core;
    private final Notebook notebook;
    private final Admission admission;
    private final Incarnation self;
    private PeerChannel channel;
    private LogPosition releasedTold = LogPosition.START;
    private final LagMeter lagMeter = new LagMeter();
    private final LagPolicy lagPolicy;
    private final AtomicLong handedBytes = new AtomicLong();
    private long lagSampledNanos;
    private boolean reading = true;
    private volatile boolean congested;
    private volatile long lagNanos;
    private volatile double heldShare;
    private final DiskOffer diskOffer;
    private long cloneSession;
    private volatile Optional<CloneSource> taking = Optional.empty();
    private volatile long clonePauseNanos;
    private final Optional<DiskVerify> verify;

    /// @param lagTargetNanos lag above which the machine is slowed
    /// @param outside        takes released outputs, in order
    PairNode(EventLoopGroup loop, Arbiter arbiter, PairCore.Setup setup, DiskStamp disk, long lagTargetNanos,
            PairedMachine machine, DiskOffer diskOffer, Consumer<MarkedOutput> outside, Observer observer) {
        this.lagPolicy = new LagPolicy(lagTargetNanos);
        this.loop = loop;
        this.arbiter = arbiter;
        this.machine = machine;
        this.diskOffer = diskOffer;
        this.outside = outside;
        this.observer = observer;
        this.core = new PairCore(setup, disk, this);
        this.self = setup.settings().incarnation();
        this.notebook = new Notebook(observer, this::onLoop);
        this.admission = new Admission(notebook, envelope -> core.received(envelope, System.nanoTime()), new Admission.Link() {
            @Override
            public void readable(boolean readable) {
                channel.readable(readable && reading);
            }

            @Override
            public void lose(String reason) {
                channel.close(reason);
                core.linkLost(reason, System.nanoTime());
            }
        });
        this.verify = machine.disk().upkeep().map(upkeep -> new DiskVerify(upkeep, new DiskVerify.Surroundings(
                this::onLoop, work -> look(_ -> work.run()), core::tellOfDisk, this::fault)));
    }

    /// What compares both disks; empty for a machine without one. Any thread, as its methods say.
    Optional<DiskVerify> verify() {
        return verify;
    }

    /// Any thread, once: the protocol begins.
    void begin(PeerChannel link) {
        onLoop(() -> {
            channel = link;
            core.begin(System.nanoTime());
            // With a fixed delay: a process that stood still has no ticks to make up for.
            loop.scheduleWithFixedDelay(() -> guarded(this::tick), TICK_MILLIS, TICK_MILLIS, TimeUnit.MILLISECONDS);
        });
    }

    /// What comes after the loop's end is for nobody.
    private void onLoop(Runnable work) {
        try {
            loop.execute(() -> guarded(work));
        } catch (RejectedExecutionException ended) {
            DIAGNOSTICS.debug("after the end of the node: {}", ended.getMessage());
        }
    }

    private void guarded(Runnable work) {
        try {
            work.run();
        } catch (RuntimeException | Error e) {
            observer.broken(e);
        }
    }

    private void tick() {
        long now = System.nanoTime();
        if (!reading) {
            // What the partner says waits in the socket: its silence means nothing.
            core.heard(now);
        }
        core.tick(now);
        taking.ifPresent(source -> source.tick(now));
        if (now - lagSampledNanos >= LAG_SAMPLE_NANOS) {
            lagSampledNanos = now;
            followLag(now);
        }
        verify.ifPresent(comparing -> comparing.tick(now));
        holdSenderBack();
        settle();
    }

    private void followLag(long now) {
        boolean followed = core.state() instanceof NodeState.Taking taken && taken.phase() != NodeState.Taking.Phase.COPYING
                && core.backupStep() > 0;
        if (followed || core.state() instanceof NodeState.Protected) {
            lagNanos = lagMeter.lagNanos(core.backupStep(), now);
            lagPolicy.sample(lagNanos);
        } else {
            lagNanos = 0;
            lagPolicy.reset();
        }
        heldShare = lagPolicy.share();
        machine.setPace(1.0 - heldShare);
    }

    private void holdSenderBack() {
        long waiting = machine.waitingBytes();
        boolean room = reading ? waiting <= WAITING_BYTES_MAX : waiting <= WAITING_BYTES_MAX / 2;
        if (room != reading) {
            reading = room;
            channel.readable(room);
        }
    }

    /// After anything that may have released output or made room.
    private void settle() {
        boolean before = congested;
        congested = core.congested();
        if (before && !congested) {
            machine.wake();
        }
        LogPosition upTo = core.gate().releasedUpTo();
        if (upTo.compareTo(releasedTold) > 0) {
            releasedTold = upTo;
            machine.released(upTo);
        }
        machine.disk().setPartnerDurable(core.partnerDurable());
    }

    // From the machine's thread.

    /// Any thread: whether the machine has to wait for the pair.
    boolean congested() {
        return congested || handedBytes.get() > HANDED_BYTES_MAX;
    }

    /// Any thread: what the machine has produced, to be sent and held.
    void take(Outgoing.Load load) {
        handedBytes.addAndGet(load.bytes());
        onLoop(() -> {
            handedBytes.addAndGet(-load.bytes());
            for (LogBatch batch : load.batches()) {
                core.recorded(batch, load.bytes() / load.batches().size());
            }
            load.outputs().forEach(core::produced);
            settle();
        });
    }

    /// Any thread: how far the machine is, and its disk.
    void executed(long step, LogPosition durable) {
        onLoop(() -> {
            core.executed(step, durable);
            lagMeter.at(step, System.nanoTime());
        });
    }

    /// Any thread: how far the backup is behind, in host nanoseconds; 0 without one.
    long lagNanos() {
        return lagNanos;
    }

    /// Any thread: the share of time the machine is held for the backup's sake.
    double heldShare() {
        return heldShare;
    }

    /// Any thread.
    void drained() {
        onLoop(() -> core.drained(System.nanoTime()));
    }

    /// Any thread.
    void machineStands(long number, LogPosition last) {
        onLoop(() -> core.machineStands(number, last, System.nanoTime()));
    }

    /// Any thread.
    void fault(String reason) {
        onLoop(() -> core.fault(reason, System.nanoTime()));
    }

    /// Any thread.
    void terminate() {
        onLoop(() -> core.terminate(System.nanoTime()));
    }

    /// Any thread: runs on the loop with the core, for looking; returns when that is done.
    void look(Consumer<PairCore> eyes) {
        if (loop.next().inEventLoop()) {
            eyes.accept(core);
        } else {
            loop.submit(() -> eyes.accept(core)).syncUninterruptibly();
        }
    }

    // From the link.

    @Override
    public void dialled() {
        admission.forget();
        guarded(() -> core.dialled(System.nanoTime()));
    }

    @Override
    public void received(Envelope envelope) {
        guarded(() -> admission.received(envelope,
                core.state() instanceof NodeState.Standby && envelope.addressee().equals(self)));
    }

    @Override
    public void readComplete() {
        guarded(() -> {
            core.readComplete();
            settle();
        });
    }

    @Override
    public void lost(String reason) {
        DIAGNOSTICS.info("link lost while {}: {}", core.state().word(), reason);
        admission.forget();
        guarded(() -> core.linkLost(reason, System.nanoTime()));
    }

    // From the arbiter, on its threads.

    @Override
    public void record(PairRecord record) {
        onLoop(() -> notebook.ordered(record, () -> core.recordRead(record, System.nanoTime()), this::notNoted));
    }

    @Override
    public void unknownPair() {
        onLoop(() -> core.recordUnknown(System.nanoTime()));
    }

    @Override
    public void granted(Nonce nonce, PairRecord record) {
        onLoop(() -> core.claimGranted(nonce, record, System.nanoTime()));
    }

    @Override
    public void refused(Nonce nonce, String reason) {
        onLoop(() -> core.claimRefused(nonce, reason, System.nanoTime()));
    }

    @Override
    public void overruled(Nonce nonce, PairRecord record) {
        onLoop(() -> notebook.ordered(record, () -> core.claimOverruled(nonce, record, System.nanoTime()), this::notNoted));
    }

    private void notNoted(IOException failure) {
        core.fault("an operator's order cannot be written down: " + failure.getMessage(), System.nanoTime());
    }

    @Override
    public void silent(String why) {
        onLoop(() -> core.witnessSilent(System.nanoTime()));
    }

    // What the core wants done.

    @Override
    public void dial() {
        channel.dial();
    }

    @Override
    public void closeLink(String reason) {
        admission.forget();
        channel.close(reason);
    }

    @Override
    public void send(Envelope envelope) {
        channel.send(envelope);
    }

    @Override
    public void readRecord() {
        arbiter.read(this);
    }

    @Override
    public void submit(ClaimCommand claim) {
        notebook.claims(claim, () -> {
            // Who has stopped claiming meanwhile asks for nothing any more.
            if (core.state() instanceof NodeState.Claiming claiming && claiming.command().equals(claim)) {
                arbiter.submit(claim, this);
            }
        });
    }

    @Override
    public boolean witnessAnswers() {
        return arbiter.reachable();
    }

    @Override
    public void writeRelied(long epoch) {
        // The loop must not wait for a disk.
        Thread.ofPlatform().daemon().name("relied").start(() -> {
            while (!triedToWriteRelied(epoch)) {
                LockSupport.parkNanos(RELIED_RETRY_NANOS);
                if (!isWaitingForRelied(epoch)) {
                    return;
                }
            }
            onLoop(() -> core.reliedWritten(epoch, System.nanoTime()));
        });
    }

    private boolean triedToWriteRelied(long epoch) {
        try {
            observer.writeRelied(epoch);
            return true;
        } catch (IOException e) {
            DIAGNOSTICS.warn("RELIED of epoch {} cannot be written, so output is held on; tried again: {}", epoch, e.getMessage());
            return false;
        }
    }

    /// Not when the witness has answered meanwhile, or the node has ended.
    private boolean isWaitingForRelied(long epoch) {
        boolean[] waiting = new boolean[1];
        try {
            look(same -> waiting[0] = same.state() instanceof NodeState.Claiming claim && claim.epoch() == epoch
                    && claim.held().reliance() == Renunciation.Reliance.WRITING);
        } catch (RejectedExecutionException ended) {
            DIAGNOSTICS.debug("after the end of the node: {}", ended.getMessage());
        }
        return waiting[0];
    }

    @Override
    public void startMachine(long epoch) {
        // Anything but SOLO: a partner with the same disk was taken in, even if it has been lost again by now.
        machine.start(epoch, !(core.state() instanceof NodeState.Solo));
    }

    @Override
    public void follow(long epoch) {
        machine.follow(epoch);
    }

    @Override
    public void ofDisk(PeerMessage.OfDisk message) {
        verify.ifPresent(comparing -> comparing.received(message));
    }

    @Override
    public void deliver(LogBatch batch) {
        machine.deliver(batch);
    }

    @Override
    public void drain() {
        machine.drain();
    }

    @Override
    public void goLive(long epoch) {
        machine.goLive(epoch);
    }

    @Override
    public void pause() {
        machine.pause();
    }

    @Override
    public void resume() {
        machine.resume();
    }

    @Override
    public void stopAtMark(long number) {
        machine.stopAtMark(number);
    }

    @Override
    public void release(MarkedOutput output) {
        outside.accept(output);
    }

    @Override
    public void finish(Outcome outcome, String reason) {
        observer.finished(outcome, reason);
    }

    // Taking the partner in.

    @Override
    public void beginClone(long epoch, Incarnation backup) {
        taking = Optional.of(new CloneSource(++cloneSession, diskOffer, machine.feed(), new CloneSource.Owner() {
            @Override
            public void invite(PeerMessage.Invitation invitation) {
                core.invite(invitation);
            }

            @Override
            public void failed(String reason) {
                core.cloneFailed(reason, System.nanoTime());
            }
        }, this::onLoop));
        taking.get().begin();
    }

    @Override
    public void abandonClone(String reason) {
        taking.ifPresent(source -> source.abandon(reason));
        taking = Optional.empty();
    }

    /// Any thread: ends what was begun to take the partner in, and what is being written; returns when that is done.
    void endClone() {
        look(same -> abandonClone("the node ends"));
        diskOffer.close();
        notebook.close();
    }

    private void ifTaking(long session, Consumer<CloneSource> then) {
        onLoop(() -> taking.filter(source -> source.session() == session).ifPresent(then));
    }

    @Override
    public void ahead(long session, ClonePart part) {
        ifTaking(session, source -> {
            core.clonePart(part, System.nanoTime());
            long bytes = CloneFeed.weight(part);
            channel.afterSent(() -> machine.feed().sent(session, bytes));
        });
    }

    @Override
    public void restIsSmall(long session) {
        ifTaking(session, CloneSource::memoryIsNear);
    }

    @Override
    public void postponed(long session, String reason) {
        ifTaking(session, source -> source.postponed(reason));
    }

    @Override
    public void cut(long session, List<ClonePart> parts, long pauseNanos) {
        clonePauseNanos = pauseNanos;
        ifTaking(session, source -> {
            source.cutDone(pauseNanos);
            parts.forEach(part -> core.clonePart(part, System.nanoTime()));
        });
    }

    /// Any thread: the machine or its disk cannot be copied.
    void cloneFailed(String reason) {
        onLoop(() -> core.cloneFailed(reason, System.nanoTime()));
    }

    /// Any thread: how long the machine stood still for its last copy, in host nanoseconds; 0 when it never was copied.
    long clonePauseNanos() {
        return clonePauseNanos;
    }

    /// Any thread: how far the copy is that is being made; empty when none is.
    Optional<CloneProgress> cloneProgress() {
        return taking.map(CloneSource::progress);
    }

    // Being taken in.

    @Override
    public void join(long epoch, PeerMessage.Invitation invitation) {
        machine.join(diskOffer.join(invitation, this::fault));
    }

    @Override
    public void assemble(ClonePart part) {
        machine.assemble(part);
    }

    /// Any thread: goes on without the backup, which is taken in afresh.
    ///
    /// @param begun run when it begins, before anybody is taken in
    /// @return why that cannot be; empty when it begins
    String letGo(String reason, Runnable begun) {
        String[] why = new String[1];
        look(same -> {
            why[0] = same.letGo(reason, System.nanoTime());
            if (why[0].isEmpty()) {
                begun.run();
            }
        });
        return why[0];
    }

    /// Any thread.
    void restored() {
        onLoop(() -> core.restored(System.nanoTime()));
    }

    /// Any thread: asks the partner to become the primary.
    ///
    /// @return why that cannot be; empty when it begins
    String switchOver() {
        String[] why = new String[1];
        look(same -> why[0] = same.switchOver(System.nanoTime()));
        return why[0];
    }

    @Override
    public void transition(NodeState from, NodeState to, String reason) {
        machine.setDiskErrorsRetire(to instanceof NodeState.Protected || to instanceof NodeState.HandingOver);
        verify.ifPresent(comparing -> comparing.transition(to, reason));
        if (to instanceof NodeState.Solo) {
            machine.disk().partnerAway(reason);
        }
        if (to instanceof NodeState.Following && from instanceof NodeState.Syncing) {
            machine.disk().partnerInSync("in sync by the record, epoch " + to.epoch());
        }
        if (to instanceof NodeState.Protected && taking.isPresent()) {
            machine.disk().partnerInSync("taken in at epoch " + to.epoch());
            taking.get().done();
            taking = Optional.empty();
        }
        observer.transition(from, to, reason);
    }
}
