package io.sosia.appliance.channel;

import io.netty.buffer.ByteBuf;
import io.sosia.appliance.eventlog.LogCodec;
import io.sosia.appliance.eventlog.LogFormatException;
import io.sosia.appliance.eventlog.LogLimits;
import io.sosia.appliance.eventlog.LogPosition;
import io.sosia.appliance.pair.PeerMessage;
import io.sosia.appliance.pair.PeerMessage.Ack;
import io.sosia.appliance.pair.PeerMessage.Clone;
import io.sosia.appliance.pair.PeerMessage.Confirmation;
import io.sosia.appliance.pair.PeerMessage.Invitation;
import io.sosia.appliance.pair.PeerMessage.DiskStamp;
import io.sosia.appliance.pair.PeerMessage.Envelope;
import io.sosia.appliance.pair.PeerMessage.HandOver;
import io.sosia.appliance.pair.PeerMessage.Heartbeat;
import io.sosia.appliance.pair.PeerMessage.HeartbeatReply;
import io.sosia.appliance.pair.PeerMessage.Hello;
import io.sosia.appliance.pair.PeerMessage.Leaving;
import io.sosia.appliance.pair.PeerMessage.Log;
import io.sosia.appliance.pair.PeerMessage.Refusal;
import io.sosia.appliance.pair.PeerMessage.Stopped;
import io.sosia.appliance.pair.PeerMessage.Welcome;
import io.sosia.appliance.verify.ExtentHashes;
import io.sosia.disksync.block.KnownBlocks;
import io.sosia.witness.claim.Incarnation;
import io.sosia.witness.claim.NodeName;
import io.sosia.witness.claim.PairId;
import java.nio.charset.StandardCharsets;
import java.util.UUID;
import java.util.zip.CRC32C;

/// The bytes of a message, protocol [#VERSION].
///
/// A frame is: u32 length of what follows, u8 type, u64 epoch, sender and addressee incarnation (16 bytes each),
/// body, CRC32C of everything between length and CRC. Integers are big-endian; texts are u16 length and UTF-8. A
/// Hello's body opens with the protocol's name and version, so that a stranger is recognised by its first frame.
public final class PeerCodec {

    /// Raised with every change of the bytes.
    public static final int VERSION = 3;

    /// Longest frame, without its length field: a batch of log entries, which may hold the data of a disk read of 16 MiB behind
    /// 1 MiB of others.
    public static final int FRAME_BYTES_MAX = 20 << 20;

    private static final long MAGIC = 0x736f_7369_6170_6169L; // "sosiapai"
    private static final int HEAD_BYTES = 1 + 8 + 16 + 16;

    /// Shortest frame, without its length field: no body.
    public static final int FRAME_BYTES_MIN = HEAD_BYTES + 4;

    private static final int TEXT_BYTES_MAX = 4096;

    private static final int HELLO = 1;
    private static final int WELCOME = 2;
    private static final int REFUSAL = 3;
    private static final int LOG = 4;
    private static final int ACK = 5;
    private static final int HEARTBEAT = 6;
    private static final int HEARTBEAT_REPLY = 7;
    private static final int LEAVING = 8;
    private static final int HAND_OVER = 9;
    private static final int STOPPED = 10;
    private static final int INVITATION = 11;
    private static final int CLONE = 12;
    private static final int CONFIRMATION = 13;
    private static final int DISK_HASHES = 14;
    private static final int DISK_BYTES = 15;
    private static final int DISK_NOTE = 16;
    private static final int DISK_SAME = 17;
    private static final int RENOUNCE_ASKED = 18;
    private static final int RENOUNCED = 19;
    private static final int RETURN_ASKED = 20;
    private static final int FORGOTTEN = 21;

    private PeerCodec() {}

    /// Appends one frame to `out`.
    ///
    /// @throws IllegalArgumentException when it is longer than [#FRAME_BYTES_MAX], which the partner would not take
    public static void encode(Envelope envelope, ByteBuf out) {
        int start = out.writerIndex();
        out.writeInt(0);
        PeerMessage message = envelope.message();
        out.writeByte(type(message));
        out.writeLong(envelope.epoch());
        writeUuid(envelope.sender().value(), out);
        writeUuid(envelope.addressee().value(), out);
        writeBody(message, out);
        int bytes = out.writerIndex() - start - 4;
        out.writeInt(crc(out, start + 4, bytes));
        if (bytes + 4 > FRAME_BYTES_MAX) {
            throw new IllegalArgumentException(
                    "frame of " + (bytes + 4) + " bytes, expected at most " + FRAME_BYTES_MAX);
        }
        out.setInt(start, bytes + 4);
    }

    private static int type(PeerMessage message) {
        return switch (message) {
            case Hello _ -> HELLO;
            case Welcome _ -> WELCOME;
            case Refusal _ -> REFUSAL;
            case Log _ -> LOG;
            case Ack _ -> ACK;
            case Heartbeat _ -> HEARTBEAT;
            case HeartbeatReply _ -> HEARTBEAT_REPLY;
            case Leaving _ -> LEAVING;
            case HandOver _ -> HAND_OVER;
            case Stopped _ -> STOPPED;
            case Invitation _ -> INVITATION;
            case Clone _ -> CLONE;
            case Confirmation _ -> CONFIRMATION;
            case PeerMessage.DiskHashes _ -> DISK_HASHES;
            case PeerMessage.DiskBytes _ -> DISK_BYTES;
            case PeerMessage.DiskNote _ -> DISK_NOTE;
            case PeerMessage.DiskSame _ -> DISK_SAME;
            case PeerMessage.RenounceAsked _ -> RENOUNCE_ASKED;
            case PeerMessage.Renounced _ -> RENOUNCED;
            case PeerMessage.ReturnAsked _ -> RETURN_ASKED;
            case PeerMessage.Forgotten _ -> FORGOTTEN;
        };
    }

    private static void writeBody(PeerMessage message, ByteBuf out) {
        switch (message) {
            case Hello(PairId pairId, NodeName node, String machine, DiskStamp disk) -> {
                out.writeLong(MAGIC);
                out.writeShort(VERSION);
                writeUuid(pairId.value(), out);
                writeText(node.value(), out);
                writeText(machine, out);
                writeText(disk.content(), out);
                writePosition(disk.position(), out);
                out.writeBoolean(disk.clean());
            }
            case Welcome(LogPosition start) -> writePosition(start, out);
            case Refusal(String reason) -> writeText(reason, out);
            case Log(var batch) -> out.writeBytes(LogCodec.encode(batch));
            case Ack(LogPosition received, long executedStep, LogPosition durable) -> {
                writePosition(received, out);
                out.writeLong(executedStep);
                writePosition(durable, out);
            }
            case Heartbeat(long sentNanos, long step, LogPosition durable) -> {
                out.writeLong(sentNanos);
                out.writeLong(step);
                writePosition(durable, out);
            }
            case PeerMessage.DiskHashes(LogPosition at, ExtentHashes of, KnownBlocks known) -> {
                writePosition(at, out);
                out.writeLong(of.extent());
                out.writeLong(of.unreadable());
                out.writeByte(of.hashes().length);
                writeLongs(of.hashes(), out);
                out.writeLong(known.blocks());
                writeLongs(known.hashes(), out);
            }
            case PeerMessage.DiskSame(LogPosition at, long blocks) -> {
                writePosition(at, out);
                out.writeLong(blocks);
            }
            case PeerMessage.DiskNote(String text) -> writeText(text, out);
            case PeerMessage.DiskBytes(LogPosition at, byte[] bytes) -> {
                writePosition(at, out);
                out.writeBytes(bytes);
            }
            case HeartbeatReply(long sentNanos, long step) -> {
                out.writeLong(sentNanos);
                out.writeLong(step);
            }
            case Leaving(String reason) -> writeText(reason, out);
            case Invitation(int resyncPort, UUID session, String content) -> {
                out.writeShort(resyncPort);
                writeUuid(session, out);
                writeText(content, out);
            }
            case Clone(var part) -> CloneCodec.write(part, out);
            case PeerMessage.Renounced(long number) -> out.writeLong(number);
            case PeerMessage.ReturnAsked(long number) -> out.writeLong(number);
            case PeerMessage.Forgotten(long number) -> out.writeLong(number);
            case HandOver _, Stopped _, Confirmation _, PeerMessage.RenounceAsked _ -> { }
        }
    }

    /// Reads one frame without its length field.
    ///
    /// @throws PeerFormatException when it is none; nothing larger than the frame is allocated
    public static Envelope decode(ByteBuf frame) throws PeerFormatException {
        int bytes = frame.readableBytes() - 4;
        if (bytes < HEAD_BYTES) {
            throw new PeerFormatException("frame of " + (bytes + 4) + " bytes, expected at least " + (HEAD_BYTES + 4));
        }
        int expected = frame.getInt(frame.readerIndex() + bytes);
        int got = crc(frame, frame.readerIndex(), bytes);
        if (expected != got) {
            throw new PeerFormatException("frame checksum %08x, expected %08x".formatted(got, expected));
        }
        ByteBuf in = frame.slice(frame.readerIndex(), bytes);
        try {
            int type = in.readUnsignedByte();
            long epoch = in.readLong();
            Incarnation sender = new Incarnation(readUuid(in));
            Incarnation addressee = new Incarnation(readUuid(in));
            Envelope envelope = new Envelope(epoch, sender, addressee, readBody(type, in));
            if (in.isReadable()) {
                throw new PeerFormatException(in.readableBytes() + " bytes left over in a frame of type " + type);
            }
            return envelope;
        } catch (IndexOutOfBoundsException | IllegalArgumentException e) {
            throw new PeerFormatException("not a message: " + e.getMessage(), e);
        }
    }

    private static PeerMessage readBody(int type, ByteBuf in) throws PeerFormatException {
        return switch (type) {
            case HELLO -> readHello(in);
            case WELCOME -> new Welcome(readPosition(in));
            case REFUSAL -> new Refusal(readText(in));
            case LOG -> {
                byte[] batch = new byte[in.readableBytes()];
                in.readBytes(batch);
                try {
                    yield new Log(LogCodec.decode(batch));
                } catch (LogFormatException e) {
                    throw new PeerFormatException(e.getMessage(), e);
                }
            }
            case ACK -> new Ack(readPosition(in), in.readLong(), readPosition(in));
            case HEARTBEAT -> new Heartbeat(in.readLong(), in.readLong(), readPosition(in));
            case HEARTBEAT_REPLY -> new HeartbeatReply(in.readLong(), in.readLong());
            case LEAVING -> new Leaving(readText(in));
            case HAND_OVER -> new HandOver();
            case STOPPED -> new Stopped();
            case INVITATION -> new Invitation(in.readUnsignedShort(), readUuid(in), readText(in));
            case CLONE -> new Clone(CloneCodec.read(in));
            case CONFIRMATION -> new Confirmation();
            case DISK_HASHES -> readHashes(in);
            case DISK_BYTES -> {
                LogPosition at = readPosition(in);
                if (in.readableBytes() > LogLimits.REPAIR_BYTES_MAX) {
                    throw new PeerFormatException("block of " + in.readableBytes() + " bytes, expected at most "
                            + LogLimits.REPAIR_BYTES_MAX);
                }
                byte[] bytes = new byte[in.readableBytes()];
                in.readBytes(bytes);
                yield new PeerMessage.DiskBytes(at, bytes);
            }
            case DISK_NOTE -> new PeerMessage.DiskNote(readText(in));
            case DISK_SAME -> new PeerMessage.DiskSame(readPosition(in), in.readLong());
            case RENOUNCE_ASKED -> new PeerMessage.RenounceAsked();
            case RENOUNCED -> new PeerMessage.Renounced(in.readLong());
            case RETURN_ASKED -> new PeerMessage.ReturnAsked(in.readLong());
            case FORGOTTEN -> new PeerMessage.Forgotten(in.readLong());
            default -> throw new PeerFormatException("message of unknown type " + type);
        };
    }

    private static PeerMessage readHashes(ByteBuf in) {
        LogPosition at = readPosition(in);
        long extent = in.readLong();
        long unreadable = in.readLong();
        ExtentHashes hashes = new ExtentHashes(extent, unreadable, readLongs(in.readUnsignedByte(), in));
        long known = in.readLong();
        return new PeerMessage.DiskHashes(at, hashes, new KnownBlocks(known, readLongs(Long.bitCount(known), in)));
    }

    private static Hello readHello(ByteBuf in) throws PeerFormatException {
        long magic = in.readLong();
        int version = in.readUnsignedShort();
        if (magic != MAGIC) {
            throw new PeerFormatException("not the protocol of a Sosia pair");
        }
        if (version != VERSION) {
            throw new PeerFormatException("pair protocol " + version + ", this node speaks " + VERSION
                    + "; both nodes need the same release");
        }
        return new Hello(new PairId(readUuid(in)), new NodeName(readText(in)), readText(in),
                new DiskStamp(readText(in), readPosition(in), in.readBoolean()));
    }

    private static int crc(ByteBuf buffer, int index, int bytes) {
        CRC32C crc = new CRC32C();
        for (var part : buffer.nioBuffers(index, bytes)) {
            crc.update(part);
        }
        return (int) crc.getValue();
    }

    private static void writeLongs(long[] values, ByteBuf out) {
        for (long value : values) {
            out.writeLong(value);
        }
    }

    private static long[] readLongs(int count, ByteBuf in) {
        long[] values = new long[count];
        for (int i = 0; i < count; i++) {
            values[i] = in.readLong();
        }
        return values;
    }

    private static void writeUuid(UUID value, ByteBuf out) {
        out.writeLong(value.getMostSignificantBits());
        out.writeLong(value.getLeastSignificantBits());
    }

    private static UUID readUuid(ByteBuf in) {
        return new UUID(in.readLong(), in.readLong());
    }

    static void writePosition(LogPosition position, ByteBuf out) {
        out.writeLong(position.epoch());
        out.writeLong(position.seq());
    }

    static LogPosition readPosition(ByteBuf in) {
        return new LogPosition(in.readLong(), in.readLong());
    }

    private static void writeText(String text, ByteBuf out) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        int length = Math.min(bytes.length, TEXT_BYTES_MAX);
        out.writeShort(length);
        out.writeBytes(bytes, 0, length);
    }

    private static String readText(ByteBuf in) throws PeerFormatException {
        int length = in.readUnsignedShort();
        if (length > TEXT_BYTES_MAX || length > in.readableBytes()) {
            throw new PeerFormatException("text of " + length + " bytes, expected at most "
                    + Math.min(TEXT_BYTES_MAX, in.readableBytes()));
        }
        return in.readCharSequence(length, StandardCharsets.UTF_8).toString();
    }
}
