package io.sosia.witness.wire;

import io.sosia.witness.claim.Expected;
import io.sosia.witness.claim.Incarnation;
import io.sosia.witness.claim.Members;
import io.sosia.witness.claim.NodeName;
import io.sosia.witness.claim.OperatorWord;
import io.sosia.witness.claim.PairState;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Optional;
import java.util.UUID;

/// Appends fields to a growing array of bytes. Numbers are big-endian. The mirror of `FieldReader`.
final class FieldWriter {
    private byte[] bytes = new byte[256];
    private int length;

    void u8(int value) {
        room(1).put((byte) value);
    }

    void u16(int value) {
        room(2).putShort((short) value);
    }

    void i32(int value) {
        room(4).putInt(value);
    }

    void i64(long value) {
        room(8).putLong(value);
    }

    void raw(byte[] value) {
        room(value.length).put(value);
    }

    void uuid(UUID value) {
        i64(value.getMostSignificantBits());
        i64(value.getLeastSignificantBits());
    }

    void text(String value) {
        byte[] utf8 = value.getBytes(StandardCharsets.UTF_8);
        u16(utf8.length);
        raw(utf8);
    }

    void node(NodeName value) {
        text(value.value());
    }

    void members(Members value) {
        node(value.first());
        node(value.second());
    }

    void state(PairState value) {
        u8(switch (value) {
            case SOLO -> 1;
            case PROTECTED -> 2;
            case STOPPED -> 3;
        });
    }

    void expected(Expected value) {
        i64(value.epoch());
        state(value.state());
    }

    void incarnation(Incarnation value) {
        uuid(value.value());
    }

    void optionalIncarnation(Optional<Incarnation> value) {
        u8(value.isPresent() ? 1 : 0);
        value.ifPresent(this::incarnation);
    }

    void word(OperatorWord value) {
        text(value.operator());
        text(value.reason());
        i64(value.wallClockMillis());
    }

    int length() {
        return length;
    }

    byte[] toBytes() {
        return Arrays.copyOf(bytes, length);
    }

    private ByteBuffer room(int count) {
        if (bytes.length - length < count) {
            bytes = Arrays.copyOf(bytes, Math.max(bytes.length * 2, length + count));
        }
        ByteBuffer here = ByteBuffer.wrap(bytes, length, count);
        length += count;
        return here;
    }
}
