package io.sosia.appliance.machine.exec;

import static io.sosia.appliance.machine.asm.Reg.A0;
import static io.sosia.appliance.machine.asm.Reg.A1;
import static io.sosia.appliance.machine.asm.Reg.A2;
import static io.sosia.appliance.machine.asm.Reg.S0;
import static io.sosia.appliance.machine.asm.Reg.T0;
import static io.sosia.appliance.machine.asm.Reg.ZERO;
import static io.sosia.appliance.machine.exec.PageTables.A;
import static io.sosia.appliance.machine.exec.PageTables.D;
import static io.sosia.appliance.machine.exec.PageTables.R;
import static io.sosia.appliance.machine.exec.PageTables.V;
import static io.sosia.appliance.machine.exec.PageTables.W;
import static io.sosia.appliance.machine.exec.PageTables.X;
import static org.assertj.core.api.Assertions.assertThat;

import io.sosia.appliance.machine.asm.Assembler;
import io.sosia.appliance.machine.asm.Label;
import io.sosia.appliance.machine.translate.EagerTranslator;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Code that runs on from one page into the next asks what the next one is now.
class CodeOverPagesTest {

    private static final int RA = 1;
    /// `c.nop`.
    private static final int NOP = 1;
    private static final int SATP = 0x180;
    private static final int TIMES = 300;
    private static final long TABLES = TestBoard.BASE + (2 << 20);
    private static final long FIRST = TABLES + 0x1_0000;
    private static final long SECOND = FIRST + 4096;
    private static final long OTHER = FIRST + 3 * 4096;
    /// Not where the tables keep the page of the program.
    private static final long WINDOW = 0x4000_8000L;

    /// Writes what changes the code.
    private interface Change {
        void write(Assembler a, PageTables tables);
    }

    /// How the code goes on: behind an instruction, or in its midst.
    @ParameterizedTest
    @ValueSource(ints = {0, 2})
    void aPageThatIsMappedAnewBehindItsNeighbourIsEnteredAsItIsNow(int before) {
        Change remap = (a, tables) -> {
            a.li(T0, tables.slot(WINDOW + 4096, 0));
            a.li(A1, PageTables.entry(OTHER, V | R | X | A | D));
            a.sd(A1, T0, 0);
            a.sfenceVma(0, 0);
        };
        assertThat(sum(new TestBoard(), before, remap)).as("interpreter").isEqualTo(TIMES + 100L);
        assertThat(sum(new TestBoard(EagerTranslator::on), before, remap)).as("translator").isEqualTo(TIMES + 100L);
    }

    /// The second half of an instruction is another one from now on.
    @Test
    void halfAnInstructionIsRewritten() {
        Change rewrite = (a, tables) -> {
            a.li(T0, SECOND);
            a.li(A1, ByteBuffer.wrap(add(100)).order(ByteOrder.LITTLE_ENDIAN).getShort(2));
            a.sh(A1, T0, 0);
        };
        assertThat(sum(new TestBoard(), 2, rewrite)).as("interpreter").isEqualTo(TIMES + 100L);
        assertThat(sum(new TestBoard(EagerTranslator::on), 2, rewrite)).as("translator").isEqualTo(TIMES + 100L);
    }

    /// The hart goes over the end of a page many times, and once more behind a change.
    ///
    /// @param before bytes of the instruction at the page's end that lie in it
    private static long sum(TestBoard board, int before, Change change) {
        PageTables tables = new PageTables(board.ram, TABLES);
        tables.map(TestBoard.BASE, TestBoard.BASE, 1, V | R | W | X | A | D);
        tables.map(TABLES, TABLES, 1, V | R | W | A | D);
        tables.map(WINDOW, FIRST, 0, V | R | X | A | D);
        tables.map(WINDOW + 4096, SECOND, 0, V | R | X | A | D);
        board.put(SECOND - 16, endOfPage());
        for (long page : new long[] {SECOND, OTHER}) {
            Assembler back = new Assembler(page);
            back.ret();
            board.put(page + 4 - before, back.bytes());
            board.put(page - before, add(page == SECOND ? 1 : 100));
        }

        Assembler a = new Assembler(TestBoard.BASE);
        a.li(T0, tables.satp());
        a.csrw(SATP, T0);
        a.li(A0, WINDOW + 4096 - 16);
        a.li(S0, TIMES);
        Label again = a.label();
        a.bind(again);
        a.jalr(RA, A0, 0);
        a.addi(S0, S0, -1);
        a.bne(S0, ZERO, again);
        change.write(a, tables);
        a.jalr(RA, A0, 0);
        a.ecall();
        board.put(TestBoard.BASE, a.bytes());
        board.hart.reset(TestBoard.BASE, 0, 0);
        board.runToEnd();
        return board.hart.x(A2);
    }

    private static byte[] endOfPage() {
        Assembler a = new Assembler(SECOND - 16);
        for (int i = 0; i < 3; i++) {
            a.addi(A1, A1, 1);
        }
        // Two instructions of two bytes, of which the second may be overwritten.
        a.half(NOP);
        a.half(NOP);
        return a.bytes();
    }

    private static byte[] add(int addend) {
        Assembler a = new Assembler(SECOND);
        a.addi(A2, A2, addend);
        return a.bytes();
    }
}
