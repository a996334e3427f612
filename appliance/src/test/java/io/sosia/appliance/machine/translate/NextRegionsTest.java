package io.sosia.appliance.machine.translate;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class NextRegionsTest {

    private static final long KEY = 0x1234_5678_9abcL;
    private static final long PC = 0xffff_ffff_8000_1234L;

    private final NextRegions known = new NextRegions();

    @Test
    void whatWasNotedIsKnownByItsAddressAndKey() {
        for (int number : new int[] {0, 1, 12_287, 65_535}) {
            NextRegions.note(known.entries(), KEY, PC, number);
            assertThat(number(KEY, PC)).isEqualTo(number);
            for (int bit = 0; bit < 48; bit++) {
                assertThat(number(KEY ^ 1L << bit, PC)).as("key's bit %d", bit).isEqualTo(Regions.NONE);
            }
            for (int bit = 0; bit < 64; bit++) {
                assertThat(number(KEY, PC ^ 1L << bit)).as("address's bit %d", bit).isEqualTo(Regions.NONE);
            }
        }
    }

    @Test
    void nothingIsKnownAtFirstNorWhenARegionHasGone() {
        for (int i = 0; i < 3; i++) {
            assertThat(number(KEY, PC)).isEqualTo(Regions.NONE);
            assertThat(number(0, 0)).isEqualTo(Regions.NONE);
            NextRegions.note(known.entries(), KEY, PC, i);
            NextRegions.note(known.entries(), 0, 0, i);
            assertThat(number(KEY, PC)).isEqualTo(i);
            assertThat(number(0, 0)).isEqualTo(i);
            known.forget();
        }
    }

    private int number(long key, long pc) {
        return NextRegions.number(known.entries(), key, pc);
    }
}
