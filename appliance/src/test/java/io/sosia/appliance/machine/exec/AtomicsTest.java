package io.sosia.appliance.machine.exec;

import static io.sosia.appliance.machine.asm.Reg.A0;
import static io.sosia.appliance.machine.asm.Reg.A1;
import static io.sosia.appliance.machine.asm.Reg.A2;
import static io.sosia.appliance.machine.asm.Reg.A3;
import static io.sosia.appliance.machine.asm.Reg.A4;
import static org.assertj.core.api.Assertions.assertThat;

import io.sosia.appliance.machine.asm.Assembler;
import io.sosia.appliance.machine.memory.GuestRam;
import java.io.IOException;
import java.util.function.Consumer;
import java.util.function.LongBinaryOperator;
import org.junit.jupiter.api.Test;

/// The A extension: what is left in memory, what is returned, and when a reservation holds.
class AtomicsTest {

    private static final long DATA = TestBoard.BASE + 0x2000;
    private static final long[] VALUES = {0, 1, -1, 0x7fff_ffffL, 0x8000_0000L, 0xffff_ffff_0000_0000L, Long.MIN_VALUE,
        Long.MAX_VALUE, 0x1234_5678_9abc_def0L};

    private final TestBoard board = new TestBoard();

    private void run(long memory, long operand, Consumer<Assembler> body) {
        Assembler a = new Assembler(TestBoard.BASE);
        a.li(A0, DATA);
        body.accept(a);
        a.ecall();
        board.put(TestBoard.BASE, a.bytes());
        board.hart.reset(TestBoard.BASE, 0, 0);
        board.ended = false;
        board.ram.write64(GuestRam.offset(DATA), memory);
        board.hart.setX(A1, operand);
        board.runToEnd();
    }

    private void check(Consumer<Assembler> wide, Consumer<Assembler> narrow, LongBinaryOperator expected,
                              LongBinaryOperator expectedWord) {
        for (long memory : VALUES) {
            for (long operand : VALUES) {
                run(memory, operand, wide);
                assertThat(board.hart.x(A2)).isEqualTo(memory);
                assertThat(board.read64(DATA)).as("0x%x, 0x%x", memory, operand)
                        .isEqualTo(expected.applyAsLong(memory, operand));
                run(memory, operand, narrow);
                assertThat(board.hart.x(A2)).isEqualTo((int) memory);
                long word = expectedWord.applyAsLong((int) memory, (int) operand) & 0xffff_ffffL;
                assertThat(board.read64(DATA)).as("word of 0x%x, 0x%x", memory, operand)
                        .isEqualTo(memory & 0xffff_ffff_0000_0000L | word);
            }
        }
    }

    private void check(Consumer<Assembler> wide, Consumer<Assembler> narrow, LongBinaryOperator expected) {
        check(wide, narrow, expected, expected);
    }

    @Test
    void operationsReturnTheOldValueAndLeaveTheNew() {
        check(a -> a.amoswapD(A2, A1, A0), a -> a.amoswapW(A2, A1, A0), (m, r) -> r);
        check(a -> a.amoaddD(A2, A1, A0), a -> a.amoaddW(A2, A1, A0), Long::sum);
        check(a -> a.amoxorD(A2, A1, A0), a -> a.amoxorW(A2, A1, A0), (m, r) -> m ^ r);
        check(a -> a.amoandD(A2, A1, A0), a -> a.amoandW(A2, A1, A0), (m, r) -> m & r);
        check(a -> a.amoorD(A2, A1, A0), a -> a.amoorW(A2, A1, A0), (m, r) -> m | r);
        check(a -> a.amominD(A2, A1, A0), a -> a.amominW(A2, A1, A0), Math::min);
        check(a -> a.amomaxD(A2, A1, A0), a -> a.amomaxW(A2, A1, A0), Math::max);
        check(a -> a.amominuD(A2, A1, A0), a -> a.amominuW(A2, A1, A0),
                (m, r) -> Long.compareUnsigned(m, r) < 0 ? m : r, (m, r) -> Math.min(m & 0xffff_ffffL, r & 0xffff_ffffL));
        check(a -> a.amomaxuD(A2, A1, A0), a -> a.amomaxuW(A2, A1, A0),
                (m, r) -> Long.compareUnsigned(m, r) > 0 ? m : r, (m, r) -> Math.max(m & 0xffff_ffffL, r & 0xffff_ffffL));
    }

    @Test
    void sourceMayBeTheDestination() {
        run(5, 7, a -> a.amoaddD(A1, A1, A0));
        assertThat(board.hart.x(A1)).isEqualTo(5);
        assertThat(board.read64(DATA)).isEqualTo(12);
    }

    @Test
    void storeConditionalNeedsItsReservation() {
        run(5, 7, a -> {
            a.scD(A2, A1, A0);
            a.lrD(A3, A0);
            a.scD(A4, A1, A0);
            a.scD(A1, A0, A0);
        });
        assertThat(board.hart.x(A2)).as("without").isEqualTo(1);
        assertThat(board.hart.x(A3)).isEqualTo(5);
        assertThat(board.hart.x(A4)).isZero();
        assertThat(board.hart.x(A1)).as("used up").isEqualTo(1);
        assertThat(board.read64(DATA)).isEqualTo(7);
    }

    @Test
    void reservationIsForOnePlaceAndWidth() {
        run(5, 7, a -> {
            a.lrD(A3, A0);
            a.addi(A4, A0, 8);
            a.scD(A2, A1, A4);
            a.scD(A3, A1, A0);
            a.lrW(A4, A0);
            a.scD(A4, A1, A0);
        });
        assertThat(board.hart.x(A2)).isEqualTo(1);
        assertThat(board.hart.x(A3)).as("lost by the failed one").isEqualTo(1);
        assertThat(board.hart.x(A4)).isEqualTo(1);
        assertThat(board.read64(DATA)).isEqualTo(5);
    }

    @Test
    void storeInBetweenBreaksTheReservation() {
        run(5, 7, a -> {
            a.lrD(A3, A0);
            a.sd(A1, A0, 0);
            a.scD(A2, 0, A0);
        });
        assertThat(board.hart.x(A2)).isEqualTo(1);
        assertThat(board.read64(DATA)).isEqualTo(7);
    }

    @Test
    void reservationTravelsWithTheState() throws IOException {
        Assembler a = new Assembler(TestBoard.BASE);
        a.li(A0, DATA);
        a.lrD(A3, A0);
        long steps = (a.here() - TestBoard.BASE) / 4;
        a.scD(A2, A1, A0);
        a.ecall();
        TestBoard first = TestBoard.with(a);
        first.engine.run(steps);
        TestBoard second = TestBoard.with(a);
        second.hart.setX(A2, 99);
        second.loadState(first.state());
        assertThat(second.stateText()).isEqualTo(first.stateText());
        second.runToEnd();
        assertThat(second.hart.x(A2)).isZero();
    }
}
