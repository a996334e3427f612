package io.sosia.appliance.machine.translate;

import io.sosia.appliance.machine.isa.Op;
import io.sosia.appliance.machine.mmu.Tlb;
import java.util.List;

/// Which accesses to memory of a region first ask whether their page is that of last time, in one of the recent entries of the translation
/// tables ([Tlb]).
///
/// The entry of any page is found by the address, and what is loaded waits for that; a recent one is always the same. That pays in loops,
/// where most accesses stay in a page for long. One by an address that the loop itself has loaded may lead anywhere, as along a list; one
/// that strides leaves its page too soon.
final class RecentPages {

    /// There is no recent entry for it.
    static final int NONE = -1;

    /// Recent entries of one region, at most.
    private static final int MOST = 8;
    /// Bytes that an address may go on by from one turn of a loop to the next.
    private static final int STRIDE_MAX = 128;

    /// Scatters regions over the recent entries, which they share: 2^32 by the golden ratio.
    private static final int SCATTER = 0x9e37_79b9;

    private final List<RegionPlan.Block> blocks;
    private final RegionShape shape;
    private final int first;
    /// Bits of the registers that a loop loads.
    private int loaded;
    /// Bits of those that the block adds a register or a large constant to, and does nothing else to.
    private int striding;
    private int left;
    private boolean inLoop;

    /// @param any whether any access is to ask
    RecentPages(boolean any, RegionPlan plan, RegionShape shape) {
        this.shape = shape;
        blocks = plan.blocks();
        first = Regions.begin(plan.page(plan.entry()), RegionPlan.slot(plan.entry())) * SCATTER >>> 16;
        left = any ? MOST : 0;
        for (int i = 0; any && i < blocks.size(); i++) {
            if (shape.isInLoop(i)) {
                for (long word : blocks.get(i).words()) {
                    loaded |= Op.op(word) == Op.LD ? RegisterUse.written(word) : 0;
                }
            }
        }
    }

    /// Goes on to a block.
    void begin(int block) {
        inLoop = shape.isInLoop(block);
        if (!inLoop || left == 0) {
            return;
        }
        striding = 0;
        int computed = 0;
        for (long word : blocks.get(block).words()) {
            if (strides(word)) {
                striding |= RegisterUse.written(word);
            } else {
                computed |= RegisterUse.written(word);
            }
        }
        striding &= ~computed;
    }

    private static boolean strides(long word) {
        return switch (Op.op(word)) {
            case Op.ADD -> Op.rd(word) == Op.rs1(word) || Op.rd(word) == Op.rs2(word);
            case Op.ADDI -> Op.rd(word) == Op.rs1(word) && Math.abs(Op.immediate(word)) > STRIDE_MAX;
            default -> false;
        };
    }

    /// Number of the recent entry for a group of accesses of the block.
    int next(AccessGroups.Group group) {
        if (!inLoop || left == 0 || ((loaded | striding) >>> group.register & 1) != 0) {
            return NONE;
        }
        left--;
        return first + left & Tlb.RECENT_ENTRIES - 1;
    }
}
