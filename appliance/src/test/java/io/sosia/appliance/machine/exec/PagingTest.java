package io.sosia.appliance.machine.exec;

import static io.sosia.appliance.machine.asm.Reg.A0;
import static io.sosia.appliance.machine.asm.Reg.A1;
import static io.sosia.appliance.machine.asm.Reg.A2;
import static io.sosia.appliance.machine.asm.Reg.S0;
import static io.sosia.appliance.machine.asm.Reg.T0;
import static io.sosia.appliance.machine.exec.PageTables.A;
import static io.sosia.appliance.machine.exec.PageTables.D;
import static io.sosia.appliance.machine.exec.PageTables.R;
import static io.sosia.appliance.machine.exec.PageTables.U;
import static io.sosia.appliance.machine.exec.PageTables.V;
import static io.sosia.appliance.machine.exec.PageTables.W;
import static io.sosia.appliance.machine.exec.PageTables.X;
import static org.assertj.core.api.Assertions.assertThat;

import io.sosia.appliance.machine.asm.Assembler;
import io.sosia.appliance.machine.asm.Label;
import io.sosia.appliance.machine.memory.GuestRam;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;

/// Sv39: permissions, faults, A and D, superpages, and translations that follow the tables in memory at once.
class PagingTest {

    private static final int SSTATUS = 0x100;
    private static final int STVEC = 0x105;
    private static final int SEPC = 0x141;
    private static final int SCAUSE = 0x142;
    private static final int STVAL = 0x143;
    private static final int SATP = 0x180;
    private static final int SUM = 1 << 18;
    private static final int MXR = 1 << 19;

    private static final long TABLES = TestBoard.BASE + (2 << 20);
    private static final long DATA = TestBoard.BASE + (3 << 20);
    /// A page of the guest's lower half, its data at [#DATA].
    private static final long VA = 0x12_3456_7000L;

    private final TestBoard board = new TestBoard();
    private final PageTables tables = new PageTables(board.ram, TABLES);
    private long last;

    PagingTest() {
        tables.map(TestBoard.BASE, TestBoard.BASE, 1, V | R | W | X | A | D);
        tables.map(TABLES, TABLES, 1, V | R | W | A | D);
    }

    /// Runs `body` in S-mode with paging on, `A0` holding `va`; a trap or its end ends the program.
    private void run(long va, Consumer<Assembler> body) {
        Assembler a = new Assembler(TestBoard.BASE);
        Label start = a.label();
        Label handler = a.label();
        a.j(start);
        a.align(4);
        a.bind(handler);
        a.ecall();
        a.bind(start);
        a.csrw(SCAUSE, 0);
        a.li(T0, a.address(handler));
        a.csrw(STVEC, T0);
        a.li(T0, tables.satp());
        a.csrw(SATP, T0);
        a.sfenceVma(0, 0);
        a.li(A0, va);
        body.accept(a);
        last = a.here() - 4;
        a.ecall();
        board.put(TestBoard.BASE, a.bytes());
        board.ended = false;
        board.hart.reset(TestBoard.BASE, 0, 0);
        board.runToEnd();
    }

    private void assertTrap(long cause, long value) {
        assertThat(board.hart.csr(SCAUSE)).isEqualTo(cause);
        assertThat(board.hart.csr(STVAL)).isEqualTo(value);
        assertThat(board.hart.csr(SEPC)).isEqualTo(last);
    }

    private void assertNoTrap() {
        assertThat(board.hart.csr(SCAUSE)).as("scause").isZero();
    }

    private static void load(Assembler a) {
        a.ld(A1, A0, 0);
    }

    private static void store(Assembler a) {
        a.sd(A1, A0, 0);
    }

    private long leaf(long va) {
        return board.read64(tables.slot(va, 0));
    }

    @Test
    void accessSetsAAndStoreSetsD() {
        board.ram.write64(GuestRam.offset(DATA), 42);
        tables.map(VA, DATA, 0, V | R | W);
        run(VA, PagingTest::load);
        assertNoTrap();
        assertThat(board.hart.x(A1)).isEqualTo(42);
        assertThat(leaf(VA) & 255).isEqualTo(V | R | W | A);
        run(VA, PagingTest::store);
        assertThat(leaf(VA) & 255).isEqualTo(V | R | W | A | D);
    }

    @Test
    void faultingAccessSetsNothing() {
        tables.map(VA, DATA, 0, V | R);
        run(VA, PagingTest::store);
        assertTrap(15, VA);
        assertThat(leaf(VA) & 255).isEqualTo(V | R);
    }

    @Test
    void permissionsAreChecked() {
        tables.map(VA, DATA, 0, V | X);
        run(VA, PagingTest::load);
        assertTrap(13, VA);
        run(VA, a -> {
            a.li(T0, MXR);
            a.csrrs(0, SSTATUS, T0);
            load(a);
        });
        assertNoTrap();
        run(VA, a -> {
            a.li(T0, MXR);
            a.csrrs(0, SSTATUS, T0);
            load(a);
            a.csrrc(0, SSTATUS, T0);
            load(a);
        });
        assertTrap(13, VA);
        tables.map(VA, DATA, 0, V | R | W | X | U);
        run(VA, PagingTest::load);
        assertTrap(13, VA);
        run(VA, a -> {
            a.li(T0, SUM);
            a.csrrs(0, SSTATUS, T0);
            load(a);
            store(a);
        });
        assertNoTrap();
        run(VA, a -> {
            a.li(T0, SUM);
            a.csrrs(0, SSTATUS, T0);
            a.jalr(0, A0, 0);
        });
        assertThat(board.hart.csr(SCAUSE)).as("S-mode never executes user pages").isEqualTo(12);
        assertThat(board.hart.csr(SEPC)).isEqualTo(VA);
        assertThat(board.hart.csr(STVAL)).isEqualTo(VA);
    }

    @Test
    void malformedEntriesArePageFaults() {
        for (long entry : new long[] {0, V | W, R | W, V | R | 1L << 54, V | R | 1L << 61, V | R | 1L << 63, V}) {
            board.ram.write64(GuestRam.offset(tables.slot(VA, 0)), PageTables.entry(DATA, 0) | entry);
            run(VA, PagingTest::load);
            assertTrap(13, VA);
        }
        long wide = 0x2_0000_0000L;
        tables.map(wide, DATA + 0x1000, 1, V | R);
        run(wide, PagingTest::load);
        assertTrap(13, wide);
        long pointer = 0x3_0000_0000L;
        tables.slot(pointer, 0);
        long at = tables.slot(pointer, 1);
        board.ram.write64(GuestRam.offset(at), board.read64(at) | A);
        run(pointer, PagingTest::load);
        assertTrap(13, pointer);
    }

    @Test
    void addressesMustBeCanonical() {
        for (long va : new long[] {1L << 38, 1L << 39, 1L << 63, -1L << 39, 0x7f00_0000_0000_0000L}) {
            run(va, PagingTest::load);
            assertTrap(13, va);
        }
    }

    @Test
    void tablesOrPagesOutsideRamAreAccessFaults() {
        tables.map(0x2_0000_0000L, 0x7000_0000_0000L, 2, V);
        run(0x2_0000_0000L, PagingTest::store);
        assertTrap(7, 0x2_0000_0000L);
        tables.map(VA, 0x7000_0000_0000L, 0, V | R | W);
        run(VA, PagingTest::load);
        assertTrap(5, VA);
    }

    @Test
    void superpagesMapTheirRegion() {
        tables.map(-1L << 38, TestBoard.BASE & -1L << 30, 2, V | R | W | A | D);
        long offset = DATA - (TestBoard.BASE & -1L << 30) + 0x1238;
        board.ram.write64(GuestRam.offset(DATA + 0x1238), 77);
        run((-1L << 38) + offset, PagingTest::load);
        assertNoTrap();
        assertThat(board.hart.x(A1)).isEqualTo(77);
    }

    @Test
    void misalignedAccessAcrossPagesFaultsOnTheSecond() {
        tables.map(VA, DATA, 0, V | R | W);
        run(VA + 4092, PagingTest::load);
        assertTrap(13, VA + 4096);
        board.ram.write64(GuestRam.offset(DATA + 4088), -1);
        run(VA + 4092, PagingTest::store);
        assertTrap(15, VA + 4096);
        assertThat(board.read64(DATA + 4088)).as("nothing is stored").isEqualTo(-1);
        tables.map(VA + 4096, DATA + 0x5000, 0, V | R | W);
        board.ram.write64(GuestRam.offset(DATA + 0x5000), 0x1122_3344_5566_7788L);
        run(VA + 4092, PagingTest::load);
        assertNoTrap();
        assertThat(board.hart.x(A1)).isEqualTo(0x5566_7788_ffff_ffffL);
    }

    @Test
    void instructionAcrossPagesFaultsOnItsSecondHalf() {
        tables.map(VA, DATA, 0, V | X);
        Assembler code = new Assembler(0);
        code.li(A1, 1234);
        code.jalr(0, A2, 0);
        byte[] bytes = code.bytes();
        board.ram.write(GuestRam.offset(DATA + 4094), bytes, 0, 2);
        Consumer<Assembler> jump = a -> {
            a.li(T0, 4094);
            a.add(A0, A0, T0);
            a.auipc(A2, 0);
            a.addi(A2, A2, 12);
            a.jalr(0, A0, 0);
            a.nop();
        };
        run(VA, jump);
        assertThat(board.hart.csr(SCAUSE)).isEqualTo(12);
        assertThat(board.hart.csr(SEPC)).isEqualTo(VA + 4094);
        assertThat(board.hart.csr(STVAL)).isEqualTo(VA + 4096);
        tables.map(VA + 4096, DATA + 0x3000, 0, V | X);
        board.ram.write(GuestRam.offset(DATA + 0x3000), bytes, 2, bytes.length - 2);
        run(VA, jump);
        assertNoTrap();
        assertThat(board.hart.x(A1)).isEqualTo(1234);
    }

    @Test
    void tableThatIsExecutedMayChangeUnderAnInstructionAcrossPages() {
        // The page at VA is the very table that maps it and the next: setting A for the next rewrites the code executed.
        long table = tables.slot(VA, 0) & -4096;
        tables.map(VA, table, 0, V | X | A);
        tables.map(VA + 4096, DATA, 0, V | X);
        Assembler code = new Assembler(VA);
        Label target = code.mark();
        code.li(A1, 7);
        code.jalr(0, A2, 0);
        while (code.here() < VA + 4094) {
            code.half(0);
        }
        code.j(target);
        byte[] bytes = code.bytes();
        board.ram.write(GuestRam.offset(table), bytes, 0, 8);
        board.ram.write(GuestRam.offset(table) + 4094, bytes, 4094, 2);
        board.ram.write(GuestRam.offset(DATA), bytes, 4096, 2);
        run(VA + 4094, a -> {
            a.auipc(A2, 0);
            a.addi(A2, A2, 12);
            a.jalr(0, A0, 0);
            a.nop();
        });
        assertNoTrap();
        assertThat(board.hart.x(A1)).isEqualTo(7);
        assertThat(leaf(VA + 4096) & A).isEqualTo(A);
    }

    @Test
    void changedEntryCountsAtOnce() {
        tables.map(VA, DATA, 0, V | R | W);
        board.ram.write64(GuestRam.offset(DATA), 1);
        board.ram.write64(GuestRam.offset(DATA + 0x1000), 2);
        long at = tables.slot(VA, 0);
        run(VA, a -> {
            a.li(S0, at);
            load(a);
            a.mv(A2, A1);
            a.li(T0, PageTables.entry(DATA + 0x1000, V | R | W));
            a.sd(T0, S0, 0);
            load(a);
            a.add(A2, A2, A1);
            a.ld(T0, S0, 0);
            a.andi(T0, T0, ~A);
            a.sd(T0, S0, 0);
            load(a);
            a.ld(13, S0, 0);
        });
        assertNoTrap();
        assertThat(board.hart.x(A2)).isEqualTo(3);
        assertThat(board.hart.x(13) & A).as("a cleared A bit is set again by the next access").isEqualTo(A);
    }

    @Test
    void codeRemappedUnderTheHartIsNewCodeAtOnce() {
        Assembler first = new Assembler(VA);
        first.sd(A1, S0, 0);
        first.li(A2, 1);
        first.jalr(0, 14, 0);
        Assembler second = new Assembler(VA);
        second.sd(A1, S0, 0);
        second.li(A2, 2);
        second.jalr(0, 14, 0);
        board.put(DATA, first.bytes());
        board.put(DATA + 0x1000, second.bytes());
        tables.map(VA, DATA, 0, V | X | A);
        long at = tables.slot(VA, 0);
        run(VA, a -> {
            a.li(S0, at);
            a.li(A1, PageTables.entry(DATA + 0x1000, V | X | A));
            a.auipc(14, 0);
            a.addi(14, 14, 12);
            a.jalr(0, A0, 0);
            a.nop();
        });
        assertNoTrap();
        assertThat(board.hart.x(A2)).isEqualTo(2);
    }

    @Test
    void rewrittenCodeIsNewCodeAtOnce() {
        Assembler next = new Assembler(0);
        next.li(A2, 2);
        int bits = next.bytes()[0] & 0xff | (next.bytes()[1] & 0xff) << 8 | (next.bytes()[2] & 0xff) << 16
                | next.bytes()[3] << 24;
        run(VA, a -> {
            Label patched = a.label();
            a.li(13, 0);
            a.li(T0, bits);
            a.auipc(S0, 0);
            long base = a.here() - 4;
            Label again = a.mark();
            a.bind(patched);
            long where = a.here();
            a.li(A2, 1);
            a.add(13, 13, A2);
            a.sw(T0, S0, where - base);
            a.li(14, 3);
            a.bne(13, 14, again);
        });
        assertNoTrap();
        assertThat(board.hart.x(13)).isEqualTo(3);
    }

    @Test
    void newRootIsAnotherSpace() {
        PageTables other = new PageTables(board.ram, TABLES + 0x10_0000 - 0x8_0000);
        other.map(TestBoard.BASE, TestBoard.BASE, 1, V | R | W | X | A | D);
        other.map(VA, DATA + 0x1000, 0, V | R);
        tables.map(VA, DATA, 0, V | R);
        board.ram.write64(GuestRam.offset(DATA), 5);
        board.ram.write64(GuestRam.offset(DATA + 0x1000), 6);
        run(VA, a -> {
            load(a);
            a.mv(A2, A1);
            a.li(T0, other.satp());
            a.csrw(SATP, T0);
            load(a);
        });
        assertNoTrap();
        assertThat(board.hart.x(A2)).isEqualTo(5);
        assertThat(board.hart.x(A1)).isEqualTo(6);
    }
}
