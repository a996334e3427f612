package io.sosia.disksync.block;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import org.junit.jupiter.api.Test;

class GenerationsTest {
    private static GenerationId id(long value) {
        return new GenerationId(value);
    }

    @Test
    void aSplitLeavesThePartnerWithTheBaseAndAJoinBeginsAnotherGeneration() {
        Generations split = Generations.first(id(1)).split(id(2));
        assertThat(split.current()).isEqualTo(id(2));
        assertThat(split.base()).contains(id(1));
        Generations joined = split.renewed(id(3));
        assertThat(joined.current()).isEqualTo(id(3));
        assertThat(joined.base()).isEmpty();
        assertThat(joined.history()).containsExactly(id(2), id(1));
        assertThatIllegalStateException().isThrownBy(() -> split.split(id(3)));
    }

    @Test
    void historyIsBounded() {
        Generations generations = Generations.first(id(1));
        for (int i = 2; i < 100; i++) {
            generations = generations.split(id(2 * i)).renewed(id(2 * i + 1));
        }
        assertThat(generations.history()).hasSize(Generations.HISTORY_MAX).startsWith(id(198), id(197));
    }
}
