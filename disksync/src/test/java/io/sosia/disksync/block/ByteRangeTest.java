package io.sosia.disksync.block;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import org.junit.jupiter.api.Test;

class ByteRangeTest {
    private static final long BLOCK = Geometry.BLOCK_BYTES;
    private static final long EXTENT = Geometry.EXTENT_BYTES;

    @Test
    void namesTheBlocksItTouchesInEachExtent() {
        ByteRange range = new ByteRange(EXTENT - 512, 512 + BLOCK + 512);
        assertThat(range.firstExtent()).isZero();
        assertThat(range.endExtent()).isEqualTo(2);
        assertThat(range.blocksIn(0)).isEqualTo(1L << 63);
        assertThat(range.blocksIn(1)).isEqualTo(0b11);
        assertThat(range.blocksIn(2)).isZero();
        assertThat(new ByteRange(0, EXTENT).blocksIn(0)).isEqualTo(-1L);
        assertThat(new ByteRange(EXTENT, 0).endExtent()).isEqualTo(1);
    }

    @Test
    void refusesWhatIsNotWholeSectorsWithinTheDisk() {
        assertThat(ByteRange.fits(0, 1024, 1024)).isTrue();
        assertThat(ByteRange.fits(1024, 0, 1024)).isTrue();
        assertThat(ByteRange.fits(512, 1024, 1024)).isFalse();
        assertThat(ByteRange.fits(Long.MAX_VALUE - 511, 512, Long.MAX_VALUE)).isFalse();
        assertThatIllegalArgumentException().isThrownBy(() -> new ByteRange(1, 512));
        assertThatIllegalArgumentException().isThrownBy(() -> new ByteRange(0, 100));
        assertThatIllegalArgumentException().isThrownBy(() -> new ByteRange(-512, 512));
    }

    @Test
    void fallsApartIntoPiecesOfWholeExtents() {
        ByteRange range = new ByteRange(EXTENT / 2, 3 * EXTENT);
        ByteRange head = range.head(2);
        assertThat(head).isEqualTo(new ByteRange(EXTENT / 2, EXTENT + EXTENT / 2));
        assertThat(range.after(head.length()).head(2)).isEqualTo(new ByteRange(2 * EXTENT, EXTENT + EXTENT / 2));
    }
}
