package io.sosia.appliance.machine.translate;

import static io.sosia.appliance.machine.asm.Reg.A0;
import static io.sosia.appliance.machine.asm.Reg.A1;
import static io.sosia.appliance.machine.asm.Reg.A2;
import static io.sosia.appliance.machine.asm.Reg.S0;
import static io.sosia.appliance.machine.asm.Reg.T0;
import static io.sosia.appliance.machine.asm.Reg.T1;
import static io.sosia.appliance.machine.asm.Reg.T2;
import static io.sosia.appliance.machine.asm.Reg.ZERO;
import static org.assertj.core.api.Assertions.assertThat;

import io.sosia.appliance.machine.asm.Assembler;
import io.sosia.appliance.machine.asm.Label;
import io.sosia.appliance.machine.exec.TestBoard;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;

/// The upper half of an instruction is one itself, jumped to every second time: what follows both is reached in two ways.
class OverlappingCodeTest {

    /// Lower half of `lui a5`.
    private static final int LUI = 0x07b7;
    /// `c.addi a0, 1`.
    private static final int ADD = 0x0505;
    /// `c.fld fa0, 0(a1)`.
    private static final int LOAD = 0x2188;
    private static final int TIMES = 2000;

    @Test
    void aRegisterIsReadWhereOnlyOneWayHasReadIt() {
        compare(300, a -> {}, ADD, a -> a.add(A1, A1, A0));
    }

    @Test
    void aRegisterIsReadAnewWhereOnlyOneWayHasChangedIt() {
        compare(100_000, a -> {
            a.add(A2, A2, A0);
            a.csrrw(A0, 0x140, A0);
        }, ADD, a -> a.add(A1, A1, A0));
    }

    @Test
    void floatsAreAskedForWhereOnlyOneWayHasAsked() {
        compare(300, a -> {
            a.li(T1, 1 << 13);
            a.li(A1, TestBoard.BASE);
            a.csrw(0x100, T1);
        }, LOAD, a -> {
            a.fmvDX(1, S0);
            a.csrr(T2, 0x100);
            a.add(A2, A2, T2);
        });
    }

    /// A branch back to the middle of the instruction before it, whose other reading begins a block behind the branch's own.
    @Test
    void backInTheCodeMayBeForwardInTheRegion() {
        Assembler a = new Assembler(TestBoard.BASE);
        a.li(S0, TIMES);
        Label again = a.label();
        Label middle = a.label();
        Label end = a.label();
        a.bind(again);
        a.half(LUI);
        a.bind(middle);
        // c.j to behind the branch.
        a.half(0xa021);
        a.half(LUI);
        a.half(0xa011);
        // c.bnez a0 to the half before.
        a.half(0xfd7d);
        a.addi(S0, S0, -1);
        a.beq(S0, ZERO, end);
        a.andi(A0, S0, 4);
        a.addi(A1, A1, 1);
        a.andi(T0, S0, 3);
        a.beq(T0, ZERO, middle);
        a.j(again);
        a.bind(end);
        a.ecall();
        compare(300, a);
    }

    private static void compare(int piece, Consumer<Assembler> before, int upper, Consumer<Assembler> after) {
        Assembler a = new Assembler(TestBoard.BASE);
        a.li(S0, TIMES);
        a.li(A0, 5);
        Label again = a.label();
        Label mid = a.label();
        a.bind(again);
        before.accept(a);
        a.andi(T0, S0, 1);
        a.beq(T0, ZERO, mid);
        a.half(LUI);
        a.bind(mid);
        a.half(upper);
        after.accept(a);
        a.addi(S0, S0, -1);
        a.bne(S0, ZERO, again);
        a.ecall();
        compare(piece, a);
    }

    /// @param piece steps of each run
    private static void compare(int piece, Assembler program) {
        // Without better regions: these read no register before they need it.
        TestBoard quick = new TestBoard(hart -> new Translator(hart, TranslationQueue.AT_ONCE, (short) 2, Long.MAX_VALUE, 0, 100));
        TestBoard eager = new TestBoard(EagerTranslator::on);
        TestBoard interpreted = new TestBoard();
        for (TestBoard each : new TestBoard[] {quick, eager, interpreted}) {
            each.put(TestBoard.BASE, program.bytes());
            while (!each.ended) {
                each.engine.run(each.hart.steps() + piece);
                assertThat(each.hart.steps()).isLessThan(1_000_000);
            }
        }
        assertThat(quick.stateText()).isEqualTo(interpreted.stateText());
        assertThat(eager.stateText()).isEqualTo(interpreted.stateText());
    }
}
