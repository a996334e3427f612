package io.sosia.appliance.machine.translate;

import static io.sosia.appliance.machine.asm.Reg.A0;
import static io.sosia.appliance.machine.asm.Reg.A1;
import static io.sosia.appliance.machine.asm.Reg.A2;
import static io.sosia.appliance.machine.asm.Reg.S0;
import static io.sosia.appliance.machine.asm.Reg.S1;
import static io.sosia.appliance.machine.asm.Reg.T0;
import static io.sosia.appliance.machine.asm.Reg.ZERO;
import static org.assertj.core.api.Assertions.assertThat;

import io.sosia.appliance.machine.asm.Assembler;
import io.sosia.appliance.machine.asm.Label;
import io.sosia.appliance.machine.exec.TestBoard;
import io.sosia.appliance.machine.memory.GuestRam;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Indirect jumps are followed to where they have led, and returns to the calls they can belong to.
class JumpTargetsTest {

    private static final int RA = 1;
    private static final short HEAT_MAX = 2;
    private static final long PEAK_STEPS = 1000;
    private static final int TIMES = 3000;
    private static final int FAR = 5 * GuestRam.PAGE_SIZE;

    private final JumpTargets jumps = new JumpTargets();
    private final TestBoard board = new TestBoard(hart ->
            new Translator(hart, TranslationQueue.AT_ONCE, HEAT_MAX, PEAK_STEPS, Integer.MAX_VALUE, 100));
    private final Translator translator = (Translator) board.engine;

    private void note(int jump, long... targets) {
        for (long each : targets) {
            JumpTargets.note(jumps.address(), jump, each);
        }
    }

    @Test
    void whereAJumpHasLedIsKnown() {
        long[] targets = {0x8000_1000L, 0xffff_ffff_8020_0002L, 0x3f_ffff_0004L};
        assertThat(jumps.of(77)).isEmpty();
        note(77, targets);
        note(77, targets);
        note(78, 0x8000_3000L);
        assertThat(jumps.of(77)).containsExactlyInAnyOrder(targets);
        assertThat(jumps.of(78)).containsExactly(0x8000_3000L);
        assertThat(jumps.of(79)).isEmpty();
    }

    @Test
    void ofJumpsThatShareEntriesTheLaterOneCounts() {
        int one = 5;
        int other = 5 + (1 << 24);
        note(one, 0x8000_1000L);
        note(other, 0x8000_1000L);
        assertThat(jumps.of(one)).as("two of a pair").containsExactly(0x8000_1000L);
        assertThat(jumps.of(other)).containsExactly(0x8000_1000L);
        for (int i = 0; i < 100; i++) {
            note(other, 0x8000_2000L + 2 * i, 0x8000_3000L + 2 * i);
        }
        assertThat(jumps.of(one)).isEmpty();
        assertThat(jumps.of(other)).contains(0x8000_3000L + 2 * 99).hasSizeGreaterThan(10);
    }

    /// A loop calls two functions by a register in turns, and much later a third one, which has been called once before.
    @ParameterizedTest
    @ValueSource(ints = {RA, T0})
    void calledFunctionsBecomePartOfTheCallersRegion(int link) {
        Assembler a = new Assembler(TestBoard.BASE);
        Label again = a.label();
        Label usual = a.label();
        a.li(S0, TIMES);
        a.li(S1, TestBoard.BASE + FAR);
        a.addi(T0, S1, 32);
        a.jalr(link, T0, 0);
        a.j(again);
        a.align(4);
        a.bind(again);
        a.andi(T0, S0, 1);
        a.slli(T0, T0, 4);
        a.add(T0, T0, S1);
        a.li(A0, TIMES / 4);
        a.blt(A0, S0, usual);
        a.addi(T0, T0, 16);
        a.bind(usual);
        a.jalr(link, T0, 0);
        a.addi(A1, A1, 1);
        a.addi(S0, S0, -1);
        a.bne(S0, ZERO, again);
        a.ecall();
        Assembler b = new Assembler(TestBoard.BASE + FAR);
        for (int i = 1; i <= 3; i++) {
            b.align(16);
            b.addi(A2, A2, i);
            b.xor(A1, A1, A2);
            b.jalr(ZERO, link, 0);
        }
        TestBoard interpreted = new TestBoard();
        for (TestBoard each : List.of(board, interpreted)) {
            each.put(TestBoard.BASE, a.bytes());
            each.put(TestBoard.BASE + FAR, b.bytes());
        }
        board.engine.run(TIMES);
        board.engine.run(2 * TIMES);
        board.engine.run(3 * TIMES);
        List<RegionPlan> best = EagerTranslator.regions(translator, 0, GuestRam.PAGE_SIZE).stream().map(each -> each.held)
                .filter(each -> each.tier == Tier.PEAK).map(each -> each.plan).toList();
        for (int function : new int[] {0, 16}) {
            assertThat(best).as("function at %d", function).anyMatch(plan -> plan.begins(FAR >> GuestRam.PAGE_SHIFT, function / 2));
        }
        assertThat(best).as("not called by the loop so far").noneMatch(plan -> plan.begins(FAR >> GuestRam.PAGE_SHIFT, 32 / 2));
        EagerTranslator.runInPieces(board);
        interpreted.runToEnd();
        assertThat(board.stateText()).isEqualTo(interpreted.stateText());
    }

    /// Two calls of one function, which calls another.
    @Test
    void aReturnLeadsBehindTheCallsOfItsFunction() {
        Assembler a = new Assembler(TestBoard.BASE);
        Label again = a.label();
        Label outer = a.label();
        Label inner = a.label();
        a.li(S0, TIMES);
        a.j(again);
        a.align(4);
        a.bind(again);
        a.jal(RA, outer);
        int first = place(a);
        a.addi(A1, A1, 1);
        a.jal(RA, outer);
        int second = place(a);
        a.addi(S0, S0, -1);
        a.bne(S0, ZERO, again);
        a.ecall();
        a.bind(outer);
        a.mv(S1, RA);
        a.jal(RA, inner);
        int third = place(a);
        a.mv(RA, S1);
        a.addi(A1, A1, 2);
        a.ret();
        a.bind(inner);
        a.addi(A2, A2, 1);
        a.ret();
        board.put(TestBoard.BASE, a.bytes());
        EagerTranslator.runInPieces(board);
        Region loop = translator.region((int) (a.address(again) - TestBoard.BASE) / 2);
        RegionShape shape = new RegionShape(loop.held.plan);
        List<RegionPlan.Block> blocks = loop.held.plan.blocks();
        int returns = 0;
        for (int i = 0; i < blocks.size(); i++) {
            if (RegionShape.isReturn(blocks.get(i).last())) {
                boolean innermost = blocks.get(i).at() == (int) (a.address(inner) - TestBoard.BASE);
                assertThat(shape.leadsTo(i)).containsExactlyInAnyOrder(innermost ? new int[] {third} : new int[] {first, second});
                returns++;
            }
        }
        assertThat(returns).isEqualTo(2);
        assertThat(board.hart.x(A1)).isEqualTo(5 * TIMES);
        assertThat(board.hart.x(A2)).isEqualTo(2 * TIMES);
    }

    /// The place that comes next.
    private static int place(Assembler a) {
        Label here = a.label();
        a.bind(here);
        return (int) (a.address(here) - TestBoard.BASE);
    }
}
