package io.sosia.appliance.machine.translate;

import io.sosia.appliance.machine.isa.Op;
import io.sosia.appliance.machine.mmu.Tlb;

/// Which accesses to memory of a region first ask whether their page is that of last time, in one of the recent entries of the translation
/// tables ([Tlb]).
///
/// The entry of any page is found by the address, and what is loaded waits for that; a recent one is always the same. That pays in loops,
/// where most accesses stay in a page for long. One by an address that the loop itself has loaded may lead anywhere, as along a list.
final class RecentPages {

    /// There is no recent entry for it.
    static final int NONE = -1;

    /// Recent entries of one region, at most.
    private static final int MOST = 8;

    /// Scatters regions over the recent entries, which they share: 2^32 by the golden ratio.
    private static final int SCATTER = 0x9e37_79b9;

    private final RegionShape shape;
    private final int first;
    /// Bits of the registers that a loop loads.
    private int loaded;
    private int left;
    private boolean inLoop;

    /// @param any whether any access is to ask
    RecentPages(boolean any, RegionPlan plan, RegionShape shape) {
        this.shape = shape;
        first = Regions.begin(plan.page(plan.entry()), RegionPlan.slot(plan.entry())) * SCATTER >>> 16;
        left = any ? MOST : 0;
        for (int i = 0; i < plan.blocks().size(); i++) {
            if (shape.isInLoop(i)) {
                for (long word : plan.blocks().get(i).words()) {
                    loaded |= Op.op(word) == Op.LD ? RegisterUse.written(word) : 0;
                }
            }
        }
    }

    /// Goes on to a block.
    void begin(int block) {
        inLoop = shape.isInLoop(block);
    }

    /// Number of the recent entry for a group of accesses of the block.
    int next(AccessGroups.Group group) {
        if (!inLoop || left == 0 || (loaded >>> group.register & 1) != 0) {
            return NONE;
        }
        left--;
        return first + left & Tlb.RECENT_ENTRIES - 1;
    }
}
