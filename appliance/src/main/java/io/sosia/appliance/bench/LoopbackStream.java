package io.sosia.appliance.bench;

import io.netty.bootstrap.Bootstrap;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.channel.AdaptiveRecvByteBufAllocator;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.WriteBufferWaterMark;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.sosia.appliance.tls.LinkSecurity;
import java.io.IOException;
import java.net.InetAddress;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;

/// A bare stream over the loopback with the security of a resync, and nothing at its ends: what no resync over it can beat.
final class LoopbackStream {

    private static final int PIECE = 256 << 10;

    private final LinkSecurity security;
    private final long bytes;
    private final CompletableFuture<Long> ended = new CompletableFuture<>();

    private LoopbackStream(LinkSecurity security, long bytes) {
        this.security = security;
        this.bytes = bytes;
    }

    /// Streams so many bytes; from the connection to the last byte's arrival.
    ///
    /// @return seconds
    static double seconds(LinkSecurity security, long bytes) throws IOException {
        return new LoopbackStream(security, bytes).run();
    }

    private double run() throws IOException {
        // One loop for each side, as two hosts would have.
        EventLoopGroup source = new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
        EventLoopGroup target = new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
        try {
            Channel server = new ServerBootstrap().group(source).channel(NioServerSocketChannel.class)
                    .childOption(ChannelOption.TCP_NODELAY, true)
                    .childOption(ChannelOption.WRITE_BUFFER_WATER_MARK, new WriteBufferWaterMark(4 << 20, 8 << 20))
                    .childHandler(new ChannelInitializer<>() {
                        @Override
                        protected void initChannel(Channel channel) {
                            security.accepted().accept(channel.pipeline());
                            channel.pipeline().addLast(new Spring());
                        }
                    }).bind(InetAddress.getLoopbackAddress(), 0).syncUninterruptibly().channel();
            long begun = System.nanoTime();
            ChannelFuture connected = new Bootstrap().group(target).channel(NioSocketChannel.class)
                    .option(ChannelOption.RECVBUF_ALLOCATOR, new AdaptiveRecvByteBufAllocator(4 << 10, 64 << 10, 2 << 20))
                    .handler(new ChannelInitializer<>() {
                        @Override
                        protected void initChannel(Channel channel) {
                            security.dialled().accept(channel.pipeline());
                            channel.pipeline().addLast(new Drain());
                        }
                    }).connect(server.localAddress()).syncUninterruptibly();
            long arrived = ended.join();
            connected.channel().close();
            return (arrived - begun) / 1e9;
        } catch (CompletionException e) {
            throw new IOException("the stream over the loopback has failed: " + e.getCause().getMessage(), e);
        } finally {
            source.shutdownGracefully(0, 1, TimeUnit.SECONDS);
            target.shutdownGracefully(0, 1, TimeUnit.SECONDS);
        }
    }

    /// Writes as long as there is room.
    private final class Spring extends ChannelInboundHandlerAdapter {
        private long left = bytes;

        @Override
        public void channelActive(ChannelHandlerContext context) {
            pour(context);
        }

        @Override
        public void channelWritabilityChanged(ChannelHandlerContext context) {
            pour(context);
        }

        private void pour(ChannelHandlerContext context) {
            while (left > 0 && context.channel().isWritable()) {
                int length = (int) Math.min(PIECE, left);
                left -= length;
                ByteBuf piece = context.alloc().buffer(length);
                context.writeAndFlush(piece.writerIndex(length), context.voidPromise());
            }
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
            ended.completeExceptionally(cause);
        }
    }

    /// Counts what arrives, and throws it away.
    private final class Drain extends ChannelInboundHandlerAdapter {
        private long seen;

        @Override
        public void channelRead(ChannelHandlerContext context, Object message) {
            ByteBuf piece = (ByteBuf) message;
            seen += piece.readableBytes();
            piece.release();
            if (seen == bytes) {
                ended.complete(System.nanoTime());
            }
        }

        @Override
        public void channelInactive(ChannelHandlerContext context) {
            ended.completeExceptionally(new IOException("ended after " + seen + " of " + bytes + " bytes"));
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
            ended.completeExceptionally(cause);
        }
    }
}
