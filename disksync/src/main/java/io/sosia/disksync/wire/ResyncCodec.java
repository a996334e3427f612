package io.sosia.disksync.wire;

import io.netty.buffer.ByteBuf;
import io.sosia.disksync.block.DirtyMap;
import io.sosia.disksync.block.DiskState;
import io.sosia.disksync.block.DiskView;
import io.sosia.disksync.block.GenerationId;
import io.sosia.disksync.block.Generations;
import io.sosia.disksync.block.Geometry;
import io.sosia.disksync.block.Partner;
import io.sosia.disksync.block.ResyncMark;
import io.sosia.disksync.resync.ResyncMode;
import io.sosia.disksync.resync.ResyncSender;
import io.sosia.disksync.wire.ResyncMessage.Compare;
import io.sosia.disksync.wire.ResyncMessage.Data;
import io.sosia.disksync.wire.ResyncMessage.Durable;
import io.sosia.disksync.wire.ResyncMessage.Hashes;
import io.sosia.disksync.wire.ResyncMessage.Hello;
import io.sosia.disksync.wire.ResyncMessage.Plan;
import io.sosia.disksync.wire.ResyncMessage.Refused;
import io.sosia.disksync.wire.ResyncMessage.Sync;
import io.sosia.disksync.wire.ResyncMessage.Zeroes;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.zip.CRC32C;

/// Frames of the resync stream, protocol [#VERSION]: u32 length of what follows, u8 type, body, CRC32C of type and body. Integers are
/// big-endian; texts are u16 length and UTF-8. A Hello opens with the protocol's name and version. On a secured connection, which
/// itself checks every byte, the CRC32C of a [Data] covers no more than what comes before its bytes.
public final class ResyncCodec {

    /// Raised with every change of the bytes.
    public static final int VERSION = 2;
    /// Longest frame without its length: a piece of data, or the map of a disk of 16 TiB.
    public static final int FRAME_BYTES_MAX = 34 << 20;
    /// Longest frame taken from somebody who has not shown the session yet.
    public static final int HELLO_BYTES_MAX = FRAME_BYTES_MAX;

    private static final long MAGIC = 0x736f_7369_6172_7379L; // "sosiarsy"
    private static final int TEXT_BYTES_MAX = 1024;
    private static final int TRAILER_BYTES = 4;

    private static final int HELLO = 1;
    private static final int PLAN = 2;
    private static final int REFUSED = 3;
    private static final int DATA = 4;
    private static final int ZEROES = 5;
    private static final int SYNC = 6;
    private static final int DURABLE = 7;
    private static final int COMPARE = 8;
    private static final int HASHES = 9;

    /// Where the bytes of a [Data] frame begin.
    public static final int DATA_HEAD_BYTES = 4 + 1 + 8 + 8;

    private ResyncCodec() {}

    /// Appends a frame; a [Data]'s bytes are copied and stay the caller's.
    ///
    /// @param secured whether it goes through TLS
    public static void encode(ResyncMessage message, boolean secured, ByteBuf out) {
        int start = out.writerIndex();
        out.writeInt(0);
        switch (message) {
            case Hello(UUID session, DiskView view) -> {
                out.writeByte(HELLO).writeLong(MAGIC).writeShort(VERSION);
                writeUuid(session, out);
                writeView(view, out);
            }
            case Plan(ResyncMode mode, GenerationId source, String reason) -> {
                out.writeByte(PLAN).writeByte(mode.ordinal()).writeLong(source.value());
                writeText(reason, out);
            }
            case Refused(String reason) -> {
                out.writeByte(REFUSED);
                writeText(reason, out);
            }
            case Data(long number, long offset, ByteBuf bytes) ->
                    out.writeByte(DATA).writeLong(number).writeLong(offset).writeBytes(bytes, bytes.readerIndex(),
                            bytes.readableBytes());
            case Zeroes(long number, long offset, long length) ->
                    out.writeByte(ZEROES).writeLong(number).writeLong(offset).writeLong(length);
            case Sync(long number) -> out.writeByte(SYNC).writeLong(number);
            case Durable(long number) -> out.writeByte(DURABLE).writeLong(number);
            case Compare(long extent, long blocks) -> out.writeByte(COMPARE).writeLong(extent).writeLong(blocks);
            case Hashes(long extent, long[] words) -> {
                out.writeByte(HASHES).writeLong(extent).writeInt(words.length);
                for (long word : words) {
                    out.writeLong(word);
                }
            }
        }
        seal(out, start, secured);
    }

    /// Begins a [Data] frame whose bytes the caller puts behind the head; [#seal] ends it.
    public static void beginData(long number, long offset, ByteBuf out) {
        out.writeInt(0).writeByte(DATA).writeLong(number).writeLong(offset);
    }

    /// Ends the frame that begins at `start`.
    public static void seal(ByteBuf out, int start, boolean secured) {
        int bytes = out.writerIndex() - start - 4;
        out.writeInt(crc(out, start + 4, checkedBytes(out, start + 4, bytes, secured)));
        out.setInt(start, bytes + TRAILER_BYTES);
    }

    private static int checkedBytes(ByteBuf frame, int index, int bytes, boolean secured) {
        return secured && frame.getByte(index) == DATA ? Math.min(bytes, DATA_HEAD_BYTES - 4) : bytes;
    }

    /// Reads a frame without its length; a [Data]'s bytes are a retained slice of it.
    ///
    /// @param secured whether it came through TLS
    /// @throws ResyncFormatException when it is none
    public static ResyncMessage decode(ByteBuf frame, boolean secured) throws ResyncFormatException {
        int bytes = frame.readableBytes() - TRAILER_BYTES;
        if (bytes < 1) {
            throw new ResyncFormatException("frame of " + (bytes + TRAILER_BYTES) + " bytes");
        }
        int got = crc(frame, frame.readerIndex(), checkedBytes(frame, frame.readerIndex(), bytes, secured));
        int expected = frame.getInt(frame.readerIndex() + bytes);
        if (got != expected) {
            throw new ResyncFormatException("frame checksum %08x, expected %08x".formatted(got, expected));
        }
        ByteBuf in = frame.slice(frame.readerIndex(), bytes);
        try {
            int type = in.readUnsignedByte();
            ResyncMessage message = switch (type) {
                case HELLO -> readHello(in);
                case PLAN -> new Plan(mode(in.readUnsignedByte()), new GenerationId(in.readLong()), readText(in));
                case REFUSED -> new Refused(readText(in));
                case DATA -> readData(in);
                case ZEROES -> new Zeroes(in.readLong(), in.readLong(), in.readLong());
                case SYNC -> new Sync(in.readLong());
                case DURABLE -> new Durable(in.readLong());
                case COMPARE -> new Compare(in.readLong(), in.readLong());
                case HASHES -> readHashes(in);
                default -> throw new ResyncFormatException("message of unknown type " + type);
            };
            if (in.isReadable()) {
                throw new ResyncFormatException(in.readableBytes() + " bytes left over in a message of type " + type);
            }
            return message;
        } catch (IndexOutOfBoundsException | IllegalArgumentException e) {
            throw new ResyncFormatException("not a message: " + e.getMessage());
        }
    }

    private static Data readData(ByteBuf in) throws ResyncFormatException {
        long number = in.readLong();
        long offset = in.readLong();
        int length = in.readableBytes();
        if (length > ResyncSender.PIECE_BYTES_MAX) {
            throw new ResyncFormatException("piece of " + length + " bytes, expected at most " + ResyncSender.PIECE_BYTES_MAX);
        }
        return new Data(number, offset, in.readRetainedSlice(length));
    }

    private static Hashes readHashes(ByteBuf in) throws ResyncFormatException {
        long extent = in.readLong();
        int count = in.readInt();
        if (count < 0 || count > 2 * Geometry.BLOCKS_PER_EXTENT) {
            throw new ResyncFormatException(count + " words of hashes, expected at most " + 2 * Geometry.BLOCKS_PER_EXTENT);
        }
        long[] words = new long[count];
        for (int i = 0; i < count; i++) {
            words[i] = in.readLong();
        }
        return new Hashes(extent, words);
    }

    private static Hello readHello(ByteBuf in) throws ResyncFormatException {
        long magic = in.readLong();
        int version = in.readUnsignedShort();
        if (magic != MAGIC) {
            throw new ResyncFormatException("not the resync of a Sosia disk");
        }
        if (version != VERSION) {
            throw new ResyncFormatException("resync protocol " + version + ", this node speaks " + VERSION
                    + "; both nodes need the same release");
        }
        return new Hello(readUuid(in), readView(in));
    }

    private static void writeView(DiskView view, ByteBuf out) {
        writeUuid(view.disk(), out);
        out.writeLong(view.sizeBytes());
        out.writeLong(view.generations().current().value());
        out.writeLong(view.generations().base().map(GenerationId::value).orElse(0L));
        out.writeInt(view.generations().history().size());
        view.generations().history().forEach(id -> out.writeLong(id.value()));
        out.writeByte(view.state().ordinal()).writeByte(view.partner().ordinal()).writeBoolean(view.blank());
        out.writeBoolean(view.resync().isPresent());
        if (view.resync().isPresent()) {
            writeUuid(view.resync().get().session(), out);
            out.writeLong(view.resync().get().source().value());
        }
        List<Long> extents = view.suspects().extents();
        out.writeInt(extents.size());
        for (long extent : extents) {
            out.writeLong(extent).writeLong(view.suspects().blocksOf(extent));
        }
    }

    private static DiskView readView(ByteBuf in) throws ResyncFormatException {
        UUID disk = readUuid(in);
        long size = in.readLong();
        GenerationId current = new GenerationId(in.readLong());
        long base = in.readLong();
        int count = in.readInt();
        if (count < 0 || count > Generations.HISTORY_MAX) {
            throw new ResyncFormatException("generation history of " + count);
        }
        List<GenerationId> history = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            history.add(new GenerationId(in.readLong()));
        }
        DiskState state = named(DiskState.values(), in.readUnsignedByte());
        Partner partner = named(Partner.values(), in.readUnsignedByte());
        boolean blank = in.readBoolean();
        Optional<ResyncMark> resync = in.readBoolean()
                ? Optional.of(new ResyncMark(readUuid(in), new GenerationId(in.readLong()))) : Optional.empty();
        int extents = in.readInt();
        if (extents < 0 || extents > in.readableBytes() / 16) {
            throw new ResyncFormatException(extents + " extents in " + in.readableBytes() + " bytes");
        }
        DirtyMap suspects = new DirtyMap();
        for (int i = 0; i < extents; i++) {
            long extent = in.readLong();
            if (extent < 0 || extent > size / Geometry.EXTENT_BYTES) {
                throw new ResyncFormatException("extent " + extent + " of a disk of " + size + " bytes");
            }
            suspects.mark(extent, in.readLong());
        }
        Optional<GenerationId> left = base == 0 ? Optional.empty() : Optional.of(new GenerationId(base));
        if ((partner == Partner.AWAY) != left.isPresent()) {
            throw new ResyncFormatException("partner " + partner + " with base generation " + left);
        }
        return new DiskView(disk, size, new Generations(current, left, history), state, partner, blank, resync, suspects);
    }

    private static ResyncMode mode(int ordinal) throws ResyncFormatException {
        return named(ResyncMode.values(), ordinal);
    }

    private static <E> E named(E[] all, int ordinal) throws ResyncFormatException {
        if (ordinal >= all.length) {
            throw new ResyncFormatException("value " + ordinal + ", expected 0 to " + (all.length - 1));
        }
        return all[ordinal];
    }

    private static int crc(ByteBuf buffer, int index, int bytes) {
        CRC32C crc = new CRC32C();
        for (var part : buffer.nioBuffers(index, bytes)) {
            crc.update(part);
        }
        return (int) crc.getValue();
    }

    private static void writeUuid(UUID value, ByteBuf out) {
        out.writeLong(value.getMostSignificantBits()).writeLong(value.getLeastSignificantBits());
    }

    private static UUID readUuid(ByteBuf in) {
        return new UUID(in.readLong(), in.readLong());
    }

    private static void writeText(String text, ByteBuf out) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        int length = Math.min(bytes.length, TEXT_BYTES_MAX);
        out.writeShort(length).writeBytes(bytes, 0, length);
    }

    private static String readText(ByteBuf in) throws ResyncFormatException {
        int length = in.readUnsignedShort();
        if (length > TEXT_BYTES_MAX || length > in.readableBytes()) {
            throw new ResyncFormatException("text of " + length + " bytes, expected at most "
                    + Math.min(TEXT_BYTES_MAX, in.readableBytes()));
        }
        return in.readCharSequence(length, StandardCharsets.UTF_8).toString();
    }
}
