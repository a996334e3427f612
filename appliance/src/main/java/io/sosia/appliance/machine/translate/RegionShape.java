package io.sosia.appliance.machine.translate;

import io.sosia.appliance.machine.isa.Op;
import java.util.Arrays;
import java.util.List;
import java.util.TreeSet;

/// What has to be known of a region as a whole before its code is written.
final class RegionShape {

    private static final int COMPARED_RETURNS_MAX = 4;

    private final List<RegionPlan.Block> blocks;
    /// Where the blocks begin.
    private final int[] heads;
    private final int[] returns;
    /// Places that are jumped to; some lie outside.
    private final TreeSet<Integer> targets = new TreeSet<>();
    /// Numbers of the blocks that are jumped back to.
    private final TreeSet<Integer> backTargets = new TreeSet<>();
    /// By block: the most steps from there on until steps are asked for again.
    private final int[] stepsOnward;
    private final int entry;
    private int used;
    private boolean loops;

    RegionShape(RegionPlan plan) {
        blocks = plan.blocks();
        heads = blocks.stream().mapToInt(RegionPlan.Block::at).toArray();
        returns = Arrays.copyOf(plan.returns(), Math.min(plan.returns().length, COMPARED_RETURNS_MAX));
        entry = number(plan.entry());
        stepsOnward = new int[heads.length];
        targets.add(plan.entry());
        for (int place : plan.returns()) {
            targets.add(place);
        }
        for (int i = 0; i < heads.length; i++) {
            survey(i);
        }
        for (int i = heads.length - 1; i >= 0; i--) {
            stepsOnward[i] = blocks.get(i).words().length + mostBehind(i);
        }
    }

    private void survey(int number) {
        RegionPlan.Block block = blocks.get(number);
        for (long word : block.words()) {
            used |= RegisterUse.read(word) | RegisterUse.written(word);
        }
        int[] next = leadsTo(number);
        for (int i = 0; i < next.length; i++) {
            if (i + 1 < next.length || !runsOn(number)) {
                targets.add(next[i]);
            }
            if (number(next[i]) >= 0 && number(next[i]) <= number) {
                backTargets.add(number(next[i]));
            }
        }
        boolean jumps = RegionPlanner.isBranch(Op.op(block.last())) || Op.op(block.last()) == Op.JAL && Op.rd(block.last()) == Op.SINK;
        loops |= jumps && next[0] <= block.lastAt() && number(next[0]) >= 0;
    }

    /// Steps of the longest way that a block leads to without jumping back.
    private int mostBehind(int number) {
        int most = 0;
        for (int place : leadsTo(number)) {
            int next = number(place);
            if (next > number && !backTargets.contains(next)) {
                most = Math.max(most, stepsOnward[next]);
            }
        }
        return most;
    }

    /// Places that a block leads to, a jump's first; some lie outside. When it runs on, that is the last one.
    private int[] leadsTo(int number) {
        RegionPlan.Block block = blocks.get(number);
        long last = block.last();
        int to = block.lastAt() + Op.immediate(last);
        if (RegionPlanner.isBranch(Op.op(last))) {
            return new int[] {to, block.end()};
        }
        return switch (Op.op(last)) {
            case Op.JAL -> new int[] {to};
            case Op.JALR -> {
                int target = block.farTarget();
                yield target != Integer.MIN_VALUE ? new int[] {target} : isReturn(last) ? returns : new int[0];
            }
            default -> new int[] {block.end()};
        };
    }

    /// Whether an [Op#JALR] returns from a function.
    static boolean isReturn(long jump) {
        return Op.rd(jump) == Op.SINK && Op.rs1(jump) == 1 && Op.immediate(jump) == 0;
    }

    /// The block that begins at a place; negative if none does.
    private int number(int place) {
        return Arrays.binarySearch(heads, place);
    }

    /// Whether a block may go on in the next one without a jump.
    boolean runsOn(int number) {
        RegionPlan.Block block = blocks.get(number);
        int end = block.end();
        return block.goesOn() && number + 1 < heads.length && heads[number + 1] == end && RegionPlan.samePage(block.at(), end);
    }

    /// Whether a block is reached from the one before, and from nowhere else.
    boolean isContinued(int number) {
        return number > 0 && runsOn(number - 1) && !targets.contains(heads[number]);
    }

    /// Steps that have to be left where the region is entered: for the longest way that does not jump back.
    int stepsAtEntry() {
        return stepsOnward[entry];
    }

    /// The same for a block that is jumped back to; 0 for others, which need not ask.
    int stepsAsked(int number) {
        return backTargets.contains(number) ? stepsOnward[number] : 0;
    }

    /// The places that a return from a function is compared with: where it goes in the region.
    int[] comparedReturns() {
        return returns;
    }

    /// Bits of the integer registers that it reads or writes.
    int used() {
        return used;
    }

    /// Whether it jumps back in itself, other than by a call.
    boolean loops() {
        return loops;
    }
}
