package io.sosia.appliance.channel;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.ByteToMessageDecoder;
import java.util.List;

/// Cuts the bytes of one connection into frames (see [PeerCodec]), each without its length field. Who has not
/// introduced himself may send [#HELLO_BYTES_MAX] at most, so that strangers cannot make a node hold memory for them.
final class PeerFrames extends ByteToMessageDecoder {

    /// Longest first frame: a Hello with all its texts.
    static final int HELLO_BYTES_MAX = 32 << 10;

    private int bytesMax;
    private boolean broken;

    /// @param bytesMax longest frame for now
    PeerFrames(int bytesMax) {
        this.bytesMax = bytesMax;
    }

    /// The other end is a partner: from the next frame on all lengths of the protocol are allowed.
    void introduced() {
        bytesMax = PeerCodec.FRAME_BYTES_MAX;
    }

    @Override
    protected void decode(ChannelHandlerContext context, ByteBuf in, List<Object> out) throws PeerFormatException {
        if (broken) {
            in.skipBytes(in.readableBytes());
            return;
        }
        if (in.readableBytes() < 4) {
            return;
        }
        long bytes = in.getUnsignedInt(in.readerIndex());
        if (bytes < PeerCodec.FRAME_BYTES_MIN || bytes > bytesMax) {
            broken = true;
            throw new PeerFormatException(
                    "frame of " + bytes + " bytes, expected " + PeerCodec.FRAME_BYTES_MIN + " to " + bytesMax);
        }
        if (in.readableBytes() >= 4 + bytes) {
            in.skipBytes(4);
            out.add(in.readRetainedSlice((int) bytes));
        }
    }
}
