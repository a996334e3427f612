package io.sosia.appliance.recording;

import io.sosia.appliance.eventlog.LogBatch;
import io.sosia.appliance.eventlog.LogCodec;
import io.sosia.appliance.eventlog.LogEntry;
import io.sosia.appliance.eventlog.LogPosition;
import io.sosia.appliance.eventlog.LogSink;
import java.io.Closeable;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;

/// Writes a run to a stream, entry by entry. One thread at a time.
///
/// Entries are gathered into batches; [#close] writes the last one and closes the stream. Without an end entry the
/// file says that it was cut.
public final class RecordingWriter implements LogSink, Closeable {
    private static final int BATCH_ENTRIES = 512;
    private static final int BATCH_BYTES = 64 << 10;

    private final DataOutputStream out;
    private final List<LogEntry> batch = new ArrayList<>();
    private LogPosition first = LogPosition.START;
    private int batchBytes;

    /// Writes the header.
    public RecordingWriter(OutputStream out, RecordingHeader header) throws IOException {
        this.out = new DataOutputStream(out);
        this.out.write(RecordingFormat.MAGIC);
        this.out.writeShort(RecordingFormat.VERSION);
        frame(header.encode());
    }

    /// {@inheritDoc}
    ///
    /// @throws UncheckedIOException when the stream fails (disk full); the recording is then of no use
    @Override
    public void append(LogPosition position, LogEntry entry) {
        if (batch.isEmpty()) {
            first = position;
        }
        batch.add(entry);
        batchBytes += entry.weightBytes();
        if (batch.size() >= BATCH_ENTRIES || batchBytes >= BATCH_BYTES || entry instanceof LogEntry.End) {
            try {
                writeBatch();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }

    /// Writes what has been gathered and closes the stream.
    @Override
    public void close() throws IOException {
        try (out) {
            writeBatch();
        }
    }

    private void writeBatch() throws IOException {
        if (!batch.isEmpty()) {
            frame(LogCodec.encode(new LogBatch(first, batch)));
            batch.clear();
            batchBytes = 0;
        }
    }

    private void frame(byte[] bytes) throws IOException {
        out.writeInt(bytes.length);
        out.writeInt(RecordingFormat.checksum(bytes));
        out.write(bytes);
    }
}
