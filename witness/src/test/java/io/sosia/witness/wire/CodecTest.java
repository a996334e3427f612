package io.sosia.witness.wire;

import static io.sosia.witness.claim.Samples.PAIR;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sosia.witness.claim.ClaimCommand;
import io.sosia.witness.claim.ClaimResult;
import io.sosia.witness.claim.ClaimResult.Reason;
import io.sosia.witness.claim.ClaimTable;
import io.sosia.witness.claim.CommandSource;
import io.sosia.witness.claim.Incarnation;
import io.sosia.witness.claim.Members;
import io.sosia.witness.claim.NodeName;
import io.sosia.witness.claim.OperatorWord;
import io.sosia.witness.claim.PairRecord;
import io.sosia.witness.claim.PairState;
import io.sosia.witness.claim.Samples;
import io.sosia.witness.claim.TableEntry;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.TreeMap;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;

class CodecTest {
    private static final Path GOLDEN = Path.of("src/test/resources/io/sosia/witness/wire/golden-v1.txt");

    /// Decodes bytes of one kind and encodes what they held.
    private interface Again {
        byte[] apply(byte[] bytes) throws WireFormatException;
    }

    private static final Map<String, Again> CODECS = Map.of(
            "command", bytes -> CommandCodec.encode(CommandCodec.decode(bytes)),
            "answer", bytes -> ResultCodec.encode(ResultCodec.decode(bytes)),
            "query", bytes -> QueryCodec.encode(QueryCodec.decodeQuery(bytes)),
            "reply", bytes -> QueryCodec.encode(QueryCodec.decodeReply(bytes)),
            "snapshot", bytes -> SnapshotCodec.encode(SnapshotCodec.decode(bytes)));

    private static PairRecord record() {
        Map<NodeName, Incarnation> both = Map.of(Samples.A, Samples.life(1), Samples.B, Samples.life(2));
        ClaimCommand protect = Samples.oneOfEach().get(5);
        return new PairRecord(
                PAIR, Samples.MEMBERS, 6, Samples.A, PairState.PROTECTED, new TreeMap<>(both), protect);
    }

    /// One of everything that is sent or stored, as "kind name" and bytes.
    private static Map<String, byte[]> everything() {
        Map<String, byte[]> all = new LinkedHashMap<>();
        for (ClaimCommand command : Samples.oneOfEach()) {
            all.put("command " + command.getClass().getSimpleName(), CommandCodec.encode(command));
        }
        List<ClaimResult> results = new ArrayList<>(List.of(
                new ClaimResult.Granted(record()),
                new ClaimResult.UnknownPair(PAIR),
                new ClaimResult.TableFull(PAIR, 65_536)));
        for (Reason reason : Reason.values()) {
            results.add(new ClaimResult.Refused(record(), reason));
        }
        for (ClaimResult result : results) {
            String name = result instanceof ClaimResult.Refused(_, Reason reason)
                    ? "Refused-" + reason
                    : result.getClass().getSimpleName();
            all.put("answer " + name, ResultCodec.encode(result));
        }
        all.put("query Lookup", QueryCodec.encode(new WitnessQuery.Lookup(PAIR)));
        all.put("query Ping", QueryCodec.encode(new WitnessQuery.Ping()));
        all.put("query Refusals", QueryCodec.encode(new WitnessQuery.Refusals()));
        TableEntry entry = new TableEntry(record(), List.of(Samples.oneOfEach().get(1), Samples.oneOfEach().get(7)));
        all.put("reply Known", QueryCodec.encode(new QueryReply.Known(entry)));
        all.put("reply Unknown", QueryCodec.encode(new QueryReply.Unknown(PAIR)));
        all.put("reply Pong", QueryCodec.encode(new QueryReply.Pong(7)));
        all.put("reply Refused", QueryCodec.encode(new QueryReply.Refused(7)));
        all.put("snapshot empty", SnapshotCodec.encode(new ClaimTable()));
        all.put("snapshot table", SnapshotCodec.encode(ClaimTable.of(List.of(entry))));
        return all;
    }

    private static Again codecOf(String name) {
        return CODECS.get(name.substring(0, name.indexOf(' ')));
    }

    /// What nodes of other versions send and what disks hold: a change here needs a new version, not new golden bytes.
    /// `-Dgolden.write=true` writes the file anew.
    @Test
    void bytesAreThoseOfTheFirstRelease() throws IOException {
        List<String> lines = everything().entrySet().stream()
                .map(one -> one.getKey() + " " + HexFormat.of().formatHex(one.getValue()))
                .toList();
        if (Boolean.getBoolean("golden.write")) {
            Files.createDirectories(GOLDEN.getParent());
            Files.write(GOLDEN, lines);
        }
        assertThat(lines).isEqualTo(Files.readAllLines(GOLDEN));
    }

    @Test
    void whatIsReadWritesTheSameBytes() throws WireFormatException {
        for (Map.Entry<String, byte[]> one : everything().entrySet()) {
            assertThat(codecOf(one.getKey()).apply(one.getValue())).as(one.getKey()).isEqualTo(one.getValue());
        }
        assertThat(CommandCodec.decode(CommandCodec.encode(Samples.oneOfEach().get(1))))
                .isEqualTo(Samples.oneOfEach().get(1));
    }

    @Test
    void everyCutIsAFormatException() {
        everything().forEach((name, bytes) -> {
            for (int length = 0; length < bytes.length; length++) {
                byte[] cut = Arrays.copyOf(bytes, length);
                assertThatThrownBy(() -> codecOf(name).apply(cut))
                        .as("%s cut to %d", name, length)
                        .isInstanceOf(WireFormatException.class);
            }
            byte[] longer = Arrays.copyOf(bytes, bytes.length + 1);
            assertThatThrownBy(() -> codecOf(name).apply(longer)).as(name).isInstanceOf(WireFormatException.class);
        });
    }

    /// Any single changed byte is either noticed, or gives another value of the same kind that writes these very bytes.
    @Test
    void everyChangedByteIsAFormatExceptionOrAnotherValue() {
        everything().forEach((name, bytes) -> {
            for (int at = 0; at < bytes.length; at++) {
                for (int change : new int[] {1, 0x80, 0xff, 0x3c}) {
                    byte[] changed = bytes.clone();
                    changed[at] ^= (byte) change;
                    rejectsOrWritesTheSame(name, changed);
                }
            }
        });
    }

    @Property(tries = 300)
    void noBytesMakeAnythingButAFormatException(@ForAll long seed) {
        Random random = new Random(seed);
        everything().forEach((name, bytes) -> {
            byte[] mangled = bytes.clone();
            for (int changes = 1 + random.nextInt(6); changes > 0; changes--) {
                mangled[random.nextInt(mangled.length)] = (byte) random.nextInt();
            }
            rejectsOrWritesTheSame(name, mangled);
            byte[] noise = new byte[random.nextInt(80)];
            random.nextBytes(noise);
            rejectsOrWritesTheSame(name, noise);
        });
    }

    private static void rejectsOrWritesTheSame(String name, byte[] bytes) {
        byte[] again;
        try {
            again = codecOf(name).apply(bytes);
        } catch (WireFormatException rejected) {
            assertThat(rejected).hasMessageContaining("witness");
            return;
        }
        assertThat(again).as("%s %s", name, HexFormat.of().formatHex(bytes)).isEqualTo(bytes);
    }

    @Property(tries = 50)
    void tablesComeBackAsTheyWere(@ForAll long seed) throws WireFormatException {
        CommandSource source = new CommandSource(seed);
        ClaimTable table = new ClaimTable();
        for (int i = 0; i < 200; i++) {
            var pairId = Samples.pair(source.below(20));
            ClaimCommand command = source.next(pairId, table.find(pairId).map(TableEntry::record));
            assertThat(CommandCodec.decode(CommandCodec.encode(command))).isEqualTo(command);
            ClaimResult result = table.apply(command);
            assertThat(ResultCodec.decode(ResultCodec.encode(result))).isEqualTo(result);
        }
        ClaimTable again = SnapshotCodec.decode(SnapshotCodec.encode(table));
        assertThat(List.copyOf(again.entries())).isEqualTo(List.copyOf(table.entries()));
    }

    @Test
    void corruptSnapshotIsNoticedByItsChecksum() {
        byte[] bytes = everything().get("snapshot table");
        bytes[bytes.length / 2] ^= 1;
        assertThatThrownBy(() -> SnapshotCodec.decode(bytes))
                .isInstanceOf(WireFormatException.class)
                .hasMessageContaining("checksum");
    }

    @Test
    void anotherVersionIsNamed() {
        byte[] bytes = everything().get("command ClaimSolo");
        bytes[0] = 9;
        assertThatThrownBy(() -> CommandCodec.decode(bytes))
                .hasMessageContaining("version 9, expected 1")
                .hasMessageContaining("newer");
    }

    @Test
    void longestCommandAndReplyFitTheirLimits() throws WireFormatException {
        NodeName longName = new NodeName("a".repeat(NodeName.LENGTH_MAX));
        NodeName longName2 = new NodeName("b".repeat(NodeName.LENGTH_MAX));
        OperatorWord longWord = new OperatorWord(
                "\uffee".repeat(OperatorWord.OPERATOR_LENGTH_MAX),
                "\uffee".repeat(OperatorWord.REASON_LENGTH_MAX),
                Long.MAX_VALUE);
        var members = Members.of(longName, longName2);
        ClaimTable table = new ClaimTable();
        table.apply(new ClaimCommand.Reinitialise(
                PAIR, members, longName2, Optional.of(Samples.life(1)), 1, longWord, Samples.nonce(0)));
        ClaimResult last = null;
        for (int i = 1; i < TableEntry.AUDIT_MAX + 2; i++) {
            PairRecord record = table.find(PAIR).orElseThrow().record();
            ClaimCommand order = new ClaimCommand.Override(
                    PAIR,
                    record.asExpected(),
                    longName,
                    Optional.of(Samples.life(i)),
                    1,
                    longWord,
                    Samples.nonce(i));
            assertThat(CommandCodec.decode(CommandCodec.encode(order))).isEqualTo(order);
            last = table.apply(order);
        }
        assertThat(ResultCodec.decode(ResultCodec.encode(last))).isEqualTo(last);
        QueryReply reply = new QueryReply.Known(table.find(PAIR).orElseThrow());
        assertThat(QueryCodec.decodeReply(QueryCodec.encode(reply))).isEqualTo(reply);
    }
}
