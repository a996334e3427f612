package io.sosia.appliance.channel;

import io.netty.bootstrap.Bootstrap;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.handler.codec.DecoderException;
import io.netty.handler.ssl.NotSslRecordException;
import io.netty.handler.ssl.SslHandler;
import io.netty.util.concurrent.Future;
import io.netty.util.concurrent.ScheduledFuture;
import io.sosia.appliance.pair.PeerMessage.Envelope;
import io.sosia.appliance.pair.PeerMessage.Hello;
import io.sosia.appliance.tls.LinkSecurity;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.security.cert.CertificateException;
import java.util.LinkedHashSet;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// A node's end of the link to its partner: accepts or dials, one link at a time. Everything but [#listen] and the
/// counters is to be called on the event loop, where the listener is called too.
///
/// An accepted connection is nobody until its first frame is a Hello: such strangers are bounded in number and time, and while there is
/// a link they are turned away. When there are as many as may be, a new one takes the place of the oldest that has not shown its
/// certificate yet (or, without TLS, of the oldest), so that connections that only wait do not keep the partner out. With TLS only the
/// partner gets as far as Hello. Sent messages are flushed once per
/// turn of the event loop.
public final class PeerChannel implements AutoCloseable {

    private static final Logger DIAGNOSTICS = LoggerFactory.getLogger(PeerChannel.class);

    private static final int STRANGERS_MAX = 8;
    private static final int HELLO_SECONDS = 5;
    private static final int CONNECT_MILLIS = 1_000;
    private static final long RETRY_MILLIS_MIN = 50;
    private static final long RETRY_MILLIS_MAX = 1_000;

    private final EventLoopGroup loop;
    private final InetSocketAddress partner;
    private final LinkSecurity security;
    private final PeerListener listener;
    /// The oldest first.
    private final Set<Channel> strangers = new LinkedHashSet<>();

    private Channel server;
    private Channel link;
    private Channel dialling;
    private ScheduledFuture<?> retry;
    private boolean flushPending;
    private boolean wanted;
    private boolean failureTold;
    private volatile long strangersDropped;

    private volatile long bytesSent;
    private volatile long bytesReceived;

    /// @param loop     a group of one event loop, in use by this channel and its listener
    /// @param partner  where the partner listens
    /// @param security what lets nobody else in, nor reads along
    public PeerChannel(EventLoopGroup loop, InetSocketAddress partner, LinkSecurity security, PeerListener listener) {
        this.loop = loop;
        this.partner = partner;
        this.security = security;
        this.listener = listener;
    }

    /// Listens for the partner and takes connections; from any thread, once.
    ///
    /// @return the address bound, with the port chosen if it was 0
    /// @throws IOException when the address cannot be bound, naming it
    public InetSocketAddress listen(InetSocketAddress address) throws IOException {
        InetSocketAddress bound = bind(address);
        accept();
        return bound;
    }

    /// Listens for the partner without taking connections yet: they wait until [#accept]; from any thread, once.
    ///
    /// @return the address bound, with the port chosen if it was 0
    /// @throws IOException when the address cannot be bound, naming it
    public InetSocketAddress bind(InetSocketAddress address) throws IOException {
        InetSocketAddress resolved = resolve(address);
        ChannelFuture bound = new ServerBootstrap()
                .group(loop)
                .channel(Transport.serverChannel())
                .option(ChannelOption.SO_REUSEADDR, true)
                .option(ChannelOption.AUTO_READ, false)
                .childOption(ChannelOption.TCP_NODELAY, true)
                .childHandler(pipeline(true))
                .bind(resolved)
                .awaitUninterruptibly();
        if (!bound.isSuccess()) {
            throw new IOException("cannot listen on " + address + ": " + bound.cause().getMessage(), bound.cause());
        }
        server = bound.channel();
        return (InetSocketAddress) server.localAddress();
    }

    /// After [#bind]: takes the connections that wait and all that come; any thread.
    public void accept() {
        server.config().setAutoRead(true);
    }

    /// Connects to the partner, again and again until it succeeds or [#close(String)] is called. Does nothing while
    /// there is a link or an attempt.
    public void dial() {
        wanted = true;
        failureTold = false;
        cancelRetry();
        attempt(RETRY_MILLIS_MIN);
    }

    private void attempt(long retryMillis) {
        if (!wanted || link != null || dialling != null) {
            return;
        }
        ChannelFuture connecting = new Bootstrap()
                .group(loop)
                .channel(Transport.clientChannel())
                .option(ChannelOption.TCP_NODELAY, true)
                .option(ChannelOption.CONNECT_TIMEOUT_MILLIS, CONNECT_MILLIS)
                .handler(pipeline(false))
                .connect(resolve(partner));
        dialling = connecting.channel();
        connecting.addListener((ChannelFuture done) -> {
            SslHandler tls = done.channel().pipeline().get(SslHandler.class);
            if (done.isSuccess() && tls != null) {
                tls.handshakeFuture().addListener(shaken -> connected(done.channel(), shaken, retryMillis));
            } else {
                connected(done.channel(), done, retryMillis);
            }
        });
    }

    /// @param done with success when it is the partner that has answered
    private void connected(Channel channel, Future<?> done, long retryMillis) {
        dialling = null;
        if (!wanted || link != null) {
            channel.close();
            return;
        }
        if (done.isSuccess()) {
            link = channel;
            listener.dialled();
            return;
        }
        channel.close();
        if (isNotThePartner(done.cause())) {
            strangersDropped = strangersDropped + 1;
        }
        if (!failureTold) {
            failureTold = true;
            DIAGNOSTICS.info("the partner at {} does not answer yet: {}", partner, rootMessage(done.cause()));
        }
        long next = Math.min(RETRY_MILLIS_MAX, retryMillis * 2);
        retry = loop.schedule(() -> attempt(next), retryMillis, TimeUnit.MILLISECONDS);
    }

    /// Whether somebody else has answered; a partner may also be too slow, or die at that moment.
    private static boolean isNotThePartner(Throwable failure) {
        for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
            if (cause instanceof CertificateException || cause instanceof NotSslRecordException) {
                return true;
            }
        }
        return false;
    }

    private void cancelRetry() {
        if (retry != null) {
            retry.cancel(false);
            retry = null;
        }
    }

    /// Sends on the link; dropped when there is none.
    public void send(Envelope envelope) {
        if (link == null) {
            return;
        }
        ByteBuf frame = link.alloc().ioBuffer(256);
        try {
            PeerCodec.encode(envelope, frame);
        } catch (IllegalArgumentException e) {
            frame.release();
            throw e;
        }
        bytesSent = bytesSent + frame.readableBytes();
        link.write(frame, link.voidPromise());
        if (!flushPending) {
            flushPending = true;
            loop.execute(this::flush);
        }
    }

    /// Runs `then` on the event loop when everything sent so far has been handed to the host's network, or never will be.
    public void afterSent(Runnable then) {
        if (link == null) {
            then.run();
            return;
        }
        link.writeAndFlush(Unpooled.EMPTY_BUFFER).addListener(_ -> then.run());
    }

    private void flush() {
        flushPending = false;
        if (link != null) {
            link.flush();
        }
    }

    /// Stops or resumes reading from the link, so that a full machine queue holds the sender back.
    public void readable(boolean readable) {
        if (link != null) {
            link.config().setAutoRead(readable);
        }
    }

    /// Closes the link, after sending what was sent on it, and stops dialling. The listener is not told.
    public void close(String reason) {
        wanted = false;
        cancelRetry();
        if (dialling != null) {
            dialling.close();
        }
        if (link != null) {
            DIAGNOSTICS.debug("link closed: {}", reason);
            Channel closing = link;
            link = null;
            closing.flush();
            closing.close();
        }
    }

    /// Closes everything; from any thread. The event loop is its owner's.
    @Override
    public void close() {
        loop.submit(() -> {
            close("shutting down");
            Set.copyOf(strangers).forEach(Channel::close);
            if (server != null) {
                server.close();
            }
        }).awaitUninterruptibly();
    }

    /// Bytes of frames sent so far.
    public long bytesSent() {
        return bytesSent;
    }

    /// Bytes of frames received so far.
    public long bytesReceived() {
        return bytesReceived;
    }

    /// Connections turned away because they were no partner, whoever dialled.
    public long strangersDropped() {
        return strangersDropped;
    }

    private static InetSocketAddress resolve(InetSocketAddress address) {
        return address.isUnresolved() ? new InetSocketAddress(address.getHostString(), address.getPort()) : address;
    }

    private ChannelInitializer<Channel> pipeline(boolean accepted) {
        return new ChannelInitializer<>() {
            @Override
            protected void initChannel(Channel channel) {
                (accepted ? security.accepted() : security.dialled()).accept(channel.pipeline());
                PeerFrames frames = new PeerFrames(accepted ? PeerFrames.HELLO_BYTES_MAX : PeerCodec.FRAME_BYTES_MAX);
                channel.pipeline().addLast(frames, new Ear(accepted, frames));
            }
        };
    }

    private static String rootMessage(Throwable failure) {
        Throwable root = failure;
        while (root.getCause() != null) {
            root = root.getCause();
        }
        return root.getMessage() == null ? root.toString() : root.getMessage();
    }

    /// Whether it has not shown the partner's certificate.
    private static boolean isUnproven(Channel channel) {
        SslHandler tls = channel.pipeline().get(SslHandler.class);
        return tls == null || !tls.handshakeFuture().isSuccess();
    }

    private void drop(Channel channel, String why) {
        strangersDropped = strangersDropped + 1;
        DIAGNOSTICS.info("connection from {} dropped: {}", channel.remoteAddress(), why);
        channel.close();
    }

    /// Listens to one connection.
    private final class Ear extends ChannelInboundHandlerAdapter {
        private final boolean accepted;
        private final PeerFrames frames;
        private String trouble = "closed by the partner";
        private boolean deaf;

        Ear(boolean accepted, PeerFrames frames) {
            this.accepted = accepted;
            this.frames = frames;
        }

        @Override
        public void channelActive(ChannelHandlerContext context) {
            if (!accepted) {
                return;
            }
            Channel channel = context.channel();
            if (strangers.size() >= STRANGERS_MAX) {
                Channel oldest = strangers.stream().filter(PeerChannel::isUnproven).findFirst().orElse(channel);
                strangers.remove(oldest);
                drop(oldest, "too many connections that have not said Hello");
                if (oldest == channel) {
                    return;
                }
            }
            strangers.add(channel);
            loop.schedule(() -> {
                if (strangers.contains(channel)) {
                    drop(channel, "no Hello within " + HELLO_SECONDS + " s");
                }
            }, HELLO_SECONDS, TimeUnit.SECONDS);
        }

        @Override
        public void channelRead(ChannelHandlerContext context, Object message) {
            Channel channel = context.channel();
            ByteBuf frame = (ByteBuf) message;
            try {
                if (deaf) {
                    return;
                }
                bytesReceived = bytesReceived + frame.readableBytes() + 4;
                Envelope envelope = PeerCodec.decode(frame);
                if (channel == link) {
                    listener.received(envelope);
                } else if (strangers.remove(channel)) {
                    introduce(channel, envelope);
                }
            } catch (PeerFormatException e) {
                hangUp(channel, "bad bytes: " + e.getMessage());
            } finally {
                frame.release();
            }
        }

        /// Nothing that comes after bad bytes means anything.
        private void hangUp(Channel channel, String why) {
            deaf = true;
            trouble = why;
            if (strangers.remove(channel)) {
                drop(channel, why);
            } else {
                channel.close();
            }
        }

        private void introduce(Channel channel, Envelope envelope) {
            if (!(envelope.message() instanceof Hello)) {
                drop(channel, "its first message was no Hello");
            } else if (link != null) {
                drop(channel, "there is a link already");
            } else {
                link = channel;
                frames.introduced();
                listener.received(envelope);
            }
        }

        @Override
        public void channelReadComplete(ChannelHandlerContext context) {
            if (context.channel() == link) {
                listener.readComplete();
            }
        }

        @Override
        public void channelInactive(ChannelHandlerContext context) {
            strangers.remove(context.channel());
            if (context.channel() == link) {
                link = null;
                listener.lost(trouble);
            }
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
            if (cause instanceof IOException || cause instanceof DecoderException) {
                hangUp(context.channel(), rootMessage(cause));
            } else {
                // A broken invariant of the node, not of the link: its uncaught handler decides.
                Thread thread = Thread.currentThread();
                thread.getUncaughtExceptionHandler().uncaughtException(thread, cause);
            }
        }
    }
}
