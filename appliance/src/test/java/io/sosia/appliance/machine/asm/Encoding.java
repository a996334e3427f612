package io.sosia.appliance.machine.asm;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/// The bytes of a program, its labels, and the instruction formats (Unprivileged ISA, "Base Instruction Formats").
public abstract class Encoding {

    /// An instruction whose label was not bound yet.
    private record Fixup(int at, Label label, boolean jump) {}

    private final long base;
    private final List<Fixup> fixups = new ArrayList<>();
    private byte[] bytes = new byte[256];
    private int size;

    /// @param base address of the first instruction
    Encoding(long base) {
        this.base = base;
    }

    /// Address of what is appended next.
    public long here() {
        return base + size;
    }

    /// A label not bound yet.
    public Label label() {
        return new Label();
    }

    /// A label bound to this place.
    public Label mark() {
        Label label = new Label();
        bind(label);
        return label;
    }

    /// Binds the label to this place.
    public final void bind(Label label) {
        if (label.at >= 0) {
            throw new IllegalStateException("label is bound to 0x%x already".formatted(base + label.at));
        }
        label.at = size;
    }

    /// Address of a bound label.
    public long address(Label label) {
        if (label.at < 0) {
            throw new IllegalStateException("label is not bound");
        }
        return base + label.at;
    }

    /// The program, all labels resolved.
    public byte[] bytes() {
        for (Fixup each : fixups) {
            int to = (int) (address(each.label) - base) - each.at;
            put(each.at, get(each.at) | (each.jump ? jumpBits(to) : branchBits(to)), 4);
        }
        fixups.clear();
        return Arrays.copyOf(bytes, size);
    }

    /// Appends raw bits as a 16-bit instruction or datum.
    public final void half(int bits) {
        append(bits, 2);
    }

    /// Appends raw bits as a 32-bit instruction or datum.
    public final void word(int bits) {
        append(bits, 4);
    }

    /// Appends a 64-bit datum.
    public final void dword(long bits) {
        word((int) bits);
        word((int) (bits >> 32));
    }

    /// Appends zeroes up to a multiple of `alignment`.
    public final void align(int alignment) {
        while (here() % alignment != 0) {
            append(0, 1);
        }
    }

    private void append(int bits, int count) {
        if (size + count > bytes.length) {
            bytes = Arrays.copyOf(bytes, 2 * bytes.length);
        }
        put(size, bits, count);
        size += count;
    }

    private void put(int at, int bits, int count) {
        for (int i = 0; i < count; i++) {
            bytes[at + i] = (byte) (bits >>> 8 * i);
        }
    }

    private int get(int at) {
        return bytes[at] & 0xff | (bytes[at + 1] & 0xff) << 8 | (bytes[at + 2] & 0xff) << 16 | bytes[at + 3] << 24;
    }

    static int signed(long value, int bits) {
        if (value < -1L << bits - 1 || value >= 1L << bits - 1) {
            throw new IllegalArgumentException(value + " does not fit " + bits + " bits");
        }
        return (int) value;
    }

    static int unsigned(long value, int bits) {
        if (value < 0 || value >= 1L << bits) {
            throw new IllegalArgumentException(value + " does not fit " + bits + " unsigned bits");
        }
        return (int) value;
    }

    final void i(int opcode, int f3, int rd, int rs1, long imm) {
        word(signed(imm, 12) << 20 | rs1 << 15 | f3 << 12 | rd << 7 | opcode);
    }

    final void r(int opcode, int f3, int f7, int rd, int rs1, int rs2) {
        word(f7 << 25 | rs2 << 20 | rs1 << 15 | f3 << 12 | rd << 7 | opcode);
    }

    final void s(int opcode, int f3, int rs2, int rs1, long imm) {
        int bits = signed(imm, 12);
        word((bits >> 5 & 127) << 25 | rs2 << 20 | rs1 << 15 | f3 << 12 | (bits & 31) << 7 | opcode);
    }

    final void b(int f3, int rs1, int rs2, Label to) {
        fixups.add(new Fixup(size, to, false));
        word(rs2 << 20 | rs1 << 15 | f3 << 12 | 0x63);
    }

    final void jump(int rd, Label to) {
        fixups.add(new Fixup(size, to, true));
        word(rd << 7 | 0x6f);
    }

    private static int branchBits(int to) {
        int v = signed(to, 13);
        return (v >> 12 & 1) << 31 | (v >> 5 & 63) << 25 | (v >> 1 & 15) << 8 | (v >> 11 & 1) << 7;
    }

    private static int jumpBits(int to) {
        int v = signed(to, 21);
        return (v >> 20 & 1) << 31 | (v >> 1 & 0x3ff) << 21 | (v >> 11 & 1) << 20 | (v >> 12 & 0xff) << 12;
    }
}
