package io.sosia.appliance.machine.exec;

import static org.assertj.core.api.Assertions.assertThat;

import io.sosia.appliance.machine.memory.NativeMemory;
import org.junit.jupiter.api.Test;

class CodeCacheTest {

    private static final short BEFORE = 1000;
    private static final short SINCE = 100;

    private final CodeCache code = new CodeCache(new TestBoard(Interpreter::new).hart, BEFORE);
    private final long words = code.page(0);

    /// How many more jumps it takes until a slot that has been jumped to is hot, when less has become enough.
    private int untilHot(int slot, int jumps) {
        for (int i = 0; i < jumps; i++) {
            assertThat(CodeCache.heats(words, slot)).isEqualTo(i == BEFORE - 1);
        }
        code.setHeatMax(SINCE);
        int more = 1;
        while (more < 3 * Short.MAX_VALUE && !CodeCache.heats(words, slot)) {
            more++;
        }
        return more;
    }

    @Test
    void whatHasBeenJumpedToOftenIsHotAtTheNextJump() {
        assertThat(untilHot(0, SINCE)).isEqualTo(1);
        assertThat(code.heat(0, 0)).isEqualTo(SINCE);
        code.setHeatMax(BEFORE);
        assertThat(untilHot(1, BEFORE - 1)).isEqualTo(1);
    }

    @Test
    void whatHasNotGoesOnToBeCounted() {
        assertThat(untilHot(0, SINCE - 7)).isEqualTo(7);
        assertThat(code.heat(0, 1)).isZero();
    }

    @Test
    void whatWasHotIsNotSoAgain() {
        assertThat(untilHot(0, BEFORE + 1)).isGreaterThan(Short.MAX_VALUE);
    }

    @Test
    void countersLieInTheOrderInWhichTheyWereAskedFor() {
        long first = code.counter(0, CodeCache.SLOTS - 1);
        assertThat(code.counter(0, 7)).isEqualTo(first + Integer.BYTES);
        assertThat(code.counter(0, CodeCache.SLOTS - 1)).isEqualTo(first);
        NativeMemory.putInt(first, -1);
        assertThat(code.count(0, CodeCache.SLOTS - 1)).isEqualTo(0xffff_ffffL);
        assertThat(code.count(0, 7)).isZero();
        assertThat(code.count(0, 8)).as("has none").isZero();
    }

    @Test
    void thereIsACounterForEachSlot() {
        code.page(1);
        for (int slot = 0; slot < CodeCache.SLOTS; slot++) {
            NativeMemory.putInt(code.counter(0, slot), slot);
            NativeMemory.putInt(code.counter(1, slot), -1);
        }
        for (int slot = 0; slot < CodeCache.SLOTS; slot++) {
            assertThat(code.count(0, slot)).isEqualTo(slot);
        }
        assertThat(code.word(1, 0)).isZero();
    }

    @Test
    void aPlaceUsedAgainIsAsNew() {
        code.put(0, 3, 77);
        CodeCache.heats(words, 3);
        NativeMemory.putInt(code.counter(0, 3), 9);
        code.dropAll();
        assertThat(code.page(5)).as("the same place").isEqualTo(words);
        assertThat(code.word(5, 3)).isZero();
        assertThat(code.heat(5, 3)).isZero();
        assertThat(code.count(5, 3)).isZero();
    }
}
