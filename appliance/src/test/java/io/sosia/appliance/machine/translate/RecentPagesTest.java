package io.sosia.appliance.machine.translate;

import static io.sosia.appliance.machine.asm.Reg.A0;
import static io.sosia.appliance.machine.asm.Reg.A1;
import static io.sosia.appliance.machine.asm.Reg.A2;
import static io.sosia.appliance.machine.asm.Reg.A3;
import static io.sosia.appliance.machine.asm.Reg.S0;
import static io.sosia.appliance.machine.asm.Reg.S1;
import static io.sosia.appliance.machine.asm.Reg.T0;
import static io.sosia.appliance.machine.asm.Reg.T1;
import static io.sosia.appliance.machine.asm.Reg.ZERO;
import static org.assertj.core.api.Assertions.assertThat;

import io.sosia.appliance.machine.asm.Assembler;
import io.sosia.appliance.machine.asm.Label;
import io.sosia.appliance.machine.exec.PageTables;
import io.sosia.appliance.machine.exec.TestBoard;
import io.sosia.appliance.machine.memory.GuestRam;
import io.sosia.appliance.machine.memory.NativeMemory;
import io.sosia.appliance.machine.mmu.Tlb;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Loops whose accesses ask for the page of last time do what they would do without.
class RecentPagesTest {

    private static final long DATA = TestBoard.BASE + (2 << 20);
    private static final long TABLES = TestBoard.BASE + (1 << 20);
    private static final int RIGHTS = PageTables.V | PageTables.R | PageTables.W | PageTables.X | PageTables.A | PageTables.D;
    private static final int PAGES = 4;
    private static final int TIMES = 4000;
    /// Pages from the RAM of [#DATA] to where it is mapped instead.
    private static final int ELSEWHERE = 8;

    @ParameterizedTest
    @ValueSource(ints = {1, 3, 8, 24, 509, 2000, -3, -40})
    void anyStride(int stride) {
        long first = DATA + (stride > 0 ? 0 : PAGES * GuestRam.PAGE_SIZE - 16);
        int times = Math.min(TIMES, (PAGES * GuestRam.PAGE_SIZE - 16) / Math.abs(stride));
        TestBoard board = run(a -> {
            Label round = a.label();
            Label again = a.label();
            a.li(A3, TIMES / times);
            a.bind(round);
            a.li(A0, first);
            a.li(S0, times);
            a.bind(again);
            a.lbu(T0, A0, 0);
            a.lhu(T1, A0, 2);
            a.add(A1, A1, T0);
            a.ld(T0, A0, 5);
            a.xor(A1, A1, T1);
            a.sd(A1, A0, 3);
            a.add(A1, A1, T0);
            a.addi(A0, A0, stride);
            a.addi(S0, S0, -1);
            a.bne(S0, ZERO, again);
            a.addi(A3, A3, -1);
            a.bne(A3, ZERO, round);
        });
        if (Math.abs(stride) <= 128) {
            assertThat(recent(board, false)).isPositive();
            assertThat(recent(board, true)).isPositive();
        }
    }

    /// The loop itself maps its page to other RAM now and then.
    @ParameterizedTest
    @ValueSource(ints = {7, 63, 255})
    void aPageThatIsMappedElsewhere(int mask) {
        TestBoard board = run((target, a) -> {
            Label again = a.label();
            Label same = a.label();
            PageTables tables = new PageTables(target.ram, TABLES);
            a.li(A0, DATA);
            a.li(A1, tables.slot(DATA, 0));
            a.li(A2, PageTables.entry(DATA, RIGHTS));
            a.li(A3, PageTables.entry(DATA + ELSEWHERE * GuestRam.PAGE_SIZE, RIGHTS) ^ PageTables.entry(DATA, RIGHTS));
            a.li(S0, TIMES);
            a.bind(again);
            a.ld(T0, A0, 16);
            a.add(S1, S1, T0);
            a.add(S1, S1, S0);
            a.sd(S1, A0, 16);
            a.andi(T1, S0, mask);
            a.bne(T1, ZERO, same);
            a.xor(A2, A2, A3);
            a.sd(A2, A1, 0);
            a.bind(same);
            a.addi(S0, S0, -1);
            a.bne(S0, ZERO, again);
        });
        assertThat(recent(board, false)).isPositive();
    }

    /// The loop writes instructions into its page now and then, and executes them.
    @Test
    void aPageThatBecomesCode() {
        run(a -> {
            Label again = a.label();
            Label same = a.label();
            a.li(A0, DATA);
            a.li(S0, TIMES);
            // addi t0, t0, 1 and ret.
            a.li(A1, 0x00128293);
            a.li(A2, 0x00008067);
            a.bind(again);
            a.sw(S0, A0, 32);
            a.sw(A1, A0, 0);
            a.sw(A2, A0, 4);
            a.andi(T1, S0, 127);
            a.bne(T1, ZERO, same);
            a.jalr(1, A0, 0);
            // Another immediate next time.
            a.li(T1, 1 << 20);
            a.xor(A1, A1, T1);
            a.bind(same);
            a.addi(S0, S0, -1);
            a.bne(S0, ZERO, again);
        });
    }

    /// A list in turns in two pages, walked along.
    @Test
    void whatALoopHasLoadedIsNotAskedFor() {
        TestBoard board = run(a -> {
            Label again = a.label();
            a.li(A0, DATA);
            a.li(A1, DATA + GuestRam.PAGE_SIZE);
            a.sd(A1, A0, 0);
            a.sd(A0, A1, 0);
            a.li(S0, TIMES);
            a.bind(again);
            a.ld(A0, A0, 0);
            a.addi(S0, S0, -1);
            a.bne(S0, ZERO, again);
        });
        assertThat(recent(board, false)).isZero();
    }

    private static TestBoard run(Consumer<Assembler> program) {
        return run((_, a) -> program.accept(a));
    }

    /// Runs a program, which gets paging and its end here, with both engines.
    private static TestBoard run(BiConsumer<TestBoard, Assembler> program) {
        return EagerTranslator.agreeing(board -> {
            Assembler a = new Assembler(TestBoard.BASE);
            a.li(T0, 8L << 60 | TABLES >>> 12);
            a.csrw(0x180, T0);
            program.accept(board, a);
            a.ecall();
            PageTables tables = new PageTables(board.ram, TABLES);
            for (long page = TestBoard.BASE; page < DATA + PAGES * GuestRam.PAGE_SIZE; page += GuestRam.PAGE_SIZE) {
                tables.map(page, page, 0, RIGHTS);
            }
            board.put(TestBoard.BASE, a.bytes());
        });
    }

    /// How many recent entries hold anything.
    private static long recent(TestBoard board, boolean stores) {
        long table = board.hart.mmu().loads() + (stores ? Tlb.WRITABLE : 0);
        return IntStream.range(0, Tlb.RECENT_ENTRIES).filter(i -> NativeMemory.getLong(table + Tlb.recent(i)) != -1).count();
    }
}
