package io.sosia.appliance.node;

import io.sosia.appliance.eventlog.LogBatch;
import io.sosia.appliance.eventlog.LogEntry;
import io.sosia.appliance.eventlog.LogPosition;
import io.sosia.appliance.eventlog.LogSink;
import io.sosia.appliance.eventlog.MarkedOutput;
import java.util.ArrayList;
import java.util.List;

/// Gathers what a primary's machine produces in one turn, so that the event loop takes it over at once: entries as batches, and
/// outputs behind the entries that hold their cause. One thread.
final class Outgoing implements LogSink {

    private static final int BATCH_ENTRIES_MAX = 1_024;
    private static final long BATCH_BYTES_MAX = 1 << 20;

    /// What one turn has produced.
    record Load(List<LogBatch> batches, long bytes, List<MarkedOutput> outputs) {
        boolean isEmpty() {
            return batches.isEmpty() && outputs.isEmpty();
        }
    }

    private List<LogBatch> batches = new ArrayList<>();
    private List<LogEntry> entries = new ArrayList<>();
    private List<MarkedOutput> outputs = new ArrayList<>();
    private LogPosition first = LogPosition.START;
    private long batchBytes;
    private long bytes;

    @Override
    public void append(LogPosition position, LogEntry entry) {
        if (entries.isEmpty()) {
            first = position;
        }
        entries.add(entry);
        batchBytes += entry.weightBytes();
        if (entries.size() >= BATCH_ENTRIES_MAX || batchBytes >= BATCH_BYTES_MAX) {
            closeBatch();
        }
    }

    void output(MarkedOutput output) {
        outputs.add(output);
    }

    private void closeBatch() {
        if (!entries.isEmpty()) {
            batches.add(new LogBatch(first, entries));
            entries = new ArrayList<>();
            bytes += batchBytes;
            batchBytes = 0;
        }
    }

    /// Hands over all there is and starts anew.
    Load take() {
        closeBatch();
        Load load = new Load(batches, bytes, outputs);
        batches = new ArrayList<>();
        outputs = new ArrayList<>();
        bytes = 0;
        return load;
    }
}
