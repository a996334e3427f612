package io.sosia.appliance.disk;

import static org.assertj.core.api.Assertions.assertThat;

import io.sosia.appliance.verify.ExtentHashes;
import io.sosia.appliance.verify.Known;
import io.sosia.disksync.block.ByteRange;
import org.junit.jupiter.api.Test;

class KnownHashesTest {

    private static final int BLOCK = 64 << 10;
    private static final long EXTENT = 4L << 20;

    private final KnownHashes known = new KnownHashes();

    private static ExtentHashes hashes(long extent, long... hashes) {
        return new ExtentHashes(extent, 0, hashes);
    }

    private Known ask(long extent) {
        return known.hashed(hashes(extent, 0, 0, 0));
    }

    @Test
    void whatWasTheSameOnBothIsKnownUntilItIsWritten() {
        ExtentHashes first = hashes(1, 11, 12, 13);
        assertThat(known.hashed(first)).isEqualTo(Known.NOTHING);
        known.confirmed(first, 0b011);
        assertThat(ask(1).blocks()).isEqualTo(0b011);
        assertThat(ask(1).hashes()).startsWith(11, 12);

        known.after(new ByteRange(EXTENT + BLOCK + 512, 512));
        assertThat(ask(1).blocks()).isEqualTo(0b001);
        known.after(new ByteRange(EXTENT - 512, 1024));
        assertThat(ask(1).blocks()).isZero();
    }

    @Test
    void whatWasWrittenBeforeTheComparisonWasKnownIsNotKnown() {
        ExtentHashes latest = hashes(0, 11, 12, 13);
        known.hashed(latest);
        known.after(new ByteRange(0, 512));
        known.confirmed(latest, 0b111);
        assertThat(ask(0).blocks()).isEqualTo(0b110);
    }

    @Test
    void confirmationOfAnEarlierHashSaysNothing() {
        ExtentHashes first = hashes(0, 11, 12, 13);
        known.hashed(first);
        known.hashed(hashes(0, 21, 12, 13));
        known.confirmed(first, 0b111);
        assertThat(ask(0).blocks()).isZero();
    }

    @Test
    void blockThatDiffersStaysKnownAsItWas() {
        ExtentHashes first = hashes(0, 11, 12, 13);
        known.hashed(first);
        known.confirmed(first, 0b111);
        ExtentHashes second = hashes(0, 99, 12, 13);
        known.hashed(second);
        known.confirmed(second, 0b110);
        Known now = ask(0);
        assertThat(now.blocks()).isEqualTo(0b111);
        assertThat(now.hashes()).containsExactly(11, 12, 13);
    }

    @Test
    void aWriteOverManyExtentsForgetsThemAll() {
        for (long extent = 0; extent < 3; extent++) {
            ExtentHashes hashes = hashes(extent, 1, 2, 3);
            known.hashed(hashes);
            known.confirmed(hashes, 0b111);
        }
        known.after(new ByteRange(2 * BLOCK, 2 * EXTENT - BLOCK));
        assertThat(ask(0).blocks()).isEqualTo(0b011);
        assertThat(ask(1).blocks()).isZero();
        assertThat(ask(2).blocks()).isEqualTo(0b110);
    }
}
