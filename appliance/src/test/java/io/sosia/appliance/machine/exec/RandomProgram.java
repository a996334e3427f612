package io.sosia.appliance.machine.exec;

import static org.assertj.core.api.Assertions.assertThat;

import static io.sosia.appliance.machine.exec.PageTables.A;
import static io.sosia.appliance.machine.exec.PageTables.D;
import static io.sosia.appliance.machine.exec.PageTables.R;
import static io.sosia.appliance.machine.exec.PageTables.U;
import static io.sosia.appliance.machine.exec.PageTables.V;
import static io.sosia.appliance.machine.exec.PageTables.W;
import static io.sosia.appliance.machine.exec.PageTables.X;

import io.sosia.appliance.machine.asm.Assembler;
import io.sosia.appliance.machine.asm.Label;
import java.util.Random;

/// A random program that runs for ever and does what caches fear: it rewrites its own code, its page tables and its root, goes
/// between S and U mode, faults, and is interrupted by its timer. The same seed gives the same program.
public final class RandomProgram {

    private static final long BASE = TestBoard.BASE;
    private static final long CODE = BASE + 0x1_0000;
    private static final long DATA = BASE + 0x2_0000;
    private static final long TABLES = BASE + 0x4_0000;
    private static final long OTHER_TABLES = BASE + 0x6_0000;
    /// Where code and data pages also appear, with random rights.
    private static final long WINDOW = 0x4000_0000L;
    private static final int PAGES = 4;

    /// Pointers, never written by the random part: code, data, window, two leaf tables' entries of the window.
    private static final int[] POINTERS = {8, 9, 18, 19, 20, 21};
    private static final int[] VALUES = {5, 6, 7, 10, 11, 12, 13, 14, 15};
    private static final int RA = 1;
    private static final int[] CSRS = {1, 0x100, 0x104, 0x106, 0x140, 0x142, 0x143, 0x144, 0x14d, 0xc00, 0xc01, 0xc02};

    private final Random random;
    private final TestBoard board;

    private RandomProgram(TestBoard board, long seed) {
        this.board = board;
        random = new Random(seed);
    }

    /// Puts the program of `seed` on the board, ready to run.
    public static void load(TestBoard board, long seed) {
        new RandomProgram(board, seed).build();
    }

    /// Runs the program to a step. A waiting hart goes on at the next call, and a random `ecall` of S-mode stops the run: both
    /// want another call.
    public static void runTo(TestBoard board, long step) {
        for (int calls = 0; board.hart.steps() < step; calls++) {
            assertThat(calls).as("calls to run").isLessThan(100_000);
            board.engine.run(step);
            if (board.hart.waiting() && board.hart.timerDeadlineTicks() == Long.MAX_VALUE) {
                board.hart.setTimer(board.hart.ticks());
                board.hart.setSoftwareInterrupt(true);
            }
        }
    }

    private void build() {
        PageTables first = tables(TABLES);
        PageTables second = tables(OTHER_TABLES);
        for (int page = 0; page < PAGES; page++) {
            Assembler a = new Assembler(CODE + page * 4096L);
            while (a.here() < CODE + (page + 1) * 4096L - 4) {
                instruction(a);
            }
            while (a.here() < CODE + (page + 1) * 4096L) {
                // Code runs on into the next page.
                a.cNop();
            }
            board.put(CODE + page * 4096L, a.bytes());
        }
        for (int i = 0; i < 512 * PAGES; i++) {
            board.ram.write64((int) (DATA - BASE) + 8 * i, datum());
        }
        handler(first, second);
        board.hart.reset(BASE, 0, 0);
    }

    /// What the program finds in its data, and stores: entries of page tables, instructions, anything.
    private long datum() {
        int kind = random.nextInt(8);
        if (kind < 3) {
            return leaf();
        }
        if (kind == 3) {
            return random.nextLong();
        }
        Assembler a = new Assembler(0);
        while (a.here() < 8) {
            instruction(a);
        }
        byte[] bytes = a.bytes();
        long value = 0;
        for (int i = 7; i >= 0; i--) {
            value = value << 8 | bytes[i] & 0xff;
        }
        return value;
    }

    private PageTables tables(long at) {
        PageTables tables = new PageTables(board.ram, at);
        for (long page = BASE; page < BASE + 0x8_0000; page += 4096) {
            boolean shared = page >= CODE && page < CODE + PAGES * 4096 && random.nextInt(4) == 0;
            tables.map(page, page, 0, V | R | W | X | A | D | (shared ? U : 0));
        }
        for (int i = 0; i < 2 * PAGES; i++) {
            board.ram.write64((int) (tables.slot(WINDOW + i * 4096L, 0) - BASE), leaf());
        }
        return tables;
    }

    private long leaf() {
        long page = (random.nextInt(3) > 0 ? CODE : DATA) + random.nextInt(PAGES) * 4096L;
        int rights = random.nextInt(16) == 0 ? random.nextInt(256)
                : V | R | W | X | A * random.nextInt(2) | D * random.nextInt(2) | (random.nextInt(4) == 0 ? U : 0);
        return PageTables.entry(page, rights);
    }

    /// At [#BASE]: the trap handler, then the start. The handler sets pointers and paging anew and goes on somewhere in the
    /// code, so that nothing the random part does can end the run.
    private void handler(PageTables first, PageTables second) {
        Assembler a = new Assembler(BASE);
        Label start = a.label();
        a.j(start);
        a.bind(start);
        a.li(5, BASE);
        a.csrw(0x105, 5);
        a.csrr(5, 0xc00);
        a.andi(6, 5, 4);
        Label other = a.label();
        Label chosen = a.label();
        a.bne(6, 0, other);
        a.li(6, first.satp());
        a.j(chosen);
        a.bind(other);
        a.li(6, second.satp());
        a.bind(chosen);
        a.csrw(0x180, 6);
        long[] pointers = {CODE + inside(), DATA + inside(), WINDOW + inside(), first.slot(WINDOW, 0), second.slot(WINDOW, 0),
            WINDOW + 4096 * PAGES + inside()};
        Label kept = a.label();
        a.andi(7, 5, 96);
        a.bne(7, 0, kept);
        for (int i = 0; i < POINTERS.length; i++) {
            a.li(POINTERS[i], pointers[i]);
        }
        a.bind(kept);
        // sstatus: FS initial, SUM, sometimes U-mode, interrupts on at return.
        a.li(6, 1 << 13 | 1 << 18 | 1 << 5 | 1 << 8);
        a.andi(7, 5, 24);
        Label supervisor = a.label();
        a.bne(7, 0, supervisor);
        a.li(6, 1 << 13 | 1 << 5);
        a.bind(supervisor);
        a.csrw(0x100, 6);
        a.csrr(7, 0xc01);
        a.addi(7, 7, 20);
        a.csrw(0x14d, 7);
        a.li(7, 1 << 5);
        a.csrw(0x104, 7);
        a.csrr(7, 0x142);
        a.mul(7, 7, 5);
        a.add(5, 5, 7);
        a.slli(5, 5, 1);
        a.li(6, 0x3ffe);
        a.and(5, 5, 6);
        a.li(6, WINDOW);
        a.srli(7, 5, 3);
        a.andi(7, 7, 1);
        Label window = a.label();
        a.bne(7, 0, window);
        a.li(6, CODE);
        a.bind(window);
        a.add(5, 5, 6);
        a.csrw(0x141, 5);
        for (int value : VALUES) {
            a.ld(value, 9, 8 * random.nextInt(100));
        }
        a.sret();
        if (a.here() > BASE + 4096) {
            throw new AssertionError("handler is too long");
        }
        board.put(BASE, a.bytes());
    }

    /// Where in a page a pointer leads to: sometimes to where accesses beside each other lie in two pages.
    private int inside() {
        return random.nextInt(3) == 0 ? 4096 - random.nextInt(64) : 1024;
    }

    private int value() {
        return VALUES[random.nextInt(VALUES.length)];
    }

    private int pointer() {
        return POINTERS[random.nextInt(POINTERS.length)];
    }

    private int offset(int width) {
        return random.nextInt(32) == 0 ? random.nextInt(4096) - 2048 : width * random.nextInt(64 / width);
    }

    private void instruction(Assembler a) {
        int rd = value();
        int rs1 = value();
        int rs2 = value();
        switch (random.nextInt(28)) {
            case 0 -> a.add(rd, rs1, rs2);
            case 1 -> a.mulhu(rd, rs1, rs2);
            case 2 -> a.xori(rd, rs1, random.nextInt(4096) - 2048);
            case 3 -> a.sraw(rd, rs1, rs2);
            case 4, 5, 6 -> a.ld(rd, pointer(), offset(8));
            case 7 -> a.lw(rd, pointer(), offset(4));
            case 8 -> a.lbu(rd, pointer(), offset(1));
            case 9, 10 -> a.sd(rs1, pointer(), offset(8));
            case 11 -> a.sw(rs1, pointer(), offset(4));
            case 12 -> a.sh(rs1, pointer(), offset(2));
            case 13 -> {
                if (random.nextInt(3) == 0) {
                    overlap(a, rs1, rs2);
                } else {
                    branch(a, rs1, rs2);
                }
            }
            case 14 -> a.csrrs(rd, CSRS[random.nextInt(CSRS.length)], random.nextInt(4) == 0 ? rs1 : 0);
            case 15 -> {
                // Store close ahead of or behind this very place.
                a.auipc(16, 0);
                a.sh(rs1, 16, 2 * random.nextInt(40) - 20);
            }
            case 16 -> {
                if (random.nextBoolean()) {
                    a.fenceI();
                } else {
                    a.sfenceVma(0, 0);
                }
            }
            case 17 -> a.amoaddD(rd, rs1, pointer());
            case 18 -> {
                int at = pointer();
                a.lrD(rd, at);
                a.scD(rs1, rs2, at);
            }
            case 19 -> floating(a, rd, rs1);
            case 20 -> a.fld(random.nextInt(4), pointer(), offset(8));
            case 21 -> a.cAddi(rd, random.nextInt(31) + 1);
            case 22 -> a.cAdd(rd, rs2);
            case 23 -> {
                Label ahead = a.label();
                a.jal(RA, ahead);
                for (int i = random.nextInt(4); i > 0; i--) {
                    a.cAdd(rd, rs2);
                }
                a.bind(ahead);
            }
            // Into any of the code, also into the midst of an instruction.
            case 24 -> a.jalr(random.nextBoolean() ? RA : rd, 8, 2 * random.nextInt(1024));
            case 25, 26 -> a.jalr(0, RA, 0);
            default -> {
                if (random.nextInt(16) == 0) {
                    a.word(random.nextInt());
                } else {
                    a.cNop();
                }
            }
        }
    }

    /// Over an instruction or two, or back over them until it is not taken any more.
    private void branch(Assembler a, int rs1, int rs2) {
        Label to = a.label();
        boolean back = random.nextInt(3) == 0;
        if (back) {
            a.bind(to);
        } else {
            compare(a, rs1, rs2, to);
        }
        a.addi(rs1, rs1, 1);
        if (random.nextBoolean()) {
            a.cNop();
        }
        if (back) {
            compare(a, rs1, rs2, to);
        } else {
            a.bind(to);
        }
    }

    private void compare(Assembler a, int rs1, int rs2, Label to) {
        switch (random.nextInt(6)) {
            case 0 -> a.beq(rs1, rs2, to);
            case 1 -> a.bne(rs1, rs2, to);
            case 2 -> a.blt(rs1, rs2, to);
            case 3 -> a.bge(rs1, rs2, to);
            case 4 -> a.bltu(rs1, rs2, to);
            default -> a.bgeu(rs1, rs2, to);
        }
    }

    /// A branch into the midst of an instruction: its upper half is one, too, and both go on behind it.
    private void overlap(Assembler a, int rs1, int rs2) {
        Label mid = a.label();
        a.bltu(rs1, rs2, mid);
        // LUI, whose upper half is C.ADDI.
        a.half(value() << 7 | 0x37);
        a.bind(mid);
        a.half(value() << 7 | 1 + random.nextInt(31) << 2 | 1);
    }

    private void floating(Assembler a, int rd, int rs1) {
        int to = random.nextInt(4);
        int one = random.nextInt(4);
        int other = random.nextInt(4);
        switch (random.nextInt(14)) {
            case 0 -> a.fsubD(to, one, other, 7);
            case 1 -> a.fmulD(to, one, other, 7);
            case 2 -> a.fdivD(to, one, other, 0);
            case 3 -> a.fsqrtD(to, one, 7);
            case 4 -> a.fmaddD(to, one, other, random.nextInt(4), 7);
            case 5 -> a.fsgnjnD(to, one, other);
            case 6 -> a.fltD(rd, one, other);
            case 7 -> a.feqD(rd, one, other);
            case 8 -> a.fcvtDW(to, rs1, 0);
            case 9 -> a.fcvtDL(to, rs1, 7);
            case 10 -> a.fmvDX(to, rs1);
            case 11 -> a.fmvXD(rd, one);
            default -> a.faddD(to, one, other, 7);
        }
    }
}
