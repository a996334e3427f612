package io.sosia.appliance.channel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.sosia.appliance.clone.ClonePart;
import io.sosia.appliance.eventlog.LogBatch;
import io.sosia.appliance.eventlog.LogEntry;
import io.sosia.appliance.eventlog.LogPosition;
import io.sosia.appliance.eventlog.OutputTotals;
import io.sosia.appliance.eventlog.RunPoint;
import io.sosia.appliance.machine.port.MachineInput;
import io.sosia.appliance.pair.PeerMessage;
import io.sosia.appliance.pair.PeerMessage.Envelope;
import io.sosia.appliance.verify.ExtentHashes;
import io.sosia.disksync.block.KnownBlocks;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.UUID;
import java.util.zip.CRC32C;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;

class PeerCodecTest {

    private static final List<PeerMessage> MESSAGES = List.of(
            ChannelEnd.hello(),
            new PeerMessage.Welcome(new LogPosition(3, 0)),
            new PeerMessage.Refusal("läuft schon"),
            new PeerMessage.Log(new LogBatch(new LogPosition(3, 9), List.of(
                    new LogEntry.Mark(4, OutputTotals.NONE), new LogEntry.Progress(77)))),
            new PeerMessage.Ack(new LogPosition(3, 8), 1L << 40, new LogPosition(3, 2)),
            new PeerMessage.Heartbeat(-5, 6, new LogPosition(2, 3)),
            new PeerMessage.HeartbeatReply(Long.MAX_VALUE, 0),
            new PeerMessage.Leaving(""),
            new PeerMessage.HandOver(),
            new PeerMessage.Stopped(),
            new PeerMessage.Invitation(7_733, new UUID(5, 6), "image"),
            new PeerMessage.Clone(new ClonePart.Pages(new int[] {3, ~4}, new byte[4096])),
            new PeerMessage.Clone(new ClonePart.Blocks(1L << 33, new byte[512])),
            new PeerMessage.Clone(new ClonePart.State(new byte[] {1, 2, 3})),
            new PeerMessage.Clone(new ClonePart.Cut(
                    new RunPoint(new LogPosition(3, 4), new OutputTotals(1, 2, 3, 4, 5, 6), 7), 8)),
            new PeerMessage.Confirmation(),
            new PeerMessage.DiskHashes(new LogPosition(3, 5), new ExtentHashes(6, 2, new long[] {1, -2}),
                    new KnownBlocks(0b101, new long[] {3, -4})),
            new PeerMessage.DiskSame(new LogPosition(3, 5), 0b110),
            new PeerMessage.DiskBytes(new LogPosition(3, 5), new byte[] {9}),
            new PeerMessage.DiskNote("two differ"),
            new PeerMessage.RenounceAsked(),
            new PeerMessage.Renounced(1),
            new PeerMessage.ReturnAsked(Long.MAX_VALUE),
            new PeerMessage.Forgotten(2));

    private static byte[] bytes(PeerMessage message) {
        ByteBuf out = Unpooled.buffer();
        PeerCodec.encode(new Envelope(3, ChannelEnd.SELF, ChannelEnd.OTHER, message), out);
        return ByteBufUtil.getBytes(out);
    }

    private static Envelope decode(byte[] frame) throws PeerFormatException {
        return PeerCodec.decode(Unpooled.wrappedBuffer(frame, 4, frame.length - 4));
    }

    /// Makes the checksum right again, so that what is behind it is reached.
    private static byte[] sealed(byte[] frame) {
        CRC32C crc = new CRC32C();
        crc.update(frame, 4, frame.length - 8);
        Unpooled.wrappedBuffer(frame).setInt(frame.length - 4, (int) crc.getValue());
        return frame;
    }

    @Test
    void everyMessageComesBackAsItWas() throws PeerFormatException {
        List<Class<?>> kinds = new ArrayList<>();
        for (PeerMessage message : MESSAGES) {
            assertThat(decode(bytes(message))).usingRecursiveComparison()
                    .isEqualTo(new Envelope(3, ChannelEnd.SELF, ChannelEnd.OTHER, message));
            kinds.add(message.getClass());
        }
        assertThat(kinds).containsAll(kindsOf(PeerMessage.class));
    }

    private static List<Class<?>> kindsOf(Class<?> message) {
        return message.isSealed() ? Arrays.stream(message.getPermittedSubclasses()).flatMap(each -> kindsOf(each).stream()).toList()
                : List.of(message);
    }

    @Test
    void anyChangedBitIsNoticed() {
        for (PeerMessage message : MESSAGES) {
            byte[] frame = bytes(message);
            for (int bit = 32; bit < frame.length * 8; bit += frame.length > 1_000 ? 97 : 1) {
                byte[] changed = frame.clone();
                changed[bit / 8] ^= (byte) (1 << bit % 8);
                assertThatExceptionOfType(PeerFormatException.class).as("%s, bit %d", message, bit)
                        .isThrownBy(() -> decode(changed));
            }
        }
    }

    /// Whatever the bytes, the answer is a message or a format exception, even when the checksum is right.
    @Property(tries = 5_000)
    void hostileBytesAreAFormatException(@ForAll long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        byte[] frame = bytes(MESSAGES.get(random.nextInt(MESSAGES.size())));
        int length = random.nextInt(3) == 0 ? 8 + random.nextInt(frame.length) : frame.length;
        byte[] hostile = java.util.Arrays.copyOf(frame, length);
        for (int i = random.nextInt(6); i >= 0; i--) {
            hostile[4 + random.nextInt(length - 4)] = (byte) (random.nextBoolean() ? random.nextInt() : -1);
        }
        if (random.nextBoolean()) {
            hostile[4] = (byte) (1 + random.nextInt(18));
        }
        try {
            assertThat(decode(sealed(hostile))).isNotNull();
        } catch (PeerFormatException e) {
            assertThat(e.getMessage()).isNotEmpty();
        }
    }

    @Test
    void anotherProtocolVersionIsNamed() {
        byte[] hello = bytes(ChannelEnd.hello());
        hello[4 + 1 + 8 + 32 + 8 + 1] = 9;
        assertThatExceptionOfType(PeerFormatException.class).isThrownBy(() -> decode(sealed(hello)))
                .withMessage("pair protocol 9, this node speaks 3; both nodes need the same release");
    }

    @Test
    void frameTooLongForThePartnerIsNotSent() {
        byte[] data = new byte[PeerCodec.FRAME_BYTES_MAX];
        LogBatch batch = new LogBatch(new LogPosition(1, 1), List.of(new LogEntry.Input(
                1, new MachineInput.DiskCompleted(0, io.sosia.appliance.machine.port.DiskStatus.OK, data))));
        assertThatIllegalArgumentException().isThrownBy(() -> bytes(new PeerMessage.Log(batch)))
                .withMessageContaining("expected at most " + PeerCodec.FRAME_BYTES_MAX);
    }
}
