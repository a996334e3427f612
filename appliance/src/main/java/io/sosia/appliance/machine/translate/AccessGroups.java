package io.sosia.appliance.machine.translate;

import io.sosia.appliance.machine.isa.Op;
import java.util.Arrays;

/// Which accesses to memory of one block share a look into the translation tables: neighbours in one page, reached from the same origin
/// ([Origins]), as the fields of a structure, what a function saves on its stack, or constants beside each other.
///
/// The one look, at the first of them, asks whether the page of the first byte holds the last one too. Nothing changes the tables before
/// the last of them. Where a page has often ended between them, each looks for itself, and so do others reached from there.
final class AccessGroups {

    /// Bytes from the first one accessed to the last, at most: the more, the likelier a page ends between them.
    static final int SPAN_MAX = 256;

    /// Accesses that share a look.
    static final class Group {

        /// Register of the first access; distances are told from its value there.
        final int register;
        final boolean stores;
        /// Number in its block.
        final int number;
        /// Of the first byte that one of them accesses, and of the last.
        int lowest;
        int highest;
        /// Whether what would belong to it is to look for itself.
        private final boolean alone;
        /// Whether the look has been written.
        boolean looked;
        /// Bytes of the widest access.
        private int width;
        /// The register's own distance from the origin.
        private final int from;

        /// @param word the first access
        private Group(long word, int from, int number, boolean alone) {
            register = Op.rs1(word);
            stores = AccessGroups.stores(word);
            this.from = from;
            this.number = number;
            this.alone = alone;
            width = bytes(word);
            lowest = Op.immediate(word);
            highest = lowest + width - 1;
        }

        /// @param place distance from the origin
        /// @return false if it does not fit in
        private boolean add(int place, int bytes) {
            int first = place - from;
            int low = Math.min(lowest, first);
            int high = Math.max(highest, first + bytes - 1);
            if (high - low > SPAN_MAX) {
                return false;
            }
            lowest = low;
            highest = high;
            width = Math.max(width, bytes);
            return true;
        }

        /// Whether a page may end between its accesses.
        boolean mayBeSplit() {
            return highest - lowest >= width;
        }
    }

    /// An access of a group.
    ///
    /// @param distance from the value that the group's register had
    record Access(Group group, int distance) {}

    private final Access[] accesses;

    /// @param alone places of accesses that are not to be the first of a group
    AccessGroups(RegionPlan.Block block, int... alone) {
        long[] words = block.words();
        accesses = new Access[words.length];
        Origins origins = new Origins();
        Group[] loads = new Group[Origins.most(words.length)];
        Group[] stores = new Group[loads.length];
        int count = 0;
        int place = block.at();
        for (int i = 0; i < words.length; i++) {
            long word = words[i];
            int bytes = bytes(word);
            if (bytes != 0) {
                Group[] open = stores(word) ? stores : loads;
                int origin = origins.origin(Op.rs1(word));
                int from = origins.distance(Op.rs1(word));
                int distance = from + Op.immediate(word);
                Group group = open[origin];
                if (group != null && group.alone) {
                    group = new Group(word, from, count++, true);
                } else if (group == null || !group.add(distance, bytes)) {
                    int at = place;
                    group = new Group(word, from, count++, Arrays.stream(alone).anyMatch(each -> each == at));
                    open[origin] = group;
                }
                accesses[i] = new Access(group, distance - group.from);
            } else if (Op.op(word) >= Op.HOT_END && Op.op(word) != Op.FLOAT) {
                Arrays.fill(loads, null);
                Arrays.fill(stores, null);
            }
            origins.after(word, place);
            place += 2 * Op.length(word);
        }
    }

    /// The access of an instruction; null when it does not access memory.
    Access of(int instruction) {
        return accesses[instruction];
    }

    /// Whether an instruction that accesses memory stores.
    static boolean stores(long word) {
        return switch (Op.op(word)) {
            case Op.SB, Op.SH, Op.SW, Op.SD, Op.FSW, Op.FSD -> true;
            default -> false;
        };
    }

    /// Bytes that a translated instruction accesses, 0 for one that does not.
    static int bytes(long word) {
        return switch (Op.op(word)) {
            case Op.LB, Op.LBU, Op.SB -> 1;
            case Op.LH, Op.LHU, Op.SH -> 2;
            case Op.LW, Op.LWU, Op.SW, Op.FLW, Op.FSW -> 4;
            case Op.LD, Op.SD, Op.FLD, Op.FSD -> 8;
            default -> 0;
        };
    }
}
