package io.sosia.appliance.machine.translate;

import static io.sosia.appliance.machine.asm.Reg.A1;
import static io.sosia.appliance.machine.asm.Reg.A2;
import static io.sosia.appliance.machine.asm.Reg.S0;
import static io.sosia.appliance.machine.asm.Reg.T0;
import static io.sosia.appliance.machine.asm.Reg.ZERO;
import static org.assertj.core.api.Assertions.assertThat;

import io.sosia.appliance.machine.asm.Assembler;
import io.sosia.appliance.machine.asm.Label;
import io.sosia.appliance.machine.exec.TestBoard;
import io.sosia.appliance.machine.memory.GuestRam;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// What peak regions are made of: those executed for a few steps at a time of what is executed most, by the counts of quick ones.
class RegionChoiceTest {

    private static final short HEAT_MAX = 200;
    private static final long PEAK_STEPS = 120_000;
    private static final int LASTING_STEPS = 100;
    private static final int TURNS = 1 << 19;
    /// Steps of a run: a region is executed for no more at a time, or for so many that it lasts.
    private static final int FEW = 20;
    private static final int MANY = 1000;

    /// Of a loop's turns, one in so many goes another way: it is warm all the same when the peak region is planned.
    @ParameterizedTest
    @CsvSource({"8, true", "1024, false"})
    void aWayThatIsJumpedToIsTakenInIfItIsGoneOften(int oneOf, boolean expected) {
        Board board = new Board(FEW);
        Assembler a = board.program;
        Label common = a.label();
        Label rare = a.label();
        int place = board.loop(oneOf, () -> {
            a.beq(T0, ZERO, rare);
            a.addi(A1, A1, 1);
            a.j(common);
            a.bind(rare);
            a.addi(A2, A2, 1);
            a.bind(common);
        }) + 12;
        assertThat(board.takesIn(place, oneOf)).isEqualTo(expected);
    }

    /// The same, behind the branch. There, an instruction that goes on in the next page is taken in, too.
    @ParameterizedTest
    @CsvSource({"8, false, true", "1024, false, false", "8, true, true", "1024, true, false"})
    void aWayThatIsRunOnToIsTakenInIfItIsGoneOften(int oneOf, boolean crossing, boolean expected) {
        Board board = new Board(FEW);
        while (crossing && (board.begin() + 8) % GuestRam.PAGE_SIZE != GuestRam.PAGE_SIZE - 2) {
            board.program.cNop();
        }
        int place = runOnTo(board, oneOf);
        assertThat(board.takesIn(place, oneOf)).isEqualTo(expected);
    }

    /// To leave it costs more than what is seldom executed.
    @ParameterizedTest
    @ValueSource(ints = {8, 1024})
    void whatLastsTakesInAllThatIsWarm(int oneOf) {
        Board board = new Board(MANY);
        int place = runOnTo(board, oneOf);
        assertThat(board.takesIn(place, oneOf)).isTrue();
    }

    private static int runOnTo(Board board, int oneOf) {
        Assembler a = board.program;
        Label common = a.label();
        Label join = a.label();
        return board.loop(oneOf, () -> {
            a.bne(T0, ZERO, common);
            a.addi(A2, A2, 1);
            a.j(join);
            a.bind(common);
            a.addi(A1, A1, 1);
            a.bind(join);
        }) + 4;
    }

    private static final class Board {

        final Assembler program = new Assembler(TestBoard.BASE);
        private final int piece;
        private final Translator translator;
        private final TestBoard board;
        private int begin;

        /// @param piece steps of a run
        Board(int piece) {
            this.piece = piece;
            Translator[] made = new Translator[1];
            board = new TestBoard(hart ->
                    made[0] = new Translator(hart, TranslationQueue.AT_ONCE, HEAT_MAX, PEAK_STEPS, LASTING_STEPS, 100));
            translator = made[0];
            program.li(S0, TURNS);
        }

        /// Where the loop begins.
        int begin() {
            return program.bytes().length;
        }

        /// Runs it.
        ///
        /// @param body what it does: `t0` is zero in one of so many turns
        /// @return where that begins
        int loop(int oneOf, Runnable body) {
            begin = begin();
            Label loop = program.label();
            program.bind(loop);
            program.andi(T0, S0, oneOf - 1);
            body.run();
            program.addi(S0, S0, -1);
            program.bne(S0, ZERO, loop);
            program.ecall();
            board.put(TestBoard.BASE, program.bytes());
            while (!board.ended) {
                translator.run(board.hart.steps() + piece);
            }
            return begin + 4;
        }

        /// Whether a block of the loop's region begins at a place.
        boolean takesIn(int place, int oneOf) {
            assertThat(board.hart.registers()[A1]).isEqualTo(TURNS - TURNS / oneOf);
            assertThat(board.hart.registers()[A2]).isEqualTo(TURNS / oneOf);
            Held held = translator.region(begin / 2).held;
            assertThat(held.tier).isEqualTo(Tier.PEAK);
            return held.plan.begins(place / GuestRam.PAGE_SIZE, RegionPlan.slot(place));
        }
    }
}
