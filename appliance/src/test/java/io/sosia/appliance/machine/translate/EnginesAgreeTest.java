package io.sosia.appliance.machine.translate;

import static org.assertj.core.api.Assertions.assertThat;

import io.sosia.appliance.machine.exec.RandomProgram;
import io.sosia.appliance.machine.exec.TestBoard;
import java.io.IOException;
import java.util.Random;
import org.junit.jupiter.api.Test;

/// The translator, stopped anywhere and with its caches dropped at any time, computes what the interpreter computes.
///
/// `-Dsosia.random.programs=N` runs N programs instead of the usual few, `-Dsosia.random.seed=S` starts at another seed.
class EnginesAgreeTest {

    private static final int PROGRAMS = Integer.getInteger("sosia.random.programs", 40);
    private static final long SEED = Long.getLong("sosia.random.seed", 1);
    private static final int STEPS = 30_000;

    @Test
    void aRunInPiecesIsTheInterpretersRun() throws IOException {
        int regions = 0;
        for (long seed = SEED; seed < SEED + PROGRAMS; seed++) {
            TestBoard interpreted = new TestBoard();
            Translator[] translator = new Translator[1];
            TestBoard translated = new TestBoard(hart -> translator[0] = EagerTranslator.translator(hart));
            RandomProgram.load(interpreted, seed);
            RandomProgram.load(translated, seed);
            Random cuts = new Random(~seed);
            for (int checkpoint = STEPS / 10; checkpoint <= STEPS; checkpoint += STEPS / 10) {
                RandomProgram.runTo(interpreted, checkpoint);
                int lengthMax = cuts.nextInt(4) == 0 ? 20 : 2000;
                while (translated.hart.steps() < checkpoint) {
                    RandomProgram.runTo(translated, Math.min(checkpoint, translated.hart.steps() + 1 + cuts.nextInt(lengthMax)));
                    regions = Math.max(regions, translator[0].regions());
                    if (cuts.nextInt(20) == 0) {
                        translated.engine.dropCaches();
                    }
                    if (cuts.nextInt(20) == 0) {
                        translated.loadState(translated.state());
                    }
                }
                String where = "-Dsosia.random.seed=%d, at step %d".formatted(seed, checkpoint);
                assertThat(translated.stateText()).as(where).isEqualTo(interpreted.stateText());
                assertThat(translated.ram.contents().mismatch(interpreted.ram.contents())).as("RAM, " + where).isEqualTo(-1);
            }
        }
        assertThat(regions).as("most regions at a time").isPositive();
    }
}
