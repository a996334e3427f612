package io.sosia.appliance.machine.device;

import io.sosia.appliance.machine.port.MachineOutput;
import io.sosia.appliance.machine.port.MachineOutput.ConsoleOut;
import io.sosia.appliance.machine.port.MachineOutput.DiskDiscard;
import io.sosia.appliance.machine.port.MachineOutput.DiskFlush;
import io.sosia.appliance.machine.port.MachineOutput.DiskRead;
import io.sosia.appliance.machine.port.MachineOutput.DiskWrite;
import io.sosia.appliance.machine.port.MachineOutput.DiskWriteZeroes;
import io.sosia.appliance.machine.port.MachineOutput.EntropyWanted;
import io.sosia.appliance.machine.port.MachineOutput.FrameOut;
import io.sosia.appliance.machine.port.MachineOutput.PowerOff;
import io.sosia.appliance.machine.port.MachineOutput.ResetRequested;
import io.sosia.appliance.machine.state.BadStateException;
import io.sosia.appliance.machine.state.Stateful;
import java.io.ByteArrayOutputStream;
import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/// What the machine has produced and nobody has taken yet, in order; and the running hash of all it ever produced.
///
/// Console bytes are gathered into pieces. Every other output, and a full console piece, calls the stop hook, so that
/// the engine returns right after the instruction that caused it: the outbox holds what one instruction or one input
/// can cause.
public final class Outbox implements Stateful {

    /// Console bytes that may wait before the machine stops to have them taken.
    public static final int CONSOLE_BYTES_MAX = 64 << 10;

    /// Longest Ethernet frame, without FCS, that leaves or enters.
    public static final int FRAME_BYTES_MAX = 65_550;

    private static final int OUTPUTS_MAX = 1 << 20;
    private static final long HASH_PRIME = 0x100000001b3L;

    private final Runnable stop;
    private final List<MachineOutput> waiting = new ArrayList<>();
    private final ByteArrayOutputStream console = new ByteArrayOutputStream();
    private long consoleOffset;
    private long hash = 0xcbf29ce484222325L;
    private boolean urgent;

    /// @param stop called whenever the engine should return after the current instruction
    public Outbox(Runnable stop) {
        this.stop = stop;
    }

    /// Adds one byte of console output.
    public void console(int value) {
        console.write(value);
        consoleOffset++;
        hash = (hash ^ (value & 0xff)) * HASH_PRIME;
        if (console.size() >= CONSOLE_BYTES_MAX) {
            closeConsolePiece();
            urgent();
        }
    }

    /// Adds an output other than console bytes.
    public void add(MachineOutput output) {
        if (output instanceof ConsoleOut) {
            throw new IllegalArgumentException("console bytes go through console()");
        }
        closeConsolePiece();
        waiting.add(output);
        hash = OutputHash.fold(hash, output);
        urgent();
    }

    /// Whether something other than a few console bytes waits.
    public boolean mustBeDrained() {
        return urgent;
    }

    /// Whether nothing waits.
    public boolean isDrained() {
        return waiting.isEmpty() && console.size() == 0;
    }

    /// Hands over everything that waits, in order.
    public void drain(Consumer<MachineOutput> taker) {
        closeConsolePiece();
        List<MachineOutput> taken = List.copyOf(waiting);
        waiting.clear();
        urgent = false;
        taken.forEach(taker);
    }

    /// Console bytes written over the machine's life.
    public long consoleBytes() {
        return consoleOffset;
    }

    /// Hash of all outputs over the machine's life; it does not depend on when they were drained.
    public long hash() {
        return hash;
    }

    private void closeConsolePiece() {
        if (console.size() > 0) {
            waiting.add(new ConsoleOut(consoleOffset - console.size(), console.toByteArray()));
            console.reset();
        }
    }

    private void urgent() {
        urgent = true;
        stop.run();
    }

    @Override
    public void save(DataOutput out) throws IOException {
        closeConsolePiece();
        out.writeLong(consoleOffset);
        out.writeLong(hash);
        out.writeBoolean(urgent);
        out.writeInt(waiting.size());
        for (MachineOutput output : waiting) {
            write(output, out);
        }
    }

    @Override
    public void load(DataInput in) throws IOException {
        consoleOffset = in.readLong();
        hash = in.readLong();
        urgent = in.readBoolean();
        waiting.clear();
        console.reset();
        int count = StateFields.count(in, "waiting outputs", OUTPUTS_MAX);
        for (int i = 0; i < count; i++) {
            waiting.add(read(in));
        }
        if (consoleOffset < 0) {
            throw new BadStateException("console offset " + consoleOffset + ", expected 0 or more");
        }
    }

    private static void write(MachineOutput output, DataOutput out) throws IOException {
        switch (output) {
            case ConsoleOut c -> {
                out.writeByte(0);
                out.writeLong(c.offset());
                StateFields.writeBytes(out, c.bytes());
            }
            case FrameOut f -> {
                out.writeByte(1);
                StateFields.writeBytes(out, f.frame());
            }
            case PowerOff p -> {
                out.writeByte(2);
                out.writeBoolean(p.failure());
            }
            case ResetRequested r -> {
                out.writeByte(3);
                out.writeBoolean(r.failure());
            }
            case EntropyWanted e -> {
                out.writeByte(4);
                out.writeInt(e.bytes());
            }
            case MachineOutput.DiskRequest d -> {
                out.writeByte(5);
                DiskRequestFormat.write(d, out);
            }
        }
    }

    private static MachineOutput read(DataInput in) throws IOException {
        int kind = in.readUnsignedByte();
        return switch (kind) {
            case 0 -> new ConsoleOut(in.readLong(), StateFields.readBytes(in, "console piece", CONSOLE_BYTES_MAX));
            case 1 -> new FrameOut(StateFields.readBytes(in, "frame", FRAME_BYTES_MAX));
            case 2 -> new PowerOff(in.readBoolean());
            case 3 -> new ResetRequested(in.readBoolean());
            case 4 -> new EntropyWanted(in.readInt());
            case 5 -> DiskRequestFormat.read(in);
            default -> throw new BadStateException("output of kind " + kind + ", expected 0 to 5");
        };
    }

    /// Folds outputs other than console bytes into the running hash.
    private static final class OutputHash {

        static long fold(long hash, MachineOutput output) {
            return switch (output) {
                case ConsoleOut c -> bytes(word(hash, 0), c.bytes());
                case FrameOut f -> bytes(word(hash, 1), f.frame());
                case PowerOff p -> word(word(hash, 2), p.failure() ? 1 : 0);
                case ResetRequested r -> word(word(hash, 3), r.failure() ? 1 : 0);
                case EntropyWanted e -> word(word(hash, 4), e.bytes());
                case DiskRead r -> word(word(word(word(hash, 5), r.requestId()), r.offset()), r.length());
                case DiskWrite w -> bytes(word(word(word(hash, 6), w.requestId()), w.offset()), w.data());
                case DiskFlush f -> word(word(hash, 7), f.requestId());
                case DiskDiscard d -> ranges(word(word(hash, 8), d.requestId()), d.ranges());
                case DiskWriteZeroes z ->
                        ranges(word(word(word(hash, 9), z.requestId()), z.unmap() ? 1 : 0), z.ranges());
            };
        }

        private static long ranges(long hash, List<MachineOutput.ByteRange> ranges) {
            long folded = word(hash, ranges.size());
            for (MachineOutput.ByteRange range : ranges) {
                folded = word(word(folded, range.offset()), range.length());
            }
            return folded;
        }

        private static long bytes(long hash, byte[] bytes) {
            return word(word(hash, bytes.length), StateFields.hash(bytes));
        }

        private static long word(long hash, long value) {
            long mixed = (hash ^ value) * 0x9e3779b97f4a7c15L;
            return mixed ^ mixed >>> 29;
        }
    }
}
