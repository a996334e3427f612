package io.sosia.witness.wire;

import io.sosia.witness.claim.ClaimCommand;
import io.sosia.witness.claim.Incarnation;
import io.sosia.witness.claim.Members;
import io.sosia.witness.claim.NodeName;
import io.sosia.witness.claim.PairId;
import io.sosia.witness.claim.PairRecord;
import io.sosia.witness.claim.PairState;
import io.sosia.witness.claim.TableEntry;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/// The fields of a record and of a table entry, inside answers and snapshots, which carry the version.
final class RecordCodec {
    private RecordCodec() {}

    static void write(PairRecord record, FieldWriter out) {
        out.uuid(record.pairId().value());
        out.members(record.members());
        out.i64(record.epoch());
        out.node(record.owner());
        out.state(record.state());
        out.u8(record.inSync().size());
        for (Map.Entry<NodeName, Incarnation> member : record.inSync().entrySet()) {
            out.node(member.getKey());
            out.incarnation(member.getValue());
        }
        CommandCodec.write(record.lastChange(), out);
    }

    static PairRecord read(FieldReader in) throws WireFormatException {
        PairId pairId = in.pairId();
        Members members = in.members();
        long epoch = in.i64();
        NodeName owner = in.node();
        PairState state = in.state();
        SortedMap<NodeName, Incarnation> inSync = new TreeMap<>();
        for (int left = in.u8(); left > 0; left--) {
            NodeName node = in.node();
            if (!inSync.isEmpty() && inSync.lastKey().compareTo(node) >= 0) {
                throw in.wrong("in-sync member " + node + " is not after " + inSync.lastKey());
            }
            inSync.put(node, in.incarnation());
        }
        return new PairRecord(pairId, members, epoch, owner, state, inSync, CommandCodec.read(in));
    }

    static void write(TableEntry entry, FieldWriter out) {
        write(entry.record(), out);
        out.u8(entry.audit().size());
        for (ClaimCommand order : entry.audit()) {
            CommandCodec.write(order, out);
        }
    }

    static TableEntry readEntry(FieldReader in) throws WireFormatException {
        PairRecord record = read(in);
        List<ClaimCommand> audit = new ArrayList<>();
        for (int left = in.u8(); left > 0; left--) {
            audit.add(CommandCodec.read(in));
        }
        return new TableEntry(record, audit);
    }
}
