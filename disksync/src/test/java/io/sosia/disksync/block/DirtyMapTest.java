package io.sosia.disksync.block;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.util.List;
import java.util.TreeSet;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.LongRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;

class DirtyMapTest {
    private static final long BLOCK = Geometry.BLOCK_BYTES;
    private static final long SECTORS_MAX = 6L << 30 >>> 9;

    @Property(tries = 200)
    void holdsExactlyTheBlocksOfTheRangesMarked(
            @ForAll @Size(max = 12) List<@LongRange(max = SECTORS_MAX) Long> starts,
            @ForAll @LongRange(min = 1, max = 40_000) long sectors) {
        DirtyMap map = new DirtyMap();
        TreeSet<Long> model = new TreeSet<>();
        for (long start : starts) {
            map.mark(new ByteRange(start * 512, sectors * 512));
            for (long block = start * 512 / BLOCK; block * BLOCK < (start + sectors) * 512; block++) {
                model.add(block);
            }
        }
        assertThat(blocksOf(map)).isEqualTo(model);
        assertThat(map.count()).isEqualTo(model.size());

        DirtyMap again = new DirtyMap();
        map.pageNumbers().forEach(page -> again.decodePage(page, map.encodePage(page)));
        assertThat(blocksOf(again)).isEqualTo(model);
    }

    @Test
    void refusesAStoredPageOfAnotherLength() {
        assertThatIllegalArgumentException().isThrownBy(() -> new DirtyMap().decodePage(0, new byte[100]))
                .withMessageContaining("100 bytes, expected 4096");
    }

    private static TreeSet<Long> blocksOf(DirtyMap map) {
        TreeSet<Long> blocks = new TreeSet<>();
        map.forEachExtent((extent, bits) -> {
            for (int i = 0; i < Geometry.BLOCKS_PER_EXTENT; i++) {
                if ((bits >>> i & 1) != 0) {
                    long block = extent * Geometry.BLOCKS_PER_EXTENT + i;
                    assertThat(map.contains(block * BLOCK)).isTrue();
                    blocks.add(block);
                }
            }
        });
        return blocks;
    }
}
