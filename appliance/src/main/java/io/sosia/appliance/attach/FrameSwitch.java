package io.sosia.appliance.attach;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.BindException;
import java.net.InetSocketAddress;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// A small learning Ethernet switch: the network segment that both nodes of a pair and their way out share.
///
/// Ports are connections in QEMU's stream protocol: those accepted on the listen address (the appliances), and those
/// handed to [#attach] (a passt). A node may connect, die and come back while the connection to passt, and with it
/// every client's TCP connection, goes on. Stations are learnt per port and move to the port that last sent; a port
/// that goes away is forgotten. Each port has a bounded queue; what a slow peer does not read is dropped and counted,
/// and nobody waits for it.
///
/// Whoever can connect is on the segment: keep a TCP listen address on a network you trust.
///
/// Threads: one of its own does everything; counters may be read by any.
public final class FrameSwitch implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(FrameSwitch.class);

    private static final int PORTS_MAX = 64;
    private static final int STATIONS_MAX = 1024;
    private static final int QUEUE_FRAMES_MAX = 4096;

    private final ServerSocketChannel server;
    private final StreamAddress listening;
    private final Selector selector;
    private final Thread thread;
    private final ConcurrentLinkedQueue<Attachment> arrivals = new ConcurrentLinkedQueue<>();
    private volatile boolean closed;

    private final MacTable<Port> stations = new MacTable<>(STATIONS_MAX);
    private final List<Port> ports = new ArrayList<>();
    private final ArrayDeque<Port> unflushed = new ArrayDeque<>();
    private final FrameLoss loss;
    private int portsSoFar;

    private final LongAdder forwarded = new LongAdder();
    private final LongAdder flooded = new LongAdder();
    private final LongAdder lost = new LongAdder();
    private final LongAdder queueFull = new LongAdder();
    private final LongAdder moves = new LongAdder();

    /// What the switch has done since its start.
    ///
    /// @param forwarded frames sent to the one port where their station is
    /// @param flooded frames sent to all other ports
    /// @param lost frames lost on purpose ([FrameLoss])
    /// @param queueFull copies dropped because a port's queue was full
    /// @param moves times a station moved to another port
    public record Counters(long forwarded, long flooded, long lost, long queueFull, long moves) {}

    private record Attachment(SocketChannel channel, String name, Consumer<String> gone) {}

    private FrameSwitch(ServerSocketChannel server, StreamAddress listening, FrameLoss loss) throws IOException {
        this.server = server;
        this.listening = listening;
        this.loss = loss;
        this.selector = Selector.open();
        this.thread = Thread.ofPlatform().daemon().name("sosia-switch").unstarted(this::serve);
    }

    /// Starts to listen. A unix socket left behind by a dead process is replaced.
    ///
    /// @param listen where appliances connect; TCP port 0 takes a free one
    /// @param loss what to lose on purpose
    /// @throws IOException when the address is in use or not allowed, naming it
    public static FrameSwitch start(StreamAddress listen, FrameLoss loss) throws IOException {
        ServerSocketChannel server = ServerSocketChannel.open(listen.family());
        try {
            if (listen instanceof StreamAddress.Unix(Path path)) {
                removeStale(path);
            }
            server.bind(listen.resolve(), PORTS_MAX);
            server.configureBlocking(false);
            FrameSwitch frames = new FrameSwitch(server, actual(listen, server), loss);
            server.register(frames.selector, SelectionKey.OP_ACCEPT);
            frames.thread.start();
            return frames;
        } catch (IOException e) {
            server.close();
            throw new IOException("cannot listen on " + listen + ": " + e.getMessage(), e);
        }
    }

    /// Where appliances connect, with the port really taken.
    public StreamAddress listening() {
        return listening;
    }

    /// Adds a port for a connection that exists already; it belongs to the switch from now on and stays open for the
    /// switch's life.
    ///
    /// @param name for diagnostics
    /// @param gone told the reason, on the switch's thread, when the peer ends it; not when the switch is closed
    public void attach(SocketChannel channel, String name, Consumer<String> gone) {
        arrivals.add(new Attachment(channel, name, gone));
        selector.wakeup();
    }

    /// What has been done so far.
    public Counters counters() {
        return new Counters(forwarded.sum(), flooded.sum(), lost.sum(), queueFull.sum(), moves.sum());
    }

    /// Ends all connections and removes the unix socket. May be called twice.
    @Override
    public void close() {
        closed = true;
        selector.wakeup();
        ThreadEnd.await(thread);
    }

    private static void removeStale(Path path) throws IOException {
        if (!Files.exists(path)) {
            return;
        }
        StreamAddress address = new StreamAddress.Unix(path);
        try (SocketChannel probe = SocketChannel.open(address.family())) {
            probe.connect(address.resolve());
        } catch (IOException _) {
            if (Files.isRegularFile(path) || Files.isDirectory(path)) {
                throw new BindException("the path exists and is not a socket");
            }
            Files.deleteIfExists(path);
            return;
        }
        throw new BindException("another process listens there");
    }

    private static StreamAddress actual(StreamAddress listen, ServerSocketChannel server) throws IOException {
        return switch (listen) {
            case StreamAddress.Unix unix -> unix;
            case StreamAddress.Tcp(String host, int _) ->
                new StreamAddress.Tcp(host, ((InetSocketAddress) server.getLocalAddress()).getPort());
        };
    }

    private void serve() {
        try (selector;
                server) {
            while (!closed) {
                selector.select(this::ready);
                for (Attachment arrival = arrivals.poll(); arrival != null; arrival = arrivals.poll()) {
                    admit(arrival.channel, arrival.name, arrival.gone);
                }
                flushAll();
            }
        } catch (IOException e) {
            throw new UncheckedIOException("the switch on " + listening + " cannot wait for its ports", e);
        } finally {
            ports.forEach(Port::shut);
            arrivals.forEach(arrival -> shut(arrival.channel));
            if (listening instanceof StreamAddress.Unix(Path path)) {
                try {
                    Files.deleteIfExists(path);
                } catch (IOException e) {
                    LOG.warn("switch cannot remove its socket {}: {}", path, e.getMessage());
                }
            }
        }
    }

    private void ready(SelectionKey key) {
        if (key.attachment() instanceof Port port) {
            if (key.isValid() && key.isWritable()) {
                unflushed.add(port);
            }
            if (key.isValid() && key.isReadable()) {
                receive(port);
            }
        } else {
            accept();
        }
    }

    private void accept() {
        SocketChannel channel = null;
        try {
            channel = server.accept();
            if (channel == null) {
                return;
            }
            if (ports.size() >= PORTS_MAX) {
                LOG.warn("switch refuses a connection: all {} ports are taken", PORTS_MAX);
                channel.close();
                return;
            }
            String peer = listening instanceof StreamAddress.Tcp ? " from " + channel.getRemoteAddress() : "";
            admit(channel, "port-" + ++portsSoFar + peer, _ -> {});
        } catch (IOException e) {
            LOG.warn("switch cannot take a connection: {}", e.getMessage());
            if (channel != null) {
                shut(channel);
            }
        }
    }

    private void admit(SocketChannel channel, String name, Consumer<String> gone) {
        try {
            Port port = new Port(channel, name, gone);
            port.key = channel.register(selector, SelectionKey.OP_READ, port);
            ports.add(port);
            LOG.info("switch {} connected", name);
        } catch (IOException e) {
            shut(channel);
            gone.accept(e.getMessage());
        }
    }

    private void receive(Port from) {
        try {
            if (!from.stream.receive(frame -> pass(frame, from))) {
                drop(from, "the peer closed the connection");
            }
        } catch (IOException e) {
            drop(from, e.getMessage());
        }
    }

    private void pass(byte[] frame, Port from) {
        if (stations.learn(MacAddress.bitsAt(frame, EthernetFrame.SOURCE), from)) {
            moves.increment();
        }
        if (loss.loses(frame)) {
            lost.increment();
            return;
        }
        Port to = stations.find(MacAddress.bitsAt(frame, EthernetFrame.DESTINATION));
        if (to == from) {
            return;
        }
        if (to != null) {
            forwarded.increment();
            to.offer(frame);
            return;
        }
        flooded.increment();
        for (Port port : ports) {
            if (port != from) {
                port.offer(frame);
            }
        }
    }

    /// Writes once per turn what the turn has queued, so that frames that came together leave together.
    private void flushAll() {
        for (Port port = unflushed.poll(); port != null; port = unflushed.poll()) {
            port.waitsForFlush = false;
            if (!port.key.isValid()) {
                continue;
            }
            try {
                boolean done = port.stream.flush();
                port.key.interestOps(done ? SelectionKey.OP_READ : SelectionKey.OP_READ | SelectionKey.OP_WRITE);
            } catch (IOException e) {
                drop(port, e.getMessage());
            }
        }
    }

    private void drop(Port port, String reason) {
        if (ports.remove(port)) {
            LOG.info("switch {} disconnected reason={}", port.name, reason);
            stations.forget(port);
            port.shut();
            port.gone.accept(reason);
        }
    }

    private static void shut(SocketChannel channel) {
        try {
            channel.close();
        } catch (IOException e) {
            LOG.debug("closing a port", e);
        }
    }

    /// One connection.
    private final class Port {
        private final SocketChannel channel;
        private final FrameStream stream;
        private final String name;
        private final Consumer<String> gone;
        private SelectionKey key;
        private boolean waitsForFlush;

        Port(SocketChannel channel, String name, Consumer<String> gone) throws IOException {
            this.channel = channel;
            this.stream = new FrameStream(channel, QUEUE_FRAMES_MAX);
            this.name = name;
            this.gone = gone;
        }

        void offer(byte[] frame) {
            if (!stream.enqueue(frame)) {
                queueFull.increment();
            }
            if (!waitsForFlush) {
                waitsForFlush = true;
                unflushed.add(this);
            }
        }

        void shut() {
            FrameSwitch.shut(channel);
        }
    }
}
