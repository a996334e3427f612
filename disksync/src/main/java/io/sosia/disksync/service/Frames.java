package io.sosia.disksync.service;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelPipeline;
import io.netty.handler.codec.ByteToMessageDecoder;
import io.netty.handler.codec.LengthFieldBasedFrameDecoder;
import io.netty.handler.ssl.SslHandler;
import io.sosia.disksync.wire.ResyncCodec;
import io.sosia.disksync.wire.ResyncFormatException;
import io.sosia.disksync.wire.ResyncMessage;

/// Frames on a channel: bytes in, messages out to a listener.
final class Frames {

    /// Keeps buffers of these sizes. The usual one gives them back, and each of the next is new memory, cleared first.
    static final ByteBufAllocator BUFFERS = PooledByteBufAllocator.DEFAULT;

    /// Told on the channel's event loop.
    interface Listener {
        void received(Channel channel, ResyncMessage message);

        /// There is room in the connection again, or no more.
        default void writabilityChanged() {}

        /// The connection is of no use any more.
        void ended(Channel channel, String reason);
    }

    private Frames() {}

    static void install(ChannelPipeline pipeline, Listener listener) {
        SslHandler tls = pipeline.get(SslHandler.class);
        if (tls != null) {
            // A frame goes out as it is: the usual way cuts it into records in buffers of their own.
            tls.setWrapDataSize(0);
        }
        LengthFieldBasedFrameDecoder frames = new LengthFieldBasedFrameDecoder(ResyncCodec.FRAME_BYTES_MAX, 0, 4, 0, 4);
        // The usual way copies most of what arrives, to put it behind the rest of what arrived before.
        frames.setCumulator(ByteToMessageDecoder.COMPOSITE_CUMULATOR);
        pipeline.addLast(frames);
        pipeline.addLast(new Ear(listener));
    }

    /// Whether the connection itself checks what it carries.
    static boolean secured(Channel channel) {
        return channel.pipeline().get(SslHandler.class) != null;
    }

    static void send(Channel channel, ResyncMessage message) {
        ByteBuf frame = channel.alloc().buffer(64);
        ResyncCodec.encode(message, secured(channel), frame);
        channel.writeAndFlush(frame);
    }

    private static final class Ear extends ChannelInboundHandlerAdapter {
        private final Listener listener;
        private String trouble = "closed by the other side";

        Ear(Listener listener) {
            this.listener = listener;
        }

        @Override
        public void channelRead(ChannelHandlerContext context, Object bytes) {
            ByteBuf frame = (ByteBuf) bytes;
            try {
                listener.received(context.channel(), ResyncCodec.decode(frame, secured(context.channel())));
            } catch (ResyncFormatException e) {
                trouble = "bad bytes: " + e.getMessage();
                context.close();
            } finally {
                frame.release();
            }
        }

        @Override
        public void channelWritabilityChanged(ChannelHandlerContext context) {
            listener.writabilityChanged();
        }

        @Override
        public void channelInactive(ChannelHandlerContext context) {
            listener.ended(context.channel(), trouble);
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
            trouble = cause.getMessage() == null ? cause.toString() : cause.getMessage();
            context.close();
        }
    }
}
