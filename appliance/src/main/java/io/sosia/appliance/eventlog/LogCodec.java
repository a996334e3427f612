package io.sosia.appliance.eventlog;

import io.sosia.appliance.machine.port.DiskStatus;
import io.sosia.appliance.machine.port.MachineInput;
import java.util.ArrayList;
import java.util.List;

/// The bytes of a batch of entries, format [#VERSION].
///
/// A batch is: version, epoch, number of the first entry, step of the first entry, count, entries. An entry is: tag,
/// steps since the entry before, body. Integers are base-128 varints unless a hash. Any bytes that are not such a
/// batch give a [LogFormatException]; nothing larger than the bytes at hand is ever allocated.
public final class LogCodec {

    /// Raised with every change of the format. A reader takes only its own version.
    public static final int VERSION = 2;

    private static final int PROGRESS = 0x01;
    private static final int MARK = 0x02;
    private static final int DIGEST = 0x03;
    private static final int RELEASED = 0x04;
    private static final int END = 0x05;
    private static final int VERIFY = 0x06;
    private static final int REPAIR = 0x07;
    private static final int POWER_ON = 0x10;
    private static final int FRAMES_IN = 0x11;
    private static final int CONSOLE_IN = 0x12;
    private static final int DISK_COMPLETED = 0x13;
    private static final int CLOCK_ADJUST = 0x14;
    private static final int ENTROPY = 0x15;

    private LogCodec() {}

    /// Encodes one batch.
    ///
    /// @throws IllegalArgumentException when an entry is beyond [LogLimits]: the writer is at fault
    public static byte[] encode(LogBatch batch) {
        ByteWriter out = new ByteWriter();
        out.u8(VERSION);
        out.varint(batch.first().epoch());
        out.varint(batch.first().seq());
        long step = batch.entries().getFirst().step();
        out.varint(step);
        out.varint(batch.entries().size());
        for (LogEntry entry : batch.entries()) {
            write(out, entry, entry.step() - step);
            step = entry.step();
        }
        byte[] bytes = out.toByteArray();
        LogLimits.limit("batch bytes", bytes.length, 1, LogLimits.BATCH_BYTES_MAX);
        return bytes;
    }

    /// Decodes one batch that fills `bytes` exactly.
    ///
    /// @throws LogFormatException when it does not
    public static LogBatch decode(byte[] bytes) throws LogFormatException {
        if (bytes.length > LogLimits.BATCH_BYTES_MAX) {
            throw new LogFormatException("batch of " + bytes.length + " bytes, at most " + LogLimits.BATCH_BYTES_MAX);
        }
        ByteReader in = new ByteReader(bytes);
        int version = in.u8("log version");
        if (version != VERSION) {
            throw new LogFormatException("log format " + version + ", this program reads format " + VERSION);
        }
        long epoch = in.varint("epoch");
        int countMax = LogLimits.ENTRIES_PER_BATCH_MAX;
        long seq = in.varint("entry number", 1, Long.MAX_VALUE - countMax);
        long step = in.varint("first step");
        int count = (int) in.varint("entry count", 1, countMax);
        List<LogEntry> entries = new ArrayList<>(Math.min(count, in.remaining()));
        for (int i = 0; i < count; i++) {
            int tag = in.u8("entry tag");
            step += in.varint("step of an entry", 0, Long.MAX_VALUE - step);
            entries.add(read(in, tag, step));
        }
        if (in.remaining() != 0) {
            throw new LogFormatException(in.remaining() + " bytes after the last entry of a batch, expected none");
        }
        return new LogBatch(new LogPosition(epoch, seq), entries);
    }

    private static void write(ByteWriter out, LogEntry entry, long steps) {
        switch (entry) {
            case LogEntry.Input(long _, MachineInput input) -> writeInput(out, input, steps);
            case LogEntry.Progress _ -> head(out, PROGRESS, steps);
            case LogEntry.Mark(long _, OutputTotals totals) -> {
                head(out, MARK, steps);
                writeTotals(out, totals);
            }
            case LogEntry.Digest(long _, long hash) -> {
                head(out, DIGEST, steps);
                out.i64(hash);
            }
            case LogEntry.Released(long _, LogPosition upTo) -> {
                head(out, RELEASED, steps);
                out.varint(upTo.epoch());
                out.varint(upTo.seq());
            }
            case LogEntry.Verify(long _, long offset, int length, boolean bytes) -> {
                LogLimits.limit("bytes to verify", length, 1, LogLimits.VERIFY_BYTES_MAX);
                head(out, VERIFY, steps);
                out.varint(offset);
                out.varint(length);
                out.u8(bytes ? 1 : 0);
            }
            case LogEntry.Repair(long _, long offset, byte[] bytes) -> {
                LogLimits.limit("bytes to repair", bytes.length, 1, LogLimits.REPAIR_BYTES_MAX);
                head(out, REPAIR, steps);
                out.varint(offset);
                out.block(bytes);
            }
            case LogEntry.End end -> {
                head(out, END, steps);
                out.u8(end.reason().ordinal());
                writeTotals(out, end.totals());
                out.varint(end.inputs());
                out.i64(end.digest());
            }
        }
    }

    private static void head(ByteWriter out, int tag, long steps) {
        out.u8(tag);
        out.varint(steps);
    }

    private static void writeInput(ByteWriter out, MachineInput input, long steps) {
        LogLimits.check(input);
        switch (input) {
            case MachineInput.PowerOn(byte[] seed, long wallClockNanos) -> {
                head(out, POWER_ON, steps);
                out.block(seed);
                out.i64(wallClockNanos);
            }
            case MachineInput.FramesIn(List<byte[]> frames) -> {
                head(out, FRAMES_IN, steps);
                out.varint(frames.size());
                for (byte[] frame : frames) {
                    out.block(frame);
                }
            }
            case MachineInput.ConsoleIn(byte[] bytes) -> {
                head(out, CONSOLE_IN, steps);
                out.block(bytes);
            }
            case MachineInput.DiskCompleted(long requestId, DiskStatus status, byte[] data) -> {
                head(out, DISK_COMPLETED, steps);
                out.varint(requestId);
                out.u8(status.ordinal());
                out.block(data);
            }
            case MachineInput.ClockAdjust(long ticks, long ticksPerStepQ32) -> {
                head(out, CLOCK_ADJUST, steps);
                out.varint(ticks);
                out.varint(ticksPerStepQ32);
            }
            case MachineInput.Entropy(byte[] bytes) -> {
                head(out, ENTROPY, steps);
                out.block(bytes);
            }
        }
    }

    private static LogEntry read(ByteReader in, int tag, long step) throws LogFormatException {
        return switch (tag) {
            case PROGRESS -> new LogEntry.Progress(step);
            case MARK -> new LogEntry.Mark(step, readTotals(in));
            case DIGEST -> new LogEntry.Digest(step, in.i64("digest"));
            case RELEASED -> new LogEntry.Released(
                    step, new LogPosition(in.varint("released epoch"), in.varint("released entry number")));
            case VERIFY -> new LogEntry.Verify(step, in.varint("offset to verify"),
                    (int) in.varint("bytes to verify", 1, LogLimits.VERIFY_BYTES_MAX), in.u8("bytes wanted") != 0);
            case REPAIR -> new LogEntry.Repair(step, in.varint("offset to repair"),
                    in.block("bytes to repair", 1, LogLimits.REPAIR_BYTES_MAX));
            case END -> new LogEntry.End(step, readEnum(in, "end reason", EndReason.values()), readTotals(in),
                    in.varint("number of inputs"), in.i64("final digest"));
            default -> new LogEntry.Input(step, readInput(in, tag));
        };
    }

    private static MachineInput readInput(ByteReader in, int tag) throws LogFormatException {
        return switch (tag) {
            case POWER_ON -> new MachineInput.PowerOn(in.block("seed", 32, 256), in.i64("wall clock"));
            case FRAMES_IN -> {
                int count = (int) in.varint("frames of one entry", 1, LogLimits.FRAMES_PER_ENTRY_MAX);
                List<byte[]> frames = new ArrayList<>(count);
                for (int i = 0; i < count; i++) {
                    frames.add(in.block("frame", LogLimits.FRAME_BYTES_MIN, LogLimits.FRAME_BYTES_MAX));
                }
                yield new MachineInput.FramesIn(frames);
            }
            case CONSOLE_IN -> new MachineInput.ConsoleIn(in.block("console input", 1, LogLimits.CONSOLE_BYTES_MAX));
            case DISK_COMPLETED -> new MachineInput.DiskCompleted(in.varint("disk request id"),
                    readEnum(in, "disk status", DiskStatus.values()),
                    in.block("disk data", 0, LogLimits.DISK_BYTES_MAX));
            case CLOCK_ADJUST -> new MachineInput.ClockAdjust(
                    in.varint("guest time"), in.varint("clock rate", 1, 1L << 36));
            case ENTROPY -> new MachineInput.Entropy(in.block("entropy", 1, LogLimits.ENTROPY_BYTES_MAX));
            default -> throw new LogFormatException("entry tag 0x%02x is not one of format %d".formatted(tag, VERSION));
        };
    }

    private static <E extends Enum<E>> E readEnum(ByteReader in, String field, E[] values) throws LogFormatException {
        int ordinal = in.u8(field);
        if (ordinal >= values.length) {
            throw new LogFormatException(field + " is " + ordinal + ", expected 0 to " + (values.length - 1));
        }
        return values[ordinal];
    }

    private static void writeTotals(ByteWriter out, OutputTotals totals) {
        out.varint(totals.consoleBytes());
        out.i32(totals.consoleHash());
        out.varint(totals.frames());
        out.varint(totals.frameBytes());
        out.varint(totals.ends());
        out.i32(totals.eventHash());
    }

    private static OutputTotals readTotals(ByteReader in) throws LogFormatException {
        return new OutputTotals(in.varint("console bytes"), in.i32("console hash"), in.varint("frames"),
                in.varint("frame bytes"), in.varint("ends"), in.i32("output hash"));
    }
}
