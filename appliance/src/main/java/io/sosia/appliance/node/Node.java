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
import io.sosia.appliance.eventlog.MarkedOutput;
import io.sosia.appliance.machine.Machine;
import io.sosia.appliance.machine.MachineSpec;
import io.sosia.appliance.machine.port.MachineOutput;
import io.sosia.appliance.output.GateLimits;
import io.sosia.appliance.pair.NodeState;
import io.sosia.appliance.pair.PairCore;
import io.sosia.appliance.pair.PairSettings;
import io.sosia.appliance.pair.Purpose;
import io.sosia.disksync.store.DiskStore;
import io.sosia.witness.claim.Incarnation;
import io.sosia.witness.client.WitnessClientConfig;
import java.io.IOException;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// One node of a pair, running: its machine, disk, link, network and claim, from start to end.
public final class Node implements AutoCloseable {

    /// How a node's life ended.
    ///
    /// @param failed whether by a lost claim or a fault, as against on purpose
    public record Ending(boolean failed, String state, String reason) {}

    private static final Logger DIAGNOSTICS = LoggerFactory.getLogger("io.sosia.pair");
    private static final int CONSOLE_BYTES = 4 << 20;
    private static final long LOG_BYTES_MAX = 64L << 20;
    private static final long[] ANNOUNCE_MILLIS = {20, 100, 300, 1_000, 3_000};

    private final NodeConfig config;
    private final NodeHome home;
    private final EventLoopGroup loop;
    private final Arbiter arbiter;
    private final PairedMachine machine;
    private final PairNode pair;
    private final PeerChannel channel;
    private final Optional<Uplink> uplink;
    private final OutboundFlows flows = new OutboundFlows();
    private final ConsoleLog console = new ConsoleLog(CONSOLE_BYTES);
    private final TransitionLog transitions = new TransitionLog();
    private final LinkRate rate = new LinkRate();
    private final Watchdog watchdog;
    private final CompletableFuture<Ending> ending = new CompletableFuture<>();
    private final long startedNanos = System.nanoTime();

    /// Starts a node that was initialised by `sosia pair init`.
    ///
    /// @throws ConfigException when the configuration names something unusable
    /// @throws IOException when the state folder, the disk or an address cannot be used
    public static Node start(NodeConfig config) throws ConfigException, IOException {
        NodeHome home = NodeHome.open(config.state(), config.node());
        MachineParts parts = MachineParts.of(config.machine());
        Optional<DiskStore> disk = home.hasDisk() ? Optional.of(DiskStore.open(home.diskFolder())) : Optional.empty();
        try {
            MachineSpec spec = parts.spec(
                    disk.map(DiskStore::sizeBytes).orElse(0L), home.mac(), !config.uplink().equals("none"));
            return new Node(config, home, spec, disk);
        } catch (ConfigException | IOException | RuntimeException e) {
            if (disk.isPresent()) {
                disk.get().close();
            }
            throw e;
        }
    }

    private Node(NodeConfig config, NodeHome home, MachineSpec spec, Optional<DiskStore> disk) throws IOException {
        this.config = config;
        this.home = home;
        this.machine = new PairedMachine(new PairedMachine.Parts(
                new Machine(spec), disk, home, config.backupReads(), this::replayed, this::broken));
        this.uplink = plugIn();
        this.loop = Transport.oneLoop(work -> {
            Thread thread = new Thread(work, "pair");
            thread.setUncaughtExceptionHandler((_, cause) -> broken(cause));
            return thread;
        });
        this.arbiter = new WitnessArbiter(new WitnessClientConfig(config.witness()), home.pairId());
        this.pair = new PairNode(loop, arbiter, setup(spec), home.stamp(), config.lagTargetNanos(), machine, this::leave,
                new Onlooker());
        machine.attach(pair, this::announce);
        this.channel = new PeerChannel(loop, config.partnerAddress(), pair);
        try {
            channel.listen(config.listen());
        } catch (IOException e) {
            closeParts();
            throw e;
        }
        this.watchdog = new Watchdog(machine::lastTurnNanos, () -> broken(new IllegalStateException(
                "the machine's thread has made no turn for " + Watchdog.PATIENCE_SECONDS + " s")));
        pair.begin(channel);
        loop.scheduleAtFixedRate(() -> rate.sample(linkBytes()), 1, 1, TimeUnit.SECONDS);
    }

    private PairCore.Setup setup(MachineSpec spec) {
        PairSettings usual = PairSettings.of(home.pairId(), config.node(), config.partner(),
                new Incarnation(UUID.randomUUID()));
        PairSettings settings = new PairSettings(usual.pairId(), usual.node(), usual.partner(), usual.incarnation(),
                config.partnerGraceNanos(), usual.witnessRetryNanos(), usual.freezeNanos(), usual.handOverNanos());
        return new PairCore.Setup(settings, PairCore.LinkTiming.suspectAfter(config.silenceNanos()),
                MachineParts.digest(spec), GateLimits.DEFAULT, LOG_BYTES_MAX);
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

    private void networkIsUp() {
        if (pair != null) {
            loop.execute(() -> pair.look(core -> {
                if (core.state().isPrimary()) {
                    announce();
                }
            }));
        }
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

    /// Tells the network where the guest is now, and again for a while: a late frame of the other node can pull the address
    /// back.
    private void announce() {
        uplink.ifPresent(cable -> {
            cable.sendTogether(announcement());
            for (long millis : ANNOUNCE_MILLIS) {
                loop.schedule(() -> cable.sendTogether(announcement()), millis, TimeUnit.MILLISECONDS);
            }
        });
    }

    /// What the guest's own frames allow us to say for it; before its first frame, only where its address is.
    private List<byte[]> announcement() {
        List<byte[]> known = flows.goLiveFrames();
        return known.isEmpty()
                ? new Announcement(MacAddress.parse(home.mac().toString()), Optional.empty()).frames() : known;
    }

    private final class Onlooker implements PairNode.Observer {
        @Override
        public void transition(NodeState from, NodeState to, String reason) {
            long step = machine.steps();
            transitions.add(from, to, step, reason);
            DIAGNOSTICS.info("{} {}->{} epoch={} at={} reason={}", config.node(), from.word(), to.word(), to.epoch(), step,
                    reason);
        }

        @Override
        public void finished(boolean failed, String reason) {
            pair.look(core -> ending.complete(new Ending(failed, core.state().word(), reason)));
        }
    }

    /// A broken invariant: this node must not go on, and must not pretend to end in order. The partner takes over.
    private void broken(Throwable cause) {
        DIAGNOSTICS.error("{} stops at once: a broken invariant", config.node(), cause);
        Evidence.write(home.evidenceFolder(), "broken", cause);
        Runtime.getRuntime().halt(70);
    }

    // From outside; any thread.

    /// What the node looks like now.
    public NodeStatus status() {
        NodeStatus[] seen = new NodeStatus[1];
        pair.look(core -> seen[0] = status(core));
        return seen[0];
    }

    private NodeStatus status(PairCore core) {
        NodeState state = core.state();
        boolean backup = state instanceof NodeState.Following || state instanceof NodeState.Draining
                || state instanceof NodeState.Claiming claiming && claiming.purpose() == Purpose.PROMOTE;
        return new NodeStatus(
                home.pairId().toString(), config.node().value(), config.partner().value(),
                state.isPrimary() ? "primary" : backup ? "backup" : "none",
                state.word(), transitions.lastReason(), state.epoch(), machine.steps(), core.backupStep(),
                core.linked(), arbiter.reachable(), pair.lagNanos() / 1e6, pair.heldShare() * 100,
                rate.bitsPerSecond(), linkBytes(), core.gate().heldOutputs(), console.end(),
                (System.nanoTime() - startedNanos) / 1_000_000, ProcessHandle.current().pid(), transitions.all());
    }

    private long linkBytes() {
        return channel.bytesSent() + channel.bytesReceived();
    }

    /// The guest's console, as far as it has been released or replayed here.
    public ConsoleLog console() {
        return console;
    }

    /// Types on the guest's console; only a primary's machine reads it.
    ///
    /// @return how many bytes were taken
    public int type(byte[] bytes) {
        return machine.inboxes().console().offer(bytes, 0, bytes.length);
    }

    /// Asks the node to end: a backup leaves, a primary hands over.
    public void terminate() {
        pair.terminate();
    }

    /// Completes when the node's life is over; close it then.
    public CompletableFuture<Ending> ending() {
        return ending;
    }

    /// Ends threads and connections and leaves the disk durable.
    @Override
    public void close() throws IOException {
        watchdog.close();
        closeParts();
    }

    private void closeParts() throws IOException {
        channel.close();
        if (uplink.isPresent()) {
            uplink.get().close();
        }
        arbiter.close();
        machine.close();
        loop.shutdownGracefully(0, 1, TimeUnit.SECONDS).awaitUninterruptibly(2, TimeUnit.SECONDS);
    }
}
