package io.sosia.appliance.channel;

import io.netty.buffer.ByteBuf;
import io.sosia.appliance.clone.ClonePart;
import io.sosia.appliance.eventlog.OutputTotals;
import io.sosia.appliance.eventlog.RunPoint;

/// The bytes of a [ClonePart]: u8 kind, then its fields; what is left of the frame is payload. Pages are preceded by their
/// count and numbers (i32 each).
final class CloneCodec {

    private static final int PAGES = 1;
    private static final int BLOCKS = 2;
    private static final int STATE = 3;
    private static final int CUT = 4;

    private CloneCodec() {}

    static void write(ClonePart part, ByteBuf out) {
        switch (part) {
            case ClonePart.Pages(int[] pages, byte[] bytes) -> {
                out.writeByte(PAGES).writeInt(pages.length);
                for (int page : pages) {
                    out.writeInt(page);
                }
                out.writeBytes(bytes);
            }
            case ClonePart.Blocks(long offset, byte[] bytes) -> out.writeByte(BLOCKS).writeLong(offset).writeBytes(bytes);
            case ClonePart.State(byte[] bytes) -> out.writeByte(STATE).writeBytes(bytes);
            case ClonePart.Cut(RunPoint point, int stateBytes) -> {
                out.writeByte(CUT);
                PeerCodec.writePosition(point.last(), out);
                OutputTotals totals = point.totals();
                out.writeLong(totals.consoleBytes()).writeInt(totals.consoleHash()).writeLong(totals.frames())
                        .writeLong(totals.frameBytes()).writeLong(totals.ends()).writeInt(totals.eventHash());
                out.writeLong(point.inputs()).writeInt(stateBytes);
            }
        }
    }

    /// @throws PeerFormatException when it is of an unknown kind or says more than it holds
    static ClonePart read(ByteBuf in) throws PeerFormatException {
        int kind = in.readUnsignedByte();
        return switch (kind) {
            case PAGES -> readPages(in);
            case BLOCKS -> new ClonePart.Blocks(in.readLong(), rest(in));
            case STATE -> new ClonePart.State(rest(in));
            case CUT -> new ClonePart.Cut(new RunPoint(PeerCodec.readPosition(in), readTotals(in), in.readLong()),
                    in.readInt());
            default -> throw new PeerFormatException("part of a clone of unknown kind " + kind);
        };
    }

    private static ClonePart.Pages readPages(ByteBuf in) throws PeerFormatException {
        int count = in.readInt();
        if (count < 0 || count > in.readableBytes() / Integer.BYTES) {
            throw new PeerFormatException(count + " pages in " + in.readableBytes() + " bytes");
        }
        int[] pages = new int[count];
        for (int i = 0; i < count; i++) {
            pages[i] = in.readInt();
        }
        return new ClonePart.Pages(pages, rest(in));
    }

    private static OutputTotals readTotals(ByteBuf in) {
        return new OutputTotals(in.readLong(), in.readInt(), in.readLong(), in.readLong(), in.readLong(), in.readInt());
    }

    private static byte[] rest(ByteBuf in) {
        byte[] bytes = new byte[in.readableBytes()];
        in.readBytes(bytes);
        return bytes;
    }
}
