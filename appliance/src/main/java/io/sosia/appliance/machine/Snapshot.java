package io.sosia.appliance.machine;

import io.sosia.appliance.machine.device.StateFields;
import io.sosia.appliance.machine.memory.GuestRam;
import io.sosia.appliance.machine.state.BadStateException;
import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.zip.CRC32C;
import java.util.zip.CheckedInputStream;
import java.util.zip.CheckedOutputStream;

/// The bytes of a machine at rest: magic, version, what the machine was built from, its state, its RAM pages but for
/// those that are zero. Two CRC32C: behind the state, so that only intact state is looked into, and at the end, over
/// everything. Numbers are big-endian.
final class Snapshot {

    private static final long MAGIC = 0x534f_5349_4153_4e50L;
    private static final int VERSION = 1;
    private static final int STATE_BYTES_MAX = 256 << 20;
    private static final int END_OF_PAGES = -1;
    private static final byte[] ZERO_PAGE = new byte[GuestRam.PAGE_SIZE];

    private Snapshot() {}

    static void write(MachineSpec spec, Board board, OutputStream stream) throws IOException {
        CheckedOutputStream checked = new CheckedOutputStream(new BufferedOutputStream(stream, 1 << 16), new CRC32C());
        DataOutputStream out = new DataOutputStream(checked);
        out.writeLong(MAGIC);
        out.writeInt(VERSION);
        for (long value : identity(spec)) {
            out.writeLong(value);
        }
        byte[] state = state(board);
        out.writeInt(state.length);
        out.write(state);
        out.writeInt((int) checked.getChecksum().getValue());
        byte[] bytes = new byte[GuestRam.PAGE_SIZE];
        for (int page = 0; page < board.ram.pages(); page++) {
            board.ram.read(page << GuestRam.PAGE_SHIFT, bytes, 0, bytes.length);
            if (!Arrays.equals(bytes, ZERO_PAGE)) {
                out.writeInt(page);
                out.write(bytes);
            }
        }
        out.writeInt(END_OF_PAGES);
        out.writeInt((int) checked.getChecksum().getValue());
        out.flush();
    }

    /// Everything but RAM.
    static byte[] state(Board board) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        DataOutputStream out = new DataOutputStream(bytes);
        board.save(out);
        board.outbox.save(out);
        if (bytes.size() > STATE_BYTES_MAX) {
            throw new IllegalStateException("machine state of " + bytes.size() + " bytes, expected at most "
                    + STATE_BYTES_MAX);
        }
        return bytes.toByteArray();
    }

    /// Reads into a new board; after a failure the board is of no use.
    static void read(MachineSpec spec, Board board, InputStream stream) throws IOException {
        CheckedInputStream checked = new CheckedInputStream(new BufferedInputStream(stream, 1 << 16), new CRC32C());
        DataInputStream in = new DataInputStream(checked);
        String part = "header";
        try {
            readHeader(spec, in);
            part = "machine state";
            byte[] state = readState(in);
            check(checked, in, part);
            part = "RAM pages";
            readPages(board.ram, in);
            check(checked, in, part);
            load(board, state);
        } catch (EOFException e) {
            throw new BadStateException("snapshot is cut: it ends in the middle of its " + part);
        }
        board.engine.dropCaches();
    }

    private static void readHeader(MachineSpec spec, DataInputStream in) throws IOException {
        if (in.readLong() != MAGIC) {
            throw new BadStateException("not a snapshot of a machine: wrong magic number");
        }
        int version = in.readInt();
        if (version != VERSION) {
            throw new BadStateException("snapshot format version " + version + ", expected " + VERSION);
        }
        String[] names = {"RAM bytes", "disk bytes", "MAC", "kernel or program", "initrd", "kernel command line"};
        long[] expected = identity(spec);
        for (int i = 0; i < expected.length; i++) {
            long got = in.readLong();
            if (got != expected[i]) {
                throw new BadStateException(i < 2
                        ? "snapshot is of a machine with " + got + " " + names[i] + ", this one has " + expected[i]
                        : "snapshot is of a machine with another " + names[i]);
            }
        }
    }

    private static long[] identity(MachineSpec spec) {
        return new long[] {spec.ramBytes(), spec.diskBytes(), spec.mac().map(MachineSpec.Mac::bits).orElse(0L),
                StateFields.hash(spec.boot().file()), StateFields.hash(spec.initrd()),
                StateFields.hash(spec.commandLine().getBytes(StandardCharsets.UTF_8))};
    }

    /// Allocates as the bytes come, whatever the length says.
    private static byte[] readState(DataInputStream in) throws IOException {
        int length = StateFields.count(in, "snapshot: bytes of machine state", STATE_BYTES_MAX);
        byte[] state = in.readNBytes(length);
        if (state.length < length) {
            throw new EOFException();
        }
        return state;
    }

    private static void readPages(GuestRam ram, DataInputStream in) throws IOException {
        byte[] bytes = new byte[GuestRam.PAGE_SIZE];
        int last = -1;
        for (int page = in.readInt(); page != END_OF_PAGES; page = in.readInt()) {
            if (page <= last || page >= ram.pages()) {
                throw new BadStateException("snapshot: RAM page " + page + ", expected one from " + (last + 1) + " to "
                        + (ram.pages() - 1));
            }
            in.readFully(bytes);
            ram.write(page << GuestRam.PAGE_SHIFT, bytes, 0, bytes.length);
            last = page;
        }
    }

    private static void check(CheckedInputStream checked, DataInputStream in, String part) throws IOException {
        int expected = (int) checked.getChecksum().getValue();
        int got = in.readInt();
        if (got != expected) {
            throw new BadStateException("snapshot is corrupt: checksum behind its %s is %08x, expected %08x"
                    .formatted(part, got, expected));
        }
    }

    /// What [#state] gave, into a board just built.
    static void load(Board board, byte[] state) throws IOException {
        DataInputStream in = new DataInputStream(new ByteArrayInputStream(state));
        try {
            board.load(in);
            board.outbox.load(in);
        } catch (EOFException e) {
            throw new BadStateException("snapshot: machine state of " + state.length + " bytes ends too early");
        }
        if (in.available() > 0) {
            throw new BadStateException("snapshot: " + in.available() + " bytes too many in the machine state");
        }
    }
}
