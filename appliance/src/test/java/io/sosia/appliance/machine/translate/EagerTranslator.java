package io.sosia.appliance.machine.translate;

import static org.assertj.core.api.Assertions.assertThat;

import io.sosia.appliance.machine.cpu.Hart;
import io.sosia.appliance.machine.exec.Engine;
import io.sosia.appliance.machine.exec.TestBoard;
import java.util.List;
import java.util.Objects;
import java.util.function.Consumer;
import java.util.stream.IntStream;

/// A translator that translates nearly all it sees, at once: for tests, where programs are short.
public final class EagerTranslator {

    private static final short HEAT_MAX = 2;
    private static final long PEAK_STEPS = 200;
    /// Loops of the tests execute more steps at a go, much else fewer.
    private static final int LASTING_STEPS = 10;
    private static final int REGIONS_MAX = 1000;

    private EagerTranslator() {}

    public static Engine on(Hart hart) {
        return translator(hart);
    }

    static Translator translator(Hart hart) {
        return translator(hart, REGIONS_MAX);
    }

    static Translator translator(Hart hart, int regionsMax) {
        return new Translator(hart, TranslationQueue.AT_ONCE, HEAT_MAX, PEAK_STEPS, LASTING_STEPS, regionsMax);
    }

    /// Runs a board's program to its end: what was translated meanwhile is taken into use when a run begins.
    static void runInPieces(TestBoard board) {
        while (!board.ended) {
            board.engine.run(board.hart.steps() + 300);
            assertThat(board.hart.steps()).isLessThan(1_000_000);
        }
    }

    /// Runs a program with the translator and with the interpreter, and sees that they agree.
    ///
    /// @param prepare puts it on a board
    /// @return the translator's board
    static TestBoard agreeing(Consumer<TestBoard> prepare) {
        TestBoard translated = new TestBoard(EagerTranslator::on);
        TestBoard interpreted = new TestBoard();
        for (TestBoard each : List.of(translated, interpreted)) {
            prepare.accept(each);
            runInPieces(each);
        }
        assertThat(((Translator) translated.engine).regions()).isPositive();
        assertThat(translated.stateText()).isEqualTo(interpreted.stateText());
        assertThat(translated.ram.contents().mismatch(interpreted.ram.contents())).isEqualTo(-1);
        return translated;
    }

    /// The regions that begin in a part of RAM.
    ///
    /// @param offset of its first byte
    static List<Region> regions(Translator translator, int offset, int bytes) {
        return IntStream.range(offset / 2, (offset + bytes) / 2).mapToObj(translator::region).filter(Objects::nonNull).toList();
    }
}
