package io.sosia.appliance.pair;

import io.sosia.appliance.clone.ClonePart;
import io.sosia.appliance.eventlog.LogBatch;
import io.sosia.appliance.eventlog.LogPosition;
import io.sosia.appliance.eventlog.MarkedOutput;
import io.sosia.appliance.output.GateLimits;
import io.sosia.appliance.pair.PairCore.LinkTiming;
import io.sosia.appliance.pair.PeerMessage.DiskStamp;
import io.sosia.appliance.pair.PeerMessage.Envelope;
import io.sosia.witness.claim.ClaimCommand;
import io.sosia.witness.claim.Incarnation;
import io.sosia.witness.claim.NodeName;
import io.sosia.witness.claim.PairRecord;
import io.sosia.witness.claim.PairState;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.UUID;

/// One life of a node's process: the core under test, with everything around it simulated.
final class SimNode implements PairEnvironment {

    private static final long MILLI = 1_000_000L;
    private static final long TICK_NANOS = 20 * MILLI;

    /// Thrown out of the core at a crash point.
    static final class Crash extends RuntimeException {
        private static final long serialVersionUID = 1L;
        private final transient SimNode node;

        Crash(SimNode node) {
            super(null, null, false, false);
            this.node = node;
        }

        SimNode node() {
            return node;
        }
    }

    final SimHost host;
    final Incarnation incarnation;
    final PairCore core;
    final SimMachine machine;
    private final PairSimulation world;
    private final Timeline timeline;

    SimNet.Link link;
    boolean wantsLink;
    long crashAtAction = Long.MAX_VALUE;
    private long actions;
    private boolean dead;
    private boolean stopped;
    private long resumedNanos;
    private final List<Runnable> deferred = new ArrayList<>();
    /// Kept to go on reading from by a sabotaged node.
    private SimNet.Link abandoned;

    SimNode(SimHost host, Incarnation incarnation) {
        this.host = host;
        this.world = host.world;
        this.timeline = world.timeline;
        this.incarnation = incarnation;
        PairSettings settings = new PairSettings(PairSimulation.PAIR, host.name, host.partner().name, incarnation,
                3_000 * MILLI, 200 * MILLI, 600 * MILLI, host.handOverNanos);
        this.core = new PairCore(new PairCore.Setup(settings, LinkTiming.suspectAfter(400 * MILLI), "toy",
                new GateLimits(200, 1 << 20), 64_000, host.relied), host.stamp, this);
        this.machine = new SimMachine(this, world);
    }

    void begin() {
        timeline.trace(this + " starts, disk " + host.stamp);
        crashAtAction = world.crashPoint(host, host.lives);
        timeline.in(0, this, () -> core.begin(timeline.now()));
        timeline.in(TICK_NANOS, this, this::tick);
        timeline.in(machine.sliceNanos(), this, this::slice);
    }

    private void tick() {
        core.tick(timeline.now());
        timeline.in(TICK_NANOS, this, this::tick);
    }

    private void slice() {
        machine.slice();
        timeline.in(machine.sliceNanos(), this, this::slice);
    }

    long actions() {
        return actions;
    }

    boolean dead() {
        return dead;
    }

    boolean stopped() {
        return stopped;
    }

    /// Since when nothing has kept it from what it has to do.
    long runsSince() {
        return stopped ? Long.MAX_VALUE : resumedNanos;
    }

    void defer(Runnable action) {
        deferred.add(action);
    }

    /// SIGSTOP and, after a while, SIGCONT.
    void standStill(long nanos) {
        if (stopped) {
            return;
        }
        stopped = true;
        timeline.trace(this + " stands still for " + nanos / MILLI + " ms");
        timeline.in(nanos, () -> {
            stopped = false;
            resumedNanos = timeline.now();
            List<Runnable> late = List.copyOf(deferred);
            deferred.clear();
            late.forEach(action -> timeline.in(0, this, action));
        });
    }

    /// The process ends at once; memory is lost, and of the disk what was not durable.
    void die(String why) {
        if (dead) {
            return;
        }
        timeline.trace(this + " dies (" + why + ") in " + core.state());
        world.net.cut(this, false, world.random.nextInt(4) != 0);
        dead = true;
        host.disk.powerLoss();
        world.ended(this);
    }

    /// Messages that arrived together on a connection.
    void arrived(SimNet.Link on, List<Envelope> messages, boolean ended) {
        int at = 0;
        if (on != link && !messages.isEmpty() && SimNet.introduces(this, messages.getFirst())) {
            link = on;
        }
        while (at < messages.size() && on == link) {
            core.received(seen(messages.get(at++)), timeline.now());
        }
        if (on == link) {
            core.readComplete();
        } else if (on == abandoned && world.sabotage == Sabotage.ACK_WHILE_DRAINING) {
            acknowledgeUnread(messages);
        }
        if (ended && on == link) {
            link = null;
            core.linkLost("closed by the partner", timeline.now());
        }
    }

    /// The message as this node takes it.
    Envelope seen(Envelope envelope) {
        if (world.sabotage == Sabotage.ANY_LIFE_MAY_ACK && envelope.message() instanceof PeerMessage.Ack ack
                && core.state() instanceof NodeState.Protected(long epoch, Incarnation backup, Renunciation.Held _)) {
            LogPosition got = new LogPosition(epoch, ack.received().seq());
            return new Envelope(epoch, backup, incarnation, new PeerMessage.Ack(got, ack.executedStep(), got));
        }
        return envelope;
    }

    private void acknowledgeUnread(List<Envelope> messages) {
        for (Envelope envelope : messages) {
            if (envelope.message() instanceof PeerMessage.Log(LogBatch batch)) {
                SimNode partner = abandoned.other(this);
                timeline.in(MILLI, partner, () -> partner.core.received(new Envelope(envelope.epoch(), incarnation,
                        envelope.sender(), new PeerMessage.Ack(batch.last(), 0, batch.last())), timeline.now()));
            }
        }
    }

    /// Counts what the core has done for it: each may be the last thing of this life.
    private void action() {
        if (++actions >= crashAtAction) {
            throw new Crash(this);
        }
    }

    @Override
    public void dial() {
        action();
        wantsLink = true;
        world.net.dial(this);
    }

    @Override
    public void closeLink(String reason) {
        action();
        wantsLink = false;
        if (world.sabotage == Sabotage.ACK_WHILE_DRAINING && core.state() instanceof NodeState.Following) {
            // The connection is left open, so that the primary does not notice.
            abandoned = link;
            link = null;
            return;
        }
        world.net.close(this);
    }

    @Override
    public void send(Envelope envelope) {
        action();
        if (envelope.message() instanceof PeerMessage.ReturnAsked(long number)
                && world.sabotage == Sabotage.TAKES_RENUNCIATION_BACK_ALONE) {
            timeline.in(0, this, () -> core.received(new Envelope(envelope.epoch(), envelope.addressee(), incarnation,
                    new PeerMessage.Forgotten(number)), timeline.now()));
            return;
        }
        world.net.send(this, envelope);
        if (world.sabotage == Sabotage.RELEASE_ON_SEND
                && envelope.message() instanceof PeerMessage.Log(LogBatch batch)) {
            timeline.in(0, this, () -> core.received(new Envelope(envelope.epoch(), envelope.addressee(), incarnation,
                    new PeerMessage.Ack(batch.last(), 0, batch.last())), timeline.now()));
        }
    }

    @Override
    public void readRecord() {
        action();
        if (world.sabotage == Sabotage.HANDS_OVER_UNREAD && core.state() instanceof NodeState.HandingOver) {
            PairRecord now = world.witness.record();
            PairRecord imagined = new PairRecord(now.pairId(), now.members(), now.epoch() + 1, host.partner().name,
                    PairState.SOLO, new TreeMap<>(), now.lastChange());
            timeline.in(0, this, () -> core.recordRead(imagined, timeline.now()));
        }
        if (world.sabotage == Sabotage.OVERRULED_GOES_ON && core.state() instanceof NodeState.Solo) {
            return;
        }
        world.witness.read(this);
    }

    @Override
    public void submit(ClaimCommand claim) {
        action();
        boolean promotes = core.state() instanceof NodeState.Claiming c && c.purpose() == Purpose.PROMOTE;
        boolean goesSolo = core.state() instanceof NodeState.Claiming c && c.purpose() == Purpose.GO_SOLO;
        if (world.sabotage == Sabotage.PROMOTE_WITHOUT_CLAIM && promotes
                || world.sabotage == Sabotage.OPEN_BEFORE_GRANT && goesSolo) {
            timeline.in(0, this, () -> core.claimGranted(claim.nonce(), imagined((ClaimCommand.ClaimSolo) claim), timeline.now()));
        }
        world.witness.submit(this, claim);
    }

    @Override
    public boolean witnessAnswers() {
        return host.believesInWitness(timeline.now());
    }

    @Override
    public void writeRelied(long epoch) {
        action();
        world.seen("RELIED asked");
        if (world.sabotage == Sabotage.RELIES_BEFORE_IT_IS_DURABLE) {
            timeline.in(0, this, () -> core.reliedWritten(epoch, timeline.now()));
        }
        timeline.in(MILLI + world.random.nextLong(40) * MILLI, this, () -> {
            host.relied = epoch;
            timeline.trace(this + " has RELIED(" + epoch + ") on its disk");
            timeline.in(MILLI, this, () -> core.reliedWritten(epoch, timeline.now()));
        });
    }

    /// The record a claim would lead to.
    private static PairRecord imagined(ClaimCommand.ClaimSolo claim) {
        return imagined(claim, claim.expected().epoch() + 1);
    }

    static PairRecord imagined(ClaimCommand.ClaimSolo claim, long epoch) {
        TreeMap<NodeName, Incarnation> self = new TreeMap<>(Map.of(claim.node(), claim.incarnation()));
        return new PairRecord(
                claim.pairId(), PairSimulation.MEMBERS, epoch, claim.node(), PairState.SOLO, self, claim);
    }

    @Override
    public void startMachine(long epoch) {
        stain();
        action();
        machine.start(epoch);
    }

    @Override
    public void follow(long epoch) {
        stain();
        action();
        machine.follow(epoch);
    }

    private void stain() {
        host.stamp = new DiskStamp(host.stamp.content(), host.stamp.position(), false);
    }

    @Override
    public void deliver(LogBatch batch) {
        action();
        machine.deliver(batch);
        world.checks.delivered(this, batch);
    }

    @Override
    public void beginClone(long epoch, Incarnation backup) {
        action();
        timeline.in(MILLI, this, () -> {
            core.invite(new PeerMessage.Invitation(0, new UUID(0, epoch), "image"));
            machine.beginClone();
        });
    }

    @Override
    public void abandonClone(String reason) {
        action();
        machine.abandonClone();
    }

    @Override
    public void join(long epoch, PeerMessage.Invitation invitation) {
        stain();
        action();
        machine.join();
    }

    @Override
    public void assemble(ClonePart part) {
        action();
        machine.assemble(part);
    }

    @Override
    public void ofDisk(PeerMessage.OfDisk message) {
        action();
    }

    @Override
    public void drain() {
        action();
        machine.drain();
    }

    @Override
    public void goLive(long epoch) {
        action();
        machine.goLive(epoch);
    }

    @Override
    public void pause() {
        action();
        machine.paused = true;
    }

    @Override
    public void resume() {
        action();
        machine.resume();
    }

    @Override
    public void stopAtMark(long number) {
        action();
        machine.stopAtMark(number);
    }

    @Override
    public void release(MarkedOutput output) {
        action();
        world.checks.released(this, output, timeline.now());
        world.outside.receives(this, output);
    }

    @Override
    public void finish(Outcome outcome, String reason) {
        action();
        timeline.trace(this + " finishes, " + outcome + ": " + reason);
        world.checks.finishes(this, outcome);
        timeline.in(MILLI, this, () -> {
            machine.paused = true;
            if (outcome == Outcome.ENDED && machine.poweredOff()) {
                host.disk.sync(() -> leave(true));
            } else {
                leave(false);
            }
        });
    }

    private void leave(boolean clean) {
        if (dead) {
            return;
        }
        if (clean) {
            host.stamp = new DiskStamp("image", machine.logEnd(), true);
            world.checks.stamped(host);
        }
        world.net.close(this);
        dead = true;
        if (!clean) {
            host.disk.powerLoss();
        }
        world.ended(this);
    }

    @Override
    public void transition(NodeState from, NodeState to, String reason) {
        timeline.trace(this + " " + from.word() + "->" + to.word() + " epoch=" + to.epoch() + " " + reason);
        world.seen(from.word() + " -> " + to.word());
        if (to.isPrimary() || to.isBackup()) {
            host.epoch = Math.max(host.epoch, to.epoch());
        }
        world.checks.transition(this, to);
    }

    @Override
    public String toString() {
        return host + "#" + host.lives;
    }
}
