package io.sosia.disksync.export;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.ByteToMessageDecoder;
import io.sosia.disksync.block.ByteRange;
import java.util.List;

/// The second half of a connection: requests in, replies out, one request at a time.
///
/// A reply is made in pieces by the server's threads, and the next piece only when the client has taken enough of the ones
/// before, so a connection holds about 1 MiB whatever it asks for and however slowly it reads. While a request is served
/// nothing more is read from the socket.
final class NbdTransmission extends ByteToMessageDecoder {
    private static final int REQUEST_BYTES = 28;

    private final NbdServer server;
    private final boolean structured;
    private final boolean allocation;
    private NbdReply reply;
    private boolean waitsForRoom;
    private long toSkip;
    private NbdRequest skipped;

    NbdTransmission(NbdServer server, boolean structured, boolean allocation) {
        this.server = server;
        this.structured = structured;
        this.allocation = allocation;
    }

    @Override
    protected void decode(ChannelHandlerContext context, ByteBuf in, List<Object> out) {
        if (reply != null || waitsForRoom) {
            return;
        }
        if (toSkip > 0) {
            skip(context, in);
            return;
        }
        if (in.readableBytes() < REQUEST_BYTES) {
            return;
        }
        if (in.readInt() != Nbd.REQUEST_MAGIC) {
            in.skipBytes(in.readableBytes());
            context.close();
            return;
        }
        NbdRequest request = new NbdRequest(in.readUnsignedShort(), in.readUnsignedShort(), in.readLong(), in.readLong(),
                in.readUnsignedInt());
        switch (request.type()) {
            case Nbd.CMD_DISC -> {
                in.skipBytes(in.readableBytes());
                context.close();
            }
            case Nbd.CMD_WRITE -> {
                if (request.length() > Nbd.PAYLOAD_BYTES_MAX) {
                    in.skipBytes(in.readableBytes());
                    context.close();
                    return;
                }
                toSkip = request.length();
                skipped = request;
                skip(context, in);
            }
            case Nbd.CMD_TRIM, Nbd.CMD_WRITE_ZEROES -> refuse(context, request, Nbd.EPERM);
            case Nbd.CMD_READ -> {
                if (request.flags() != 0 || request.length() == 0 || request.length() > Nbd.PAYLOAD_BYTES_MAX
                        || !fits(request)) {
                    refuse(context, request, Nbd.EINVAL);
                } else {
                    begin(context, request);
                }
            }
            case Nbd.CMD_BLOCK_STATUS -> {
                if (!allocation || (request.flags() & ~Nbd.CMD_FLAG_REQ_ONE) != 0 || request.length() == 0
                        || !fits(request)) {
                    refuse(context, request, Nbd.EINVAL);
                } else {
                    begin(context, request);
                }
            }
            default -> refuse(context, request, Nbd.EINVAL);
        }
    }

    private boolean fits(NbdRequest request) {
        return ByteRange.fits(request.offset(), request.length(), server.view().sizeBytes());
    }

    /// The data of a write, which nobody wants.
    private void skip(ChannelHandlerContext context, ByteBuf in) {
        int bytes = (int) Math.min(toSkip, in.readableBytes());
        in.skipBytes(bytes);
        toSkip -= bytes;
        if (toSkip == 0) {
            refuse(context, skipped, Nbd.EPERM);
        }
    }

    private void refuse(ChannelHandlerContext context, NbdRequest request, int error) {
        reply = NbdReply.refusal(server, request, structured, error);
        context.channel().config().setAutoRead(false);
        put(context, reply.refuse(context.alloc()));
    }

    private void begin(ChannelHandlerContext context, NbdRequest request) {
        reply = NbdReply.of(server, request, structured);
        context.channel().config().setAutoRead(false);
        goOn(context);
    }

    private void goOn(ChannelHandlerContext context) {
        NbdReply current = reply;
        server.work(context.channel(), () -> {
            NbdReply.Piece piece = current.next(context.alloc());
            context.executor().execute(() -> put(context, piece));
        });
    }

    private void put(ChannelHandlerContext context, NbdReply.Piece piece) {
        if (piece.broken() || context.isRemoved() || !context.channel().isActive()) {
            piece.bytes().release();
            context.close();
            return;
        }
        context.writeAndFlush(piece.bytes());
        server.sent(piece.diskBytes());
        if (piece.last()) {
            reply = null;
        }
        waitsForRoom = true;
        continueWhenWritable(context);
    }

    @Override
    public void channelWritabilityChanged(ChannelHandlerContext context) throws Exception {
        continueWhenWritable(context);
        super.channelWritabilityChanged(context);
    }

    private void continueWhenWritable(ChannelHandlerContext context) {
        if (!waitsForRoom || !context.channel().isWritable()) {
            return;
        }
        waitsForRoom = false;
        if (reply != null) {
            goOn(context);
        } else {
            // Later, not now: this may be called by a decode that is under way.
            context.executor().execute(() -> nextRequest(context));
        }
    }

    private void nextRequest(ChannelHandlerContext context) {
        if (context.isRemoved() || !context.channel().isActive()) {
            return;
        }
        try {
            channelRead(context, Unpooled.EMPTY_BUFFER);
        } catch (Exception e) {
            server.dropped(context.channel(), e);
            return;
        }
        if (reply == null) {
            context.channel().config().setAutoRead(true);
        }
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
        server.dropped(context.channel(), cause);
    }
}
