package io.sosia.appliance.machine.translate;

import io.sosia.appliance.machine.isa.Op;
import java.util.List;
import java.util.TreeSet;

/// What has to be known of a region as a whole before its code is written.
final class RegionShape {

    /// Places that are jumped to; some lie outside.
    private final TreeSet<Integer> targets = new TreeSet<>();
    private final List<RegionPlan.Block> blocks;
    private int used;
    private boolean loops;

    RegionShape(RegionPlan plan) {
        blocks = plan.blocks();
        TreeSet<Integer> heads = new TreeSet<>();
        targets.add(plan.entry());
        for (int place : plan.returns()) {
            targets.add(place);
        }
        for (int i = 0; i < plan.blocks().size(); i++) {
            RegionPlan.Block block = plan.blocks().get(i);
            heads.add(block.at());
            int place = block.at();
            long before = Op.UNDECODED;
            for (long word : block.words()) {
                used |= RegisterUse.read(word) | RegisterUse.written(word);
                boolean branch = RegionPlanner.isBranch(Op.op(word));
                if (Op.op(word) == Op.JAL || branch) {
                    int to = place + Op.immediate(word);
                    targets.add(to);
                    loops |= (branch || Op.rd(word) == Op.SINK) && to <= place && heads.contains(to);
                }
                if (Op.op(word) == Op.JALR) {
                    targets.add(RegionPlan.farTarget(place - 4, before, word));
                }
                before = word;
                place += 2 * Op.length(word);
            }
            if (i + 1 == plan.blocks().size() || plan.blocks().get(i + 1).at() != place) {
                // What runs on there jumps over another block: the guest decodes the same bytes in two ways.
                targets.add(place);
            }
        }
    }

    /// Whether a block may go on in the next one without a jump.
    boolean runsOn(int number) {
        RegionPlan.Block block = blocks.get(number);
        int end = block.end();
        return block.goesOn() && number + 1 < blocks.size() && blocks.get(number + 1).at() == end && RegionPlan.samePage(block.at(), end);
    }

    /// Whether a block is reached from the one before, and from nowhere else.
    boolean isContinued(int number) {
        return number > 0 && runsOn(number - 1) && !targets.contains(blocks.get(number).at());
    }

    /// Steps of a block and of those that continue it.
    int stepsOnward(int number) {
        int steps = blocks.get(number).words().length;
        for (int next = number + 1; next < blocks.size() && isContinued(next); next++) {
            steps += blocks.get(next).words().length;
        }
        return steps;
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
