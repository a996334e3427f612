package io.sosia.appliance.machine.exec;

import static io.sosia.appliance.machine.asm.Reg.A0;
import static io.sosia.appliance.machine.asm.Reg.A1;
import static io.sosia.appliance.machine.asm.Reg.S0;
import static io.sosia.appliance.machine.asm.Reg.T0;
import static org.assertj.core.api.Assertions.assertThat;

import io.sosia.appliance.machine.asm.Assembler;
import io.sosia.appliance.machine.asm.Label;
import io.sosia.appliance.machine.cpu.GuestClock;
import org.junit.jupiter.api.Test;

/// Timer, software and external interrupts, waiting, and the exactness of stops.
class InterruptsTest {

    private static final int SSTATUS = 0x100;
    private static final int SIE = 0x104;
    private static final int STVEC = 0x105;
    private static final int SCAUSE = 0x142;
    private static final int STIMECMP = 0x14d;
    private static final long TIMER = Long.MIN_VALUE | 5;

    /// Handler: `ecall`, which ends the program. Behind it the program enables `sie` bits and interrupts, then runs `body`.
    private interface Body {
        void emit(Assembler a);
    }

    private static TestBoard board(int enabled, boolean vectored, Body body) {
        Assembler a = new Assembler(TestBoard.BASE);
        Label start = a.label();
        a.j(start);
        for (int i = 0; i < 16; i++) {
            a.ecall();
        }
        a.bind(start);
        a.li(T0, TestBoard.BASE + 4 + (vectored ? 1 : 0));
        a.csrw(STVEC, T0);
        a.li(T0, enabled);
        a.csrw(SIE, T0);
        a.csrrsi(0, SSTATUS, 2);
        body.emit(a);
        return TestBoard.with(a);
    }

    private static void spin(Assembler a) {
        Label here = a.mark();
        a.addi(S0, S0, 1);
        a.j(here);
    }

    @Test
    void timerFiresAtTheFirstStepThatHasReachedIt() {
        TestBoard board = board(1 << 5, false, a -> {
            a.li(A0, 1000);
            a.csrw(STIMECMP, A0);
            spin(a);
        });
        board.engine.run(1_000_000);
        long fired = board.clock.stepReaching(1000);
        assertThat(board.ended).isTrue();
        assertThat(board.hart.csr(SCAUSE)).isEqualTo(TIMER);
        assertThat(board.hart.steps()).as("interrupt and ecall").isEqualTo(fired + 2);
        assertThat(board.clock.ticks(fired)).isGreaterThanOrEqualTo(1000);
        assertThat(board.clock.ticks(fired - 1)).isLessThan(1000);
    }

    @Test
    void timerThatIsNotEnabledIsPassedWithoutAStop() {
        TestBoard board = board(0, false, a -> {
            a.li(A0, 100);
            a.csrw(STIMECMP, A0);
            spin(a);
        });
        board.engine.run(50_000);
        assertThat(board.hart.steps()).isEqualTo(50_000);
        assertThat(board.hart.csr(0x144)).isEqualTo(1 << 5);
    }

    @Test
    void clockAdjustmentMovesTheTimersStep() {
        TestBoard board = board(1 << 5, false, a -> {
            a.li(A0, 100_000);
            a.csrw(STIMECMP, A0);
            spin(a);
        });
        board.engine.run(500);
        board.clock.adjust(500, 99_990, GuestClock.RATE_DEFAULT);
        board.engine.run(1_000_000);
        assertThat(board.hart.steps()).isEqualTo(board.clock.stepReaching(100_000) + 2);
        assertThat(board.hart.steps()).isLessThan(700);
    }

    @Test
    void interruptsGoToTheirVectors() {
        TestBoard board = board(0x222, true, InterruptsTest::spin);
        board.hart.externalInterrupt().level(true);
        board.hart.setSoftwareInterrupt(true);
        board.engine.run(1000);
        assertThat(board.hart.csr(SCAUSE)).as("external comes first").isEqualTo(Long.MIN_VALUE | 9);
        assertThat(board.hart.pc()).isEqualTo(TestBoard.BASE + 4 + 4 * 9 + 4);
        TestBoard software = board(0x222, true, InterruptsTest::spin);
        software.hart.setTimer(0);
        software.hart.setSoftwareInterrupt(true);
        software.engine.run(1000);
        assertThat(software.hart.csr(SCAUSE)).as("software before timer").isEqualTo(Long.MIN_VALUE | 1);
    }

    @Test
    void waitReturnsOnceAndThenPassesTimeToTheTimer() {
        TestBoard board = board(1 << 5, false, a -> {
            a.li(A0, 5_000_000);
            a.csrw(STIMECMP, A0);
            a.wfi();
            spin(a);
        });
        board.engine.run(1_000_000);
        assertThat(board.hart.waiting()).isTrue();
        long arrived = board.hart.steps();
        assertThat(arrived).isLessThan(20);
        assertThat(board.hart.timerDeadlineTicks()).isEqualTo(5_000_000);
        board.engine.run(arrived);
        assertThat(board.hart.waiting()).as("no step to go: no time passes").isTrue();
        assertThat(board.hart.ticks()).isLessThan(100);
        board.engine.run(1_000_000);
        assertThat(board.ended).isTrue();
        assertThat(board.hart.ticks()).isEqualTo(5_000_000);
        assertThat(board.hart.steps()).as("interrupt and ecall").isEqualTo(arrived + 2);
    }

    @Test
    void waitEndsByAnEnabledInterruptEvenWithInterruptsOff() {
        TestBoard board = board(1 << 9, false, a -> {
            a.csrrci(0, SSTATUS, 2);
            a.wfi();
            a.li(A1, 1);
            a.ecall();
        });
        board.engine.run(1_000_000);
        long arrived = board.hart.steps();
        board.engine.run(1_000_000);
        assertThat(board.hart.steps()).as("nothing wakes it").isEqualTo(arrived);
        assertThat(board.hart.waiting()).isTrue();
        board.hart.externalInterrupt().level(true);
        assertThat(board.hart.waiting()).isFalse();
        board.engine.run(1_000_000);
        assertThat(board.hart.x(A1)).isEqualTo(1);
        assertThat(board.hart.csr(SCAUSE)).as("no trap").isZero();
    }

    @Test
    void timerAtTheEndOfTimeNeverComes() {
        TestBoard board = board(1 << 5, false, a -> {
            a.li(A0, Long.MAX_VALUE);
            a.csrw(STIMECMP, A0);
            a.wfi();
            spin(a);
        });
        board.engine.run(1000);
        board.engine.run(1000);
        assertThat(board.hart.waiting()).isTrue();
        assertThat(board.hart.timerDeadlineTicks()).isEqualTo(Long.MAX_VALUE);
    }

    @Test
    void handlerThatFaultsForEverStillStops() {
        Assembler a = new Assembler(TestBoard.BASE);
        a.csrw(STVEC, 0);
        a.ebreak();
        TestBoard board = TestBoard.with(a);
        board.engine.run(12_345);
        assertThat(board.hart.steps()).isEqualTo(12_345);
        assertThat(board.hart.retired()).isEqualTo(1);
    }

    @Test
    void trappingInstructionsDoNotRetire() {
        Assembler a = new Assembler(TestBoard.BASE);
        Label handler = a.label();
        Label start = a.label();
        a.j(start);
        a.align(4);
        a.bind(handler);
        a.csrr(T0, 0x141);
        a.addi(T0, T0, 4);
        a.csrw(0x141, T0);
        a.sret();
        a.bind(start);
        a.li(T0, a.address(handler));
        a.csrw(STVEC, T0);
        a.csrr(A0, 0xc02);
        a.ebreak();
        a.csrr(A1, 0xc02);
        a.csrr(12, 0xc00);
        a.ecall();
        TestBoard board = TestBoard.with(a).runToEnd();
        assertThat(board.hart.x(A1) - board.hart.x(A0)).as("csrr and the handler's four").isEqualTo(5);
        assertThat(board.hart.x(12) - board.hart.x(A1)).as("the ebreak is a step, and so is the csrr").isEqualTo(2);
    }
}
