package io.sosia.appliance.machine.translate;

import io.sosia.appliance.machine.isa.Op;
import io.sosia.appliance.machine.memory.GuestRam;
import java.util.List;

/// The instructions that make a region.
///
/// Places are byte distances from the start of the page that the region is entered in, before or behind it.
///
/// @param entry     place of the first instruction
/// @param blocks    the basic blocks, in ascending places
/// @param returns   places that calls inside the region return to, ascending
/// @param distances how many pages each page of the region lies behind the one it is entered in
/// @param pages     RAM page of each
/// @param alone     whether each access to memory is to look for itself, see [AccessGroups]
record RegionPlan(int entry, List<Block> blocks, int[] returns, int[] distances, int[] pages, boolean alone) {

    /// Instructions that follow each other, of which only the last may jump.
    ///
    /// @param at    place of the first
    /// @param words the decoded instructions, see [Op]; at least one
    record Block(int at, long[] words) {}

    /// Where a [Op#JALR] goes whose register the instruction before it has loaded: a far call or jump.
    ///
    /// @param at     place of the instruction before
    /// @param before that instruction
    /// @return the place, or [Integer#MIN_VALUE] when it is not known
    static int farTarget(int at, long before, long jump) {
        if (Op.op(before) != Op.AUIPC || Op.rd(before) != Op.rs1(jump)) {
            return Integer.MIN_VALUE;
        }
        long target = at + (long) Op.immediate(before) + Op.immediate(jump) & ~1L;
        return Math.abs(target) < Integer.MAX_VALUE / 2 ? (int) target : Integer.MIN_VALUE;
    }

    /// Whether two places lie in the same page.
    static boolean samePage(int one, int other) {
        return one >> GuestRam.PAGE_SHIFT == other >> GuestRam.PAGE_SHIFT;
    }

    /// RAM page of a place in the region.
    int page(int place) {
        for (int i = 0; i < distances.length; i++) {
            if (distances[i] == place >> GuestRam.PAGE_SHIFT) {
                return pages[i];
            }
        }
        throw new IllegalArgumentException("place " + place + " is not in the region");
    }
}
