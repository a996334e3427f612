package io.sosia.appliance.machine.translate;

import io.sosia.appliance.machine.isa.Op;
import java.util.ArrayList;
import java.util.List;

/// Which accesses to memory of one block share a look into the translation tables: neighbours in one page, reached by the same register
/// while it keeps its value, as the fields of a structure or what a function saves on its stack.
///
/// The one look, at the first of them, asks whether the page of the lowest holds the highest too, and whether they are aligned.
/// Nothing changes the tables before the last of them.
final class AccessGroups {

    /// Accesses farther apart than this many bytes look for themselves: the farther, the likelier a page ends between them.
    static final int SPAN_MAX = 256;

    /// Accesses that share a look.
    static final class Group {

        final int register;
        final boolean stores;
        /// Number in its block.
        final int number;
        /// Distances from the register's value: of the lowest access, and of the highest one of the widest access's alignment.
        int lowest;
        int last;
        /// Bytes of the widest access.
        int width;
        /// Whether the look has been written.
        boolean looked;
        private int highest;
        /// A distance at which the widest access lies.
        private int aligned;
        private final List<long[]> members = new ArrayList<>();

        private Group(int register, boolean stores, int number) {
            this.register = register;
            this.stores = stores;
            this.number = number;
        }

        /// @return false if it does not fit in
        private boolean add(int distance, int bytes) {
            int low = members.isEmpty() ? distance : Math.min(lowest, distance);
            int high = members.isEmpty() ? distance : Math.max(highest, distance);
            int wide = Math.max(width, bytes);
            int at = bytes > width ? distance : aligned;
            members.add(new long[] {distance, bytes});
            boolean fits = high - low <= SPAN_MAX && members.stream().allMatch(each -> (each[0] - at) % each[1] == 0);
            if (!fits) {
                members.removeLast();
                return false;
            }
            lowest = low;
            highest = high;
            width = wide;
            aligned = at;
            last = Math.max(low, high - Math.floorMod(high - at, wide));
            return true;
        }
    }

    private final Group[] byInstruction;
    private int count;

    /// @param words the decoded instructions of the block
    /// @param alone whether each access is to look for itself
    AccessGroups(long[] words, boolean alone) {
        byInstruction = new Group[words.length];
        Group[] loads = new Group[32];
        Group[] stores = new Group[32];
        for (int i = 0; i < words.length; i++) {
            long word = words[i];
            int bytes = bytes(word);
            if (bytes != 0) {
                Group[] open = stores(word) ? stores : loads;
                int register = Op.rs1(word);
                if (open[register] == null || alone || !open[register].add(Op.immediate(word), bytes)) {
                    open[register] = new Group(register, stores(word), count++);
                    open[register].add(Op.immediate(word), bytes);
                }
                byInstruction[i] = open[register];
            } else if (Op.op(word) >= Op.HOT_END && Op.op(word) != Op.FLOAT) {
                loads = new Group[32];
                stores = new Group[32];
            }
            int written = RegisterUse.written(word);
            if (written != 0) {
                loads[Integer.numberOfTrailingZeros(written)] = null;
                stores[Integer.numberOfTrailingZeros(written)] = null;
            }
        }
    }

    /// The group of an instruction that accesses memory.
    Group of(int instruction) {
        return byInstruction[instruction];
    }

    /// Whether an instruction that accesses memory stores.
    static boolean stores(long word) {
        return switch (Op.op(word)) {
            case Op.SB, Op.SH, Op.SW, Op.SD, Op.FSW, Op.FSD -> true;
            default -> false;
        };
    }

    /// Bytes that a translated instruction accesses, 0 for one that does not.
    private static int bytes(long word) {
        return switch (Op.op(word)) {
            case Op.LB, Op.LBU, Op.SB -> 1;
            case Op.LH, Op.LHU, Op.SH -> 2;
            case Op.LW, Op.LWU, Op.SW, Op.FLW, Op.FSW -> 4;
            case Op.LD, Op.SD, Op.FLD, Op.FSD -> 8;
            default -> 0;
        };
    }
}
