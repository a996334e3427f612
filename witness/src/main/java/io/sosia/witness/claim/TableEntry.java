package io.sosia.witness.claim;

import java.util.ArrayList;
import java.util.List;

/// One pair in the table: its record, and the last orders operators gave about it against the rules.
///
/// @param record the record that stands
/// @param audit the last `Reinitialise` and `Override` commands carried out, oldest first, at most `AUDIT_MAX`
public record TableEntry(PairRecord record, List<ClaimCommand> audit) {
    /// The most operator's orders kept of a pair; older ones are forgotten (they stay in the diagnostics).
    public static final int AUDIT_MAX = 8;

    /// @throws IllegalArgumentException when the audit is too long, is of another pair or has anything but orders
    public TableEntry {
        audit = List.copyOf(audit);
        if (audit.size() > AUDIT_MAX) {
            throw new IllegalArgumentException(audit.size() + " operator's orders, the limit is " + AUDIT_MAX);
        }
        for (ClaimCommand order : audit) {
            if (order.operatorWord().isEmpty() || !order.pairId().equals(record.pairId())) {
                throw new IllegalArgumentException(
                        "expected operator's orders about pair " + record.pairId() + ", got " + order);
            }
        }
    }

    static TableEntry born(PairRecord record) {
        return new TableEntry(record, List.of()).replacedBy(record);
    }

    TableEntry replacedBy(PairRecord next) {
        if (next.lastChange().operatorWord().isEmpty()) {
            return new TableEntry(next, audit);
        }
        List<ClaimCommand> longer = new ArrayList<>(audit);
        longer.add(next.lastChange());
        return new TableEntry(next, longer.subList(Math.max(0, longer.size() - AUDIT_MAX), longer.size()));
    }
}
