package io.sosia.appliance.machine.device;

import static org.assertj.core.api.Assertions.assertThat;

import io.sosia.appliance.machine.bus.InterruptPin;
import org.junit.jupiter.api.Test;

class PlicTest {

    private static final int ENABLE = 0x2000;
    private static final int PENDING = 0x1000;
    private static final int THRESHOLD = 0x20_0000;
    private static final int CLAIM = 0x20_0004;

    private boolean hart;
    private final Plic plic = new Plic(level -> hart = level);

    private void enable(int source, int priority) {
        plic.write(4 * source, 4, priority);
        plic.write(ENABLE, 4, plic.read(ENABLE, 4) | 1L << source);
    }

    @Test
    void sourceReachesTheHartOnlyWhenEnabledAndAboveTheThreshold() {
        InterruptPin pin = plic.source(3);
        pin.level(true);
        assertThat(hart).isFalse();
        assertThat(plic.read(PENDING, 4)).isEqualTo(1 << 3);
        enable(3, 2);
        assertThat(hart).isTrue();
        plic.write(THRESHOLD, 4, 2);
        assertThat(hart).isFalse();
        plic.write(THRESHOLD, 4, 1);
        assertThat(hart).isTrue();
    }

    @Test
    void priorityZeroNeverInterrupts() {
        enable(3, 0);
        plic.source(3).level(true);
        assertThat(hart).isFalse();
        assertThat(plic.read(CLAIM, 4)).isZero();
    }

    @Test
    void claimTakesHighestPriorityThenLowestNumber() {
        enable(2, 1);
        enable(5, 3);
        enable(4, 3);
        for (int source : new int[] {2, 5, 4}) {
            plic.source(source).level(true);
        }
        assertThat(plic.read(CLAIM, 4)).isEqualTo(4);
        assertThat(plic.read(CLAIM, 4)).isEqualTo(5);
        assertThat(plic.read(CLAIM, 4)).isEqualTo(2);
        assertThat(plic.read(CLAIM, 4)).isZero();
        assertThat(hart).isFalse();
    }

    @Test
    void levelThatStaysHighIsPendingAgainAfterCompletion() {
        enable(7, 1);
        InterruptPin pin = plic.source(7);
        pin.level(true);
        assertThat(plic.read(CLAIM, 4)).isEqualTo(7);
        assertThat(hart).isFalse();
        plic.write(CLAIM, 4, 7);
        assertThat(hart).isTrue();
        assertThat(plic.read(CLAIM, 4)).isEqualTo(7);
        pin.level(false);
        plic.write(CLAIM, 4, 7);
        assertThat(hart).isFalse();
    }

    @Test
    void requestPassedOnStaysPendingThoughTheLevelDrops() {
        enable(7, 1);
        InterruptPin pin = plic.source(7);
        pin.level(true);
        pin.level(false);
        assertThat(plic.read(CLAIM, 4)).isEqualTo(7);
    }

    @Test
    void completionOfADisabledOrUnknownSourceIsIgnored() {
        enable(7, 1);
        plic.source(7).level(true);
        plic.read(CLAIM, 4);
        plic.write(ENABLE, 4, 0);
        plic.write(CLAIM, 4, 7);
        plic.write(CLAIM, 4, 0xffff_ffffL);
        plic.write(CLAIM, 4, 32);
        plic.write(ENABLE, 4, 1 << 7);
        assertThat(hart).isFalse();
        plic.write(CLAIM, 4, 7);
        assertThat(hart).isTrue();
    }

    @Test
    void everyOffsetAndWidthCanBeReadAndWritten() {
        for (int offset = 0; offset < 0x4000; offset++) {
            touch(offset);
        }
        for (int offset = THRESHOLD - 16; offset < THRESHOLD + 0x2000; offset++) {
            touch(offset);
        }
        touch(Plic.SIZE - 8);
        assertThat(plic.read(ENABLE, 4) & 1).isZero();
        assertThat(plic.read(0, 4)).isZero();
    }

    private void touch(int offset) {
        for (int width = 1; width <= 8; width *= 2) {
            plic.write(offset, width, -1);
            plic.read(offset, width);
        }
    }
}
