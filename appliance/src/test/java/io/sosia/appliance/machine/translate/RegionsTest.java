package io.sosia.appliance.machine.translate;

import static io.sosia.appliance.machine.asm.Reg.A0;
import static io.sosia.appliance.machine.asm.Reg.A1;
import static io.sosia.appliance.machine.asm.Reg.A2;
import static io.sosia.appliance.machine.asm.Reg.S0;
import static io.sosia.appliance.machine.asm.Reg.S1;
import static io.sosia.appliance.machine.asm.Reg.S2;
import static io.sosia.appliance.machine.asm.Reg.SP;
import static io.sosia.appliance.machine.asm.Reg.T0;
import static io.sosia.appliance.machine.asm.Reg.T1;
import static io.sosia.appliance.machine.asm.Reg.T2;
import static io.sosia.appliance.machine.asm.Reg.ZERO;
import static org.assertj.core.api.Assertions.assertThat;

import io.sosia.appliance.machine.asm.Assembler;
import io.sosia.appliance.machine.asm.Label;
import io.sosia.appliance.machine.exec.TestBoard;
import io.sosia.appliance.machine.memory.GuestRam;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// What translated loops do that programs of a few thousand random instructions seldom do.
class RegionsTest {

    private static final int RA = 1;
    private static final int TIMES = 500;
    private static final long DATA = TestBoard.BASE + (2 << 20);
    private static final int FAR = 5 * GuestRam.PAGE_SIZE;

    private final Translator[] translator = new Translator[1];
    private final TestBoard board = new TestBoard(hart -> translator[0] = EagerTranslator.translator(hart));

    @Test
    void aStoreMarksItsPageAfterEachCleaning() {
        Assembler a = new Assembler(TestBoard.BASE);
        a.li(A0, DATA);
        Label again = a.label();
        a.bind(again);
        a.sd(A1, A0, 0);
        a.addi(A1, A1, 1);
        a.j(again);
        board.put(TestBoard.BASE, a.bytes());
        int page = GuestRam.offset(DATA) >> GuestRam.PAGE_SHIFT;
        for (int i = 0; i < 20; i++) {
            board.ram.clean(page, GuestRam.DIRTY_CLONE);
            assertThat(board.ram.isDirty(page, GuestRam.DIRTY_CLONE)).as("cleaned").isFalse();
            board.engine.run(board.hart.steps() + 100);
            assertThat(board.ram.isDirty(page, GuestRam.DIRTY_CLONE)).as("written in run %d", i).isTrue();
        }
        assertThat(translator[0].regions()).isPositive();
    }

    @Test
    void farCallsArriveAndReturn() {
        Assembler a = new Assembler(TestBoard.BASE);
        a.li(S0, TIMES);
        Label again = a.label();
        a.bind(again);
        for (int i = 0; i < 2; i++) {
            a.addi(A1, A1, 1);
            // The function begins 8 bytes behind `FAR`, seen from the first `auipc`.
            a.auipc(RA, FAR);
            a.jalr(RA, RA, i == 0 ? 8 : -4);
        }
        a.addi(S0, S0, -1);
        a.bne(S0, ZERO, again);
        a.ecall();
        board.put(TestBoard.BASE, a.bytes());
        Assembler function = new Assembler(TestBoard.BASE);
        function.addi(A2, A2, 3);
        function.addi(T0, T0, 1);
        function.ret();
        board.put(firstAuipc() + FAR + 8, function.bytes());
        board.runToEnd();
        assertThat(board.hart.x(A1)).isEqualTo(2 * TIMES);
        assertThat(board.hart.x(A2)).isEqualTo(6 * TIMES);
        assertThat(board.hart.x(T0)).isEqualTo(2 * TIMES);
        assertThat(translator[0].regions()).isPositive();
    }

    /// Where the first AUIPC of the program lies.
    private long firstAuipc() {
        for (int offset = 0; ; offset += 2) {
            if ((board.ram.read32(offset) & 127) == 0x17) {
                return TestBoard.BASE + offset;
            }
        }
    }

    @Test
    void floatingPointThatIsSwitchedOffTrapsInTranslatedCodeToo() {
        Assembler a = new Assembler(TestBoard.BASE);
        Label handler = a.label();
        Label start = a.label();
        a.j(start);
        a.align(4);
        a.bind(handler);
        a.ecall();
        a.bind(start);
        a.li(T0, a.address(handler));
        a.csrw(0x105, T0);
        a.li(T0, 1 << 13);
        a.csrw(0x100, T0);
        a.li(S0, TIMES);
        Label again = a.label();
        a.bind(again);
        a.faddD(1, 1, 2, 7);
        a.addi(S0, S0, -1);
        a.bne(S0, ZERO, again);
        a.csrw(0x100, ZERO);
        a.li(S0, TIMES);
        a.j(again);
        board.put(TestBoard.BASE, a.bytes());
        board.runToEnd();
        assertThat(board.hart.csr(0x142)).as("scause").isEqualTo(2);
        assertThat(board.hart.x(S0)).isEqualTo(TIMES);
    }

    @Test
    void theFirstFloatThatIsWrittenMakesTheirStateDirty() {
        Assembler a = new Assembler(TestBoard.BASE);
        a.li(T0, 1 << 13);
        a.li(S0, TIMES);
        Label again = a.label();
        Label written = a.label();
        a.bind(again);
        a.csrw(0x100, T0);
        a.j(written);
        a.bind(written);
        a.fmvDX(1, S0);
        a.csrr(T1, 0x100);
        a.srli(T1, T1, 13);
        a.andi(T1, T1, 3);
        a.add(A1, A1, T1);
        a.addi(S0, S0, -1);
        a.bne(S0, ZERO, again);
        a.ecall();
        board.put(TestBoard.BASE, a.bytes());
        while (!board.ended) {
            board.engine.run(board.hart.steps() + TIMES);
        }
        assertThat(translator[0].regions()).isPositive();
        assertThat(board.hart.x(A1)).as("sum of FS").isEqualTo(3 * TIMES);
    }

    /// First exact, then not, then with other rounding, then with the flags cleared: as the interpreter has it.
    @Test
    void floatingPointAccruesItsFlagsInTranslatedCodeToo() {
        Assembler a = new Assembler(TestBoard.BASE);
        a.li(T0, 1 << 13);
        a.csrw(0x100, T0);
        a.li(T0, Double.doubleToRawLongBits(1.5));
        a.fmvDX(1, T0);
        a.li(T0, Double.doubleToRawLongBits(0.1));
        a.fmvDX(2, T0);
        Label round = a.label();
        a.bind(round);
        a.li(S0, TIMES);
        Label again = a.label();
        a.bind(again);
        a.faddD(3, 3, 1, 7);
        a.fmulD(4, 3, 1, 7);
        a.fsd(4, S1, 0);
        a.addi(S0, S0, -1);
        a.bne(S0, ZERO, again);
        a.csrr(T1, 1);
        a.slli(A1, A1, 5);
        a.or(A1, A1, T1);
        a.fmvDX(1, T0);
        a.addi(A0, A0, 1);
        a.li(T1, 2);
        Label cleared = a.label();
        a.bne(A0, T1, cleared);
        a.csrw(2, T1);
        a.csrw(1, ZERO);
        a.bind(cleared);
        a.li(T1, 4);
        a.bne(A0, T1, round);
        a.ecall();
        TestBoard interpreted = new TestBoard();
        for (TestBoard each : new TestBoard[] {board, interpreted}) {
            each.hart.setX(S1, DATA);
            each.put(TestBoard.BASE, a.bytes());
            while (!each.ended) {
                each.engine.run(each.hart.steps() + TIMES);
                assertThat(each.hart.steps()).isLessThan(1_000_000);
            }
        }
        assertThat(board.hart.x(A1) >>> 15 & 31).as("flags while exact").isZero();
        assertThat(board.hart.x(A1) & 31).as("flags at the end").isEqualTo(1);
        assertThat(board.stateText()).isEqualTo(interpreted.stateText());
    }

    /// A function that calls itself, every second time through a stub in a page of its own.
    @Test
    void deepCallsReturn() {
        int depth = 700;
        int times = 20;
        long stub = TestBoard.BASE + FAR;
        Assembler a = new Assembler(TestBoard.BASE);
        Label function = a.label();
        Label again = a.label();
        Label even = a.label();
        Label back = a.label();
        Label out = a.label();
        a.li(S0, times);
        a.li(S1, stub);
        a.bind(again);
        a.li(SP, DATA + (1 << 16));
        a.li(A0, depth);
        a.jal(RA, function);
        a.addi(S0, S0, -1);
        a.bne(S0, ZERO, again);
        a.ecall();
        a.bind(function);
        a.auipc(T2, 0);
        a.beq(A0, ZERO, out);
        a.addi(SP, SP, -8);
        a.sd(RA, SP, 0);
        a.addi(A0, A0, -1);
        a.andi(A2, A0, 1);
        a.beq(A2, ZERO, even);
        a.jalr(RA, S1, 0);
        a.j(back);
        a.bind(even);
        a.jal(RA, function);
        a.bind(back);
        a.addi(A1, A1, 3);
        a.ld(RA, SP, 0);
        a.addi(SP, SP, 8);
        a.bind(out);
        a.ret();
        Assembler b = new Assembler(stub);
        b.jalr(T1, T2, 0);
        TestBoard interpreted = new TestBoard();
        for (TestBoard each : new TestBoard[] {board, interpreted}) {
            each.put(TestBoard.BASE, a.bytes());
            each.put(stub, b.bytes());
            each.runToEnd();
        }
        assertThat(board.hart.x(A1)).isEqualTo(3L * depth * times);
        assertThat(board.stateText()).isEqualTo(interpreted.stateText());
    }

    /// An atomic instruction of the loop now and then writes to the loop's own page, until that is dropped as data, in the midst of a region
    /// that has run for long.
    @Test
    void aRegionThatIsDroppedWhileItRunsIsNotAskedForAgain() {
        Assembler a = new Assembler(TestBoard.BASE);
        a.li(A0, DATA);
        a.li(A1, TestBoard.BASE + 2048);
        a.li(S0, 50_000);
        Label again = a.label();
        Label elsewhere = a.label();
        a.bind(again);
        a.andi(T1, S0, 127);
        a.addi(T2, A0, 0);
        a.bne(T1, ZERO, elsewhere);
        a.addi(T2, A1, 0);
        a.bind(elsewhere);
        a.amoaddD(A2, S0, T2);
        a.addi(S0, S0, -1);
        a.bne(S0, ZERO, again);
        a.ecall();
        TestBoard interpreted = new TestBoard();
        for (TestBoard each : new TestBoard[] {board, interpreted}) {
            each.put(TestBoard.BASE, a.bytes());
            for (int run = 0; !each.ended; run++) {
                each.engine.run(each.hart.steps() + (run % 3 == 0 ? 30 : 3000));
                assertThat(each.hart.steps()).isLessThan(1_000_000);
            }
        }
        assertThat(board.stateText()).isEqualTo(interpreted.stateText());
    }

    /// Twenty loops, one after the other and all again, and one that each of them calls.
    @ParameterizedTest
    @ValueSource(ints = {6, 16})
    void regionsThatAreUsedLeastMakeRoom(int most) {
        Translator[] small = new Translator[1];
        TestBoard crowded = new TestBoard(hart -> small[0] = EagerTranslator.translator(hart, most));
        Assembler a = new Assembler(TestBoard.BASE);
        Label function = a.label();
        Label all = a.label();
        Label begin = a.label();
        a.li(S1, 3);
        a.j(begin);
        a.bind(function);
        a.addi(A1, A1, 1);
        a.ret();
        a.bind(begin);
        a.bind(all);
        for (int i = 0; i < 20; i++) {
            Label again = a.label();
            a.li(S0, 50);
            a.bind(again);
            a.auipc(T0, 0);
            a.jal(RA, function);
            a.addi(S0, S0, -1);
            a.bne(S0, ZERO, again);
        }
        a.addi(S1, S1, -1);
        a.bne(S1, ZERO, all);
        a.ecall();
        crowded.put(TestBoard.BASE, a.bytes());
        int seen = 0;
        while (!crowded.ended) {
            crowded.engine.run(crowded.hart.steps() + 20);
            assertThat(small[0].regions()).isLessThanOrEqualTo(most);
            seen = Math.max(seen, small[0].regions());
        }
        // Where several make a batch, some of them have been replaced by better ones meanwhile.
        assertThat(seen).isGreaterThan(new Batches(most).size() == 1 ? most - 1 : most / 2);
        assertThat(crowded.hart.x(A1)).isEqualTo(3 * 20 * 50);
    }

    @Test
    void codeThatIsGoneLeavesNoTables() {
        Assembler a = new Assembler(TestBoard.BASE);
        a.li(S0, TIMES);
        Label again = a.label();
        a.bind(again);
        a.addi(S0, S0, -1);
        a.bne(S0, ZERO, again);
        a.ecall();
        board.put(TestBoard.BASE, a.bytes());
        board.engine.run(board.hart.steps() + TIMES / 2);
        // What was translated meanwhile is taken into use when a run begins.
        board.runToEnd();
        assertThat(translator[0].tables()).isPositive();
        board.engine.dropCaches();
        assertThat(translator[0].tables()).isZero();
        assertThat(translator[0].regions()).isZero();
    }

    /// A function rewrites, now and then, the instruction that its call returns to.
    @Test
    void whatACallReturnsToMayBeRewrittenMeanwhile() {
        int addOne = 1 << 20 | A1 << 15 | A1 << 7 | 0x13;
        int addTwo = 2 << 20 | A1 << 15 | A1 << 7 | 0x13;
        Assembler a = new Assembler(TestBoard.BASE);
        Label again = a.label();
        a.li(S0, TIMES);
        a.li(S1, TestBoard.BASE + FAR);
        a.li(S2, addTwo);
        a.j(again);
        a.align(4);
        a.bind(again);
        a.addi(S0, S0, -1);
        a.jalr(RA, S1, 0);
        a.word(addOne);
        a.bne(S0, ZERO, again);
        a.ecall();
        Assembler b = new Assembler(TestBoard.BASE + FAR);
        Label out = b.label();
        b.andi(T0, S0, 15);
        b.bne(T0, ZERO, out);
        b.amoswapW(S2, S2, RA);
        b.bind(out);
        b.addi(A2, A2, 1);
        b.ret();
        TestBoard interpreted = new TestBoard();
        for (TestBoard each : new TestBoard[] {board, interpreted}) {
            each.put(TestBoard.BASE, a.bytes());
            each.put(TestBoard.BASE + FAR, b.bytes());
            each.runToEnd();
        }
        assertThat(translator[0].regions()).isPositive();
        assertThat(board.hart.x(A1)).isGreaterThan(TIMES).isLessThan(2 * TIMES);
        assertThat(board.stateText()).isEqualTo(interpreted.stateText());
    }

    /// A function that returns to its caller's caller.
    @Test
    void whatDoesNotReturnToItsCallIsFollowed() {
        Assembler a = new Assembler(TestBoard.BASE);
        Label outer = a.label();
        Label again = a.label();
        a.li(S0, TIMES);
        a.li(S1, TestBoard.BASE + FAR);
        a.bind(again);
        a.jal(RA, outer);
        a.addi(A1, A1, 1);
        a.addi(S0, S0, -1);
        a.bne(S0, ZERO, again);
        a.ecall();
        a.bind(outer);
        a.mv(S2, RA);
        a.jalr(RA, S1, 0);
        // Never come to.
        a.li(A1, -1);
        a.ecall();
        Assembler b = new Assembler(TestBoard.BASE + FAR);
        b.addi(A2, A2, 1);
        b.jalr(ZERO, S2, 0);
        board.put(TestBoard.BASE, a.bytes());
        board.put(TestBoard.BASE + FAR, b.bytes());
        board.runToEnd();
        assertThat(board.hart.x(A1)).isEqualTo(TIMES);
        assertThat(board.hart.x(A2)).isEqualTo(TIMES);
    }

    @Test
    void hotCodeThatFoundNoRoomIsAskedForAgainSoon() {
        short heatMax = 160;
        int[] asked = new int[1];
        TranslationQueue full = new TranslationQueue() {
            @Override
            public boolean offer(Runnable work) {
                throw new AssertionError("offered although there is no room");
            }

            @Override
            public boolean hasRoom() {
                asked[0]++;
                return false;
            }
        };
        TestBoard waiting = new TestBoard(hart -> new Translator(hart, full, heatMax, Long.MAX_VALUE, 0, 10));
        Assembler a = new Assembler(TestBoard.BASE);
        a.li(S0, 10 * heatMax);
        Label again = a.label();
        a.bind(again);
        a.addi(S0, S0, -1);
        a.bne(S0, ZERO, again);
        a.ecall();
        waiting.put(TestBoard.BASE, a.bytes());
        waiting.runToEnd();
        assertThat(asked[0]).as("asked in the time in which code gets hot 10 times").isGreaterThan(100);
    }
}
