package io.sosia.appliance.node;

import io.netty.channel.EventLoopGroup;
import io.sosia.appliance.arbiter.Arbiter;
import io.sosia.appliance.arbiter.WitnessArbiter;
import io.sosia.appliance.attach.Announcement;
import io.sosia.appliance.attach.MacAddress;
import io.sosia.appliance.attach.OutboundFlows;
import io.sosia.appliance.attach.StreamAddress;
import io.sosia.appliance.attach.StreamUplink;
import io.sosia.appliance.attach.TapUplink;
import io.sosia.appliance.attach.Uplink;
import io.sosia.appliance.channel.PeerChannel;
import io.sosia.appliance.channel.Transport;
import io.sosia.appliance.config.ConfigException;
import io.sosia.appliance.engine.EngineKind;
import io.sosia.appliance.eventlog.MarkedOutput;
import io.sosia.appliance.lockstep.Divergence;
import io.sosia.appliance.machine.Machine;
import io.sosia.appliance.machine.MachineSpec;
import io.sosia.appliance.machine.port.MachineOutput;
import io.sosia.appliance.output.GateLimits;
import io.sosia.appliance.pair.NodeState;
import io.sosia.appliance.pair.Outcome;
import io.sosia.appliance.pair.PairCore;
import io.sosia.appliance.pair.PairSettings;
import io.sosia.appliance.pair.PeerMessage.DiskStamp;
import io.sosia.appliance.pair.Purpose;
import io.sosia.appliance.snapshot.SnapshotHeader;
import io.sosia.appliance.tls.LinkSecurity;
import io.sosia.appliance.tls.Tls;
import io.sosia.disksync.block.DiskState;
import io.sosia.disksync.store.DiskRebuild;
import io.sosia.disksync.store.DiskStore;
import io.sosia.witness.claim.Incarnation;
import io.sosia.witness.claim.OperatorWord;
import io.sosia.witness.claim.PairRecord;
import io.sosia.witness.identity.Identity;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.LongAdder;
import java.util.concurrent.locks.LockSupport;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// One node of a pair: its machine, disk, link, network and claim, from start to end.
public final class Node implements AutoCloseable {

    /// Exit status of a process whose node stopped at once (sysexits.h, EX_SOFTWARE).
    public static final int BROKEN_STATUS = 70;

    private static final Logger DIAGNOSTICS = LoggerFactory.getLogger("io.sosia.pair");
    private static final int CONSOLE_BYTES = 4 << 20;
    private static final long LOG_BYTES_MAX = 64L << 20;
    private static final long BROKEN_PATIENCE_NANOS = 5_000_000_000L;
    private static final long[] ANNOUNCE_MILLIS = {20, 100, 300, 1_000, 3_000};

    private final NodeConfig config;
    private final NodeHome home;
    private final EpochFile memory;
    private final NodeLock lock;
    private final EventLoopGroup loop;
    private final Optional<Tls> tls;
    private final LongAdder resyncRefused = new LongAdder();
    private final Arbiter arbiter;
    private final PairedMachine machine;
    private final PairNode pair;
    private final PeerChannel channel;
    private final InetSocketAddress listening;
    private final DiskExports exports;
    private final Snapshots snapshots;
    private final Optional<NodeDisk> disk;
    private final Optional<Uplink> uplink;
    /// Touched by the machine's thread until it goes live, then by the event loop; the order to go live is between.
    private final OutboundFlows flows = new OutboundFlows();
    private final ConsoleLog console;
    private final TransitionLog transitions;
    private final LinkRate rate = new LinkRate();
    private final Watchdog watchdog;
    private final CompletableFuture<Ending> ending = new CompletableFuture<>();
    private final AtomicBoolean broken = new AtomicBoolean();
    private final AtomicBoolean closed = new AtomicBoolean();
    private final long startedNanos = System.nanoTime();
    private final Incarnation incarnation = new Incarnation(UUID.randomUUID());
    private volatile boolean primary;
    /// What it looked like when it was closed.
    private volatile NodeStatus lastStatus;

    /// Opens a node that was initialised by `sosia pair init`. Its addresses are taken; nothing else
    /// happens before [#begin].
    ///
    /// @throws ConfigException when the configuration names something unusable
    /// @throws IOException when the state folder, the disk or an address cannot be used
    public static Node open(NodeConfig config) throws ConfigException, IOException {
        return open(config, new ConsoleLog(CONSOLE_BYTES), new TransitionLog());
    }

    /// Opens the node's next life after this one, which has been closed: at the same address, remembering the console and the
    /// changes of state.
    ///
    /// @throws ConfigException as [#open]
    /// @throws IOException as [#open]
    Node again() throws ConfigException, IOException {
        return open(config.withListen(listening), console, transitions);
    }

    private static Node open(NodeConfig config, ConsoleLog console, TransitionLog transitions)
            throws ConfigException, IOException {
        NodeHome home = NodeHome.open(config.state(), config.node());
        Optional<Tls> tls = PairCertificates.open(config, home.pairId());
        MachineParts parts = MachineParts.of(config.machine());
        NodeLock lock = home.lock();
        Optional<DiskStore> disk = Optional.empty();
        try {
            EpochFile memory = home.memory();
            disk = parts.image().disk().isPresent() ? Optional.of(openDisk(home, parts)) : Optional.empty();
            boolean whole = disk.isEmpty() || disk.get().superBlock().state() == DiskState.UP_TO_DATE;
            DiskStamp stamp = home.stampOf(whole);
            MachineSpec spec = parts.spec(
                    disk.map(DiskStore::sizeBytes).orElse(0L), home.mac(), !config.uplink().equals("none"));
            return new Node(config, new Opened(home, memory, lock, spec, disk, stamp, tls), console, transitions);
        } catch (ConfigException | IOException | RuntimeException e) {
            if (disk.isPresent()) {
                disk.get().close();
            }
            lock.close();
            throw e;
        }
    }

    /// Whatever has happened to the disk, the partner can make it good again; whether this node may serve from it is found out when
    /// it is known who the owner is.
    private static DiskStore openDisk(NodeHome home, MachineParts parts) throws IOException {
        return DiskRebuild.open(home.diskFolder(), home.pairId().value(), Files.size(parts.image().disk().get()));
    }

    /// What a node finds in its folder.
    private record Opened(
            NodeHome home, EpochFile memory, NodeLock lock, MachineSpec spec, Optional<DiskStore> disk, DiskStamp stamp, Optional<Tls> tls) {}

    private Node(NodeConfig config, Opened opened, ConsoleLog console, TransitionLog transitions)
            throws ConfigException, IOException {
        this.config = config;
        this.home = opened.home();
        this.memory = opened.memory();
        this.lock = opened.lock();
        this.console = console;
        this.transitions = transitions;
        this.tls = opened.tls();
        LinkSecurity security = tls.isPresent()
                ? tls.get().between(new Identity.OfNode(home.pairId(), config.partner())) : LinkSecurity.OFF;
        MachineSpec spec = opened.spec();
        this.machine = new PairedMachine(new PairedMachine.Parts(
                build(spec, config.engine()), opened.disk(), home, config.backupReads(), this::replayed, this::diverged,
                point -> console.skipTo(point.totals().consoleBytes()), this::broken));
        this.loop = Transport.oneLoop(work -> {
            Thread thread = new Thread(work, "pair");
            thread.setUncaughtExceptionHandler((_, cause) -> broken(cause));
            return thread;
        });
        this.arbiter = new WitnessArbiter(Arbitration.open(config, tls), home.pairId());
        Optional<ResyncOffer> resync = opened.disk().map(disk -> new ResyncOffer(
                disk, machine.disk(), config::resync, new ResyncOffer.Way(config.partnerAddress(), security, resyncRefused::increment),
                this::content));
        DiskOffer diskOffer = resync.isPresent() ? resync.get() : DiskOffer.none(opened.stamp().content());
        this.pair = new PairNode(loop, arbiter, setup(spec), opened.stamp(), config.lagTargetNanos(), machine,
                diskOffer, this::leave, new Onlooker());
        this.disk = opened.disk().map(store -> new NodeDisk(store, pair.verify().orElseThrow(), resync.orElseThrow(), pair,
                config.node().value(), config.partner().value()));
        Instant lastVerify = lastVerify();
        pair.verify().ifPresent(verify -> verify.attach(new DiskVerify.Setup(config.node().value(),
                config.partner().value(), config.scrub(), lastVerify, this::keepLastVerify)));
        machine.attach(pair, this::wentLive);
        this.exports = new DiskExports(
                machine.disk(), home.diskFolder(), config.node().value(), config.partner().value(), this::state);
        this.snapshots = new Snapshots(machine, home,
                new SnapshotHeader.Build(MachineParts.digest(spec), spec.ramBytes(), home.mac().toString()),
                config.partner().value(), this::state);
        this.channel = new PeerChannel(loop, config.partnerAddress(), security, pair);
        Optional<Uplink> cable;
        try {
            listening = channel.bind(config.listen());
            cable = plugIn();
        } catch (IOException | RuntimeException e) {
            closeParts(Optional.empty());
            throw e;
        }
        this.uplink = cable;
        this.watchdog = new Watchdog(machine::lastTurnNanos, () -> broken(new IllegalStateException(
                "the machine's thread has made no turn for " + Watchdog.PATIENCE_SECONDS + " s")));
    }

    private String content() {
        try {
            return home.stamp().content();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /// The time to the first comparison of both disks counts from the node's first start.
    private Instant lastVerify() {
        return home.lastVerify().orElseGet(() -> {
            Instant now = Instant.now();
            keepLastVerify(now);
            return now;
        });
    }

    private void keepLastVerify(Instant at) {
        try {
            home.writeLastVerify(at);
        } catch (IOException e) {
            DIAGNOSTICS.warn("that the disk was compared cannot be written down: {}", e.getMessage());
        }
    }

    private static Machine build(MachineSpec spec, EngineKind engine) throws ConfigException {
        try {
            return new Machine(spec, engine.factory());
        } catch (OutOfMemoryError e) {
            throw new ConfigException("machine.ram: no room for " + (spec.ramBytes() >> 20) + " MiB: " + e.getMessage()
                    + "; take less, or give this host more memory");
        }
    }

    /// Asks the witness where the pair stands, and goes on from there. Once.
    ///
    /// @throws IOException when the state folder cannot be written
    public void begin() throws IOException {
        home.forgetEnding();
        pair.begin(channel);
        channel.accept();
        loop.scheduleWithFixedDelay(() -> rate.sample(linkBytes()), 1, 1, TimeUnit.SECONDS);
    }

    private PairCore.Setup setup(MachineSpec spec) {
        PairSettings usual = PairSettings.of(home.pairId(), config.node(), config.partner(), incarnation);
        PairSettings settings = new PairSettings(usual.pairId(), usual.node(), usual.partner(), usual.incarnation(),
                config.partnerGraceNanos(), usual.witnessRetryNanos(), usual.freezeNanos(), usual.handOverNanos());
        return new PairCore.Setup(settings, PairCore.LinkTiming.suspectAfter(config.silenceNanos()),
                MachineParts.digest(spec), GateLimits.DEFAULT, LOG_BYTES_MAX, memory.relied());
    }

    private Optional<Uplink> plugIn() throws IOException {
        String where = config.uplink();
        if (where.equals("none")) {
            return Optional.empty();
        }
        var inbox = machine.inboxes().frames();
        return Optional.of(where.startsWith("tap:")
                ? TapUplink.open(where.substring("tap:".length()), inbox)
                : StreamUplink.connect(StreamAddress.parse(where), inbox, this::networkIsUp));
    }

    /// Frames can leave again, or for the first time: on the uplink's thread, also before this node has begun.
    private void networkIsUp() {
        loop.execute(this::announceIfLive);
    }

    // Outputs. On the event loop, except `replayed`, which is the machine's thread before it goes live.

    private void leave(MarkedOutput output) {
        switch (output.output()) {
            case MachineOutput.FrameOut(byte[] frame) -> {
                flows.observe(frame);
                uplink.ifPresent(cable -> cable.send(frame));
            }
            case MachineOutput.ConsoleOut(long offset, byte[] bytes) -> console.append(offset, bytes);
            case MachineOutput.PowerOff _, MachineOutput.ResetRequested _ -> { }
            case MachineOutput.DiskRequest _, MachineOutput.EntropyWanted _ ->
                    throw new IllegalStateException("not an external output: " + output);
        }
    }

    private void replayed(MarkedOutput output) {
        switch (output.output()) {
            case MachineOutput.FrameOut(byte[] frame) -> flows.observe(frame);
            case MachineOutput.ConsoleOut(long offset, byte[] bytes) -> console.append(offset, bytes);
            case MachineOutput.PowerOff _, MachineOutput.ResetRequested _ -> { }
            case MachineOutput.DiskRequest _, MachineOutput.EntropyWanted _ ->
                    throw new IllegalStateException("not an external output: " + output);
        }
    }

    /// On the machine's thread. Tells the network where the guest is now, and again for a while: a late frame of the
    /// other node can pull the address back.
    private void wentLive() {
        loop.execute(() -> {
            announceIfLive();
            for (long millis : ANNOUNCE_MILLIS) {
                loop.schedule(this::announceIfLive, millis, TimeUnit.MILLISECONDS);
            }
        });
    }

    /// On the event loop. A node whose claim is in doubt does not draw the guest's address to itself.
    private void announceIfLive() {
        pair.look(core -> {
            boolean live = core.state() instanceof NodeState.Protected || core.state() instanceof NodeState.Solo
                    || core.state() instanceof NodeState.Taking
                    || core.state() instanceof NodeState.Claiming claiming && claiming.purpose() == Purpose.PROTECT_LIVE;
            if (live) {
                uplink.ifPresent(cable -> cable.sendTogether(announcement()));
            }
        });
    }

    /// What the guest's own frames allow us to say for it; before its first frame, only where its address is.
    private List<byte[]> announcement() {
        List<byte[]> known = flows.goLiveFrames();
        return known.isEmpty()
                ? new Announcement(MacAddress.parse(home.mac().toString()), Optional.empty()).frames() : known;
    }

    /// Keeps the console to the run whose machine this node has, or is about to have.
    private void followRun(NodeState to) {
        switch (to) {
            case NodeState.Alone _ -> console.beginAnew();
            case NodeState.Protected s -> console.shareWith(s.backup());
            case NodeState.Taking s -> console.shareWith(s.backup());
            case NodeState.Syncing s -> console.takeFrom(s.primary());
            case NodeState.Following s -> console.takeFrom(s.primary());
            case NodeState.Reading _, NodeState.Waiting _, NodeState.Claiming _, NodeState.Solo _, NodeState.Standby _,
                    NodeState.Draining _, NodeState.HandingOver _, NodeState.Stopped _, NodeState.Halted _ -> { }
        }
    }

    private final class Onlooker implements PairNode.Observer {
        @Override
        public void transition(NodeState from, NodeState to, String reason) {
            long step = machine.steps();
            primary = to.isPrimary();
            followRun(to);
            memory.check(to);
            transitions.add(from, to, step, reason);
            DIAGNOSTICS.info("{} {}->{} epoch={} at={} reason={}", config.node(), from.word(), to.word(), to.epoch(),
                    step,
                    reason);
        }

        @Override
        public void writeRelied(long epoch) throws IOException {
            memory.rely(epoch);
        }

        @Override
        public boolean knows(long epoch, EpochFile.Role role) {
            return memory.knows(epoch, role);
        }

        @Override
        public void take(long epoch, EpochFile.Role role) throws IOException {
            memory.take(epoch, role);
        }

        @Override
        public void note(PairRecord order) throws IOException {
            if (home.noteOrder(order)) {
                OperatorWord word = order.lastChange().operatorWord().orElseThrow();
                DIAGNOSTICS.warn("{}: ORDERED AGAINST THE RULES by {} ({}): {}. Output released before may be missing in what goes on.",
                        config.node(), word.operator(), word.reason(), order.summary());
            }
        }

        @Override
        public void finished(Outcome outcome, String reason) {
            pair.look(core -> ending.complete(new Ending(
                    outcome, core.state().word(), reason, core.state().epoch(), machine.steps(), Instant.now())));
        }

        @Override
        public void broken(Throwable cause) {
            Node.this.broken(cause);
        }
    }

    /// On the machine's thread: the replay is not the recorded run. The node retires right after.
    private void diverged(Divergence divergence) {
        List<String> lines = new ArrayList<>();
        lines.add("node " + config.node() + " of pair " + home.pairId());
        lines.add("position " + divergence.position() + ", step " + divergence.step());
        lines.add("compared " + divergence.what());
        lines.add("expected " + divergence.expected());
        lines.add("got      " + divergence.got());
        lines.addAll(lastStates());
        Evidence.write(home.evidenceFolder(), "diverged", lines);
    }

    private List<String> lastStates() {
        return transitions.all().stream().map(change -> "state " + change.from() + " -> " + change.to() + ", epoch "
                + change.epoch() + ", step " + change.step() + ", at "
                + Instant.EPOCH.plus(change.atMicros(), ChronoUnit.MICROS)
                + ": " + change.reason()).toList();
    }

    /// A broken invariant: this node must not go on, and must not pretend to end in order. The partner takes over. Any
    /// thread; does not return.
    private void broken(Throwable cause) {
        try {
            // Whoever comes second must not halt before the first has written down why.
            if (broken.compareAndSet(false, true)) {
                DIAGNOSTICS.error("{} stops at once: a broken invariant: {}", config.node(), cause.toString(), cause);
                Evidence.write(home.evidenceFolder(), "broken", cause);
                home.writeEnding(new Ending(Outcome.FAILED, Ending.BROKEN, cause.toString(), 0, machine.steps(), Instant.now()));
            } else {
                LockSupport.parkNanos(BROKEN_PATIENCE_NANOS);
            }
        } catch (IOException e) {
            DIAGNOSTICS.warn("why the node stopped cannot be written down: {}", e.getMessage());
        } finally {
            Runtime.getRuntime().halt(BROKEN_STATUS);
        }
    }

    /// What no thread has caught: a broken invariant when our own code is on its way, or the Java machine itself is in
    /// trouble. A library's thread that dies of its own takes no more with it than its question, which is asked again.
    public void uncaught(Thread thread, Throwable cause) {
        boolean ours = cause instanceof VirtualMachineError
                || Arrays.stream(cause.getStackTrace()).anyMatch(at -> at.getClassName().startsWith("io.sosia."));
        if (ours && !closed.get()) {
            broken(cause);
        }
        DIAGNOSTICS.error("{}: thread {} has died: {}", config.node(), thread.getName(), cause.toString(), cause);
    }

    // From outside; any thread.

    /// What the node looks like now.
    public NodeStatus status() {
        NodeStatus last = lastStatus;
        if (last != null) {
            return last;
        }
        NodeStatus[] seen = new NodeStatus[1];
        try {
            pair.look(core -> seen[0] = status(core));
        } catch (RejectedExecutionException closing) {
            return lastStatus;
        }
        return seen[0];
    }

    private NodeStatus status(PairCore core) {
        NodeState state = core.state();
        return new NodeStatus(
                home.pairId().toString(), config.node().value(), config.partner().value(),
                state.role(),
                incarnation.toString(), state.word(), transitions.lastReason(), state.epoch(), config.engine().decided().word(), machine.steps(),
                core.backupStep(),
                core.linked(), arbiter.reachable(), state.renunciation().summary(), pair.lagNanos() / 1e6, pair.heldShare() * 100,
                rate.bitsPerSecond(), linkBytes(), pair.clonePauseNanos() / 1e6, pair.cloneProgress().orElse(null), core.gate().heldOutputs(), console.end(),
                (System.nanoTime() - startedNanos) / 1_000_000, ProcessHandle.current().pid(),
                pair.verify().map(DiskVerify::summary).orElse(null), trust(core), transitions.all());
    }

    private TrustStatus trust(PairCore core) {
        return new TrustStatus(tls.isPresent(), tls.map(own -> own.validUntil().getEpochSecond()).orElse(0L),
                channel.strangersDropped() + resyncRefused.sum(), core.foreignMessages());
    }

    private long linkBytes() {
        return channel.bytesSent() + channel.bytesReceived();
    }

    /// The guest's console, as far as it has been released or replayed here.
    public ConsoleLog console() {
        return console;
    }

    /// Types on the guest's console. Only a primary's machine can take it: anywhere else it would come up at some later
    /// go-live.
    ///
    /// @return how many bytes were taken; empty when this node is not the primary
    public OptionalInt type(byte[] bytes) {
        return primary ? OptionalInt.of(machine.inboxes().console().offer(bytes, 0, bytes.length))
                : OptionalInt.empty();
    }

    /// Where this node's partner finds it.
    public InetSocketAddress listening() {
        return listening;
    }

    /// Asks the node to end: a backup leaves, a primary hands over.
    public void terminate() {
        pair.terminate();
    }

    /// Asks this primary's partner to become the primary.
    ///
    /// @return why that cannot be; empty when it begins
    public String switchOver() {
        return pair.switchOver();
    }

    private NodeState state() {
        NodeState[] seen = new NodeState[1];
        pair.look(core -> seen[0] = core.state());
        return seen[0];
    }

    /// What may be asked of this node's disk; empty for a machine without one.
    public Optional<NodeDisk> disk() {
        return disk;
    }

    /// Shows this node's disk as it was at a moment to others.
    public DiskExports exports() {
        return exports;
    }

    /// Saves this node's machine and disk as they are at one place in the log.
    public Snapshots snapshots() {
        return snapshots;
    }

    /// Completes when the node's life is over; close it then.
    public CompletableFuture<Ending> ending() {
        return ending;
    }

    /// Writes down how it ended, ends threads and connections and leaves the disk durable. May be called twice.
    ///
    /// @throws IOException when the disk cannot be closed in order
    @Override
    public void close() throws IOException {
        if (!closed.compareAndSet(false, true)) {
            return;
        }
        watchdog.close();
        lastStatus = status();
        keepEnding();
        try {
            closeParts(uplink);
        } finally {
            lock.close();
        }
    }

    private void keepEnding() {
        Ending end = ending.getNow(null);
        if (end == null) {
            return;
        }
        if (end.failed()) {
            List<String> lines = new ArrayList<>();
            lines.add("node " + config.node() + " of pair " + home.pairId() + " ended " + end.state() + ", epoch "
                    + end.epoch()
                    + ", step " + end.step());
            lines.add("reason " + end.reason());
            lines.addAll(lastStates());
            Evidence.write(home.evidenceFolder(), "halted", lines);
        }
        try {
            home.writeEnding(end);
        } catch (IOException e) {
            DIAGNOSTICS.warn("how the node ended cannot be written down: {}", e.getMessage());
        }
    }

    private void closeParts(Optional<Uplink> cable) throws IOException {
        channel.close();
        if (cable.isPresent()) {
            cable.get().close();
        }
        arbiter.close();
        pair.endClone();
        exports.close();
        snapshots.close();
        try {
            machine.close();
        } finally {
            loop.shutdownGracefully(0, 1, TimeUnit.SECONDS).awaitUninterruptibly(2, TimeUnit.SECONDS);
        }
    }
}
