package io.sosia.disksync.export;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.ByteToMessageDecoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/// The first half of a connection: fixed newstyle negotiation, until the client goes on to transmission.
///
/// A client that breaks the protocol, asks too long a question, too many, or takes too long is disconnected.
final class NbdNegotiation extends ByteToMessageDecoder {
    static final int OPTION_BYTES_MAX = 8 << 10;
    static final int OPTIONS_MAX = 64;
    static final int SECONDS_MAX = 20;

    private static final int OPTION_HEADER_BYTES = 16;

    private final NbdServer server;
    private boolean greeted;
    private boolean ended;
    private boolean noZeroes;
    private boolean structured;
    private boolean allocation;
    private int options;

    NbdNegotiation(NbdServer server) {
        this.server = server;
    }

    @Override
    public void channelActive(ChannelHandlerContext context) {
        context.writeAndFlush(context.alloc().buffer().writeLong(Nbd.MAGIC).writeLong(Nbd.OPTION_MAGIC)
                .writeShort(Nbd.FLAG_FIXED_NEWSTYLE | Nbd.FLAG_NO_ZEROES));
        context.executor().schedule(() -> {
            if (!context.isRemoved()) {
                context.close();
            }
        }, SECONDS_MAX, TimeUnit.SECONDS);
    }

    @Override
    protected void decode(ChannelHandlerContext context, ByteBuf in, List<Object> out) {
        if (ended) {
            in.skipBytes(in.readableBytes());
            return;
        }
        if (!greeted) {
            greet(context, in);
            return;
        }
        if (in.readableBytes() < OPTION_HEADER_BYTES) {
            return;
        }
        int start = in.readerIndex();
        long magic = in.getLong(start);
        int option = in.getInt(start + 8);
        int length = in.getInt(start + 12);
        if (magic != Nbd.OPTION_MAGIC || ++options > OPTIONS_MAX) {
            drop(context);
        } else if (length < 0 || length > OPTION_BYTES_MAX) {
            reply(context, option, Nbd.REP_ERR_TOO_BIG, text("at most " + OPTION_BYTES_MAX + " bytes"));
            drop(context);
        } else if (in.readableBytes() >= OPTION_HEADER_BYTES + length) {
            in.skipBytes(OPTION_HEADER_BYTES);
            answer(context, option, in.readSlice(length));
        } else {
            options--;
        }
    }

    private void greet(ChannelHandlerContext context, ByteBuf in) {
        if (in.readableBytes() < Integer.BYTES) {
            return;
        }
        int flags = in.readInt();
        greeted = true;
        noZeroes = (flags & Nbd.FLAG_NO_ZEROES) != 0;
        if ((flags & ~(Nbd.FLAG_FIXED_NEWSTYLE | Nbd.FLAG_NO_ZEROES)) != 0) {
            drop(context);
        }
    }

    /// What was written before is still sent.
    private void drop(ChannelHandlerContext context) {
        ended = true;
        context.channel().config().setAutoRead(false);
        context.writeAndFlush(context.alloc().buffer(0)).addListener(ChannelFutureListener.CLOSE);
    }

    private void answer(ChannelHandlerContext context, int option, ByteBuf data) {
        switch (option) {
            case Nbd.OPT_EXPORT_NAME -> exportName(context, data);
            case Nbd.OPT_ABORT -> {
                reply(context, option, Nbd.REP_ACK, new byte[0]);
                drop(context);
            }
            case Nbd.OPT_LIST -> list(context, data);
            case Nbd.OPT_INFO, Nbd.OPT_GO -> info(context, option, data);
            case Nbd.OPT_STRUCTURED_REPLY -> {
                structured |= !data.isReadable();
                reply(context, option, data.isReadable() ? Nbd.REP_ERR_INVALID : Nbd.REP_ACK, new byte[0]);
            }
            case Nbd.OPT_LIST_META_CONTEXT, Nbd.OPT_SET_META_CONTEXT -> metaContext(context, option, data);
            default -> reply(context, option, Nbd.REP_ERR_UNSUP, text("this server does not know it"));
        }
    }

    private void exportName(ChannelHandlerContext context, ByteBuf name) {
        if (!name.toString(StandardCharsets.UTF_8).equals(Nbd.EXPORT_NAME)) {
            // There is no way to say no but this.
            drop(context);
            return;
        }
        ByteBuf reply = context.alloc().buffer().writeLong(server.view().sizeBytes()).writeShort(Nbd.TRANSMISSION_FLAGS);
        context.writeAndFlush(noZeroes ? reply : reply.writeZero(124));
        transmit(context);
    }

    private void list(ChannelHandlerContext context, ByteBuf data) {
        if (data.isReadable()) {
            reply(context, Nbd.OPT_LIST, Nbd.REP_ERR_INVALID, new byte[0]);
            return;
        }
        reply(context, Nbd.OPT_LIST, Nbd.REP_SERVER, new byte[Integer.BYTES]);
        reply(context, Nbd.OPT_LIST, Nbd.REP_ACK, new byte[0]);
    }

    private void info(ChannelHandlerContext context, int option, ByteBuf data) {
        String name = string(data);
        int count = name == null || data.readableBytes() < Short.BYTES ? -1 : data.readUnsignedShort();
        if (count < 0 || data.readableBytes() != count * Short.BYTES) {
            reply(context, option, Nbd.REP_ERR_INVALID, text("expected a name and a list of items"));
            return;
        }
        if (!name.equals(Nbd.EXPORT_NAME)) {
            reply(context, option, Nbd.REP_ERR_UNKNOWN, text("there is one export, with the empty name"));
            return;
        }
        item(context, option, context.alloc().buffer().writeShort(Nbd.INFO_EXPORT).writeLong(server.view().sizeBytes())
                .writeShort(Nbd.TRANSMISSION_FLAGS));
        item(context, option, context.alloc().buffer().writeShort(Nbd.INFO_BLOCK_SIZE).writeInt(Nbd.BLOCK_BYTES_MIN)
                .writeInt(Nbd.BLOCK_BYTES_PREFERRED).writeInt(Nbd.PAYLOAD_BYTES_MAX));
        boolean named = false;
        boolean described = false;
        while (data.isReadable()) {
            int asked = data.readUnsignedShort();
            named |= asked == Nbd.INFO_NAME;
            described |= asked == Nbd.INFO_DESCRIPTION;
        }
        if (named) {
            item(context, option, context.alloc().buffer().writeShort(Nbd.INFO_NAME));
        }
        if (described) {
            item(context, option, context.alloc().buffer().writeShort(Nbd.INFO_DESCRIPTION)
                    .writeBytes(text(server.description())));
        }
        reply(context, option, Nbd.REP_ACK, new byte[0]);
        if (option == Nbd.OPT_GO) {
            transmit(context);
        }
    }

    private static void item(ChannelHandlerContext context, int option, ByteBuf item) {
        reply(context, option, Nbd.REP_INFO, ByteBufUtil.getBytes(item));
        item.release();
    }

    private void metaContext(ChannelHandlerContext context, int option, ByteBuf data) {
        boolean set = option == Nbd.OPT_SET_META_CONTEXT;
        String name = string(data);
        List<String> queries = name == null ? null : queries(data);
        if (set) {
            allocation = false;
        }
        if (queries == null || data.isReadable() || set && !structured) {
            reply(context, option, Nbd.REP_ERR_INVALID, text(set && !structured ? "ask for structured replies first"
                    : "expected a name and a list of queries"));
            return;
        }
        if (!name.equals(Nbd.EXPORT_NAME)) {
            reply(context, option, Nbd.REP_ERR_UNKNOWN, text("there is one export, with the empty name"));
            return;
        }
        boolean wanted = queries.contains(Nbd.BASE_ALLOCATION)
                || !set && (queries.isEmpty() || queries.contains("base:"));
        if (wanted) {
            byte[] text = text(Nbd.BASE_ALLOCATION);
            ByteBuf found = context.alloc().buffer().writeInt(set ? Nbd.BASE_ALLOCATION_ID : 0).writeBytes(text);
            reply(context, option, Nbd.REP_META_CONTEXT, ByteBufUtil.getBytes(found));
            found.release();
        }
        if (set) {
            allocation = wanted;
        }
        reply(context, option, Nbd.REP_ACK, new byte[0]);
    }

    /// @return null when they are cut short
    private static List<String> queries(ByteBuf data) {
        if (data.readableBytes() < Integer.BYTES) {
            return null;
        }
        int count = data.readInt();
        List<String> queries = new ArrayList<>();
        for (int i = 0; i < count || count < 0; i++) {
            String query = string(data);
            if (query == null) {
                return null;
            }
            queries.add(query);
        }
        return queries;
    }

    /// @return null when it is cut short
    private static String string(ByteBuf data) {
        if (data.readableBytes() < Integer.BYTES) {
            return null;
        }
        int length = data.readInt();
        return length < 0 || length > data.readableBytes() ? null
                : data.readCharSequence(length, StandardCharsets.UTF_8).toString();
    }

    private static byte[] text(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private static void reply(ChannelHandlerContext context, int option, int type, byte[] data) {
        context.writeAndFlush(context.alloc().buffer().writeLong(Nbd.OPTION_REPLY_MAGIC).writeInt(option).writeInt(type)
                .writeInt(data.length).writeBytes(data));
    }

    /// What has come already goes to the next handler.
    private void transmit(ChannelHandlerContext context) {
        context.pipeline().replace(this, "transmission", new NbdTransmission(server, structured, structured && allocation));
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
        server.dropped(context.channel(), cause);
    }
}
