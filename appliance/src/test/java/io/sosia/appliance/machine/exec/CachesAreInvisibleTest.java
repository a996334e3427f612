package io.sosia.appliance.machine.exec;

import static org.assertj.core.api.Assertions.assertThat;

import io.sosia.appliance.machine.memory.GuestRam;
import java.io.IOException;
import java.util.Random;
import org.junit.jupiter.api.Test;

/// One run, cut into any pieces, with caches dropped or the state saved and loaded in between, is the same run.
///
/// `-Dsosia.random.programs=N` runs N programs instead of the usual few, `-Dsosia.random.seed=S` starts at another seed.
class CachesAreInvisibleTest {

    private static final int PROGRAMS = Integer.getInteger("sosia.random.programs", 20);
    private static final long SEED = Long.getLong("sosia.random.seed", 1);
    private static final int STEPS = 30_000;

    @Test
    void runInPiecesWithoutCachesIsTheSameRun() throws IOException {
        for (long seed = SEED; seed < SEED + PROGRAMS; seed++) {
            TestBoard whole = new TestBoard();
            TestBoard pieces = new TestBoard();
            RandomProgram.load(whole, seed);
            RandomProgram.load(pieces, seed);
            Random cuts = new Random(~seed);
            for (int checkpoint = STEPS / 10; checkpoint <= STEPS; checkpoint += STEPS / 10) {
                RandomProgram.runTo(whole, checkpoint - STEPS / 20);
                whole.engine.dropCaches();
                RandomProgram.runTo(whole, checkpoint);
                int lengthMax = cuts.nextInt(4) == 0 ? 2 : 200;
                while (pieces.hart.steps() < checkpoint) {
                    RandomProgram.runTo(pieces, Math.min(checkpoint, pieces.hart.steps() + 1 + cuts.nextInt(lengthMax)));
                    disturb(pieces, cuts.nextInt(6));
                }
                String where = "-Dsosia.random.seed=%d, at step %d".formatted(seed, checkpoint);
                assertThat(pieces.stateText()).as(where).isEqualTo(whole.stateText());
                assertThat(pieces.ram.contents().mismatch(whole.ram.contents())).as("RAM, " + where).isEqualTo(-1);
            }
        }
    }

    private static void disturb(TestBoard board, int how) throws IOException {
        switch (how) {
            case 0, 1, 2 -> board.engine.dropCaches();
            case 3 -> board.loadState(board.state());
            case 4 -> {
                for (int page = 0; page < board.ram.pages(); page++) {
                    board.ram.clean(page, GuestRam.DIRTY_DIGEST);
                }
            }
            default -> {}
        }
    }
}
