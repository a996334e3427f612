package io.sosia.witness.wire;

import io.sosia.witness.claim.Expected;
import io.sosia.witness.claim.Incarnation;
import io.sosia.witness.claim.Members;
import io.sosia.witness.claim.NodeName;
import io.sosia.witness.claim.Nonce;
import io.sosia.witness.claim.OperatorWord;
import io.sosia.witness.claim.PairId;
import io.sosia.witness.claim.PairState;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.UUID;

/// Takes fields off an array of bytes. The mirror of `FieldWriter`: it accepts only what that writes, so whatever was
/// read writes the same bytes again. Values out of range surface as `IllegalArgumentException` of the value's own type;
/// `whole` turns them into `WireFormatException`.
final class FieldReader {
    /// Reads one value.
    interface Body<T> {
        T read(FieldReader in) throws WireFormatException;
    }

    private final String what;
    private final ByteBuffer bytes;

    private FieldReader(String what, byte[] bytes) {
        this.what = what;
        this.bytes = ByteBuffer.wrap(bytes);
    }

    /// Reads a value that takes up all the bytes.
    ///
    /// @param what names the value in messages
    /// @throws WireFormatException when the bytes are more than `bytesMax`, too few, too many, or not such a value
    static <T> T whole(String what, byte[] bytes, int bytesMax, Body<T> body) throws WireFormatException {
        if (bytes.length > bytesMax) {
            throw new WireFormatException(what + ": " + bytes.length + " bytes, the limit is " + bytesMax);
        }
        FieldReader in = new FieldReader(what, bytes);
        T value;
        try {
            value = body.read(in);
        } catch (IllegalArgumentException unfit) {
            throw new WireFormatException(what + ": " + unfit.getMessage(), unfit);
        }
        if (in.bytes.hasRemaining()) {
            throw new WireFormatException(what + ": " + in.bytes.remaining() + " bytes too many");
        }
        return value;
    }

    WireFormatException wrong(String message) {
        return new WireFormatException(what + ", byte " + bytes.position() + ": " + message);
    }

    int u8() throws WireFormatException {
        need(1);
        return bytes.get() & 0xff;
    }

    int u16() throws WireFormatException {
        need(2);
        return bytes.getShort() & 0xffff;
    }

    int i32() throws WireFormatException {
        need(4);
        return bytes.getInt();
    }

    long i64() throws WireFormatException {
        need(8);
        return bytes.getLong();
    }

    byte[] raw(int count) throws WireFormatException {
        need(count);
        byte[] value = new byte[count];
        bytes.get(value);
        return value;
    }

    UUID uuid() throws WireFormatException {
        long high = i64();
        return new UUID(high, i64());
    }

    String text() throws WireFormatException {
        byte[] utf8 = raw(u16());
        try {
            return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(utf8)).toString();
        } catch (CharacterCodingException malformed) {
            throw wrong("text is not UTF-8");
        }
    }

    PairId pairId() throws WireFormatException {
        return new PairId(uuid());
    }

    Nonce nonce() throws WireFormatException {
        return new Nonce(uuid());
    }

    NodeName node() throws WireFormatException {
        return new NodeName(text());
    }

    Members members() throws WireFormatException {
        NodeName first = node();
        return new Members(first, node());
    }

    PairState state() throws WireFormatException {
        int code = u8();
        return switch (code) {
            case 1 -> PairState.SOLO;
            case 2 -> PairState.PROTECTED;
            case 3 -> PairState.STOPPED;
            default -> throw wrong("pair state " + code + ", expected 1 to 3");
        };
    }

    Expected expected() throws WireFormatException {
        long epoch = i64();
        return new Expected(epoch, state());
    }

    Incarnation incarnation() throws WireFormatException {
        return new Incarnation(uuid());
    }

    Optional<Incarnation> optionalIncarnation() throws WireFormatException {
        int flag = u8();
        return switch (flag) {
            case 0 -> Optional.empty();
            case 1 -> Optional.of(incarnation());
            default -> throw wrong("presence " + flag + ", expected 0 or 1");
        };
    }

    OperatorWord word() throws WireFormatException {
        String operator = text();
        String reason = text();
        return new OperatorWord(operator, reason, i64());
    }

    private void need(int count) throws WireFormatException {
        if (bytes.remaining() < count) {
            throw wrong("cut short: " + count + " bytes expected, " + bytes.remaining() + " left");
        }
    }
}
