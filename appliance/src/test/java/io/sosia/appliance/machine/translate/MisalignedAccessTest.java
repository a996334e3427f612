package io.sosia.appliance.machine.translate;

import static io.sosia.appliance.machine.asm.Reg.A0;
import static io.sosia.appliance.machine.asm.Reg.A1;
import static io.sosia.appliance.machine.asm.Reg.A2;
import static io.sosia.appliance.machine.asm.Reg.A3;
import static io.sosia.appliance.machine.asm.Reg.S0;
import static io.sosia.appliance.machine.asm.Reg.S1;
import static io.sosia.appliance.machine.asm.Reg.T0;
import static io.sosia.appliance.machine.asm.Reg.ZERO;
import static org.assertj.core.api.Assertions.assertThat;

import io.sosia.appliance.machine.asm.Assembler;
import io.sosia.appliance.machine.asm.Label;
import io.sosia.appliance.machine.cpu.Hart;
import io.sosia.appliance.machine.exec.Engine;
import io.sosia.appliance.machine.exec.Interpreter;
import io.sosia.appliance.machine.exec.PageTables;
import io.sosia.appliance.machine.exec.TestBoard;
import io.sosia.appliance.machine.memory.GuestRam;
import java.util.function.Function;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// Integer accesses of all widths from every address around a page's end, where the page behind it lies elsewhere in RAM.
class MisalignedAccessTest {

    private static final long DATA = TestBoard.BASE + (2 << 20);
    private static final long END = DATA + GuestRam.PAGE_SIZE;
    /// Where the page behind lies.
    private static final long BEHIND = DATA + 7 * GuestRam.PAGE_SIZE;
    private static final long RESULTS = DATA + 16 * GuestRam.PAGE_SIZE;
    private static final long TABLES = TestBoard.BASE + (1 << 20);
    private static final int RIGHTS = PageTables.V | PageTables.R | PageTables.W | PageTables.X | PageTables.A | PageTables.D;
    private static final int AROUND = 24;
    private static final int ROUNDS = 20;
    /// What is stored, and how much more each time.
    private static final long FIRST = 0x8796_a5b4_c3d2_e1f0L;
    private static final long MORE = 0x1133_5577_99bb_ddffL;

    /// How a program is executed.
    enum By {
        INTERPRETER(Interpreter::new),
        TRANSLATOR(EagerTranslator::translator);

        private final Function<Hart, Engine> engine;

        By(Function<Hart, Engine> engine) {
            this.engine = engine;
        }

        /// Whether it has executed a board's program as it should.
        boolean isUsed(TestBoard board) {
            return this == INTERPRETER || ((Translator) board.engine).regions() > 0;
        }
    }

    @ParameterizedTest
    @EnumSource
    void loadsTakeBytesFromBothPages(By by) {
        Assembler a = begin();
        Label again = a.label();
        a.bind(again);
        a.lh(A1, A0, 0);
        a.sd(A1, S1, 0);
        a.lhu(A1, A0, 0);
        a.sd(A1, S1, 8);
        a.lw(A1, A0, 0);
        a.sd(A1, S1, 16);
        a.lwu(A1, A0, 0);
        a.sd(A1, S1, 24);
        a.ld(A1, A0, 0);
        a.sd(A1, S1, 32);
        a.addi(S1, S1, 40);
        end(a, again);
        TestBoard board = board(by, a);
        for (int i = 0; i < 2 * AROUND; i++) {
            board.ram.write8(offset(END - AROUND + i), pattern(i));
        }
        EagerTranslator.runInPieces(board);
        assertThat(by.isUsed(board)).isTrue();
        for (int i = 0; i < AROUND; i++) {
            long eight = 0;
            for (int k = 7; k >= 0; k--) {
                eight = eight << 8 | pattern(i + AROUND / 2 + k) & 0xff;
            }
            long[] expected = {(short) eight, eight & 0xffff, (int) eight, eight & 0xffff_ffffL, eight};
            for (int k = 0; k < expected.length; k++) {
                assertThat(board.read64(RESULTS + 40L * i + 8 * k)).as("%d bytes before the end, load %d", AROUND / 2 - i, k)
                        .isEqualTo(expected[k]);
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void storesWriteTheirBytesOnly(By by) {
        for (int bytes = 2; bytes <= 8; bytes *= 2) {
            Assembler a = begin();
            Label again = a.label();
            a.bind(again);
            switch (bytes) {
                case 2 -> a.sh(A2, A0, 0);
                case 4 -> a.sw(A2, A0, 0);
                default -> a.sd(A2, A0, 0);
            }
            a.add(A2, A2, A3);
            end(a, again);
            TestBoard board = board(by, a);
            EagerTranslator.runInPieces(board);
            assertThat(by.isUsed(board)).isTrue();
            byte[] expected = new byte[2 * AROUND];
            for (int i = 0; i < AROUND; i++) {
                long value = FIRST + MORE * ((ROUNDS - 1) * AROUND + i);
                for (int k = 0; k < bytes; k++) {
                    expected[AROUND / 2 + i + k] = (byte) (value >>> 8 * k);
                }
            }
            byte[] found = new byte[2 * AROUND];
            for (int i = 0; i < found.length; i++) {
                found[i] = board.ram.read8(offset(END - AROUND + i));
            }
            assertThat(found).as("stores of %d bytes", bytes).isEqualTo(expected);
        }
    }

    /// Where the page does not end, they are no reason to leave translated code.
    @Test
    void withinAPageTheyStayInTranslatedCode() {
        Assembler a = new Assembler(TestBoard.BASE);
        a.li(A0, DATA + 3);
        a.li(S0, 2000);
        Label again = a.label();
        a.bind(again);
        a.ld(A1, A0, 0);
        a.lw(A2, A0, 14);
        a.add(A1, A1, A2);
        a.sd(A1, A0, 0);
        a.sh(A1, A0, 10);
        a.addi(S0, S0, -1);
        a.bne(S0, ZERO, again);
        a.ecall();
        TestBoard board = new TestBoard(EagerTranslator::translator);
        board.put(TestBoard.BASE, a.bytes());
        EagerTranslator.runInPieces(board);
        Translator translator = (Translator) board.engine;
        long translated = EagerTranslator.regions(translator, offset(a.address(again)), a.bytes().length).stream()
                .mapToLong(translator::steps).sum();
        assertThat(translated).as("steps, of 14,000").isGreaterThan(10_000);
    }

    /// What both programs begin with: [Reg#A0] runs over the page's end again and again.
    private static Assembler begin() {
        Assembler a = new Assembler(TestBoard.BASE);
        a.li(T0, 8L << 60 | TABLES >>> 12);
        a.csrw(0x180, T0);
        a.li(A2, FIRST);
        a.li(A3, MORE);
        a.li(A0, END - AROUND / 2);
        a.li(S1, RESULTS);
        a.li(S0, AROUND * ROUNDS);
        return a;
    }

    private static void end(Assembler a, Label again) {
        Label same = a.label();
        a.addi(A0, A0, 1);
        a.addi(S0, S0, -1);
        a.li(T0, END + AROUND / 2);
        a.bne(A0, T0, same);
        a.addi(A0, A0, -AROUND);
        a.li(S1, RESULTS);
        a.bind(same);
        a.bne(S0, ZERO, again);
        a.ecall();
    }

    private static TestBoard board(By by, Assembler program) {
        TestBoard board = new TestBoard(by.engine);
        PageTables tables = new PageTables(board.ram, TABLES);
        for (long page = TestBoard.BASE; page < RESULTS + GuestRam.PAGE_SIZE; page += GuestRam.PAGE_SIZE) {
            tables.map(page, page == END ? BEHIND : page, 0, RIGHTS);
        }
        board.put(TestBoard.BASE, program.bytes());
        return board;
    }

    private static int offset(long va) {
        return GuestRam.offset(va >= END && va < END + GuestRam.PAGE_SIZE ? va - END + BEHIND : va);
    }

    private static byte pattern(int i) {
        return (byte) (0x95 + 41 * i);
    }
}
