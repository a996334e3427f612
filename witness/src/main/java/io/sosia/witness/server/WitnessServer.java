package io.sosia.witness.server;

import io.sosia.witness.claim.TableEntry;
import io.sosia.witness.identity.Credentials;
import io.sosia.witness.identity.RaftTls;
import java.io.Closeable;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.apache.ratis.conf.Parameters;
import org.apache.ratis.conf.RaftProperties;
import org.apache.ratis.grpc.GrpcConfigKeys;
import org.apache.ratis.protocol.RaftGroup;
import org.apache.ratis.protocol.RaftPeer;
import org.apache.ratis.protocol.RaftPeerId;
import org.apache.ratis.server.RaftConfiguration;
import org.apache.ratis.server.RaftServer;
import org.apache.ratis.server.storage.RaftStorage.StartupOption;
import org.apache.ratis.util.LifeCycle;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// One running member of the witness: the only one of its Raft group, or one of three.
///
/// A group is born with one member, by `init`; others are made by `initJoining`, run, and are then added by the group.
/// So no member ever starts from a list of members, and none that lost its storage can take its old place in silence.
/// `start` runs a member from its storage as often as one likes. Safe for use from several threads.
public final class WitnessServer implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(WitnessServer.class);
    /// A member alone elects itself within a second; a minute is for a host that can hardly breathe.
    private static final long READY_SECONDS_MAX = 60;
    private static final long LOOK_MILLIS = 250;
    private static final long CLOSE_SECONDS_MAX = 10;

    private final RaftServer raft;
    private final RaftServer.Division division;
    private final ClaimStateMachine machine;
    private final MemberGuard guard;
    private final Doorkeeper door;
    private final String host;
    private final Closeable lock;
    private final OnJoined onJoined;
    private final CountDownLatch closing = new CountDownLatch(1);
    private final CompletableFuture<String> ended = new CompletableFuture<>();
    private final Thread watch;

    private WitnessServer(RaftServer raft, ClaimStateMachine machine, Doorkeeper door, Start start) throws IOException {
        this.raft = raft;
        this.division = raft.getDivision(RaftSettings.groupId());
        this.machine = machine;
        this.guard = start.guard;
        this.door = door;
        this.host = GrpcConfigKeys.Server.host(start.properties);
        this.lock = start.lock;
        this.onJoined = start.onJoined;
        this.watch = Thread.ofPlatform().daemon().name("witness-watch").unstarted(this::watch);
    }

    /// What is done when a member finds itself in its group.
    private interface OnJoined {
        void note() throws IOException;
    }

    /// How a member is started.
    private record Start(
            RaftPeerId id,
            RaftProperties properties,
            RaftGroup group,
            StartupOption option,
            MemberGuard guard,
            Optional<Credentials> credentials,
            Closeable lock,
            OnJoined onJoined) {}

    /// Makes the storage of a new witness that knows no pair. Listens on the loopback address only, for a moment.
    ///
    /// @throws WitnessStorageException when a witness lives or lived there
    /// @throws IOException when the directory cannot be written
    public static void init(WitnessConfig config) throws IOException {
        WitnessStorage.Identity identity = WitnessStorage.Identity.fresh(config.name(), true);
        RaftPeer self = RaftPeer.newBuilder()
                .setId(identity.member())
                .setAddress(config.address())
                .build();
        make(config, identity, RaftGroup.valueOf(RaftSettings.groupId(), self));
    }

    /// Makes the storage of a new member of a witness that runs already. It has an id of its own, of which the group
    /// knows nothing until it is told to add it.
    ///
    /// @throws WitnessStorageException when a witness lives or lived there
    /// @throws IOException when the directory cannot be written
    public static void initJoining(WitnessConfig config) throws IOException {
        WitnessStorage.Identity identity = WitnessStorage.Identity.fresh(config.name(), false);
        make(config, identity, RaftGroup.valueOf(RaftSettings.groupId()));
    }

    /// Checks what `init` and `initJoining` check first, and changes nothing.
    ///
    /// @throws WitnessStorageException when a witness lives or lived there
    public static void checkNew(WitnessConfig config) throws WitnessStorageException {
        new WitnessStorage(config.storage()).checkNew();
    }

    private static void make(WitnessConfig config, WitnessStorage.Identity identity, RaftGroup group)
            throws IOException {
        WitnessStorage storage = new WitnessStorage(config.storage());
        try (Closeable _ = storage.lock()) {
            storage.prepare();
            RaftProperties properties =
                    RaftSettings.server(storage.raftInTheMaking(), "127.0.0.1", 0, config.snapshotEvery());
            RaftPeerId id = RaftPeerId.valueOf(identity.member());
            Start start = new Start(
                    id, properties, group, StartupOption.FORMAT, new MemberGuard(identity.member()),
                    Optional.empty(), () -> {}, () -> {});
            try (WitnessServer server = run(start)) {
                server.awaitReadyIfAlone();
            }
            storage.adopt(config.name(), identity);
        }
    }

    /// Starts a member on the storage that `init` or `initJoining` made. A member alone answers commands on return;
    /// one of several listens, and needs most of the others to answer.
    ///
    /// @throws WitnessStorageException when the storage was not initialised, is another witness's, has lost its memory
    ///     or is in use
    /// @throws IOException when it cannot listen
    public static WitnessServer start(WitnessConfig config) throws IOException {
        WitnessStorage storage = new WitnessStorage(config.storage());
        WitnessStorage.Identity identity = storage.check(config.name());
        Closeable lock = storage.lock();
        try {
            probe(config.host(), config.port());
            RaftProperties properties =
                    RaftSettings.server(storage.raft(), config.host(), config.port(), config.snapshotEvery());
            // The members are in the storage: named here again, a member that lost them could join as if it had not.
            RaftGroup withoutPeers = RaftGroup.valueOf(RaftSettings.groupId());
            WitnessServer server = run(new Start(
                    RaftPeerId.valueOf(identity.member()),
                    properties,
                    withoutPeers,
                    StartupOption.RECOVER,
                    new MemberGuard(identity.member()),
                    config.credentials(),
                    lock,
                    storage::noteJoined));
            try {
                server.awaitReadyIfAlone();
            } catch (IOException failure) {
                server.close();
                throw failure;
            }
            return server;
        } catch (IOException | RuntimeException failure) {
            lock.close();
            throw new IOException(
                    "witness '" + config.name() + "' cannot start on " + config.host() + ":" + config.port()
                            + " with storage " + config.storage() + ": " + rootMessage(failure),
                    failure);
        }
    }

    /// Ratis ends the whole process when it cannot listen: find out before it does.
    private static void probe(String host, int port) throws IOException {
        InetAddress address = InetAddress.getByName(host);
        try (ServerSocket socket = new ServerSocket()) {
            socket.setReuseAddress(true);
            socket.bind(new InetSocketAddress(address, port));
        }
    }

    private static WitnessServer run(Start start) throws IOException {
        Doorkeeper door = new Doorkeeper();
        ClaimStateMachine machine = new ClaimStateMachine(door::refused);
        Parameters parameters = RaftTls.parameters(start.credentials);
        GrpcConfigKeys.Server.setServicesCustomizer(parameters, (builder, types) -> {
            start.guard.customize(builder, types);
            return start.credentials.map(own -> door.guard(builder, own)).orElse(builder);
        });
        RaftServer raft = RaftServer.newBuilder()
                .setServerId(start.id)
                .setGroup(start.group)
                .setProperties(start.properties)
                .setParameters(parameters)
                .setStateMachine(machine)
                .setOption(start.option)
                .build();
        try {
            raft.start();
            WitnessServer server = new WitnessServer(raft, machine, door, start);
            server.watch.start();
            return server;
        } catch (IOException | RuntimeException failure) {
            try {
                raft.close();
            } catch (IOException onTop) {
                failure.addSuppressed(onTop);
            }
            throw failure instanceof IOException io ? io : new IOException(rootMessage(failure), failure);
        }
    }

    private Collection<RaftPeer> members() {
        RaftConfiguration known = division.getRaftConf();
        return known == null ? List.of() : known.getCurrentPeers();
    }

    private boolean isMember() {
        return members().stream().anyMatch(peer -> peer.getId().equals(raft.getId()));
    }

    private void awaitReadyIfAlone() throws IOException {
        if (isMember() && members().size() == 1) {
            awaitReady();
        }
    }

    private void awaitReady() throws IOException {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(READY_SECONDS_MAX);
        while (!division.getInfo().isLeaderReady()) {
            if (ended.isDone()) {
                throw new IOException("the witness stopped while starting: " + ended.join());
            }
            if (System.nanoTime() - deadline > 0) {
                throw new IOException("the witness does not lead itself after " + READY_SECONDS_MAX + " s");
            }
            try {
                if (closing.await(10, TimeUnit.MILLISECONDS)) {
                    throw new IOException("the witness was closed while starting");
                }
            } catch (InterruptedException stop) {
                Thread.currentThread().interrupt();
                throw new InterruptedIOException("interrupted while the witness was starting");
            }
        }
    }

    /// Where it listens; tells the port when the configuration left it to the system.
    public InetSocketAddress address() {
        return new InetSocketAddress(host, raft.getServerRpc().getInetSocketAddress().getPort());
    }

    /// How it is now.
    public WitnessHealth health() {
        ClaimStateMachine.Counts counts = machine.counts();
        WitnessRole role = role();
        boolean ready = role == WitnessRole.LEADER
                ? division.getInfo().isLeaderReady()
                : role == WitnessRole.FOLLOWER && division.getInfo().getLeaderId() != null;
        return new WitnessHealth(
                alive(),
                alive() && ready,
                role,
                members().size(),
                division.getInfo().getLastAppliedIndex(),
                counts.pairs(),
                counts.granted(),
                counts.notGranted(),
                guard.dropped(),
                door.refused());
    }

    private WitnessRole role() {
        if (!isMember()) {
            return WitnessRole.JOINING;
        }
        return switch (division.getInfo().getCurrentRole()) {
            case LEADER -> WitnessRole.LEADER;
            case CANDIDATE -> WitnessRole.CANDIDATE;
            case FOLLOWER, LISTENER -> WitnessRole.FOLLOWER;
            case UNRECOGNIZED -> throw new IllegalStateException("a role Ratis does not know itself");
        };
    }

    /// Its id in the group: its name and a random part.
    public String member() {
        return raft.getId().toString();
    }

    /// Completes with the reason when the witness has ended by itself (its disk failed, its log became unreadable) and
    /// with `closed` after `close`. The process should then end, so that whatever watches it can start it again.
    public CompletableFuture<String> ended() {
        return ended.copy();
    }

    private boolean alive() {
        return illness().isEmpty();
    }

    /// Why the witness takes no part any more. Ratis can close a group, or lose its log, and leave the process alive
    /// and even leading, yet answering nobody: look at the parts, not at the process.
    private Optional<String> illness() {
        Optional<Throwable> logFailure = machine.logFailure();
        if (logFailure.isPresent()) {
            return Optional.of("its log cannot be written: " + rootMessage(logFailure.get()));
        }
        LifeCycle.State state = division.getInfo().getLifeCycleState();
        if (state.isClosingOrClosed() || state == LifeCycle.State.EXCEPTION) {
            return Optional.of("its Raft group is " + state + " (was it removed from the witness?)");
        }
        if (!division.getRaftLog().isOpened()) {
            return Optional.of("its log is closed");
        }
        return raft.getLifeCycleState().isClosingOrClosed() ? Optional.of("it is closed") : Optional.empty();
    }

    /// For tests, which make it ill.
    RaftServer.Division division() {
        return division;
    }

    /// For tests, which compare members.
    List<TableEntry> entries() {
        return machine.entries();
    }

    private void watch() {
        boolean joined = false;
        try {
            while (!closing.await(LOOK_MILLIS, TimeUnit.MILLISECONDS)) {
                if (!joined && isMember()) {
                    joined = true;
                    onJoined.note();
                }
                Optional<String> illness = illness();
                // `close` makes all of this look ill, too.
                if (illness.isPresent() && closing.getCount() > 0) {
                    LOG.error("witness ends by itself: {}", illness.get());
                    ended.complete(illness.get());
                    return;
                }
            }
        } catch (InterruptedException stop) {
            Thread.currentThread().interrupt();
        } catch (IOException failure) {
            ended.complete("it cannot write to its storage: " + rootMessage(failure));
        }
    }

    /// Stops answering, finishes writing and lets go of the storage. Every change granted before was durable already.
    @Override
    public void close() {
        closing.countDown();
        try {
            raft.close();
            lock.close();
            watch.join(TimeUnit.SECONDS.toMillis(CLOSE_SECONDS_MAX));
        } catch (IOException failure) {
            LOG.warn("witness did not close cleanly: {}", rootMessage(failure));
        } catch (InterruptedException stop) {
            Thread.currentThread().interrupt();
        }
        ended.complete("closed");
    }

    private static String rootMessage(Throwable failure) {
        Throwable root = failure;
        while (root.getCause() != null) {
            root = root.getCause();
        }
        return root.getMessage() != null ? root.getMessage() : root.toString();
    }
}
