package io.sosia.appliance.machine.translate;

import io.sosia.appliance.machine.exec.CodeCache;
import io.sosia.appliance.machine.isa.Op;
import io.sosia.appliance.machine.memory.GuestRam;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;

/// The instructions that make a region.
///
/// Places are byte distances from the start of the page that the region is entered in, before or behind it.
///
/// @param entry     place of the first instruction
/// @param blocks    the basic blocks, in ascending places
/// @param distances how many pages each page of the region lies behind the one it is entered in
/// @param pages     RAM page of each
/// @param alone     places of accesses to memory that are not to be the first of a group, see [AccessGroups]
/// @param lasting   whether it is expected to execute many steps each time it is entered, see [RecentPages]
record RegionPlan(int entry, List<Block> blocks, int[] distances, int[] pages, int[] alone, boolean lasting) {

    /// Instructions that follow each other, of which only the last may jump.
    ///
    /// @param at      place of the first
    /// @param words   the decoded instructions, see [Op]; at least one
    /// @param counter where it is counted how often it is executed, see [CodeCache#counter]; 0 if it is not
    /// @param guesses places that the last one, an indirect jump, may lead to; some lie outside
    record Block(int at, long[] words, long counter, int... guesses) {

        /// The place behind the last.
        int end() {
            return at + 2 * Arrays.stream(words).mapToInt(Op::length).sum();
        }

        /// Whether its first instruction, which is its only one then, goes on in the next page.
        boolean crosses() {
            return !samePage(at, at + 2 * Op.length(words[0]) - 2);
        }

        /// The last instruction.
        long last() {
            return words[words.length - 1];
        }

        /// The place of the last instruction.
        int lastAt() {
            return end() - 2 * Op.length(last());
        }

        /// Whether what lies behind it may be executed after it.
        boolean goesOn() {
            return Op.op(last()) != Op.JAL && Op.op(last()) != Op.JALR;
        }

        /// Where its last instruction goes, a [Op#JALR]: see [RegionPlan#farTarget(int, long, long)].
        int farTarget() {
            return RegionPlan.farTarget(lastAt() - 4, words.length == 1 ? Op.UNDECODED : words[words.length - 2], last());
        }
    }

    int instructions() {
        return blocks.stream().mapToInt(block -> block.words().length).sum();
    }

    /// Whether a block begins in a slot of a RAM page.
    boolean begins(int page, int slot) {
        for (Block block : blocks) {
            if (slot(block.at()) == slot && page(block.at()) == page) {
                return true;
            }
        }
        return false;
    }

    /// The slot of a place in its page.
    static int slot(int place) {
        return (place & GuestRam.PAGE_SIZE - 1) / 2;
    }

    /// The same, with more places of accesses that are not to be the first of a group.
    RegionPlan withAlone(int... more) {
        int[] all = IntStream.concat(Arrays.stream(alone), Arrays.stream(more)).distinct().toArray();
        return new RegionPlan(entry, blocks, distances, pages, all, lasting);
    }

    /// The part of it that is nearest to its entry.
    ///
    /// @param most instructions it may have, 1 or more
    RegionPlan cut(int most) {
        List<Block> kept = new ArrayList<>();
        int left = most;
        for (Block block : blocks.stream().sorted(Comparator.comparingInt(each -> Math.abs(each.at() - entry))).toList()) {
            if (left > 0) {
                kept.add(block.words().length <= left ? block : new Block(block.at(), Arrays.copyOf(block.words(), left), block.counter()));
                left -= Math.min(left, block.words().length);
            }
        }
        kept.sort(Comparator.comparingInt(Block::at));
        return new RegionPlan(entry, kept, distances, pages, alone, lasting);
    }

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
        return isPlace(target) ? (int) target : Integer.MIN_VALUE;
    }

    /// Whether something so far from the page that is entered can be part of the region.
    static boolean isPlace(long distance) {
        return Math.abs(distance) < Integer.MAX_VALUE / 2;
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
