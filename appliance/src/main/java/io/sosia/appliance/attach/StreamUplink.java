package io.sosia.appliance.attach;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// An uplink that speaks QEMU's stream protocol to a [FrameSwitch], a passt, or a QEMU of the same segment.
///
/// Made by [#connect] it keeps trying: after a loss it connects again, at once and then ever more slowly, up to every
/// two seconds. Made by [#over] it lives as long as the one connection it was given.
///
/// Threads: its own thread connects and receives. Senders write themselves, under a lock, so that a frame costs no
/// hand-off to another thread; only what the peer does not take at once is left to the uplink's thread.
public final class StreamUplink implements Uplink {
    private static final Logger LOG = LoggerFactory.getLogger(StreamUplink.class);

    /// Frames that wait for a slow peer before new ones are dropped.
    static final int QUEUE_FRAMES_MAX = 4096;

    private static final Duration CONNECT_TIMEOUT = Duration.ofSeconds(5);
    private static final long BACKOFF_MILLIS_MIN = 20;
    private static final long BACKOFF_MILLIS_MAX = 2_000;

    private final StreamAddress address;
    private final SocketChannel given;
    private final String name;
    private final FrameInbox inbox;
    private final Runnable becameUp;
    private final Selector selector;
    private final Thread thread;
    private volatile boolean closed;

    /// Guards the four fields below and the sending half of the stream.
    private final Object sending = new Object();
    private FrameStream stream;
    private boolean sendBlocked;
    private IOException sendFailure;
    private long droppedOutbound;

    private StreamUplink(StreamAddress address, SocketChannel given, String name, FrameInbox inbox, Runnable becameUp)
            throws IOException {
        this.address = address;
        this.given = given;
        this.name = name;
        this.inbox = Objects.requireNonNull(inbox);
        this.becameUp = Objects.requireNonNull(becameUp);
        this.selector = Selector.open();
        this.thread = Thread.ofPlatform().daemon().name("sosia-uplink").unstarted(this::serve);
    }

    /// Connects to `address` in the background and again whenever the connection is lost.
    ///
    /// @param becameUp runs on the uplink's thread each time frames can leave again; a node that is live repeats its
    /// [Announcement]
    /// @throws IOException when this process has no file descriptors left
    public static StreamUplink connect(StreamAddress address, FrameInbox inbox, Runnable becameUp) throws IOException {
        StreamUplink uplink = new StreamUplink(address, null, address.toString(), inbox, becameUp);
        uplink.thread.start();
        return uplink;
    }

    /// Uses a connection that exists already and belongs to the uplink from now on; when it ends the uplink stays down.
    ///
    /// @param channel connected, its blocking mode does not matter
    /// @param name for diagnostics
    /// @throws IOException when the channel is closed, or this process has no file descriptors left
    public static StreamUplink over(SocketChannel channel, String name, FrameInbox inbox) throws IOException {
        StreamUplink uplink = new StreamUplink(null, channel, name, inbox, () -> {});
        uplink.enter(channel);
        uplink.thread.start();
        return uplink;
    }

    @Override
    public boolean send(byte[] frame) {
        synchronized (sending) {
            if (!enqueue(frame)) {
                return false;
            }
            flush();
            return true;
        }
    }

    @Override
    public int sendTogether(List<byte[]> frames) {
        synchronized (sending) {
            int sent = 0;
            for (byte[] frame : frames) {
                if (enqueue(frame)) {
                    sent++;
                }
            }
            flush();
            return sent;
        }
    }

    @Override
    public boolean isUp() {
        synchronized (sending) {
            return stream != null;
        }
    }

    @Override
    public long droppedOutbound() {
        synchronized (sending) {
            return droppedOutbound;
        }
    }

    @Override
    public String describe() {
        return name;
    }

    @Override
    public void close() {
        closed = true;
        selector.wakeup();
        ThreadEnd.await(thread);
    }

    private boolean enqueue(byte[] frame) {
        if (stream != null && stream.enqueue(frame)) {
            return true;
        }
        droppedOutbound++;
        return false;
    }

    private void flush() {
        if (stream == null || sendBlocked) {
            return;
        }
        try {
            sendBlocked = !stream.flush();
        } catch (IOException e) {
            // The uplink's thread owns the connection and ends it.
            sendBlocked = true;
            sendFailure = e;
        }
        if (sendBlocked) {
            selector.wakeup();
        }
    }

    private void serve() {
        long backoffMillis = BACKOFF_MILLIS_MIN;
        boolean told = false;
        try (selector) {
            while (!closed) {
                long connectedAtNanos = System.nanoTime();
                boolean wasUp = false;
                String reason;
                try (SocketChannel channel = given != null ? given : open()) {
                    if (channel == null) {
                        break;
                    }
                    wasUp = true;
                    told = false;
                    if (given == null) {
                        enter(channel);
                    }
                    LOG.info("uplink DOWN->UP peer={}", name);
                    try {
                        becameUp.run();
                        reason = pump(channel);
                    } finally {
                        // Before the peer can see the end: from then on nothing counts as sent.
                        leave();
                    }
                } catch (IOException e) {
                    reason = e.getMessage() == null ? e.toString() : e.getMessage();
                }
                if (closed || given != null) {
                    LOG.info("uplink UP->DOWN peer={} reason={}", name, closed ? "closed" : reason);
                    break;
                }
                if (!told) {
                    LOG.warn("uplink {}DOWN peer={} reason={}; trying again", wasUp ? "UP->" : "", name, reason);
                    told = true;
                }
                if (System.nanoTime() - connectedAtNanos > BACKOFF_MILLIS_MAX * 1_000_000) {
                    backoffMillis = BACKOFF_MILLIS_MIN;
                }
                pause(backoffMillis);
                backoffMillis = Math.min(2 * backoffMillis, BACKOFF_MILLIS_MAX);
            }
        } catch (IOException e) {
            throw new UncheckedIOException("uplink " + name + " cannot wait for its connection", e);
        }
    }

    /// Connects without blocking, so that [#close] is obeyed at once.
    ///
    /// @return null when closed meanwhile
    private SocketChannel open() throws IOException {
        SocketChannel channel = SocketChannel.open(address.family());
        try {
            channel.configureBlocking(false);
            long deadlineNanos = System.nanoTime() + CONNECT_TIMEOUT.toNanos();
            if (!channel.connect(address.resolve())) {
                channel.register(selector, SelectionKey.OP_CONNECT);
                while (!channel.finishConnect()) {
                    long leftMillis = (deadlineNanos - System.nanoTime()) / 1_000_000;
                    if (closed) {
                        channel.close();
                        return null;
                    }
                    if (leftMillis <= 0) {
                        throw new IOException("no answer within " + CONNECT_TIMEOUT.toSeconds() + " s");
                    }
                    selector.select(leftMillis);
                    selector.selectedKeys().clear();
                }
            }
            return channel;
        } catch (IOException | RuntimeException e) {
            channel.close();
            throw e;
        }
    }

    private void enter(SocketChannel channel) throws IOException {
        FrameStream entered = new FrameStream(channel, QUEUE_FRAMES_MAX);
        synchronized (sending) {
            stream = entered;
            sendBlocked = false;
            sendFailure = null;
        }
    }

    private void leave() {
        synchronized (sending) {
            stream = null;
        }
    }

    /// Receives until the connection ends.
    ///
    /// @return why it ended
    private String pump(SocketChannel channel) throws IOException {
        FrameStream receiving;
        synchronized (sending) {
            receiving = stream;
        }
        SelectionKey key = channel.register(selector, SelectionKey.OP_READ);
        while (!closed) {
            selector.select();
            selector.selectedKeys().clear();
            boolean wantsToWrite;
            synchronized (sending) {
                if (sendFailure != null) {
                    throw sendFailure;
                }
                if (sendBlocked) {
                    sendBlocked = !stream.flush();
                }
                wantsToWrite = sendBlocked;
            }
            key.interestOps(wantsToWrite ? SelectionKey.OP_READ | SelectionKey.OP_WRITE : SelectionKey.OP_READ);
            if (!receiving.receive(inbox::offer)) {
                return "the peer closed the connection";
            }
        }
        return "closed";
    }

    private void pause(long millis) throws IOException {
        long deadlineNanos = System.nanoTime() + millis * 1_000_000;
        long leftMillis = millis;
        while (!closed && leftMillis > 0) {
            selector.select(leftMillis);
            leftMillis = (deadlineNanos - System.nanoTime()) / 1_000_000;
        }
    }
}
