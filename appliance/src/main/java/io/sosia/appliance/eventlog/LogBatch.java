package io.sosia.appliance.eventlog;

import java.util.List;

/// Entries that travel together: neighbours in the log, of one epoch.
///
/// @param first   position of the first entry
/// @param entries at least one, at most [LogLimits#ENTRIES_PER_BATCH_MAX], steps never going back
public record LogBatch(LogPosition first, List<LogEntry> entries) {
    public LogBatch {
        entries = List.copyOf(entries);
        if (first.seq() < 1) {
            throw new IllegalArgumentException("batch starts at " + first + ", expected an entry number from 1");
        }
        if (entries.isEmpty() || entries.size() > LogLimits.ENTRIES_PER_BATCH_MAX) {
            throw new IllegalArgumentException(
                    "batch of " + entries.size() + " entries, expected 1 to " + LogLimits.ENTRIES_PER_BATCH_MAX);
        }
        long step = 0;
        for (LogEntry entry : entries) {
            if (entry.step() < step) {
                throw new IllegalArgumentException("entry at step " + entry.step() + " after step " + step);
            }
            step = entry.step();
        }
    }

    /// Position of the last entry.
    public LogPosition last() {
        return new LogPosition(first.epoch(), first.seq() + entries.size() - 1);
    }
}
