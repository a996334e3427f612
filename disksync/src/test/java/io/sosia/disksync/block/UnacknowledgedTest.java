package io.sosia.disksync.block;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class UnacknowledgedTest {
    private final Unacknowledged blocks = new Unacknowledged();

    private static ByteRange extent(long number) {
        return new ByteRange(number * Geometry.EXTENT_BYTES, 512);
    }

    private static Position at(long sequence) {
        return new Position(1, sequence);
    }

    @Test
    void keepsABlockUntilThePartnerHasEveryWriteToIt() {
        blocks.mark(extent(0));
        blocks.reached(at(10));
        blocks.mark(extent(0));
        blocks.mark(extent(1));
        blocks.reached(at(20));
        blocks.acknowledged(at(19));
        assertThat(blocks.touches(0)).isTrue();
        assertThat(blocks.touches(1)).isTrue();
        blocks.acknowledged(at(20));
        assertThat(blocks.all().isEmpty()).isTrue();
    }

    @Test
    void aWriteWithoutAPositionIsNeverAcknowledged() {
        blocks.mark(extent(3));
        blocks.acknowledged(at(Long.MAX_VALUE));
        assertThat(blocks.touches(3)).isTrue();
    }

    @Test
    void whenFullItKeepsBlocksLongerAndDropsNoneEarly() {
        for (int i = 0; i < 3 * Unacknowledged.BUCKETS_MAX; i++) {
            blocks.mark(extent(i));
            blocks.reached(at(i));
        }
        assertThat(blocks.all().count()).isEqualTo(3 * Unacknowledged.BUCKETS_MAX);
        blocks.acknowledged(at(3 * Unacknowledged.BUCKETS_MAX - 2));
        assertThat(blocks.touches(Unacknowledged.BUCKETS_MAX - 2)).isFalse();
        assertThat(blocks.touches(3 * Unacknowledged.BUCKETS_MAX - 1)).isTrue();
        blocks.acknowledged(at(3 * Unacknowledged.BUCKETS_MAX - 1));
        assertThat(blocks.all().isEmpty()).isTrue();
    }
}
