package io.sosia.appliance.recording;

import io.sosia.appliance.eventlog.LogBatch;
import io.sosia.appliance.eventlog.LogCodec;
import io.sosia.appliance.eventlog.LogEntry;
import io.sosia.appliance.eventlog.LogFormatException;
import io.sosia.appliance.eventlog.LogLimits;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Optional;

/// Reads what [RecordingWriter] wrote. Whatever is not a whole recording gives a [LogFormatException] that names what
/// is wrong and the byte it was found at; memory is taken only for bytes that are there. The stream stays the caller's.
public final class RecordingReader {
    private final InputStream in;
    private final RecordingHeader header;
    private long at;
    private boolean ended;

    /// Reads the header.
    public RecordingReader(InputStream in) throws IOException {
        this.in = in;
        byte[] magic = in.readNBytes(RecordingFormat.MAGIC.length);
        if (!Arrays.equals(magic, RecordingFormat.MAGIC)) {
            throw new LogFormatException("not a recording: it does not start with SOSIAREC");
        }
        at = magic.length;
        int version = ByteBuffer.wrap(exactly(2, "the format version")).getShort() & 0xffff;
        if (version != RecordingFormat.VERSION) {
            throw new LogFormatException(
                    "recording of format " + version + ", this program reads format " + RecordingFormat.VERSION);
        }
        byte[] frame = frame("the header", RecordingFormat.HEADER_BYTES_MAX)
                .orElseThrow(() -> cut("before the header"));
        try {
            header = RecordingHeader.decode(frame);
        } catch (LogFormatException e) {
            throw new LogFormatException("header: " + e.getMessage());
        }
    }

    /// What the recorded machine was built from.
    public RecordingHeader header() {
        return header;
    }

    /// The next entries; empty after the batch with the end entry.
    public Optional<LogBatch> next() throws IOException {
        long start = at;
        Optional<byte[]> frame = frame("a batch of entries", LogLimits.BATCH_BYTES_MAX);
        if (frame.isEmpty()) {
            if (!ended) {
                throw cut("after a batch of entries, without the end of the run");
            }
            return Optional.empty();
        }
        if (ended) {
            throw new LogFormatException("more entries after the end of the run, at byte " + start);
        }
        try {
            LogBatch batch = LogCodec.decode(frame.get());
            ended = batch.entries().getLast() instanceof LogEntry.End;
            return Optional.of(batch);
        } catch (LogFormatException e) {
            throw new LogFormatException(e.getMessage() + " (batch at byte " + start + ")");
        }
    }

    /// Bytes read so far.
    public long position() {
        return at;
    }

    private Optional<byte[]> frame(String what, int bytesMax) throws IOException {
        byte[] head = in.readNBytes(8);
        if (head.length == 0) {
            return Optional.empty();
        }
        at += head.length;
        if (head.length < 8) {
            throw cut("in the middle of the length of " + what);
        }
        ByteBuffer fields = ByteBuffer.wrap(head);
        int length = fields.getInt();
        if (length < 1 || length > bytesMax) {
            throw new LogFormatException(what + " of " + length + " bytes, expected 1 to " + bytesMax + ", at byte "
                    + (at - 8));
        }
        int expected = fields.getInt();
        byte[] bytes = exactly(length, what);
        int got = RecordingFormat.checksum(bytes);
        if (got != expected) {
            throw new LogFormatException("corrupt: checksum of %s at byte %d is %08x, expected %08x"
                    .formatted(what, at - length, got, expected));
        }
        return Optional.of(bytes);
    }

    private byte[] exactly(int count, String what) throws IOException {
        byte[] bytes = in.readNBytes(count);
        at += bytes.length;
        if (bytes.length < count) {
            throw cut("in the middle of " + what);
        }
        return bytes;
    }

    private LogFormatException cut(String where) {
        return new LogFormatException("cut: ends " + where + ", at byte " + at);
    }
}
