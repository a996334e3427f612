package io.sosia.disksync.service;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.WriteBufferWaterMark;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.sosia.disksync.block.ByteRange;
import io.sosia.disksync.block.DirtyMap;
import io.sosia.disksync.block.DiskView;
import io.sosia.disksync.resync.LatencyThrottle;
import io.sosia.disksync.resync.ResyncMode;
import io.sosia.disksync.resync.ResyncPlan;
import io.sosia.disksync.resync.ResyncProgress;
import io.sosia.disksync.resync.ResyncSender;
import io.sosia.disksync.store.DiskStore;
import io.sosia.disksync.store.WriteObserver;
import io.sosia.disksync.wire.ResyncCodec;
import io.sosia.disksync.wire.ResyncMessage;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The source of a resync: offers the disk of a node that serves to one target that knows the session, and sends what it lacks
/// while the disk is in use.
///
/// A thread of its own reads the disk and decides, by a [ResyncSender], what goes next; the event loop only moves bytes. Any thread
/// may ask; the listener is told by the source's own threads and must not wait for it.
public final class ResyncSource implements AutoCloseable {

    /// Told what happens.
    public interface Listener {
        /// The target is here and this is how it is made equal.
        void planned(ResyncPlan plan);

        /// All but a little is durable at the target. Told again after [ResyncSource#release].
        void near();

        /// After [ResyncSource#hold]: nothing is on its way, and [ResyncSource#left] is what the target lacks.
        void held();

        /// It has ended without success.
        void failed(String reason);
    }

    /// @param address     to listen on; port 0 for any
    /// @param session     known only to whoever was invited
    /// @param full        whether everything is to be sent although less would do
    /// @param interrupted what was left of the last resync of this process; asked when this source watches writes already
    /// @param latencyTargetNanos what a request of the guest may take while its disk is being sent
    /// @param entrance what a target has to pass before its session is asked for
    public record Settings(InetSocketAddress address, UUID session, boolean full,
                           Supplier<Optional<ResyncPlan.Interrupted>> interrupted, long latencyTargetNanos, Entrance entrance) {}

    private static final Logger DIAGNOSTICS = LoggerFactory.getLogger(ResyncSource.class);
    private static final long HELLO_NANOS = 30_000_000_000L;
    private static final long TURN_NANOS = 50_000_000L;

    private final DiskStore disk;
    private final Settings settings;
    private final Listener listener;
    private final EventLoopGroup loop = new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
    private final Channel server;
    private final Thread thread;
    private final WriteObserver observer = new WriteObserver() {
        @Override
        public void before(ByteRange range) {
            wrote(range);
        }

        @Override
        public void after(ByteRange range) {
            wrote(range);
        }
    };

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition news = lock.newCondition();
    // Guarded by the lock.
    private Optional<Channel> target = Optional.empty();
    private Optional<DiskView> view = Optional.empty();
    private ResyncSender sender;
    private final ArrayDeque<ResyncMessage.Hashes> hashes = new ArrayDeque<>();
    private final LatencyThrottle throttle;
    /// Whether the target has written down that it is being resynced.
    private boolean planTaken;
    private final ReadAhead ahead = new ReadAhead();
    private boolean holding;
    private boolean toldNear;
    private boolean toldHeld;
    private boolean ended;
    /// No later resync goes on from this one.
    private volatile boolean unwatched;
    /// Why the target is gone, if it went by itself.
    private Optional<String> lost = Optional.empty();
    private long syncAsked;

    /// Begins to listen.
    ///
    /// @throws IOException when the address cannot be bound, naming it
    public ResyncSource(DiskStore disk, Settings settings, Listener listener) throws IOException {
        this.disk = disk;
        this.settings = settings;
        this.listener = listener;
        this.throttle = new LatencyThrottle(settings.latencyTargetNanos(), System.nanoTime());
        ChannelFuture bound = new ServerBootstrap().group(loop).channel(NioServerSocketChannel.class)
                .option(ChannelOption.SO_REUSEADDR, true)
                .childOption(ChannelOption.TCP_NODELAY, true)
                .childOption(ChannelOption.ALLOCATOR, Frames.BUFFERS)
                .childOption(ChannelOption.WRITE_BUFFER_WATER_MARK, new WriteBufferWaterMark(2 << 20, 4 << 20))
                .childHandler(new ChannelInitializer<>() {
                    @Override
                    protected void initChannel(Channel channel) {
                        settings.entrance().secure().accept(channel.pipeline());
                        Frames.install(channel.pipeline(), new Link());
                    }
                }).bind(settings.address()).awaitUninterruptibly();
        if (!bound.isSuccess()) {
            loop.shutdownGracefully(0, 1, TimeUnit.SECONDS);
            throw new IOException("cannot listen on " + settings.address() + " for the resync of the disk: "
                    + bound.cause().getMessage(), bound.cause());
        }
        this.server = bound.channel();
        this.thread = Thread.ofPlatform().daemon().name("resync source").start(this::run);
    }

    /// The port listened on.
    public int port() {
        return ((InetSocketAddress) server.localAddress()).getPort();
    }

    // Asked by the owner.

    /// Sends nothing new; the listener is told when nothing is on its way.
    public void hold() {
        locked(() -> {
            holding = true;
            toldHeld = false;
            if (sender != null) {
                sender.hold();
            }
        });
    }

    /// Goes on sending.
    public void release() {
        locked(() -> {
            holding = false;
            toldNear = false;
            if (sender != null) {
                sender.release();
            }
        });
    }

    /// What the target does not hold, durably; meant for the time between [Listener#held] and [#release].
    public DirtyMap left() {
        lock.lock();
        try {
            return sender.left();
        } finally {
            lock.unlock();
        }
    }

    /// A request of the guest took so long, in nanoseconds.
    public void guestRequest(long latencyNanos) {
        long now = System.nanoTime();
        lock.lock();
        try {
            throttle.guestRequest(latencyNanos, now);
        } finally {
            lock.unlock();
        }
    }

    /// How far it is; empty before the target has come.
    public Optional<ResyncProgress> progress() {
        lock.lock();
        try {
            return Optional.ofNullable(sender).map(ResyncSender::progress);
        } finally {
            lock.unlock();
        }
    }

    /// The share of time the machine that writes may use, above 0 to 1; see [ResyncSender#pace].
    public double pace() {
        lock.lock();
        try {
            return sender == null ? 1.0 : sender.pace();
        } finally {
            lock.unlock();
        }
    }

    /// What a later resync of the same target can go on from, in the same process; only of use as long as no write is missed: until
    /// this source is closed.
    public Optional<ResyncPlan.Interrupted> interrupted() {
        lock.lock();
        try {
            return Optional.ofNullable(sender).map(ResyncSender::interrupted);
        } finally {
            lock.unlock();
        }
    }

    /// The target has everything, or is not wanted any more: ends connections and threads, without waiting for them. May be called
    /// twice.
    public void end() {
        unwatched = true;
        disk.ignore(observer);
        stop();
    }

    /// Whether nothing of this uses the disk any more.
    public boolean hasEnded() {
        return !thread.isAlive();
    }

    /// As [#end], and returns when nothing of this uses the disk any more. Not for an event loop.
    @Override
    public void close() {
        end();
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

    /// Ends the connection and goes on watching writes, so that [#interrupted] stays true.
    public void stop() {
        locked(() -> {
            ended = true;
            target.ifPresent(Channel::close);
        });
        server.close();
        loop.shutdownGracefully(0, 1, TimeUnit.SECONDS);
    }

    private void locked(Runnable what) {
        lock.lock();
        try {
            what.run();
            news.signalAll();
        } finally {
            lock.unlock();
        }
    }

    private void wrote(ByteRange range) {
        lock.lock();
        try {
            if (sender != null) {
                sender.wrote(range);
                news.signalAll();
            }
        } finally {
            lock.unlock();
        }
    }

    /// The event loop's side: takes the target in, passes on what it says.
    private final class Link implements Frames.Listener {
        /// Whether it has said Hello; one that has ended before was nobody.
        private boolean introduced;

        @Override
        public void received(Channel channel, ResyncMessage message) {
            switch (message) {
                case ResyncMessage.Hello(UUID session, DiskView seen) -> hello(channel, session, seen);
                case ResyncMessage.Durable(long number) -> fromTarget(channel, () -> {
                    planTaken = true;
                    sender.durable(number, System.nanoTime());
                });
                case ResyncMessage.Hashes found -> fromTarget(channel, () -> hashes.add(found));
                case ResyncMessage.Data(long _, long _, ByteBuf bytes) -> {
                    bytes.release();
                    channel.close();
                }
                case ResyncMessage.Plan _, ResyncMessage.Refused _, ResyncMessage.Zeroes _, ResyncMessage.Sync _,
                     ResyncMessage.Compare _ -> channel.close();
            }
        }

        private void fromTarget(Channel channel, Runnable what) {
            try {
                locked(() -> {
                    if (sender == null || !target.equals(Optional.of(channel))) {
                        throw new IllegalStateException("nothing was asked");
                    }
                    what.run();
                });
            } catch (IllegalStateException e) {
                DIAGNOSTICS.info("resync: {} says what it cannot: {}", channel.remoteAddress(), e.getMessage());
                channel.close();
            }
        }

        private void hello(Channel channel, UUID session, DiskView seen) {
            introduced = true;
            boolean known = session.equals(settings.session());
            boolean[] taken = new boolean[1];
            locked(() -> {
                taken[0] = known && target.isEmpty() && !ended;
                if (taken[0]) {
                    target = Optional.of(channel);
                    view = Optional.of(seen);
                }
            });
            if (!taken[0]) {
                settings.entrance().refused().run();
                DIAGNOSTICS.info("resync: {} turned away: {}", channel.remoteAddress(),
                        known ? "there is a target already" : "it does not know the session");
                Frames.send(channel, new ResyncMessage.Refused(known ? "there is a target already" : "unknown session"));
                channel.close();
            }
        }

        @Override
        public void writabilityChanged() {
            locked(() -> { });
        }

        @Override
        public void ended(Channel channel, String reason) {
            if (!introduced) {
                settings.entrance().refused().run();
                DIAGNOSTICS.info("resync: {} was not let in: {}", channel.remoteAddress(), reason);
            }
            locked(() -> {
                if (target.equals(Optional.of(channel)) && !ended) {
                    ended = true;
                    lost = Optional.of("the connection to the target ended: " + reason);
                }
            });
        }
    }

    // The source's thread.

    private void run() {
        String failure;
        try {
            failure = awaitTarget() ? send() : "nobody has come for the disk within " + HELLO_NANOS / 1_000_000_000 + " s";
        } catch (IOException | RuntimeException e) {
            failure = "the disk cannot be sent: " + e.getMessage();
        }
        lock.lock();
        boolean asked;
        try {
            asked = ended && lost.isEmpty();
            failure = lost.orElse(failure);
            ended = true;
            target.ifPresent(Channel::close);
        } finally {
            lock.unlock();
        }
        if (!asked) {
            listener.failed(failure);
        }
    }

    private boolean awaitTarget() throws IOException {
        long until = System.nanoTime() + HELLO_NANOS;
        DiskView seen;
        lock.lock();
        try {
            while (view.isEmpty() && !ended) {
                if (System.nanoTime() > until) {
                    return false;
                }
                await(TURN_NANOS);
            }
            if (ended) {
                return false;
            }
            seen = view.get();
        } finally {
            lock.unlock();
        }
        disk.observe(observer);
        if (unwatched) {
            // It was ended in between, and nobody else will do it.
            disk.ignore(observer);
            return false;
        }
        try {
            begin(seen);
        } catch (IOException | RuntimeException e) {
            disk.ignore(observer);
            throw e;
        }
        return true;
    }

    private void begin(DiskView seen) throws IOException {
        DiskView own;
        ResyncPlan plan;
        lock.lock();
        try {
            // Writes that begin from here on wait for the sender; those before are in the view's suspects.
            sender = new ResyncSender(settings.session(), new ResyncPlan(ResyncMode.INCREMENTAL, new DirtyMap(), ""),
                    disk.sizeBytes(), System.nanoTime());
        } finally {
            lock.unlock();
        }
        own = disk.view();
        try {
            plan = ResyncPlan.of(own, seen, settings.interrupted().get(), settings.full());
        } catch (IllegalArgumentException e) {
            Frames.send(target.orElseThrow(), new ResyncMessage.Refused(e.getMessage()));
            throw new IOException(e.getMessage(), e);
        }
        lock.lock();
        try {
            ResyncSender planned = new ResyncSender(settings.session(), plan, disk.sizeBytes(), System.nanoTime());
            planned.wrote(sender.left());
            sender = planned;
            if (holding) {
                sender.hold();
            }
        } finally {
            lock.unlock();
        }
        DIAGNOSTICS.info("resync: {}", plan.reason());
        listener.planned(plan);
        Frames.send(target.orElseThrow(), new ResyncMessage.Plan(plan.mode(), own.generations().current(), plan.reason()));
    }

    private String send() throws IOException {
        BlockHash hash = new BlockHash(disk);
        Channel channel = target.orElseThrow();
        while (true) {
            Optional<ResyncMessage.Hashes> answer;
            Optional<ResyncSender.Comparison> comparison = Optional.empty();
            Optional<ResyncSender.Piece> piece = Optional.empty();
            long delay = 0;
            boolean near = false;
            boolean still = false;
            boolean writable;
            List<ByteRange> soon = new ArrayList<>();
            lock.lock();
            try {
                writable = channel.isWritable();
                long now = System.nanoTime();
                if (ended) {
                    return "ended";
                }
                if (sender.stuck(now)) {
                    return "the target has said nothing for " + ResyncSender.SILENCE_NANOS_MAX / 1_000_000_000 + " s";
                }
                answer = Optional.ofNullable(hashes.poll());
                if (answer.isEmpty()) {
                    comparison = sender.nextComparison(now);
                    piece = writable ? ahead.next(sender, soon, now) : Optional.empty();
                    if (piece.isPresent()) {
                        delay = throttle.delayNanos(piece.get().range().length(), now);
                    }
                    near = planTaken && !toldNear && !holding && sender.near();
                    still = planTaken && holding && !toldHeld && sender.still();
                    toldNear |= near;
                    toldHeld |= still;
                    if (comparison.isEmpty() && piece.isEmpty() && !near && !still) {
                        if (writable) {
                            askToSync(channel);
                        }
                        await(TURN_NANOS);
                    }
                }
            } finally {
                lock.unlock();
            }
            if (near) {
                listener.near();
            }
            if (still) {
                listener.held();
            }
            if (answer.isPresent()) {
                compare(hash, answer.get());
            }
            if (comparison.isPresent()) {
                Frames.send(channel, new ResyncMessage.Compare(comparison.get().extent(), comparison.get().blocks()));
            }
            ReadAhead.announce(soon, disk);
            if (piece.isPresent()) {
                sleep(delay);
                sendPiece(channel, piece.get());
            }
        }
    }

    /// With all sent and nothing more to send, the target need not wait for more before it makes all durable.
    private void askToSync(Channel channel) {
        if (sender.lastSent() > syncAsked && !sender.still()) {
            syncAsked = sender.lastSent();
            Frames.send(channel, new ResyncMessage.Sync(syncAsked));
        }
    }

    private void compare(BlockHash hash, ResyncMessage.Hashes theirs) throws IOException {
        ResyncSender.Comparison asked;
        lock.lock();
        try {
            asked = sender.comparing().orElseThrow(() -> new IllegalStateException("hashes that nobody asked for"));
        } finally {
            lock.unlock();
        }
        long differ = BlockHash.differ(asked.blocks(), hash.of(asked.extent(), asked.blocks()), theirs.words());
        locked(() -> sender.compared(theirs.extent(), differ, System.nanoTime()));
    }

    private void sendPiece(Channel channel, ResyncSender.Piece piece) throws IOException {
        ByteRange range = piece.range();
        long data = disk.nextData(range.offset());
        if (data < 0 || data >= range.end()) {
            Frames.send(channel, new ResyncMessage.Zeroes(piece.number(), range.offset(), range.length()));
            return;
        }
        int length = (int) range.length();
        ByteBuf frame = channel.alloc().directBuffer(ResyncCodec.DATA_HEAD_BYTES + length + 4);
        try {
            ResyncCodec.beginData(piece.number(), range.offset(), frame);
            ByteBuffer bytes = frame.nioBuffer(frame.writerIndex(), length);
            disk.read(range.offset(), bytes);
            frame.writerIndex(frame.writerIndex() + length);
            if (isZero(frame, length)) {
                Frames.send(channel, new ResyncMessage.Zeroes(piece.number(), range.offset(), length));
                return;
            }
            ResyncCodec.seal(frame, 0, Frames.secured(channel));
            channel.writeAndFlush(frame.retain());
        } finally {
            frame.release();
        }
    }

    private static boolean isZero(ByteBuf frame, int length) {
        int end = ResyncCodec.DATA_HEAD_BYTES + length;
        for (int at = ResyncCodec.DATA_HEAD_BYTES; at < end; at += Long.BYTES) {
            if (frame.getLong(at) != 0) {
                return false;
            }
        }
        return true;
    }

    private static void sleep(long nanos) {
        if (nanos > 0) {
            LockSupport.parkNanos(nanos);
        }
    }

    private void await(long nanos) {
        try {
            news.awaitNanos(nanos);
        } catch (InterruptedException e) {
            // An interrupt during I/O would close the disk's file: nobody may interrupt this thread.
            throw new IllegalStateException("the resync's thread was interrupted", e);
        }
    }
}
