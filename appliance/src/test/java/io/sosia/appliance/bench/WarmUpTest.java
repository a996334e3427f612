package io.sosia.appliance.bench;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class WarmUpTest {

    private final WarmUp warmUp = new WarmUp();

    @Test
    void endsWhenItGetsNoFaster() {
        for (double seconds : new double[] {4, 3, 3.1, 2}) {
            assertThat(warmUp.goesOn()).isTrue();
            warmUp.took(seconds);
        }
        warmUp.took(1.99);
        assertThat(warmUp.goesOn()).isTrue();
        warmUp.took(1.98);
        assertThat(warmUp.goesOn()).isFalse();
    }

    @Test
    void goesOnAsLongAsCodeIsCompiled() {
        for (int i = 0; i < 10; i++) {
            assertThat(warmUp.goesOn()).isTrue();
            warmUp.took(4, true);
        }
        warmUp.took(4, false);
        assertThat(warmUp.goesOn()).isTrue();
        warmUp.took(4, false);
        assertThat(warmUp.goesOn()).isFalse();
    }

    @Test
    void endsSomeTime() {
        int runs = 0;
        for (double seconds = 1e9; warmUp.goesOn(); seconds /= 2) {
            warmUp.took(seconds);
            runs++;
        }
        assertThat(runs).isEqualTo(WarmUp.RUNS_MAX);
    }
}
