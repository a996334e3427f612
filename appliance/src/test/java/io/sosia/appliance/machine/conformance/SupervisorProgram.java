package io.sosia.appliance.machine.conformance;

import io.sosia.appliance.machine.asm.Assembler;
import io.sosia.appliance.machine.asm.Label;
import io.sosia.appliance.machine.isa.Trap;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Random;

/// Makes random programs about privilege: a number of trials, each entered by `sret` in S or U mode, with or without
/// paging, somewhere in random code that reads and writes through page tables of all rights, changes them, uses CSRs,
/// jumps, executes encodings that do not exist. Whatever ends a trial is a trap; the handler logs `scause`, `stval`,
/// `sepc`, `sstatus`, `sip` and a hash of registers, and starts the next trial.
///
/// The code keeps to what the specifications define for every hart: changed page tables are followed by `sfence.vma`,
/// stores by `fence.i`; counters are read only for whether that is allowed.
final class SupervisorProgram {

    private static final int TRIALS = 120;
    private static final int TRIAL_WORDS = 16;
    private static final int LOG_WORDS = 8;

    private static final int TRIALS_AT = 0x2000;
    private static final int LOG_AT = 0x6000;
    private static final int ROOT_AT = 0x8000;
    private static final int MIDDLE_AT = 0x9000;
    private static final int LEAVES_AT = 0xa000;
    private static final int CODE_AT = 0x1_0000;
    /// A page of zeroes, which are illegal, ends the code.
    private static final int DATA_AT = 0x1_5000;
    private static final int FRAMES = 4;
    /// An instruction starts at every multiple of this, in every page of code: jumps go there.
    private static final int BLOCK = 64;
    /// Most bytes of instructions that belong together, and of a page's last half.
    private static final int SEQUENCE_MAX = 16;
    private static final int PAGE = 4096;

    /// Nothing answers at these as physical addresses, with paging off.
    private static final long WINDOW = 0x1800_0000L;
    private static final long LARGE = 0x1820_0000L;
    private static final long BAD_POINTERS = 0x1840_0000L;
    private static final long UNMAPPED = 0x1900_0000L;
    private static final long HUGE = 0xc000_0000L;
    /// Pages of the window that lead to data, then as many that lead to code.
    private static final int WINDOW_PAGES = 8;

    private static final int V = 1;
    private static final int R = 2;
    private static final int W = 4;
    private static final int X = 8;
    private static final int U = 16;
    private static final int G = 32;
    private static final int A = 64;
    private static final int D = 128;

    private static final int SSTATUS = 0x100;
    private static final int SIE = 0x104;
    private static final int STVEC = 0x105;
    private static final int SCOUNTEREN = 0x106;
    private static final int SEPC = 0x141;
    private static final int SCAUSE = 0x142;
    private static final int STVAL = 0x143;
    private static final int SIP = 0x144;
    private static final int SATP = 0x180;
    private static final int FCSR = 3;

    private static final long STATUS_SIE = 1 << 1;
    private static final long STATUS_SPIE = 1 << 5;
    private static final long STATUS_SPP = 1 << 8;
    private static final long STATUS_FS = 3 << 13;
    private static final long STATUS_SUM = 1 << 18;
    private static final long STATUS_MXR = 1 << 19;
    private static final long[] STATUS_BITS = {
        STATUS_SIE, STATUS_SPIE, STATUS_SPP, 1 << 13, 1 << 14, STATUS_SUM, STATUS_MXR
    };

    // Registers loaded for each trial from words 5 to 15 of its entry: random code writes only those of [#VALUES].
    private static final int STATUS_BIT = 5;
    private static final int FIRST_DATA = 6;
    private static final int SECOND_DATA = 7;
    private static final int CODE = 8;
    private static final int ENTRY_AT = 9;
    private static final int ENTRY = 10;
    private static final int THIRD_DATA = 13;
    private static final int OTHER_CODE = 14;
    private static final int[] VALUES = {11, 12, 15, 19, 20};
    private static final int COUNTDOWN = 28;
    private static final int SCRATCH = 29;
    private static final int LOG = 30;
    private static final int TRIAL = 31;
    private static final int JUMPS_MAX = 12;

    /// The second half of an `addi x11, ...` begins every page of code, the first half ends it, so that whatever two
    /// pages follow each other, the instruction across is an `addi`.
    private static final int ACROSS = 0x0015_8593;

    private static final int[] ABSENT_CSRS = {
        0x000, 0x004, 0x00f, 0x145, 0x1ff, 0x200, 0x244, 0x300, 0x304, 0x305, 0x340, 0x341, 0x342, 0x343, 0x344, 0x3a0,
        0x3b0, 0x5a0, 0x600, 0x680, 0x7c0, 0x800, 0xb00, 0xb02, 0xc03, 0xc1f, 0xcc0, 0xf11, 0xf14
    };
    private static final int[] RESERVED_HALVES = {
        0x0000, 0x0004, 0x8000, 0x2001, 0x6081, 0x6101, 0x9c41, 0x9c61, 0x4002, 0x6002, 0x8002
    };
    private static final int[] RESERVED_WORDS = {
        0x0000_000b, 0x0000_002b, 0x0000_005b, 0x0000_007b, 0x0000_0057, 0x0000_006b, 0x0000_0077, 0x0000_001f,
        0x0000_3063, 0x0000_2063, 0x0000_7003, 0x0000_4023, 0x0000_1067, 0x0000_4073, 0xffff_ffff, 0x3020_0073,
        0x7b20_0073, 0x0020_0073, 0x1020_0173, 0x1200_00f3, 0x0010_8073
    };

    private final Random random;
    private final ByteBuffer image = ByteBuffer.allocate(
            TestProgram.Kind.SUPERVISOR.end()).order(ByteOrder.LITTLE_ENDIAN);

    private SupervisorProgram(long seed) {
        random = new Random(seed);
    }

    /// The program of `seed`.
    static TestProgram of(long seed) {
        return new SupervisorProgram(seed).build();
    }

    private TestProgram build() {
        put(0, handler());
        for (int i = 0; i < TRIALS; i++) {
            trial(TRIALS_AT + 8 * TRIAL_WORDS * i);
        }
        tables();
        for (int frame = 0; frame < FRAMES; frame++) {
            put(CODE_AT + frame * PAGE, code(TestProgram.BASE + CODE_AT + frame * PAGE));
        }
        for (int at = DATA_AT; at < DATA_AT + FRAMES * PAGE; at += 8) {
            image.putLong(at, random.nextLong());
        }
        return new TestProgram(TestProgram.Kind.SUPERVISOR, image.array());
    }

    /// Makes a result comparable where QEMU (7.2) takes other liberties than our hart: a misaligned access to where
    /// nothing answers is split, and the part reported, and its atomic accesses then fail as the loads they start with.
    static byte[] comparable(byte[] result) {
        ByteBuffer log = ByteBuffer.wrap(result.clone()).order(ByteOrder.LITTLE_ENDIAN);
        for (int at = LOG_AT - TRIALS_AT; at < LOG_AT - TRIALS_AT + 8 * LOG_WORDS * TRIALS; at += 8 * LOG_WORDS) {
            long cause = log.getLong(at);
            if (cause == Trap.LOAD_ACCESS_FAULT || cause == Trap.STORE_ACCESS_FAULT) {
                log.putLong(at, Trap.STORE_ACCESS_FAULT);
                log.putLong(at + 8, log.getLong(at + 8) & -8);
            }
        }
        return log.array();
    }

    private void put(int at, byte[] bytes) {
        image.put(at, bytes);
    }

    private static long at(int offset) {
        return TestProgram.BASE + offset;
    }

    private static long entry(long physical, int rights) {
        return physical >>> 12 << 10 | rights;
    }

    private void tables() {
        image.putLong(ROOT_AT, entry(at(MIDDLE_AT), V));
        image.putLong(ROOT_AT + 8 * 2, entry(0x8000_0000L, V | R | W | X | G | A | D));
        image.putLong(ROOT_AT + 8 * 3, random.nextInt(4) == 0 ? entry(at(CODE_AT), rights() & ~W)
                : entry(0x8000_0000L, V | R | X | (random.nextBoolean() ? U : 0)));
        int first = (int) (WINDOW >> 21 & 511);
        image.putLong(MIDDLE_AT + 8 * first, entry(at(LEAVES_AT), V));
        image.putLong(MIDDLE_AT + 8 * (first + 1), random.nextInt(4) == 0 ? entry(at(PAGE), rights() & ~W)
                : entry(at(0), V | R | X | (random.nextBoolean() ? U : 0)));
        image.putLong(MIDDLE_AT + 8 * (first + 2), entry(at(LEAVES_AT), V | new int[] {A, D, U, W}[random.nextInt(4)]));
        for (int page = 0; page < 2 * WINDOW_PAGES; page++) {
            image.putLong(LEAVES_AT + 8 * page, leaf(page));
        }
    }

    private int rights() {
        return random.nextInt(8) == 0 ? random.nextInt(256)
                : V | R | W | X | A * random.nextInt(2) | D * random.nextInt(2) | U * random.nextInt(2)
                        | G * random.nextInt(2);
    }

    /// An entry for a page of the window: of any rights, but code is never writable.
    private long leaf(int page) {
        boolean code = page >= WINDOW_PAGES;
        int rights = rights();
        if (random.nextInt(8) > 0) {
            // Mostly, odd pages are the user's.
            rights = rights & ~U | U * (page & 1);
        }
        if (code) {
            rights &= ~W;
        }
        long reserved = random.nextInt(24) == 0 ? 1L << 54 + random.nextInt(10) : 0;
        int frame = random.nextInt(FRAMES) * PAGE;
        return entry(random.nextInt(16) == 0 ? UNMAPPED : at((code ? CODE_AT : DATA_AT) + frame), rights) | reserved;
    }

    private int offset() {
        return random.nextInt(6) == 0 ? PAGE - 1 - random.nextInt(8) : random.nextInt(PAGE);
    }

    private long dataAddress() {
        int offset = offset();
        return switch (random.nextInt(16)) {
            case 0 -> UNMAPPED + offset;
            case 1 -> BAD_POINTERS + offset;
            case 2 -> LARGE + CODE_AT + random.nextInt(2 * FRAMES * PAGE);
            case 3 -> HUGE + (TestProgram.BASE - 0x8000_0000L) + CODE_AT + random.nextInt(2 * FRAMES * PAGE);
            case 4 -> at(DATA_AT + random.nextInt(FRAMES) * PAGE + offset);
            case 5 -> WINDOW + WINDOW_PAGES * PAGE + random.nextInt(WINDOW_PAGES) * PAGE + offset;
            default -> WINDOW + random.nextInt(WINDOW_PAGES) * PAGE + offset;
        };
    }

    private long codeAddress(boolean paged, boolean user) {
        int offset = Math.max(2, random.nextInt(PAGE / BLOCK) * BLOCK);
        int frame = random.nextInt(FRAMES) * PAGE;
        if (!paged) {
            return random.nextInt(16) == 0 ? UNMAPPED + offset : at(CODE_AT + frame + offset);
        }
        return switch (random.nextInt(20)) {
            case 0 -> UNMAPPED + offset;
            case 1 -> BAD_POINTERS + offset;
            case 2, 3 -> LARGE + CODE_AT + frame + offset;
            case 4, 5 -> HUGE + (TestProgram.BASE - 0x8000_0000L) + CODE_AT + frame + offset;
            case 6, 7 -> at(CODE_AT + frame + offset);
            case 8 -> 1L << 39 + random.nextInt(24) | WINDOW + (WINDOW_PAGES + 1) * PAGE + offset;
            default -> WINDOW + (WINDOW_PAGES + 2 * random.nextInt(WINDOW_PAGES / 2) + (user ? 1 : 0)) * PAGE + offset;
        };
    }

    private void trial(int at) {
        boolean paged = random.nextInt(6) > 0;
        long status = 0;
        for (long bit : STATUS_BITS) {
            status |= random.nextBoolean() ? bit : 0;
        }
        if (random.nextInt(3) > 0) {
            status |= STATUS_FS;
        }
        boolean user = (status & STATUS_SPP) == 0;
        long mode = paged ? 8L << 60 | random.nextLong() >>> 48 << 44 : 0;
        int page = random.nextInt(2 * WINDOW_PAGES);
        int enables = random.nextInt(8) | (random.nextInt(3) == 0 ? 0x10 : 0);
        // When A is set for a page whose code is running already is the hart's choice, too.
        long leaf = leaf(page) | (page < WINDOW_PAGES ? 0 : A);
        long[] words = {
            mode | at(ROOT_AT) >>> 12, status, codeAddress(paged, user), at(0) | random.nextInt(2), enables,
            STATUS_BITS[random.nextInt(STATUS_BITS.length)], dataAddress(), dataAddress(), codeAddress(paged, user),
            at(LEAVES_AT + 8 * page), leaf, random.nextLong(), random.nextInt(4096), dataAddress(),
            codeAddress(paged, user), random.nextLong()
        };
        for (int i = 0; i < TRIAL_WORDS; i++) {
            image.putLong(at + 8 * i, words[i]);
        }
    }

    /// The trap handler, in form of a vector; the program starts at its first entry too, with a log entry about
    /// nothing.
    private byte[] handler() {
        Assembler a = new Assembler(TestProgram.BASE);
        Label go = a.label();
        Label first = a.label();
        Label finished = a.label();
        a.j(go);
        a.j(go);
        a.j(go);
        a.j(go);
        a.bind(go);
        a.beq(TRIAL, 0, first);
        log(a);
        a.addi(TRIAL, TRIAL, 8 * TRIAL_WORDS);
        a.addi(LOG, LOG, 8 * LOG_WORDS);
        Label next = a.mark();
        a.li(SCRATCH, at(TRIALS_AT + 8 * TRIAL_WORDS * TRIALS));
        a.bgeu(TRIAL, SCRATCH, finished);
        start(a);
        a.bind(first);
        a.li(TRIAL, at(TRIALS_AT));
        a.li(LOG, at(LOG_AT));
        a.j(next);
        a.bind(finished);
        a.ecall();
        a.j(finished);
        if (a.here() > at(PAGE)) {
            throw new AssertionError("handler is too long");
        }
        return a.bytes();
    }

    private static void log(Assembler a) {
        // x16 to x27 belong to the handler.
        a.csrr(16, SCAUSE);
        a.sd(16, LOG, 0);
        a.csrr(16, STVAL);
        a.sd(16, LOG, 8);
        a.csrr(16, SEPC);
        a.sd(16, LOG, 16);
        a.csrr(16, SSTATUS);
        a.sd(16, LOG, 24);
        a.csrr(17, SIP);
        a.csrr(18, SATP);
        a.add(17, 17, 18);
        a.csrr(18, SCOUNTEREN);
        a.slli(18, 18, 8);
        a.add(17, 17, 18);
        a.sd(17, LOG, 32);
        a.li(17, 0);
        a.li(18, 0x9e37_79b9_7f4a_7c15L);
        for (int each : VALUES) {
            a.xor(17, 17, each);
            a.mul(17, 17, 18);
        }
        a.sd(17, LOG, 40);
        a.li(17, STATUS_FS);
        a.csrrs(0, SSTATUS, 17);
        a.csrr(17, FCSR);
        a.sd(17, LOG, 48);
        a.fsd(1, LOG, 56);
    }

    private static void start(Assembler a) {
        a.csrrci(0, SIP, 2);
        a.ld(16, TRIAL, 0);
        a.csrw(SATP, 16);
        a.sfenceVma(0, 0);
        a.csrw(SCAUSE, 0);
        a.csrw(STVAL, 0);
        a.li(16, STATUS_FS);
        a.csrrs(0, SSTATUS, 16);
        a.csrw(FCSR, 0);
        a.ld(16, TRIAL, 8);
        // An interrupt may be taken by `sret` at the earliest.
        a.andi(17, 16, ~STATUS_SIE);
        a.csrw(SSTATUS, 17);
        a.ld(16, TRIAL, 16);
        a.csrw(SEPC, 16);
        a.ld(16, TRIAL, 24);
        a.csrw(STVEC, 16);
        a.ld(16, TRIAL, 32);
        a.andi(17, 16, 7);
        a.csrw(SCOUNTEREN, 17);
        a.srli(16, 16, 3);
        a.csrw(SIE, 16);
        a.li(COUNTDOWN, JUMPS_MAX);
        for (int i = 5; i < TRIAL_WORDS; i++) {
            a.ld(i, TRIAL, 8 * i);
        }
        // A new place for code comes before the trial: when it takes effect below running code is the hart's choice.
        Label data = a.label();
        a.andi(SCRATCH, ENTRY_AT, 8 * WINDOW_PAGES);
        a.beq(SCRATCH, 0, data);
        a.sd(ENTRY, ENTRY_AT, 0);
        a.sfenceVma(0, 0);
        a.bind(data);
        a.sret();
    }

    private byte[] code(long base) {
        Assembler a = new Assembler(base);
        a.half(ACROSS >>> 16);
        for (long border = base + BLOCK; border <= base + PAGE; border += BLOCK) {
            while (a.here() <= border - SEQUENCE_MAX) {
                if (random.nextInt(40) == 0) {
                    end(a);
                } else {
                    instruction(a);
                }
            }
            while (a.here() < (border == base + PAGE ? border - 2 : border)) {
                a.cAddi(value(), 1 + random.nextInt(31));
            }
        }
        a.half(ACROSS & 0xffff);
        return a.bytes();
    }

    private int value() {
        return VALUES[random.nextInt(VALUES.length)];
    }

    private int pointer() {
        return switch (random.nextInt(8)) {
            case 0 -> THIRD_DATA;
            case 1, 2, 3 -> SECOND_DATA;
            default -> FIRST_DATA;
        };
    }

    private void end(Assembler a) {
        switch (random.nextInt(5)) {
            case 0 -> a.ebreak();
            case 1 -> a.half(0x9002);
            case 2 -> a.word(RESERVED_WORDS[random.nextInt(RESERVED_WORDS.length)]);
            case 3 -> a.half(RESERVED_HALVES[random.nextInt(RESERVED_HALVES.length)]);
            // From S-mode it would end the program.
            default -> a.csrrs(0, ABSENT_CSRS[random.nextInt(ABSENT_CSRS.length)], 0);
        }
    }

    private void instruction(Assembler a) {
        switch (random.nextInt(30)) {
            case 0, 1, 2 -> a.add(value(), value(), value());
            case 3 -> a.cAddi(value(), 1 + random.nextInt(31));
            case 4, 5, 6, 7 -> a.word((random.nextInt(32) - 16) << 20 | pointer() << 15 | random.nextInt(7) << 12
                    | value() << 7 | 3);
            case 8, 9, 10 -> store(a);
            case 11 -> atomic(a);
            case 12 -> {
                a.fld(1, pointer(), random.nextInt(32) - 16);
            }
            case 13 -> a.faddD(1, 1, random.nextInt(2), random.nextBoolean() ? 7 : random.nextInt(8));
            case 14 -> a.fmvDX(1, value());
            case 15, 16, 17, 18 -> csr(a);
            case 19, 20 -> jump(a);
            case 21, 22 -> {
                a.sd(ENTRY, ENTRY_AT, 0);
                a.sfenceVma(0, 0);
            }
            case 23 -> a.sfenceVma(random.nextInt(2) * FIRST_DATA, 0);
            case 24 -> reservedComputation(a);
            case 25 -> {
                Label to = a.label();
                a.bltu(value(), value(), to);
                a.addi(value(), value(), 3);
                a.bind(to);
            }
            case 26 -> a.lw(value(), ENTRY_AT, 0);
            case 27 -> {
                int at = pointer();
                a.andi(SCRATCH, at, -8);
                // Without `sc`: one that fails need not look at its address.
                a.lrD(value(), SCRATCH);
            }
            case 28 -> returnSomewhere(a);
            default -> a.auipc(value(), random.nextInt() & -4096);
        }
    }

    private void store(Assembler a) {
        int offset = random.nextInt(32) - 16;
        int at = pointer();
        switch (random.nextInt(5)) {
            case 0 -> a.sb(value(), at, offset);
            case 1 -> a.sh(value(), at, offset);
            case 2 -> a.sw(value(), at, offset);
            case 3 -> a.sd(value(), at, offset);
            default -> a.fsd(1, at, offset);
        }
        a.fenceI();
    }

    private void atomic(Assembler a) {
        int width = 2 + random.nextInt(2);
        int operation = new int[] {0, 1, 4, 8, 12, 16, 20, 24, 28}[random.nextInt(9)];
        int at = pointer();
        if (random.nextInt(4) > 0) {
            a.andi(SCRATCH, at, -8);
            at = SCRATCH;
        }
        a.word(operation << 27 | value() << 20 | at << 15 | width << 12 | value() << 7 | 0x2f);
        a.fenceI();
    }

    private void csr(Assembler a) {
        switch (random.nextInt(18)) {
            case 0 -> a.csrrw(value(), 0x140, value());
            case 1 -> a.csrrs(value(), 0x140, value());
            case 2 -> a.csrrc(value(), 0x140, value());
            case 3 -> a.csrrs(value(), SSTATUS, STATUS_BIT);
            case 4 -> a.csrrc(value(), SSTATUS, STATUS_BIT);
            case 5 -> a.csrrs(value(), SSTATUS, 0);
            case 6 -> a.csrrsi(value(), SIE, random.nextInt(32));
            case 7 -> a.csrrwi(value(), SIP, random.nextInt(2) << 1);
            case 8 -> a.csrrsi(value(), SIP, 2);
            case 9 -> a.csrrw(value(), SCAUSE, value());
            case 10 -> a.csrrw(value(), STVAL, value());
            case 11 -> a.csrrw(value(), SEPC, CODE);
            case 12 -> a.csrrwi(value(), 1 + random.nextInt(3), random.nextInt(32));
            case 13 -> a.csrrs(value(), 1 + random.nextInt(3), 0);
            case 14 -> a.csrrs(0, 0xc00 + random.nextInt(3), 0);
            case 15 -> a.csrrwi(value(), 0x10a, random.nextInt(2));
            case 16 -> a.csrrs(value(), new int[] {SCAUSE, STVAL, SEPC, SATP, SIE, SCOUNTEREN}[random.nextInt(6)], 0);
            default -> {
                if (random.nextInt(4) == 0) {
                    a.csrrwi(0, 0xc00 + random.nextInt(3), 1);
                } else {
                    a.csrrw(value(), SATP, 0);
                    a.sfenceVma(0, 0);
                }
            }
        }
    }

    /// A jump through a register, unless this trial has jumped often.
    private void jump(Assembler a) {
        countdown(a);
        a.jalr(random.nextBoolean() ? 0 : value(), random.nextInt(4) == 0 ? OTHER_CODE : CODE, random.nextInt(2));
    }

    private void returnSomewhere(Assembler a) {
        countdown(a);
        a.sret();
    }

    private static void countdown(Assembler a) {
        Label on = a.label();
        a.addi(COUNTDOWN, COUNTDOWN, -1);
        a.bge(COUNTDOWN, 0, on);
        a.half(0x9002);
        a.bind(on);
    }

    /// Computation with random selector bits: most of them reserved.
    private void reservedComputation(Assembler a) {
        int registers = value() << 20 | value() << 15 | value() << 7;
        int selectors = random.nextInt(128) << 25 | random.nextInt(8) << 12;
        int opcode = new int[] {0x33, 0x3b, 0x1b, 0x53, 0x2f}[random.nextInt(5)];
        if (opcode == 0x53) {
            a.word(random.nextInt(128) << 25 | random.nextInt(32) << 20 | 1 << 15 | random.nextInt(8) << 12
                    | value() << 7 | opcode);
        } else if (opcode == 0x2f) {
            // Of a width that does not exist.
            a.word(selectors & ~(7 << 12) | registers | new int[] {0, 1, 4, 5, 6, 7}[random.nextInt(6)] << 12 | opcode);
        } else {
            a.word(selectors | registers | opcode);
        }
    }
}
