package io.sosia.witness.wire;

import io.sosia.witness.claim.PairId;
import io.sosia.witness.claim.TableEntry;
import io.sosia.witness.wire.QueryReply.Known;
import io.sosia.witness.wire.QueryReply.Pong;
import io.sosia.witness.wire.QueryReply.Refused;
import io.sosia.witness.wire.QueryReply.Unknown;
import io.sosia.witness.wire.WitnessQuery.Lookup;
import io.sosia.witness.wire.WitnessQuery.Ping;
import io.sosia.witness.wire.WitnessQuery.Refusals;

/// Bytes of queries and of their replies: version, kind, fields.
public final class QueryCodec {
    /// The version this code writes, and the only one there is so far.
    public static final int VERSION = 1;
    /// The most bytes a query takes.
    public static final int QUERY_BYTES_MAX = 64;
    /// The most bytes a reply takes.
    public static final int REPLY_BYTES_MAX = 32_768;

    private static final int LOOKUP = 32;
    private static final int PING = 33;
    private static final int REFUSALS = 34;
    private static final int KNOWN = 96;
    private static final int UNKNOWN = 97;
    private static final int PONG = 98;
    private static final int REFUSED = 99;

    private QueryCodec() {}

    /// The bytes of a query.
    public static byte[] encode(WitnessQuery query) {
        FieldWriter out = new FieldWriter();
        out.u8(VERSION);
        switch (query) {
            case Lookup(PairId pairId) -> {
                out.u8(LOOKUP);
                out.uuid(pairId.value());
            }
            case Ping() -> out.u8(PING);
            case Refusals() -> out.u8(REFUSALS);
        }
        return out.toBytes();
    }

    /// The query in these bytes.
    ///
    /// @throws WireFormatException when they hold no query of a known version
    public static WitnessQuery decodeQuery(byte[] bytes) throws WireFormatException {
        return FieldReader.whole("witness query", bytes, QUERY_BYTES_MAX, in -> {
            int kind = kind(in);
            return switch (kind) {
                case LOOKUP -> new Lookup(in.pairId());
                case PING -> new Ping();
                case REFUSALS -> new Refusals();
                default -> throw in.wrong("query kind " + kind + ", expected " + LOOKUP + " to " + REFUSALS);
            };
        });
    }

    /// The bytes of a reply.
    public static byte[] encode(QueryReply reply) {
        FieldWriter out = new FieldWriter();
        out.u8(VERSION);
        switch (reply) {
            case Known(TableEntry entry) -> {
                out.u8(KNOWN);
                RecordCodec.write(entry, out);
            }
            case Unknown(PairId pairId) -> {
                out.u8(UNKNOWN);
                out.uuid(pairId.value());
            }
            case Pong(int pairs) -> {
                out.u8(PONG);
                out.i32(pairs);
            }
            case Refused(long count) -> {
                out.u8(REFUSED);
                out.i64(count);
            }
        }
        return out.toBytes();
    }

    /// The reply in these bytes.
    ///
    /// @throws WireFormatException when they hold no reply of a known version
    public static QueryReply decodeReply(byte[] bytes) throws WireFormatException {
        return FieldReader.whole("witness reply", bytes, REPLY_BYTES_MAX, in -> {
            int kind = kind(in);
            return switch (kind) {
                case KNOWN -> new Known(RecordCodec.readEntry(in));
                case UNKNOWN -> new Unknown(in.pairId());
                case PONG -> new Pong(in.i32());
                case REFUSED -> new Refused(in.i64());
                default -> throw in.wrong("reply kind " + kind + ", expected " + KNOWN + " to " + REFUSED);
            };
        });
    }

    private static int kind(FieldReader in) throws WireFormatException {
        int version = in.u8();
        if (version != VERSION) {
            throw in.wrong("query version " + version + ", expected " + VERSION + "; is one side newer?");
        }
        return in.u8();
    }
}
