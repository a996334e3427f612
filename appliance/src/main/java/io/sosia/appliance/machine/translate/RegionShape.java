package io.sosia.appliance.machine.translate;

import io.sosia.appliance.machine.isa.Op;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.TreeSet;

/// What has to be known of a region as a whole before its code is written.
final class RegionShape {

    private static final int RETURN_ADDRESS = 1;
    /// Calls that a return may belong to, at most.
    private static final int CALLS_MAX = 8;

    private final List<RegionPlan.Block> blocks;
    /// Where the blocks begin.
    private final int[] heads;
    /// By block: places that it leads to, a jump's first; some lie outside. When it runs on, that is the last one.
    private final int[][] next;
    /// Places that are jumped to; some lie outside.
    private final TreeSet<Integer> targets = new TreeSet<>();
    /// Numbers of the blocks that are jumped back to.
    private final TreeSet<Integer> backTargets = new TreeSet<>();
    /// By block: the most steps from there on until steps are asked for again.
    private final int[] stepsOnward;
    private final int entry;
    private int used;
    /// Numbers of the blocks that lie in a loop.
    private final BitSet inLoops = new BitSet();

    RegionShape(RegionPlan plan) {
        blocks = plan.blocks();
        heads = blocks.stream().mapToInt(RegionPlan.Block::at).toArray();
        next = next();
        entry = number(plan.entry());
        stepsOnward = new int[heads.length];
        targets.add(plan.entry());
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
        int[] places = next[number];
        for (int i = 0; i < places.length; i++) {
            if (i + 1 < places.length || !runsOn(number)) {
                targets.add(places[i]);
            }
            if (number(places[i]) >= 0 && number(places[i]) <= number) {
                backTargets.add(number(places[i]));
            }
        }
        boolean jumps = RegionPlanner.isBranch(Op.op(block.last())) || Op.op(block.last()) == Op.JAL && Op.rd(block.last()) == Op.SINK;
        int to = jumps ? number(places[0]) : -1;
        if (to >= 0 && to <= number) {
            inLoops.set(to, number + 1);
        }
    }

    /// Steps of the longest way that a block leads to without jumping back.
    private int mostBehind(int number) {
        int most = 0;
        for (int place : next[number]) {
            int to = number(place);
            if (to > number && !backTargets.contains(to)) {
                most = Math.max(most, stepsOnward[to]);
            }
        }
        return most;
    }

    /// Places that a block leads to, as far as that is known. Of an indirect jump these are guesses, each in the region.
    int[] leadsTo(int number) {
        return next[number];
    }

    private int[][] next() {
        int[][] next = new int[heads.length][];
        for (int i = 0; i < next.length; i++) {
            next[i] = jumpsTo(i);
        }
        for (int i = 0; i < next.length; i++) {
            if (isCall(blocks.get(i).last()) && number(blocks.get(i).end()) >= 0) {
                for (int to : next[i]) {
                    returnTo(blocks.get(i).end(), number(to), next);
                }
            }
        }
        return next;
    }

    /// Has the returns of a function lead to behind its call.
    private void returnTo(int place, int function, int[][] next) {
        BitSet reached = new BitSet();
        ArrayDeque<Integer> open = new ArrayDeque<>();
        open.add(function);
        while (!open.isEmpty()) {
            int block = open.remove();
            if (block < 0 || reached.get(block)) {
                continue;
            }
            reached.set(block);
            if (isReturn(blocks.get(block).last())) {
                if (next[block].length < CALLS_MAX && Arrays.stream(next[block]).noneMatch(each -> each == place)) {
                    next[block] = Arrays.copyOf(next[block], next[block].length + 1);
                    next[block][next[block].length - 1] = place;
                }
            } else if (isCall(blocks.get(block).last())) {
                open.add(number(blocks.get(block).end()));
            } else {
                Arrays.stream(next[block]).forEach(to -> open.add(number(to)));
            }
        }
    }

    private int[] jumpsTo(int number) {
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
                yield target != Integer.MIN_VALUE ? new int[] {target}
                        : Arrays.stream(block.guesses()).filter(guess -> number(guess) >= 0).toArray();
            }
            default -> new int[] {block.end()};
        };
    }

    /// Whether an instruction calls a function.
    static boolean isCall(long word) {
        return (Op.op(word) == Op.JAL || Op.op(word) == Op.JALR) && Op.rd(word) == RETURN_ADDRESS;
    }

    /// Whether an instruction returns from a function.
    static boolean isReturn(long word) {
        return Op.op(word) == Op.JALR && Op.rd(word) == Op.SINK && Op.rs1(word) == RETURN_ADDRESS && Op.immediate(word) == 0;
    }

    /// The block that begins at a place; negative if none does.
    private int number(int place) {
        return Arrays.binarySearch(heads, place);
    }

    /// Whether the block that begins at a place goes on in the next page by its only instruction.
    boolean crosses(int place) {
        return blocks.get(number(place)).crosses();
    }

    /// Whether a block may go on in the next one without a jump.
    boolean runsOn(int number) {
        RegionPlan.Block block = blocks.get(number);
        int end = block.end();
        return block.goesOn() && number + 1 < heads.length && heads[number + 1] == end && RegionPlan.samePage(block.at(), end)
                && !blocks.get(number + 1).crosses();
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

    /// Bits of the integer registers that it reads or writes.
    int used() {
        return used;
    }

    /// Whether it jumps back in itself, other than by a call or an indirect jump.
    boolean loops() {
        return !inLoops.isEmpty();
    }

    /// Whether a block lies in such a loop: where the jump leads, or behind that, and not behind the jump.
    boolean isInLoop(int number) {
        return inLoops.get(number);
    }
}
