package io.sosia.disksync.service;

import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.channel.AdaptiveRecvByteBufAllocator;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.sosia.disksync.block.DiskView;
import io.sosia.disksync.block.ResyncMark;
import io.sosia.disksync.resync.ResyncMode;
import io.sosia.disksync.store.DiskStore;
import io.sosia.disksync.wire.ResyncMessage;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.ArrayDeque;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The target of a resync: connects to a source that has invited it, and writes what that sends.
///
/// One thread of its own writes, another makes durable, so that the one need not wait for the other; what has arrived and waits for
/// them is bounded, beyond that nothing is read. Any thread may ask; the listener is told by these threads.
public final class ResyncTarget implements AutoCloseable {

    /// Told what happens.
    public interface Listener {
        /// The source has said how it goes about.
        void planned(String reason);

        /// It has ended before it was closed.
        void failed(String reason);
    }

    /// The disk's source.
    ///
    /// @param address  where it listens
    /// @param entrance what is done to the connection before it is used
    public record Source(InetSocketAddress address, Entrance entrance) {}

    private static final Logger DIAGNOSTICS = LoggerFactory.getLogger(ResyncTarget.class);
    private static final int CONNECT_MILLIS = 10_000;
    /// A piece in one read, mostly.
    private static final int READ_BYTES_MAX = 512 << 10;
    private static final long WAITING_BYTES_MAX = 16L << 20;
    /// What has been written is made durable after so much of it, or so long: the source waits for word of it.
    private static final long SYNC_BYTES = 64L << 20;
    private static final long SYNC_NANOS = 1_000_000_000L;

    private final DiskStore disk;
    private final UUID session;
    private final Listener listener;
    private final EventLoopGroup loop = new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
    private final Channel channel;
    private final Thread writer;
    private final Thread syncer;

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition news = lock.newCondition();
    // Guarded by the lock.
    private final ArrayDeque<ResyncMessage> waiting = new ArrayDeque<>();
    private long waitingBytes;
    private long written;
    private long toSync;
    private long toSyncNanos = System.nanoTime();
    private long synced;
    private boolean ended;
    private boolean closing;

    /// Connects, and says who is here.
    ///
    /// @param source where it listens, and what the connection has to pass
    /// @param session what the source's invitation said
    /// @throws IOException when the source cannot be reached or the disk's metadata cannot be read
    public ResyncTarget(DiskStore disk, Source source, UUID session, Listener listener) throws IOException {
        this.disk = disk;
        this.session = session;
        this.listener = listener;
        DiskView view = disk.view();
        ChannelFuture connected = new Bootstrap().group(loop).channel(NioSocketChannel.class)
                .option(ChannelOption.TCP_NODELAY, true)
                .option(ChannelOption.CONNECT_TIMEOUT_MILLIS, CONNECT_MILLIS)
                .option(ChannelOption.ALLOCATOR, Frames.BUFFERS)
                .option(ChannelOption.RECVBUF_ALLOCATOR, new AdaptiveRecvByteBufAllocator(4 << 10, 64 << 10, READ_BYTES_MAX))
                .handler(new ChannelInitializer<>() {
                    @Override
                    protected void initChannel(Channel channel) {
                        source.entrance().secure().accept(channel.pipeline());
                        Frames.install(channel.pipeline(), new Link());
                    }
                }).connect(source.address()).awaitUninterruptibly();
        if (!connected.isSuccess()) {
            loop.shutdownGracefully(0, 1, TimeUnit.SECONDS);
            throw new IOException("the disk of the primary at " + source.address() + " cannot be reached: "
                    + connected.cause().getMessage(), connected.cause());
        }
        channel = connected.channel();
        writer = Thread.ofPlatform().daemon().name("resync write").start(() -> guarded(this::write));
        syncer = Thread.ofPlatform().daemon().name("resync sync").start(() -> guarded(this::sync));
        Frames.send(channel, new ResyncMessage.Hello(session, view));
    }

    private final class Link implements Frames.Listener {
        @Override
        public void received(Channel channel, ResyncMessage message) {
            if (message instanceof ResyncMessage.Refused(String reason)) {
                fail("the primary refuses: " + reason);
                return;
            }
            lock.lock();
            try {
                if (ended) {
                    drop(message);
                    return;
                }
                waiting.add(message);
                waitingBytes += weight(message);
                if (waitingBytes > WAITING_BYTES_MAX) {
                    channel.config().setAutoRead(false);
                }
                news.signalAll();
            } finally {
                lock.unlock();
            }
        }

        @Override
        public void ended(Channel channel, String reason) {
            fail("the connection to the primary's disk ended: " + reason);
        }
    }

    private static long weight(ResyncMessage message) {
        return message instanceof ResyncMessage.Data(long _, long _, ByteBuf bytes) ? bytes.readableBytes() : 64;
    }

    private interface Work {
        void run() throws IOException;
    }

    private void guarded(Work work) {
        try {
            work.run();
        } catch (IOException | RuntimeException e) {
            fail("the disk cannot take what the primary sends: " + e.getMessage());
        }
    }

    private void fail(String reason) {
        boolean tell;
        lock.lock();
        try {
            tell = !ended && !closing;
            ended = true;
            waiting.forEach(ResyncTarget::drop);
            waiting.clear();
            news.signalAll();
        } finally {
            lock.unlock();
        }
        if (tell) {
            listener.failed(reason);
        }
    }

    // The writer.

    private void write() throws IOException {
        BlockHash hash = new BlockHash(disk);
        long told = 0;
        try (RunWriter runs = new RunWriter(disk)) {
            for (ResyncMessage message = next(); message != null; message = next()) {
                switch (message) {
                    case ResyncMessage.Plan(var mode, var generation, String reason) -> {
                        disk.beginResync(new ResyncMark(session, generation), reason);
                        if (mode == ResyncMode.FULL) {
                            runs.expectAll();
                        }
                        Frames.send(channel, new ResyncMessage.Durable(0));
                        DIAGNOSTICS.info("resync: {}", reason);
                        listener.planned(reason);
                    }
                    case ResyncMessage.Data(long number, long offset, ByteBuf bytes) -> {
                        try {
                            runs.data(number, offset, bytes);
                        } finally {
                            bytes.release();
                        }
                        told += done(runs.upTo(), runs.bytes() - told);
                    }
                    case ResyncMessage.Zeroes(long number, long offset, long length) -> {
                        runs.zeroes(number, offset, length);
                        told += done(runs.upTo(), runs.bytes() - told);
                    }
                    // With nothing more to send the source says so: what is gathered never waits for ever.
                    case ResyncMessage.Sync(long number) -> {
                        runs.settle();
                        told = runs.bytes();
                        done(number, SYNC_BYTES);
                    }
                    case ResyncMessage.Compare(long extent, long blocks) -> {
                        runs.settle();
                        Frames.send(channel, new ResyncMessage.Hashes(extent, hash.of(extent, blocks)));
                    }
                    case ResyncMessage.Hello _, ResyncMessage.Refused _, ResyncMessage.Durable _, ResyncMessage.Hashes _ ->
                            throw new IOException("a source does not say " + message.getClass().getSimpleName());
                }
            }
        }
    }

    private ResyncMessage next() {
        lock.lock();
        try {
            while (waiting.isEmpty() && !ended) {
                news.awaitUninterruptibly();
            }
            if (ended) {
                waiting.forEach(ResyncTarget::drop);
                waiting.clear();
                return null;
            }
            ResyncMessage message = waiting.remove();
            waitingBytes -= weight(message);
            if (waitingBytes < WAITING_BYTES_MAX / 2) {
                channel.config().setAutoRead(true);
            }
            return message;
        } finally {
            lock.unlock();
        }
    }

    private static void drop(ResyncMessage message) {
        if (message instanceof ResyncMessage.Data(long _, long _, ByteBuf bytes)) {
            bytes.release();
        }
    }

    /// Everything up to piece `number` is written, `unsynced` bytes of it since the other thread was told to make it durable.
    ///
    /// @return how many of them it has been told of now
    private long done(long number, long unsynced) {
        lock.lock();
        try {
            written = Math.max(written, number);
            long now = System.nanoTime();
            if (unsynced < SYNC_BYTES && now - toSyncNanos < SYNC_NANOS) {
                return 0;
            }
            toSync = written;
            toSyncNanos = now;
            news.signalAll();
            return unsynced;
        } finally {
            lock.unlock();
        }
    }

    // The other thread.

    private void sync() throws IOException {
        while (true) {
            long number;
            lock.lock();
            try {
                while (toSync == synced && !ended) {
                    news.awaitUninterruptibly();
                }
                if (ended) {
                    return;
                }
                number = toSync;
            } finally {
                lock.unlock();
            }
            disk.flush();
            lock.lock();
            try {
                synced = number;
            } finally {
                lock.unlock();
            }
            Frames.send(channel, new ResyncMessage.Durable(number));
        }
    }

    /// Ends connection and threads; what has arrived and is not written yet is dropped. May be called twice.
    @Override
    public void close() {
        lock.lock();
        try {
            closing = true;
            ended = true;
            waiting.forEach(ResyncTarget::drop);
            waiting.clear();
            news.signalAll();
        } finally {
            lock.unlock();
        }
        channel.close();
        loop.shutdownGracefully(0, 1, TimeUnit.SECONDS);
        join(writer);
        join(syncer);
    }

    private static void join(Thread thread) {
        boolean interrupted = false;
        while (thread.isAlive() && Thread.currentThread() != thread) {
            try {
                thread.join();
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
