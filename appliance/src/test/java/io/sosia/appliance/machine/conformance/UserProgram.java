package io.sosia.appliance.machine.conformance;

import io.sosia.appliance.machine.asm.Assembler;
import io.sosia.appliance.machine.asm.Label;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Random;

/// Makes random programs of user-mode RV64GC: computation, memory accesses of any alignment in a scratch area, atomics,
/// floating point in every rounding mode, compressed instructions, branches ahead, bounded loops. They end by writing
/// all registers and `fcsr` behind the scratch area.
final class UserProgram {

    private static final long SCRATCH = TestProgram.BASE + TestProgram.Kind.USER.resultAt;
    private static final int SCRATCH_BYTES = 0x2000;
    private static final long REGISTERS = SCRATCH + 0x3000;
    private static final int BLOCKS = 40;

    /// Pointers into the scratch area, never written: one on a page border.
    private static final int[] POINTERS = {2, 8, 9};
    private static final int[] VALUES = {
        1, 3, 4, 5, 6, 7, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28
    };
    private static final int ADDRESS = 29;
    private static final int COUNTER = 30;
    private static final int DUMP = 31;

    private static final int[] OP_SHAPES = {
        0, 1, 2, 3, 4, 5, 6, 7, 0x100, 0x105, 0x08, 0x09, 0x0a, 0x0b, 0x0c, 0x0d, 0x0e, 0x0f
    };
    private static final int[] OP_32_SHAPES = {0, 1, 5, 0x100, 0x105, 0x08, 0x0c, 0x0d, 0x0e, 0x0f};
    private static final int[] AMOS = {0, 1, 4, 8, 12, 16, 20, 24, 28};
    private static final int[] ROUNDING = {0, 1, 2, 3, 4, 7};
    private static final long[] NUMBERS = {
        0, 1, -1, 2, Long.MIN_VALUE, Long.MAX_VALUE, 0x8000_0000L, 0x7fff_ffffL, -0x8000_0000L, 0xffff_ffffL,
        0x3ff0_0000_0000_0000L, 0xbff0_0000_0000_0000L, 0x7ff0_0000_0000_0000L, 0xfff0_0000_0000_0000L,
        0x7ff8_0000_0000_0000L, 0x7ff0_0000_0000_0001L, 0x000f_ffff_ffff_ffffL, 0x0010_0000_0000_0000L,
        0x43e0_0000_0000_0000L, 0xffff_ffff_3f80_0000L, 0xffff_ffff_7f80_0001L, 0xffff_ffff_7fc0_0000L,
        0xffff_ffff_0000_0001L, 0xffff_ffff_4f00_0000L
    };

    /// A branch that waits for its target: so many instructions from now.
    private static final class Ahead {
        final Label label;
        int left;

        Ahead(Label label, int left) {
            this.label = label;
            this.left = left;
        }
    }

    private final Random random;
    private final Assembler a = new Assembler(TestProgram.BASE + TestProgram.USER_BODY);
    private final List<Ahead> branches = new ArrayList<>();

    private UserProgram(long seed) {
        random = new Random(seed);
    }

    /// The program of `seed`.
    static TestProgram of(long seed) {
        return new UserProgram(seed).build();
    }

    private TestProgram build() {
        a.li(2, SCRATCH + 0x1800);
        a.li(8, SCRATCH + 0x800);
        a.li(9, SCRATCH + 0x1000);
        a.li(DUMP, REGISTERS);
        for (int f = 0; f < 32; f++) {
            a.fld(f, 8, 8 * f);
        }
        for (int each : VALUES) {
            a.li(each, number());
        }
        a.li(ADDRESS, 0);
        for (int i = 0; i < BLOCKS; i++) {
            block();
        }
        dump();
        byte[] code = a.bytes();
        ByteBuffer image = ByteBuffer.allocate(TestProgram.Kind.USER.end()).order(ByteOrder.LITTLE_ENDIAN);
        if (TestProgram.USER_BODY + code.length > TestProgram.Kind.USER.resultAt) {
            throw new AssertionError("program of " + code.length + " bytes is too long");
        }
        image.put(TestProgram.USER_BODY, code);
        for (int i = 0; i < SCRATCH_BYTES; i += 8) {
            image.putLong(TestProgram.Kind.USER.resultAt + i, number());
        }
        return new TestProgram(TestProgram.Kind.USER, image.array());
    }

    private void dump() {
        for (int i = 1; i < 32; i++) {
            a.sd(i, DUMP, 8 * i);
        }
        a.csrr(1, 3);
        a.sd(1, DUMP, 0);
        for (int f = 0; f < 32; f++) {
            a.fsd(f, DUMP, 256 + 8 * f);
        }
        a.li(1, TestProgram.BASE + TestProgram.USER_END);
        a.jalr(0, 1, 0);
    }

    private long number() {
        return switch (random.nextInt(6)) {
            case 0 -> random.nextInt(256) - 128;
            case 1 -> random.nextLong() >> random.nextInt(64);
            case 2 -> random.nextLong();
            case 3 -> Double.doubleToRawLongBits((random.nextInt(2000) - 1000) * Math.scalb(1.0,
                    random.nextInt(20) - 10));
            case 4 -> -1L << 32 | Float.floatToRawIntBits((random.nextInt(2000) - 1000) * Math.scalb(1f,
                    random.nextInt(20) - 10));
            default -> NUMBERS[random.nextInt(NUMBERS.length)];
        };
    }

    private void block() {
        boolean loop = random.nextInt(3) == 0;
        a.addi(COUNTER, 0, 1 + random.nextInt(12));
        Label back = a.mark();
        int length = 5 + random.nextInt(60);
        for (int i = 0; i < length; i++) {
            instruction();
            settle(1);
        }
        settle(Integer.MAX_VALUE);
        if (loop) {
            a.addi(COUNTER, COUNTER, -1);
            a.bne(COUNTER, 0, back);
        }
    }

    private void settle(int passed) {
        for (Iterator<Ahead> each = branches.iterator(); each.hasNext();) {
            Ahead ahead = each.next();
            ahead.left -= passed;
            if (ahead.left <= 0) {
                a.bind(ahead.label);
                each.remove();
            }
        }
    }

    private Label ahead() {
        Label label = a.label();
        branches.add(new Ahead(label, 1 + random.nextInt(8)));
        return label;
    }

    private int pick(int[] from) {
        return from[random.nextInt(from.length)];
    }

    private int rd() {
        return random.nextInt(24) == 0 ? 0 : pick(VALUES);
    }

    private int rs() {
        return random.nextInt(12) == 0 ? random.nextInt(32) : pick(VALUES);
    }

    private int f() {
        return random.nextInt(32);
    }

    private void instruction() {
        switch (random.nextInt(20)) {
            case 0, 1, 2 -> {
                int shape = pick(OP_SHAPES);
                word(shape >> 3, rs(), rs(), shape & 7, rd(), 0x33);
            }
            case 3 -> {
                int shape = pick(OP_32_SHAPES);
                word(shape >> 3, rs(), rs(), shape & 7, rd(), 0x3b);
            }
            case 4, 5 -> immediate();
            case 6 -> {
                if (random.nextBoolean()) {
                    a.lui(rd(), random.nextInt() & -4096);
                } else {
                    a.auipc(rd(), random.nextInt() & -4096);
                }
            }
            case 7, 8 -> a.word((random.nextInt(4096) << 20) | pick(POINTERS) << 15 | random.nextInt(7) << 12
                    | rd() << 7 | 0x03);
            case 9, 10 -> store(0x23, random.nextInt(4), rs());
            case 11 -> branch();
            case 12 -> jump();
            case 13 -> atomic();
            case 14 -> floatMemory();
            case 15, 16, 17 -> floating();
            default -> compressed();
        }
    }

    private void word(int f7, int rs2, int rs1, int f3, int rd, int opcode) {
        a.word(f7 << 25 | rs2 << 20 | rs1 << 15 | f3 << 12 | rd << 7 | opcode);
    }

    private void immediate() {
        int f3 = random.nextInt(8);
        boolean narrow = random.nextInt(3) == 0;
        int opcode = narrow ? 0x1b : 0x13;
        if (narrow && f3 != 1 && f3 != 5) {
            f3 = 0;
        }
        int bits = random.nextInt(4096);
        if (f3 == 1 || f3 == 5) {
            bits = random.nextInt(narrow ? 32 : 64) | (f3 == 5 && random.nextBoolean() ? 0x400 : 0);
        }
        a.word(bits << 20 | rs() << 15 | f3 << 12 | rd() << 7 | opcode);
    }

    private void store(int opcode, int f3, int source) {
        int offset = random.nextInt(4096);
        word(offset >> 5, source, pick(POINTERS), f3, offset & 31, opcode);
    }

    private void branch() {
        Label to = ahead();
        switch (random.nextInt(6)) {
            case 0 -> a.beq(rs(), rs(), to);
            case 1 -> a.bne(rs(), rs(), to);
            case 2 -> a.blt(rs(), rs(), to);
            case 3 -> a.bge(rs(), rs(), to);
            case 4 -> a.bltu(rs(), rs(), to);
            default -> a.bgeu(rs(), rs(), to);
        }
    }

    private void jump() {
        switch (random.nextInt(4)) {
            case 0 -> a.jal(rd(), ahead());
            case 1 -> {
                // Over the next one; the lowest bit of the sum is ignored.
                a.auipc(ADDRESS, 0);
                a.jalr(rd(), ADDRESS, 12 + random.nextInt(2));
                a.word(0);
            }
            case 2 -> {
                a.auipc(ADDRESS, 0);
                a.addi(ADDRESS, ADDRESS, 14);
                // c.jr, c.jalr
                a.half(0x8002 | random.nextInt(2) << 12 | ADDRESS << 7);
                a.word(0);
            }
            default -> {
                // c.beqz, c.bnez, c.j over 6 bytes: the jump itself and a `lui`.
                int kind = random.nextInt(3);
                int offset = 3 << 3;
                a.half(kind == 2 ? 0xa001 | offset : 0xc001 | kind << 13 | random.nextInt(8) << 7 | offset);
                a.lui(rd(), random.nextInt() & -4096);
            }
        }
    }

    private void atomic() {
        int width = 2 + random.nextInt(2);
        int ordering = random.nextInt(4);
        a.addi(ADDRESS, pick(POINTERS), 8 * (random.nextInt(256) - 128) + (width == 2 && random.nextBoolean() ? 4 : 0));
        if (random.nextInt(4) > 0) {
            word(pick(AMOS) << 2 | ordering, rs(), ADDRESS, width, rd(), 0x2f);
            return;
        }
        word(2 << 2 | ordering, 0, ADDRESS, width, rd(), 0x2f);
        if (random.nextBoolean()) {
            word(0, rs(), rs(), 0, pick(VALUES), 0x33);
        }
        word(3 << 2 | ordering, rs(), ADDRESS, width, rd(), 0x2f);
        if (random.nextBoolean()) {
            // Nothing is reserved any more: fails.
            word(3 << 2 | ordering, rs(), ADDRESS, width, rd(), 0x2f);
        }
    }

    private void floatMemory() {
        int f3 = 2 + random.nextInt(2);
        if (random.nextBoolean()) {
            a.word((random.nextInt(4096) << 20) | pick(POINTERS) << 15 | f3 << 12 | f() << 7 | 0x07);
        } else {
            store(0x27, f3, f());
        }
    }

    private void floating() {
        int format = random.nextInt(2);
        int rm = pick(ROUNDING);
        switch (random.nextInt(12)) {
            case 0, 1 -> word(f() << 2 | format, f(), f(), rm, f(), 0x43 | random.nextInt(4) << 2);
            case 2, 3, 4 -> word(random.nextInt(4) << 2 | format, f(), f(), rm, f(), 0x53);
            case 5 -> word(11 << 2 | format, 0, f(), rm, f(), 0x53);
            case 6 -> word(4 << 2 | format, f(), f(), random.nextInt(3), f(), 0x53);
            case 7 -> word(5 << 2 | format, f(), f(), random.nextInt(2), f(), 0x53);
            case 8 -> word(20 << 2 | format, f(), f(), random.nextInt(3), rd(), 0x53);
            case 9 -> {
                if (random.nextBoolean()) {
                    word(24 << 2 | format, random.nextInt(4), f(), rm, rd(), 0x53);
                } else {
                    word(26 << 2 | format, random.nextInt(4), rs(), rm, f(), 0x53);
                }
            }
            case 10 -> {
                switch (random.nextInt(4)) {
                    case 0 -> word(28 << 2 | format, 0, f(), random.nextInt(2), rd(), 0x53);
                    case 1 -> word(30 << 2 | format, 0, rs(), 0, f(), 0x53);
                    case 2 -> a.fcvtSD(f(), f(), rm);
                    default -> a.fcvtDS(f(), f(), 0);
                }
            }
            default -> {
                switch (random.nextInt(4)) {
                    case 0 -> a.csrrwi(rd(), 2, random.nextInt(5));
                    case 1 -> a.csrrwi(rd(), 1, random.nextInt(32));
                    case 2 -> a.csrrs(rd(), 3, 0);
                    default -> a.csrrci(rd(), 1, random.nextInt(32));
                }
            }
        }
    }

    /// One of the 16-bit instructions without jumps, its immediate bits at random.
    private void compressed() {
        int low = random.nextInt(6) + 2;
        int other = random.nextInt(8);
        int base = random.nextInt(2);
        int bits = random.nextInt(1 << 13);
        int offset = bits & 0x1c60;
        int immediate = bits & 0x107c;
        switch (random.nextInt(16)) {
            case 0 -> a.half(0x0000 | (bits & 0x1fe0 | 0x20) | low << 2);
            case 1 -> a.half((new int[] {0x4000, 0x6000}[random.nextInt(2)]) | offset | base << 7 | low << 2);
            case 2 -> a.half((new int[] {0xc000, 0xe000, 0xa000, 0x2000}[random.nextInt(4)]) | offset | base << 7
                    | other(low, other));
            case 3 -> a.half(0x0001 | immediate | pick(VALUES) << 7);
            case 4 -> a.half(0x2001 | immediate | pick(VALUES) << 7);
            case 5 -> a.half(0x4001 | immediate | rd() << 7);
            case 6 -> a.half(0x6001 | immediate | 0x1000 | pick(VALUES) << 7);
            case 7 -> a.half(0x8001 | immediate | low << 7 | random.nextInt(3) << 10);
            case 8 -> a.half(0x8c01 | low << 7 | other << 2 | random.nextInt(4) << 5);
            case 9 -> a.half(0x9c01 | low << 7 | other << 2 | random.nextInt(2) << 5);
            case 10 -> a.half(0x0002 | immediate | pick(VALUES) << 7);
            case 11 -> a.half(0x2002 | immediate | f() << 7);
            case 12 -> a.half((random.nextBoolean() ? 0x4002 : 0x6002) | immediate | pick(VALUES) << 7);
            case 13 -> a.half((random.nextBoolean() ? 0x8002 : 0x9002) | pick(VALUES) << 7 | pick(VALUES) << 2);
            case 14 -> a.half(0xa002 | bits & 0x1f80 | f() << 2);
            default -> a.half((random.nextBoolean() ? 0xc002 : 0xe002) | bits & 0x1f80 | rs() << 2);
        }
    }

    /// A low register: a value for what may be written, anything where it is only read or a floating-point one.
    private static int other(int low, int other) {
        return (other > 1 ? other : low) << 2;
    }
}
