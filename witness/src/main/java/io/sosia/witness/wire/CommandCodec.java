package io.sosia.witness.wire;

import io.sosia.witness.claim.ClaimCommand;
import io.sosia.witness.claim.ClaimCommand.ClaimSolo;
import io.sosia.witness.claim.ClaimCommand.ColdBoot;
import io.sosia.witness.claim.ClaimCommand.Initialise;
import io.sosia.witness.claim.ClaimCommand.Protect;
import io.sosia.witness.claim.ClaimCommand.Reinitialise;
import io.sosia.witness.claim.ClaimCommand.Start;
import io.sosia.witness.claim.ClaimCommand.Stop;
import io.sosia.witness.claim.Expected;
import io.sosia.witness.claim.Incarnation;
import io.sosia.witness.claim.Members;
import io.sosia.witness.claim.NodeName;
import io.sosia.witness.claim.Nonce;
import io.sosia.witness.claim.OperatorWord;
import io.sosia.witness.claim.PairId;
import java.util.Optional;

/// Bytes of a command: version, kind, pair id, nonce, then the fields of that kind in their order of declaration.
public final class CommandCodec {
    /// The version this code writes, and the only one there is so far.
    public static final int VERSION = 1;
    /// The most bytes a command takes.
    public static final int BYTES_MAX = 2_048;

    private static final int INITIALISE = 1;
    private static final int REINITIALISE = 2;
    private static final int CLAIM_SOLO = 3;
    private static final int COLD_BOOT = 4;
    private static final int START = 5;
    private static final int PROTECT = 6;
    private static final int STOP = 7;
    private static final int OVERRIDE = 8;

    private CommandCodec() {}

    /// The bytes of a command, at most `BYTES_MAX`.
    public static byte[] encode(ClaimCommand command) {
        FieldWriter out = new FieldWriter();
        write(command, out);
        return out.toBytes();
    }

    /// The command in these bytes.
    ///
    /// @throws WireFormatException when they hold no command of a known version
    public static ClaimCommand decode(byte[] bytes) throws WireFormatException {
        return FieldReader.whole("witness command", bytes, BYTES_MAX, CommandCodec::read);
    }

    static void write(ClaimCommand command, FieldWriter out) {
        out.u8(VERSION);
        out.u8(kind(command));
        out.uuid(command.pairId().value());
        out.uuid(command.nonce().value());
        switch (command) {
            case Initialise c -> {
                out.members(c.members());
                out.node(c.owner());
            }
            case Reinitialise c -> {
                out.members(c.members());
                out.node(c.owner());
                out.optionalIncarnation(c.ownerIncarnation());
                out.i64(c.aboveEpoch());
                out.word(c.word());
            }
            case ClaimSolo c -> writeLife(c.expected(), c.node(), c.incarnation(), out);
            case ColdBoot c -> writeLife(c.expected(), c.node(), c.incarnation(), out);
            case Stop c -> writeLife(c.expected(), c.owner(), c.incarnation(), out);
            case Start c -> {
                out.i64(c.expectedEpoch());
                out.node(c.node());
                out.incarnation(c.incarnation());
            }
            case Protect c -> {
                out.i64(c.expectedEpoch());
                out.node(c.owner());
                out.incarnation(c.ownerIncarnation());
                out.incarnation(c.backupIncarnation());
            }
            case ClaimCommand.Override c -> {
                out.expected(c.expected());
                out.node(c.owner());
                out.optionalIncarnation(c.ownerIncarnation());
                out.i64(c.aboveEpoch());
                out.word(c.word());
            }
        }
    }

    private static int kind(ClaimCommand command) {
        return switch (command) {
            case Initialise _ -> INITIALISE;
            case Reinitialise _ -> REINITIALISE;
            case ClaimSolo _ -> CLAIM_SOLO;
            case ColdBoot _ -> COLD_BOOT;
            case Start _ -> START;
            case Protect _ -> PROTECT;
            case Stop _ -> STOP;
            case ClaimCommand.Override _ -> OVERRIDE;
        };
    }

    private static void writeLife(Expected expected, NodeName node, Incarnation incarnation, FieldWriter out) {
        out.expected(expected);
        out.node(node);
        out.incarnation(incarnation);
    }

    static ClaimCommand read(FieldReader in) throws WireFormatException {
        int version = in.u8();
        if (version != VERSION) {
            throw in.wrong("command version " + version + ", expected " + VERSION + "; is one side newer?");
        }
        int kind = in.u8();
        PairId pairId = in.pairId();
        Nonce nonce = in.nonce();
        return switch (kind) {
            case INITIALISE -> {
                Members members = in.members();
                yield new Initialise(pairId, members, in.node(), nonce);
            }
            case REINITIALISE -> {
                Members members = in.members();
                NodeName owner = in.node();
                Optional<Incarnation> incarnation = in.optionalIncarnation();
                long aboveEpoch = in.i64();
                OperatorWord word = in.word();
                yield new Reinitialise(pairId, members, owner, incarnation, aboveEpoch, word, nonce);
            }
            case CLAIM_SOLO -> {
                Expected expected = in.expected();
                NodeName node = in.node();
                yield new ClaimSolo(pairId, expected, node, in.incarnation(), nonce);
            }
            case COLD_BOOT -> {
                Expected expected = in.expected();
                NodeName node = in.node();
                yield new ColdBoot(pairId, expected, node, in.incarnation(), nonce);
            }
            case STOP -> {
                Expected expected = in.expected();
                NodeName owner = in.node();
                yield new Stop(pairId, expected, owner, in.incarnation(), nonce);
            }
            case START -> {
                long epoch = in.i64();
                NodeName node = in.node();
                yield new Start(pairId, epoch, node, in.incarnation(), nonce);
            }
            case PROTECT -> {
                long epoch = in.i64();
                NodeName owner = in.node();
                Incarnation ownerIncarnation = in.incarnation();
                yield new Protect(pairId, epoch, owner, ownerIncarnation, in.incarnation(), nonce);
            }
            case OVERRIDE -> {
                Expected expected = in.expected();
                NodeName owner = in.node();
                Optional<Incarnation> incarnation = in.optionalIncarnation();
                long aboveEpoch = in.i64();
                OperatorWord word = in.word();
                yield new ClaimCommand.Override(pairId, expected, owner, incarnation, aboveEpoch, word, nonce);
            }
            default -> throw in.wrong("command kind " + kind + ", expected " + INITIALISE + " to " + OVERRIDE);
        };
    }
}
