package io.sosia.appliance.machine.conformance;

import static org.assertj.core.api.Assertions.assertThat;

import io.sosia.appliance.machine.asm.Assembler;
import io.sosia.appliance.machine.asm.Label;
import io.sosia.appliance.machine.cpu.Hart;
import io.sosia.appliance.machine.exec.Engine;
import io.sosia.appliance.machine.exec.Interpreter;
import io.sosia.appliance.machine.exec.TestBoard;
import io.sosia.appliance.machine.memory.GuestRam;
import io.sosia.appliance.machine.translate.EagerTranslator;
import java.io.IOException;
import java.util.Random;
import java.util.function.Function;

/// Runs test programs on our hart.
final class OurHart {

    private static final int SSTATUS = 0x100;
    private static final long STEPS_MAX = 5_000_000;

    private OurHart() {}

    /// The result of the program, run three times: in one piece, and by either engine in random pieces with caches dropped and
    /// the state saved and loaded in between. All must be the same to the last bit.
    static byte[] result(TestProgram program, long seed) throws IOException {
        TestBoard whole = board(program, Interpreter::new);
        whole.engine.run(STEPS_MAX);
        assertThat(whole.ended).as("program ends within %d steps; pc 0x%x", STEPS_MAX, whole.hart.pc()).isTrue();
        runInPieces(whole, board(program, Interpreter::new), new Random(seed));
        runInPieces(whole, board(program, EagerTranslator::on), new Random(seed));
        byte[] result = new byte[program.kind().resultBytes];
        whole.ram.read(GuestRam.offset(TestProgram.BASE) + program.kind().resultAt, result, 0, result.length);
        return result;
    }

    private static void runInPieces(TestBoard whole, TestBoard pieces, Random cuts) throws IOException {
        int lengthMax = cuts.nextBoolean() ? 50 : 5000;
        while (!pieces.ended) {
            assertThat(pieces.hart.steps()).as("steps of the run in pieces").isLessThan(STEPS_MAX);
            pieces.engine.run(pieces.hart.steps() + 1 + cuts.nextInt(lengthMax));
            switch (cuts.nextInt(4)) {
                case 0 -> pieces.engine.dropCaches();
                case 1 -> pieces.loadState(pieces.state());
                default -> {}
            }
        }
        assertThat(pieces.stateText()).as("state after the run in pieces").isEqualTo(whole.stateText());
        assertThat(pieces.ram.contents().mismatch(whole.ram.contents())).as("RAM after the run in pieces")
                .isEqualTo(-1);
    }

    private static TestBoard board(TestProgram program, Function<Hart, Engine> engine) {
        TestBoard board = new TestBoard(engine);
        board.put(TestProgram.BASE, program.image());
        if (program.kind() == TestProgram.Kind.USER) {
            Assembler start = new Assembler(TestProgram.BASE);
            start.li(5, 1 << 13);
            start.csrrs(0, SSTATUS, 5);
            start.li(5, TestProgram.BASE + TestProgram.USER_BODY);
            start.jalr(0, 5, 0);
            board.put(TestProgram.BASE, start.bytes());
            Assembler end = new Assembler(TestProgram.BASE + TestProgram.USER_END);
            Label halt = end.mark();
            end.ecall();
            end.j(halt);
            board.put(TestProgram.BASE + TestProgram.USER_END, end.bytes());
        }
        board.hart.reset(TestProgram.BASE, 0, 0);
        return board;
    }
}
