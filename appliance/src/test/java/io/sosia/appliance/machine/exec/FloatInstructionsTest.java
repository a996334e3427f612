package io.sosia.appliance.machine.exec;

import static io.sosia.appliance.machine.asm.Reg.A0;
import static io.sosia.appliance.machine.asm.Reg.A1;
import static io.sosia.appliance.machine.asm.Reg.A2;
import static io.sosia.appliance.machine.asm.Reg.A3;
import static io.sosia.appliance.machine.asm.Reg.T0;
import static org.assertj.core.api.Assertions.assertThat;

import io.sosia.appliance.machine.asm.Assembler;
import io.sosia.appliance.machine.memory.GuestRam;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;

/// F and D on the hart: operands, boxing, rounding modes, flags and legality. The arithmetic has tests of its own.
class FloatInstructionsTest {

    private static final long DATA = TestBoard.BASE + 0x2000;
    private static final int FFLAGS = 1;
    private static final int FRM = 2;
    private static final int FCSR = 3;
    private static final int SSTATUS = 0x100;
    private static final int STVEC = 0x105;
    private static final int SCAUSE = 0x142;
    private static final int RNE = 0;
    private static final int RUP = 3;
    private static final int DYNAMIC = 7;

    /// Runs with FS on, `f1` = a, `f2` = b, `f3` = c, `A0` at data; a trap ends the program too.
    private static TestBoard run(long f1, long f2, long f3, Consumer<Assembler> body) {
        Assembler a = new Assembler(TestBoard.BASE);
        a.li(T0, TestBoard.BASE + 0x800);
        a.csrw(STVEC, T0);
        a.li(T0, 1 << 13);
        a.csrw(SSTATUS, T0);
        a.li(A0, DATA);
        for (int i = 1; i <= 3; i++) {
            a.fld(i, A0, 8 * i);
        }
        body.accept(a);
        a.ecall();
        TestBoard board = TestBoard.with(a);
        Assembler handler = new Assembler(TestBoard.BASE + 0x800);
        handler.ecall();
        board.put(TestBoard.BASE + 0x800, handler.bytes());
        board.ram.write64(GuestRam.offset(DATA + 8), f1);
        board.ram.write64(GuestRam.offset(DATA + 16), f2);
        board.ram.write64(GuestRam.offset(DATA + 24), f3);
        return board.runToEnd();
    }

    private static long d(double value) {
        return Double.doubleToRawLongBits(value);
    }

    private static long s(float value) {
        return -1L << 32 | Float.floatToRawIntBits(value) & 0xffff_ffffL;
    }

    private static void checkDouble(double expected, Consumer<Assembler> body) {
        TestBoard board = run(d(6.5), d(-2), d(0.25), body);
        assertThat(board.hart.csr(SCAUSE)).isZero();
        assertThat(Double.longBitsToDouble(board.hart.f(4))).isEqualTo(expected);
    }

    private static void checkSingle(float expected, Consumer<Assembler> body) {
        TestBoard board = run(s(6.5f), s(-2), s(0.25f), body);
        assertThat(board.hart.csr(SCAUSE)).isZero();
        assertThat(board.hart.f(4)).isEqualTo(s(expected));
    }

    private static void checkInteger(long expected, long f1, long f2, Consumer<Assembler> body) {
        TestBoard board = run(f1, f2, 0, body);
        assertThat(board.hart.csr(SCAUSE)).isZero();
        assertThat(board.hart.x(A1)).isEqualTo(expected);
    }

    @Test
    void everyDoubleOperationReachesItsArithmetic() {
        checkDouble(4.5, a -> a.faddD(4, 1, 2, RNE));
        checkDouble(8.5, a -> a.fsubD(4, 1, 2, RNE));
        checkDouble(-13, a -> a.fmulD(4, 1, 2, RNE));
        checkDouble(-3.25, a -> a.fdivD(4, 1, 2, RNE));
        checkDouble(0.5, a -> a.fsqrtD(4, 3, RNE));
        checkDouble(-12.75, a -> a.fmaddD(4, 1, 2, 3, RNE));
        checkDouble(-13.25, a -> a.fmsubD(4, 1, 2, 3, RNE));
        checkDouble(13.25, a -> a.fnmsubD(4, 1, 2, 3, RNE));
        checkDouble(12.75, a -> a.fnmaddD(4, 1, 2, 3, RNE));
        checkDouble(-6.5, a -> a.fsgnjD(4, 1, 2));
        checkDouble(6.5, a -> a.fsgnjnD(4, 1, 2));
        checkDouble(2, a -> a.fsgnjxD(4, 2, 2));
        checkDouble(-2, a -> a.fminD(4, 1, 2));
        checkDouble(6.5, a -> a.fmaxD(4, 1, 2));
        checkInteger(1, d(1), d(1), a -> a.feqD(A1, 1, 2));
        checkInteger(1, d(1), d(2), a -> a.fltD(A1, 1, 2));
        checkInteger(0, d(2), d(1), a -> a.fleD(A1, 1, 2));
        checkInteger(1 << 6, d(2), 0, a -> a.fclassD(A1, 1));
        checkInteger(d(2), d(2), 0, a -> a.fmvXD(A1, 1));
    }

    @Test
    void everySingleOperationReachesItsArithmetic() {
        checkSingle(4.5f, a -> a.faddS(4, 1, 2, RNE));
        checkSingle(8.5f, a -> a.fsubS(4, 1, 2, RNE));
        checkSingle(-13, a -> a.fmulS(4, 1, 2, RNE));
        checkSingle(-3.25f, a -> a.fdivS(4, 1, 2, RNE));
        checkSingle(0.5f, a -> a.fsqrtS(4, 3, RNE));
        checkSingle(-12.75f, a -> a.fmaddS(4, 1, 2, 3, RNE));
        checkSingle(-13.25f, a -> a.fmsubS(4, 1, 2, 3, RNE));
        checkSingle(13.25f, a -> a.fnmsubS(4, 1, 2, 3, RNE));
        checkSingle(12.75f, a -> a.fnmaddS(4, 1, 2, 3, RNE));
        checkSingle(-6.5f, a -> a.fsgnjS(4, 1, 2));
        checkSingle(6.5f, a -> a.fsgnjnS(4, 1, 2));
        checkSingle(2, a -> a.fsgnjxS(4, 2, 2));
        checkSingle(-2, a -> a.fminS(4, 1, 2));
        checkSingle(6.5f, a -> a.fmaxS(4, 1, 2));
        checkInteger(1, s(1), s(1), a -> a.feqS(A1, 1, 2));
        checkInteger(1, s(1), s(2), a -> a.fltS(A1, 1, 2));
        checkInteger(0, s(2), s(1), a -> a.fleS(A1, 1, 2));
        checkInteger(1 << 1, s(-2), 0, a -> a.fclassS(A1, 1));
        checkInteger((int) s(-2), s(-2), 0, a -> a.fmvXW(A1, 1));
    }

    @Test
    void conversionsReachTheirArithmetic() {
        checkInteger(-7, d(-6.5), 0, a -> a.fcvtWD(A1, 1, 2));
        checkInteger(-1, d(4294967295.0), 0, a -> a.fcvtWuD(A1, 1, RNE));
        checkInteger(-6, d(-6.5), 0, a -> a.fcvtLD(A1, 1, RNE));
        checkInteger(-1L << 63, d(0x1p63), 0, a -> a.fcvtLuD(A1, 1, RNE));
        checkInteger(-6, s(-6.5f), 0, a -> a.fcvtWS(A1, 1, 1));
        checkInteger(7, s(6.5f), 0, a -> a.fcvtWuS(A1, 1, RUP));
        checkInteger(-6, s(-6.5f), 0, a -> a.fcvtLS(A1, 1, 1));
        checkInteger(1L << 40, s(0x1p40f), 0, a -> a.fcvtLuS(A1, 1, 1));
        checkDouble(-1, a -> { a.li(A1, -1); a.fcvtDW(4, A1, 0); });
        checkDouble(4294967295.0, a -> { a.li(A1, -1); a.fcvtDWu(4, A1, 0); });
        checkDouble(-1, a -> { a.li(A1, -1); a.fcvtDL(4, A1, 0); });
        checkDouble(0x1p64, a -> { a.li(A1, -1); a.fcvtDLu(4, A1, 0); });
        checkSingle(-1, a -> { a.li(A1, -1); a.fcvtSW(4, A1, 0); });
        checkSingle(0x1p32f, a -> { a.li(A1, -1); a.fcvtSWu(4, A1, 0); });
        checkSingle(-1, a -> { a.li(A1, -1); a.fcvtSL(4, A1, 0); });
        checkSingle(0x1p64f, a -> { a.li(A1, -1); a.fcvtSLu(4, A1, 0); });
        checkDouble(-2, a -> { a.fcvtSD(4, 2, 0); a.fcvtDS(4, 4, 0); });
    }

    @Test
    void singlesAreBoxedAndCheckedForIt() {
        TestBoard board = run(d(1.5), s(1), 0, a -> {
            a.faddS(4, 1, 2, RNE);
            a.fmvXW(A1, 1);
            a.flw(5, A0, 8);
            a.fmvWX(6, A0);
            a.fsw(2, A0, 32);
        });
        assertThat(board.hart.f(4)).as("an unboxed operand is NaN").isEqualTo(-1L << 32 | 0x7fc0_0000);
        assertThat(board.hart.x(A1)).as("moved without a check").isEqualTo((int) d(1.5));
        assertThat(board.hart.f(5)).isEqualTo(-1L << 32 | d(1.5) & 0xffff_ffffL);
        assertThat(board.hart.f(6)).isEqualTo(-1L << 32 | DATA & 0xffff_ffffL);
        assertThat(board.read64(DATA + 32)).isEqualTo(Float.floatToRawIntBits(1));
    }

    @Test
    void roundingModeComesFromTheInstructionOrFrm() {
        TestBoard board = run(d(1), d(0x1p-60), 0, a -> {
            a.faddD(4, 1, 2, RUP);
            a.csrrwi(0, FRM, RUP);
            a.faddD(5, 1, 2, DYNAMIC);
            a.faddD(6, 1, 2, RNE);
            a.csrr(A1, FCSR);
        });
        assertThat(board.hart.f(4)).isEqualTo(d(1) + 1);
        assertThat(board.hart.f(5)).isEqualTo(d(1) + 1);
        assertThat(board.hart.f(6)).isEqualTo(d(1));
        assertThat(board.hart.x(A1)).as("frm and NX").isEqualTo(RUP << 5 | 1);
    }

    @Test
    void reservedRoundingModesAreIllegal() {
        for (int rm : new int[] {5, 6}) {
            assertThat(run(0, 0, 0, a -> a.faddD(4, 1, 2, rm)).hart.csr(SCAUSE)).isEqualTo(2);
        }
        for (int frm : new int[] {5, 6, 7}) {
            assertThat(run(0, 0, 0, a -> {
                a.csrrwi(0, FRM, frm);
                a.faddD(4, 1, 2, DYNAMIC);
            }).hart.csr(SCAUSE)).isEqualTo(2);
            assertThat(run(0, 0, 0, a -> {
                a.csrrwi(0, FRM, frm);
                a.fminD(4, 1, 2);
                a.feqD(A1, 1, 2);
            }).hart.csr(SCAUSE)).as("what does not round does not care").isZero();
        }
    }

    @Test
    void everythingIsIllegalWhileFsIsOff() {
        for (Consumer<Assembler> body : java.util.List.<Consumer<Assembler>>of(
                a -> a.fld(1, A0, 8), a -> a.fsw(1, A0, 8), a -> a.fmvXD(A1, 1), a -> a.fmaddD(1, 1, 1, 1, 0),
                a -> a.csrr(A1, FFLAGS), a -> a.csrrwi(0, FCSR, 0))) {
            assertThat(run(0, 0, 0, a -> {
                a.csrw(SSTATUS, 0);
                body.accept(a);
            }).hart.csr(SCAUSE)).isEqualTo(2);
        }
    }

    @Test
    void flagsRaisedByAComparisonMakeTheStateDirty() {
        TestBoard board = run(0x7ff0_0000_0000_0001L, d(1), 0, a -> {
            a.li(T0, 3 << 13);
            a.csrrc(0, SSTATUS, T0);
            a.li(T0, 1 << 13);
            a.csrrs(0, SSTATUS, T0);
            a.csrr(A3, SSTATUS);
            a.feqD(A1, 1, 2);
            a.csrr(A2, SSTATUS);
            a.csrr(A1, FFLAGS);
        });
        assertThat(board.hart.x(A3) >>> 13 & 3).isEqualTo(1);
        assertThat(board.hart.x(A2) >>> 13 & 3).isEqualTo(3);
        assertThat(board.hart.x(A1)).isEqualTo(16);
    }
}
