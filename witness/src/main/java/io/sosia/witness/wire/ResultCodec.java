package io.sosia.witness.wire;

import io.sosia.witness.claim.ClaimResult;
import io.sosia.witness.claim.ClaimResult.Granted;
import io.sosia.witness.claim.ClaimResult.Reason;
import io.sosia.witness.claim.ClaimResult.Refused;
import io.sosia.witness.claim.ClaimResult.TableFull;
import io.sosia.witness.claim.ClaimResult.UnknownPair;
import io.sosia.witness.claim.PairId;
import io.sosia.witness.claim.PairRecord;

/// Bytes of the answer to a command: version, kind, fields.
public final class ResultCodec {
    /// The version this code writes, and the only one there is so far.
    public static final int VERSION = 1;
    /// The most bytes an answer takes.
    public static final int BYTES_MAX = 4_096;

    private static final int GRANTED = 64;
    private static final int REFUSED = 65;
    private static final int UNKNOWN_PAIR = 66;
    private static final int TABLE_FULL = 67;

    private ResultCodec() {}

    /// The bytes of an answer, at most `BYTES_MAX`.
    public static byte[] encode(ClaimResult result) {
        FieldWriter out = new FieldWriter();
        out.u8(VERSION);
        switch (result) {
            case Granted(PairRecord record) -> {
                out.u8(GRANTED);
                RecordCodec.write(record, out);
            }
            case Refused(PairRecord record, Reason reason) -> {
                out.u8(REFUSED);
                out.u8(code(reason));
                RecordCodec.write(record, out);
            }
            case UnknownPair(PairId pairId) -> {
                out.u8(UNKNOWN_PAIR);
                out.uuid(pairId.value());
            }
            case TableFull(PairId pairId, int pairsMax) -> {
                out.u8(TABLE_FULL);
                out.uuid(pairId.value());
                out.i32(pairsMax);
            }
        }
        return out.toBytes();
    }

    /// The answer in these bytes.
    ///
    /// @throws WireFormatException when they hold no answer of a known version
    public static ClaimResult decode(byte[] bytes) throws WireFormatException {
        return FieldReader.whole("witness answer", bytes, BYTES_MAX, ResultCodec::read);
    }

    private static ClaimResult read(FieldReader in) throws WireFormatException {
        int version = in.u8();
        if (version != VERSION) {
            throw in.wrong("answer version " + version + ", expected " + VERSION + "; is one side newer?");
        }
        int kind = in.u8();
        return switch (kind) {
            case GRANTED -> new Granted(RecordCodec.read(in));
            case REFUSED -> {
                Reason reason = reason(in);
                yield new Refused(RecordCodec.read(in), reason);
            }
            case UNKNOWN_PAIR -> new UnknownPair(in.pairId());
            case TABLE_FULL -> {
                PairId pairId = in.pairId();
                yield new TableFull(pairId, in.i32());
            }
            default -> throw in.wrong("answer kind " + kind + ", expected " + GRANTED + " to " + TABLE_FULL);
        };
    }

    private static int code(Reason reason) {
        return switch (reason) {
            case PAIR_EXISTS -> 1;
            case EPOCH_DIFFERS -> 2;
            case STATE_DIFFERS -> 3;
            case NOT_A_MEMBER -> 4;
            case NOT_OWNER -> 5;
            case NOT_IN_SYNC -> 6;
            case INCARNATION_NOT_NEW -> 7;
            case NONCE_REUSED -> 8;
        };
    }

    private static Reason reason(FieldReader in) throws WireFormatException {
        int code = in.u8();
        return switch (code) {
            case 1 -> Reason.PAIR_EXISTS;
            case 2 -> Reason.EPOCH_DIFFERS;
            case 3 -> Reason.STATE_DIFFERS;
            case 4 -> Reason.NOT_A_MEMBER;
            case 5 -> Reason.NOT_OWNER;
            case 6 -> Reason.NOT_IN_SYNC;
            case 7 -> Reason.INCARNATION_NOT_NEW;
            case 8 -> Reason.NONCE_REUSED;
            default -> throw in.wrong("reason " + code + ", expected 1 to 8");
        };
    }
}
