package io.sosia.appliance.machine.translate;

import static io.sosia.appliance.machine.asm.Reg.A0;
import static io.sosia.appliance.machine.asm.Reg.A1;
import static io.sosia.appliance.machine.asm.Reg.A2;
import static io.sosia.appliance.machine.asm.Reg.S0;
import static io.sosia.appliance.machine.asm.Reg.S1;
import static io.sosia.appliance.machine.asm.Reg.ZERO;
import static org.assertj.core.api.Assertions.assertThat;

import io.sosia.appliance.machine.asm.Assembler;
import io.sosia.appliance.machine.asm.Label;
import io.sosia.appliance.machine.exec.TestBoard;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.function.LongBinaryOperator;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// Translated branches, forward and backward, for values on both sides of all that a comparison can turn on.
class BranchesTest {

    private static final long[] VALUES = {0, 1, 2, -1, -2, Long.MIN_VALUE, Long.MIN_VALUE + 1, Long.MAX_VALUE, Integer.MIN_VALUE,
            Integer.MAX_VALUE, 1L << 31, 1L << 32, -1L << 32, (1L << 32) + 1};
    private static final int PAIRS = VALUES.length * VALUES.length;
    private static final int TIMES = 4;
    private static final long DATA = TestBoard.BASE + (1 << 20);

    private enum Branch {
        BEQ(Assembler::beq, (a, b) -> a == b ? 1 : 0),
        BNE(Assembler::bne, (a, b) -> a != b ? 1 : 0),
        BLT(Assembler::blt, (a, b) -> a < b ? 1 : 0),
        BGE(Assembler::bge, (a, b) -> a >= b ? 1 : 0),
        BLTU(Assembler::bltu, (a, b) -> Long.compareUnsigned(a, b) < 0 ? 1 : 0),
        BGEU(Assembler::bgeu, (a, b) -> Long.compareUnsigned(a, b) >= 0 ? 1 : 0);

        private interface Writer {
            void write(Assembler a, int rs1, int rs2, Label to);
        }

        private final Writer writer;
        private final LongBinaryOperator taken;

        Branch(Writer writer, LongBinaryOperator taken) {
            this.writer = writer;
            this.taken = taken;
        }
    }

    @ParameterizedTest
    @EnumSource(Branch.class)
    void goesWhereItShould(Branch branch) {
        for (boolean backward : new boolean[] {false, true}) {
            Translator[] translator = new Translator[1];
            TestBoard board = new TestBoard(hart -> translator[0] = EagerTranslator.translator(hart));
            ByteBuffer pairs = ByteBuffer.allocate(16 * PAIRS).order(ByteOrder.LITTLE_ENDIAN);
            for (long first : VALUES) {
                for (long second : VALUES) {
                    pairs.putLong(first).putLong(second);
                }
            }
            board.put(DATA, pairs.array());
            board.put(TestBoard.BASE, program(branch, backward).bytes());
            board.runToEnd();
            for (int i = 0; i < PAIRS; i++) {
                long first = VALUES[i / VALUES.length];
                long second = VALUES[i % VALUES.length];
                assertThat(board.read64(DATA + 16 * i)).as("%s 0x%x, 0x%x %s", branch, first, second, backward ? "back" : "onward")
                        .isEqualTo(TIMES * branch.taken.applyAsLong(first, second));
            }
            assertThat(translator[0].regions()).isPositive();
        }
    }

    /// Counts for each pair how often the branch is taken, and leaves that in its place.
    private static Assembler program(Branch branch, boolean backward) {
        Assembler a = new Assembler(TestBoard.BASE);
        Label taken = a.label();
        Label pair = a.label();
        Label again = a.label();
        Label next = a.label();
        Label compare = a.label();
        Label end = a.label();
        a.li(S0, DATA);
        a.li(S1, DATA + 16 * PAIRS);
        a.j(pair);
        if (backward) {
            a.bind(taken);
            a.addi(A2, A2, 1);
            a.j(next);
        }
        a.bind(pair);
        a.ld(A0, S0, 0);
        a.ld(A1, S0, 8);
        a.li(A2, 0);
        a.li(5, TIMES);
        a.bind(again);
        a.j(compare);
        a.bind(compare);
        branch.writer.write(a, A0, A1, taken);
        a.j(next);
        if (!backward) {
            a.bind(taken);
            a.addi(A2, A2, 1);
        }
        a.bind(next);
        a.addi(5, 5, -1);
        a.bne(5, ZERO, again);
        a.sd(A2, S0, 0);
        a.addi(S0, S0, 16);
        a.beq(S0, S1, end);
        a.j(pair);
        a.bind(end);
        a.ecall();
        return a;
    }
}
