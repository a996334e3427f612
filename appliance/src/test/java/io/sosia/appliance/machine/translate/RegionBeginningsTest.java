package io.sosia.appliance.machine.translate;

import static io.sosia.appliance.machine.asm.Reg.A1;
import static io.sosia.appliance.machine.asm.Reg.S0;
import static io.sosia.appliance.machine.asm.Reg.S1;
import static io.sosia.appliance.machine.asm.Reg.S2;
import static io.sosia.appliance.machine.asm.Reg.T0;
import static io.sosia.appliance.machine.asm.Reg.ZERO;
import static org.assertj.core.api.Assertions.assertThat;

import io.sosia.appliance.machine.asm.Assembler;
import io.sosia.appliance.machine.asm.Label;
import io.sosia.appliance.machine.exec.TestBoard;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/// Where regions begin: code is translated once, not once from each place that is jumped to often.
class RegionBeginningsTest {

    private static final short HEAT_MAX = 200;
    private static final int FUNCTION = 512;
    private static final int RA = 1;

    private final Translator[] translator = new Translator[1];

    /// A function with a short loop is called often: the loop is hot first.
    @Test
    void aLoopIsTranslatedWithTheFunctionAroundIt() {
        int loop = run(1000, 3, TranslationQueue.AT_ONCE);
        assertThat(translator[0].region(FUNCTION / 2)).as("the function's region").isNotNull();
        assertThat(translator[0].region(loop / 2)).as("the loop's region").isNull();
    }

    /// The same, called seldom.
    @Test
    void aLongLoopIsTranslatedByItself() {
        int loop = run(3, 1000, TranslationQueue.AT_ONCE);
        assertThat(translator[0].region(FUNCTION / 2)).as("the function's region").isNull();
        assertThat(translator[0].region(loop / 2)).as("the loop's region").isNotNull();
    }

    /// The translation takes as long as the program.
    @Test
    void whatIsBeingTranslatedIsNotAskedForAgain() {
        List<Runnable> asked = new ArrayList<>();
        run(3, 100 * HEAT_MAX, asked::add);
        assertThat(asked).hasSize(1);
    }

    /// Calls the function, by its address in a register.
    ///
    /// @param times      how often it is called
    /// @param iterations of its loop
    /// @return where the loop begins, in bytes of RAM
    private int run(int times, int iterations, TranslationQueue queue) {
        Assembler main = new Assembler(TestBoard.BASE);
        main.li(S0, times);
        main.li(S1, TestBoard.BASE + FUNCTION);
        Label again = main.label();
        main.bind(again);
        main.jalr(RA, S1, 0);
        main.addi(S0, S0, -1);
        main.bne(S0, ZERO, again);
        main.ecall();
        Assembler function = new Assembler(TestBoard.BASE + FUNCTION);
        function.li(S2, iterations);
        int loop = FUNCTION + function.bytes().length;
        Label next = function.label();
        Label odd = function.label();
        function.bind(next);
        function.andi(T0, S2, 1);
        function.bne(T0, ZERO, odd);
        function.addi(A1, A1, 1);
        function.bind(odd);
        function.addi(S2, S2, -1);
        function.bne(S2, ZERO, next);
        function.ret();
        TestBoard board = new TestBoard(hart -> translator[0] = new Translator(hart, queue, HEAT_MAX, Long.MAX_VALUE, 0, 100));
        board.put(TestBoard.BASE, main.bytes());
        board.put(TestBoard.BASE + FUNCTION, function.bytes());
        while (!board.ended) {
            board.engine.run(board.hart.steps() + 5000);
        }
        assertThat(board.hart.x(A1)).isEqualTo((long) times * (iterations / 2));
        return loop;
    }
}
