package io.sosia.disksync.resync;

import static org.assertj.core.api.Assertions.assertThat;

import io.sosia.disksync.block.ByteRange;
import io.sosia.disksync.block.DirtyMap;
import io.sosia.disksync.block.DiskState;
import io.sosia.disksync.block.DiskView;
import io.sosia.disksync.block.GenerationId;
import io.sosia.disksync.block.Generations;
import io.sosia.disksync.block.Geometry;
import io.sosia.disksync.block.Partner;
import io.sosia.disksync.block.ResyncMark;
import java.util.Optional;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class ResyncPlanTest {
    private static final long SIZE = 64L << 20;
    private static final UUID SESSION = new UUID(3, 4);
    private static final GenerationId GENERATION = new GenerationId(7);

    private static DiskView view(DiskState state, Optional<ResyncMark> resync) {
        return new DiskView(new UUID(1, 2), SIZE, Generations.first(GENERATION), state, Partner.IN_SYNC, false, resync, new DirtyMap());
    }

    private static ResyncPlan plan(ResyncMode interrupted, UUID known, boolean full) {
        DirtyMap left = new DirtyMap();
        left.mark(new ByteRange(0, Geometry.BLOCK_BYTES));
        return ResyncPlan.of(view(DiskState.UP_TO_DATE, Optional.empty()),
                view(DiskState.INCONSISTENT, Optional.of(new ResyncMark(known, GENERATION))),
                Optional.of(new ResyncPlan.Interrupted(SESSION, interrupted, left)), full);
    }

    @ParameterizedTest
    @EnumSource
    void goesOnWhereItWasInterrupted(ResyncMode mode) {
        ResyncPlan plan = plan(mode, SESSION, false);
        assertThat(plan.mode()).isEqualTo(mode);
        assertThat(plan.blocks().count()).isEqualTo(1);
    }

    @Test
    void everythingThatIsAskedForGoesOnAsWell() {
        assertThat(plan(ResyncMode.FULL, SESSION, true).blocks().count()).isEqualTo(1);
    }

    @Test
    void everythingThatIsAskedForIsNotForgottenForAnInterruptedPart() {
        ResyncPlan plan = plan(ResyncMode.INCREMENTAL, SESSION, true);
        assertThat(plan.mode()).isEqualTo(ResyncMode.FULL);
        assertThat(plan.blocks().count()).isEqualTo(SIZE / Geometry.BLOCK_BYTES);
    }

    @Test
    void everythingThatIsAskedForIsSentToATargetThatDoesNotKnowOfIt() {
        ResyncPlan plan = plan(ResyncMode.FULL, new UUID(5, 6), true);
        assertThat(plan.reason()).startsWith("full: as asked");
        assertThat(plan.blocks().count()).isEqualTo(SIZE / Geometry.BLOCK_BYTES);
    }
}
