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
import org.junit.jupiter.api.Test;

/// Code that runs on from one page into the next asks what the next one is now.
class CodeOverPagesTest {

    private static final int RA = 1;
    private static final int SATP = 0x180;
    private static final int TIMES = 300;
    private static final long TABLES = TestBoard.BASE + (2 << 20);
    private static final long FIRST = TABLES + 0x1_0000;
    private static final long SECOND = FIRST + 4096;
    private static final long OTHER = FIRST + 3 * 4096;
    /// Not where the tables keep the page of the program.
    private static final long WINDOW = 0x4000_8000L;

    @Test
    void aPageThatIsMappedAnewBehindItsNeighbourIsEnteredAsItIsNow() {
        assertThat(sumAfterRemapping(new TestBoard())).as("interpreter").isEqualTo(TIMES + 100L);
        assertThat(sumAfterRemapping(new TestBoard(EagerTranslator::on))).as("translator").isEqualTo(TIMES + 100L);
    }

    private static long sumAfterRemapping(TestBoard board) {
        PageTables tables = new PageTables(board.ram, TABLES);
        tables.map(TestBoard.BASE, TestBoard.BASE, 1, V | R | W | X | A | D);
        tables.map(TABLES, TABLES, 1, V | R | W | A | D);
        tables.map(WINDOW, FIRST, 0, V | R | X | A | D);
        tables.map(WINDOW + 4096, SECOND, 0, V | R | X | A | D);
        board.put(SECOND - 16, endOfPage());
        board.put(SECOND, addAndReturn(1));
        board.put(OTHER, addAndReturn(100));

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
        a.li(T0, tables.slot(WINDOW + 4096, 0));
        a.li(A1, PageTables.entry(OTHER, V | R | X | A | D));
        a.sd(A1, T0, 0);
        a.sfenceVma(0, 0);
        a.jalr(RA, A0, 0);
        a.ecall();
        board.put(TestBoard.BASE, a.bytes());
        board.hart.reset(TestBoard.BASE, 0, 0);
        board.runToEnd();
        return board.hart.x(A2);
    }

    private static byte[] endOfPage() {
        Assembler a = new Assembler(SECOND - 16);
        for (int i = 0; i < 4; i++) {
            a.addi(A1, A1, 1);
        }
        return a.bytes();
    }

    private static byte[] addAndReturn(int addend) {
        Assembler a = new Assembler(SECOND);
        a.addi(A2, A2, addend);
        a.ret();
        return a.bytes();
    }
}
