package io.sosia.disksync.wire;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import org.junit.jupiter.api.Test;

class ResyncCodecTest {
    private static final byte[] BYTES = new byte[1024];

    private static ByteBuf data(boolean secured) {
        ByteBuf frame = Unpooled.buffer();
        ResyncCodec.encode(new ResyncMessage.Data(3, 65536, Unpooled.wrappedBuffer(BYTES)), secured, frame);
        return frame.skipBytes(4);
    }

    private static void spoil(ByteBuf frame, int at) {
        frame.setByte(at, frame.getByte(at) ^ 1);
    }

    @Test
    void aPieceIsReadAsItWasWritten() throws ResyncFormatException {
        for (boolean secured : new boolean[] {false, true}) {
            ResyncMessage.Data read = (ResyncMessage.Data) ResyncCodec.decode(data(secured), secured);
            assertThat(read.number()).isEqualTo(3);
            assertThat(read.offset()).isEqualTo(65536);
            assertThat(read.bytes()).isEqualTo(Unpooled.wrappedBuffer(BYTES));
        }
    }

    @Test
    void everyByteIsCheckedWhereNobodyElseDoes() {
        for (int at = ResyncCodec.DATA_HEAD_BYTES - 17; at < BYTES.length; at += 97) {
            ByteBuf frame = data(false);
            spoil(frame, at);
            assertThatThrownBy(() -> ResyncCodec.decode(frame, false)).isInstanceOf(ResyncFormatException.class)
                    .hasMessageContaining("checksum");
        }
    }

    @Test
    void onASecuredConnectionTheHeadOfAPieceAndAllOfAnythingElseIsChecked() {
        ByteBuf head = data(true);
        spoil(head, ResyncCodec.DATA_HEAD_BYTES - 5);
        ByteBuf other = Unpooled.buffer();
        ResyncCodec.encode(new ResyncMessage.Sync(7), true, other);
        other.skipBytes(4);
        spoil(other, other.readerIndex() + 8);
        for (ByteBuf frame : new ByteBuf[] {head, other}) {
            assertThatThrownBy(() -> ResyncCodec.decode(frame, true)).isInstanceOf(ResyncFormatException.class)
                    .hasMessageContaining("checksum");
        }
    }
}
