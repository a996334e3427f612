package io.sosia.appliance.machine.translate;

import io.sosia.appliance.machine.isa.Op;
import io.sosia.appliance.machine.memory.GuestRam;
import java.util.List;

/// The instructions that make a region.
///
/// Places are byte distances from the start of the page that the region is entered in, before or behind it.
///
/// @param entry   place of the first instruction
/// @param blocks  the basic blocks, in ascending places
/// @param returns places that calls inside the region return to, ascending
/// @param pages   RAM page of each page of the region; the page it is entered in is the one at `entryPage`
/// @param entryPage index of that page
record RegionPlan(int entry, List<Block> blocks, int[] returns, int[] pages, int entryPage) {

    /// Instructions that follow each other, of which only the last may jump.
    ///
    /// @param at    place of the first
    /// @param words the decoded instructions, see [Op]; at least one
    record Block(int at, long[] words) {}

    /// No page of RAM belongs to the region at this index of `pages`.
    static final int NOT_USED = -1;

    /// RAM page of a place.
    int page(int place) {
        return pages[(place >> GuestRam.PAGE_SHIFT) + entryPage];
    }
}
