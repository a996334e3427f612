package io.sosia.disksync.export;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.ServerChannel;
import io.netty.channel.WriteBufferWaterMark;
import io.netty.channel.group.ChannelGroup;
import io.netty.channel.group.DefaultChannelGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioServerDomainSocketChannel;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.util.concurrent.DefaultThreadFactory;
import io.netty.util.concurrent.GlobalEventExecutor;
import java.io.Closeable;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;
import java.nio.file.Files;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Serves one [PointInTimeView] over NBD, read-only: fixed newstyle negotiation, structured replies, `base:allocation`.
///
/// NBD has no authentication: whoever reaches the address reads the disk. Connections beyond [#CONNECTIONS_MAX] are closed at
/// once. The event loop touches sockets only; the disk is read by [#READERS] threads.
public final class NbdServer implements Closeable {
    /// Clients at most; a copying program opens several connections.
    public static final int CONNECTIONS_MAX = 32;
    private static final int READERS = 4;
    private static final WriteBufferWaterMark UNSENT = new WriteBufferWaterMark(256 << 10, 512 << 10);
    private static final int END_SECONDS = 5;

    private static final Logger DIAGNOSTICS = LoggerFactory.getLogger(NbdServer.class);

    private final PointInTimeView view;
    private final String description;
    private final EventLoopGroup loop = new MultiThreadIoEventLoopGroup(1, new DefaultThreadFactory("nbd", true),
            NioIoHandler.newFactory());
    /// Threads are never interrupted: that would close the disk's file.
    private final ExecutorService readers =
            Executors.newFixedThreadPool(READERS, Thread.ofPlatform().daemon().name("nbd read ", 0).factory());
    private final ChannelGroup connections = new DefaultChannelGroup(GlobalEventExecutor.INSTANCE);
    private final LongAdder sentBytes = new LongAdder();
    private final Channel listening;

    /// Begins to serve. The view stays the caller's, who closes it after this server.
    ///
    /// @param address     as [NbdAddress#parse] makes them; port 0 for any free one
    /// @param description one line for clients that ask what this is
    /// @throws IOException when it cannot listen there, naming the address
    public NbdServer(PointInTimeView view, SocketAddress address, String description) throws IOException {
        this.view = view;
        this.description = description;
        Class<? extends ServerChannel> kind = address instanceof UnixDomainSocketAddress
                ? NioServerDomainSocketChannel.class : NioServerSocketChannel.class;
        ServerBootstrap server = new ServerBootstrap().group(loop).channel(kind)
                .childOption(ChannelOption.WRITE_BUFFER_WATER_MARK, UNSENT)
                .childHandler(new ChannelInitializer<>() {
                    @Override
                    protected void initChannel(Channel channel) {
                        accepted(channel);
                    }
                });
        if (address instanceof InetSocketAddress) {
            server.childOption(ChannelOption.TCP_NODELAY, true);
        }
        var bound = server.bind(address).awaitUninterruptibly();
        if (!bound.isSuccess()) {
            readers.shutdown();
            loop.shutdownGracefully(0, 0, TimeUnit.SECONDS);
            throw new IOException("cannot listen on " + address + ": " + bound.cause().getMessage()
                    + "; name another address", bound.cause());
        }
        listening = bound.channel();
        if (address instanceof UnixDomainSocketAddress unix) {
            Files.setPosixFilePermissions(unix.getPath(), PosixFilePermissions.fromString("rw-------"));
        }
    }

    private void accepted(Channel channel) {
        if (connections.size() >= CONNECTIONS_MAX) {
            channel.close();
            return;
        }
        connections.add(channel);
        channel.pipeline().addLast(new NbdNegotiation(this));
    }

    PointInTimeView view() {
        return view;
    }

    String description() {
        return description;
    }

    /// Runs a connection's work on a thread that may wait for the disk.
    void work(Channel channel, Runnable work) {
        try {
            readers.execute(() -> {
                try {
                    work.run();
                } catch (RuntimeException e) {
                    dropped(channel, e);
                }
            });
        } catch (RejectedExecutionException closing) {
            channel.close();
        }
    }

    /// A connection that cannot go on.
    void dropped(Channel channel, Throwable cause) {
        if (cause instanceof IOException) {
            DIAGNOSTICS.debug("nbd client {} is gone: {}", channel.remoteAddress(), cause.getMessage());
        } else {
            DIAGNOSTICS.warn("nbd client {} dropped: {}", channel.remoteAddress(), cause.toString(), cause);
        }
        channel.close();
    }

    void sent(long bytes) {
        sentBytes.add(bytes);
    }

    /// Where clients find it.
    public String uri() {
        return NbdAddress.uri(listening.localAddress());
    }

    /// Bytes of the disk that were sent to clients so far.
    public long sentBytes() {
        return sentBytes.sum();
    }

    /// Clients connected now.
    public int connections() {
        return connections.size();
    }

    /// Disconnects all clients and returns when nothing reads the view any more.
    @Override
    public void close() throws IOException {
        SocketAddress address = listening.localAddress();
        listening.close().awaitUninterruptibly();
        connections.close().awaitUninterruptibly();
        readers.shutdown();
        boolean interrupted = false;
        while (!readers.isTerminated()) {
            try {
                readers.awaitTermination(1, TimeUnit.SECONDS);
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        loop.shutdownGracefully(0, 1, TimeUnit.SECONDS).awaitUninterruptibly(END_SECONDS, TimeUnit.SECONDS);
        if (address instanceof UnixDomainSocketAddress unix) {
            Files.deleteIfExists(unix.getPath());
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
