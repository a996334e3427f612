package io.sosia.appliance.machine.translate;

import io.sosia.appliance.machine.exec.CodeCache;
import io.sosia.appliance.machine.exec.TranslatedCode;
import io.sosia.appliance.machine.isa.Op;
import io.sosia.appliance.machine.memory.GuestRam;
import io.sosia.appliance.machine.mmu.Mmu;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Comparator;
import java.util.List;
import java.util.PriorityQueue;

/// Chooses the instructions of a region: from a hot one along jumps and calls, near and far and to where indirect ones have led lately,
/// through code that has been executed before.
///
/// What is nearest is taken in first, and where branches lead that have been taken now and then. But a peak region that is executed for a
/// few steps at a time takes in what is executed most of those times, by the counts of quick ones: what it hardly ever comes to would take
/// up room, in it and in the host's caches. In one that lasts, a loop most likely, that matters less than seldom to be left.
final class RegionPlanner {

    private static final int PAGES_MAX = 12;
    private static final int NOWHERE = -1;
    private static final int[] NONE = {};
    /// Where a branch leads is taken in from this part of the jumps on that make code hot.
    private static final int WARM_PART = 32;
    /// What is executed more seldom, for each time that a region is, is not taken in.
    private static final double WEIGHT_MIN = 1.0 / 32;

    /// How far before a hot place something around it is looked for, in halfwords, and its part of the jumps that make code hot.
    private static final int AROUND_MAX = 256;
    private static final int AROUND_PART = 8;

    /// What code is weighed within: the region from its entry on, or a function from there on that it calls.
    ///
    /// @param count  how often that entry was executed, in quick regions; 0 if that is not known
    /// @param weight the entry's
    private record Scope(long count, double weight) {

        /// @param executed how often a place was; 0 if that is not known
        /// @param before   weight of what leads there
        double weigh(long executed, double before) {
            return executed == 0 ? before : weight * Math.min(1, (double) executed / count);
        }
    }

    /// A place still to follow.
    ///
    /// @param weight how often it is executed for each time that the region is, as far as that is known, and 1 at most
    /// @param number in the order in which the places were met; of one that a branch runs on to, the number of the way there
    private record Way(int place, double weight, Scope scope, int number) implements Comparable<Way> {

        /// The heaviest first, then the one met first.
        @Override
        public int compareTo(Way other) {
            int byWeight = Double.compare(other.weight, weight);
            return byWeight != 0 ? byWeight : Integer.compare(number, other.number);
        }
    }

    private final Mmu mmu;
    private final CodeCache code;
    private final TranslatedCode translated;
    private final JumpTargets jumps;

    /// Of the plan being made. Bits are halfwords of the pages, in the order these were met.
    private final BitSet chosen = new BitSet(PAGES_MAX * CodeCache.SLOTS);
    private final BitSet heads = new BitSet(PAGES_MAX * CodeCache.SLOTS);
    /// Slots of a page that lead to another.
    private final BitSet leads = new BitSet(CodeCache.SLOTS);
    private final PriorityQueue<Way> next = new PriorityQueue<>();
    /// Places met.
    private int met;
    private final int[] distances = new int[PAGES_MAX];
    private final int[] pages = new int[PAGES_MAX];
    private long base;
    private int pageCount;
    private int count;
    private int countMax;
    /// Whether to follow indirect jumps.
    private boolean guessing;
    /// Whether to choose by what was counted.
    private boolean weighing;

    RegionPlanner(Mmu mmu, CodeCache code, TranslatedCode translated, JumpTargets jumps) {
        this.mmu = mmu;
        this.code = code;
        this.translated = translated;
        this.jumps = jumps;
    }

    /// Plans a region that contains `pc`, where a function or loop around it begins, if that has been jumped to often too.
    ///
    /// A loop is hot before the function it lies in: a region of its own would be one too many soon after.
    ///
    /// @param page RAM page of `pc`
    /// @param most instructions it may have
    RegionPlan around(long pc, int page, int most) {
        int slot = RegionPlan.slot((int) pc);
        int beginning = beginning(page, slot);
        RegionPlan plan = plan((pc & -4096) + 2L * beginning, page, Tier.QUICK, most, NONE, false);
        return beginning == slot || plan.begins(page, slot) ? plan : plan(pc, page, Tier.QUICK, most, NONE, false);
    }

    /// The first slot in the page, not far before another, that leads there and has been jumped to a good part as often.
    private int beginning(int page, int slot) {
        int heatMin = translated.heatMax() / AROUND_PART;
        int first = slot;
        leads.clear();
        leads.set(slot);
        for (int at = slot - 1; at >= 0 && slot - at <= AROUND_MAX; at--) {
            long word = word(page, at);
            int op = Op.op(word);
            boolean calls = RegionShape.isCall(word);
            boolean jumps = isBranch(op) || op == Op.JAL && !calls;
            boolean goesOn = calls || op != Op.JAL && op != Op.JALR;
            int to = at + Op.immediate(word) / 2;
            if (word != Op.UNDECODED && (goesOn && leads.get(at + Op.length(word)) || jumps && to > at && leads.get(to))) {
                leads.set(at);
                int heat = code.heat(page, at);
                if (heat >= heatMin && heat < translated.heatMax() && Op.op(code.word(page, at)) != Op.TRANSLATED) {
                    first = at;
                }
            }
        }
        return first;
    }

    /// Plans a region that begins at `pc`.
    ///
    /// @param page    RAM page of `pc`
    /// @param tier    what it is worth
    /// @param most    instructions it may have
    /// @param alone   see [RegionPlan]
    /// @param lasting whether it is expected to execute many steps each time, and takes in all that is warm
    RegionPlan plan(long pc, int page, Tier tier, int most, int[] alone, boolean lasting) {
        chosen.clear();
        heads.clear();
        next.clear();
        count = 0;
        countMax = most;
        guessing = tier == Tier.PEAK;
        weighing = guessing && !lasting;
        met = 0;
        base = pc & -4096;
        pageCount = 0;
        add(0, page);
        int entry = (int) pc & GuestRam.PAGE_SIZE - 1;
        head(entry, 1, scope(entry, 1));
        while (!next.isEmpty() && count < countMax) {
            follow(next.remove());
        }
        List<RegionPlan.Block> blocks = blocks(tier == Tier.QUICK);
        return new RegionPlan(entry, blocks, Arrays.copyOf(distances, pageCount), Arrays.copyOf(pages, pageCount), alone, lasting);
    }

    /// Has all that a plan contains count anew until it is hot: it is no reason for a region of its own to be jumped to until this one
    /// is in use.
    void cool(RegionPlan plan) {
        plan.blocks().forEach(block -> cool(plan.page(block.at()), RegionPlan.slot(block.at())));
    }

    /// Has a slot of a page count anew, if that is held; it stays warm.
    void cool(int page, int slot) {
        if (code.holds(page) && isWarm(page, slot)) {
            code.setHeat(page, slot, warmMin());
        }
    }

    private int add(int distance, int page) {
        distances[pageCount] = distance;
        pages[pageCount] = page;
        return pageCount++;
    }

    /// Which of the pages taken in a place lies in; their number when in none.
    private int taken(int place) {
        int i = 0;
        while (i < pageCount && distances[i] != place >> GuestRam.PAGE_SHIFT) {
            i++;
        }
        return i;
    }

    /// RAM page of a place, or [#NOWHERE] when it is not mapped or was never executed.
    private int ramPage(int place) {
        int i = taken(place);
        if (i < pageCount) {
            return pages[i];
        }
        int offset = mmu.probe(base + (place & -GuestRam.PAGE_SIZE), Mmu.FETCH);
        return offset < 0 || !code.holds(offset >> GuestRam.PAGE_SHIFT) ? NOWHERE : offset >> GuestRam.PAGE_SHIFT;
    }

    /// The bit of a place, whose page is taken in; or [#NOWHERE] when that is not mapped, was never executed, or would be one too many.
    private int bit(int place) {
        int i = taken(place);
        if (i == pageCount) {
            int page = i == PAGES_MAX ? NOWHERE : ramPage(place);
            if (page == NOWHERE) {
                return NOWHERE;
            }
            add(place >> GuestRam.PAGE_SHIFT, page);
        }
        return i * CodeCache.SLOTS + RegionPlan.slot(place);
    }

    private int place(int bit) {
        return (distances[bit / CodeCache.SLOTS] << GuestRam.PAGE_SHIFT) + 2 * (bit % CodeCache.SLOTS);
    }

    /// Has code at a place followed later.
    ///
    /// @param before weight of what leads there
    /// @return whether there is any to go on with
    private boolean head(int place, double before, Scope scope) {
        int page = ramPage(place);
        return page != NOWHERE && word(page, RegionPlan.slot(place)) != Op.UNDECODED && meet(place, before, scope, met++);
    }

    /// Has a place followed later, unless it is executed too seldom.
    ///
    /// @return whether it will be
    private boolean meet(int place, double before, Scope scope, int number) {
        double weight = scope.count == 0 ? before : scope.weigh(count(place), before);
        int bit = weight < WEIGHT_MIN ? NOWHERE : bit(place);
        if (bit == NOWHERE) {
            return false;
        }
        heads.set(bit);
        next.add(new Way(place, weight, scope, number));
        return true;
    }

    private Scope scope(int entry, double weight) {
        return new Scope(weighing ? count(entry) : 0, weight);
    }

    /// The decoded instruction, or [Op#UNDECODED] for one that was never executed or is not to be translated.
    private long word(int bit) {
        int page = pages[bit / CodeCache.SLOTS];
        if (!crosses(bit)) {
            return word(page, bit % CodeCache.SLOTS);
        }
        int behind = bit(place(bit) + 2);
        return behind == NOWHERE ? Op.UNDECODED : translatable(code.decodeCrossing(page, pages[behind / CodeCache.SLOTS]));
    }

    /// Whether an instruction goes on in the next page.
    private boolean crosses(int bit) {
        return Op.op(code.word(pages[bit / CodeCache.SLOTS], bit % CodeCache.SLOTS)) == Op.CROSSING;
    }

    /// The same, but not for one that goes on in the next page either: no region begins there, and nothing is followed there by a jump.
    private long word(int page, int slot) {
        long word = code.word(page, slot);
        return Op.op(word) == Op.TRANSLATED ? translated.original(page, slot) : translatable(word);
    }

    private static long translatable(long word) {
        return switch (Op.op(word)) {
            case Op.CROSSING, Op.PAGE_END, Op.ECALL, Op.EBREAK, Op.SRET, Op.WFI, Op.ILLEGAL -> Op.UNDECODED;
            default -> word;
        };
    }

    private void follow(Way way) {
        int place = way.place;
        long before = Op.UNDECODED;
        int bit = bit(place);
        while (bit != NOWHERE && count < countMax && !chosen.get(bit)) {
            long word = word(bit);
            if (word == Op.UNDECODED) {
                return;
            }
            chosen.set(bit);
            count++;
            int behind = place + 2 * Op.length(word);
            int op = Op.op(word);
            if (op == Op.JAL) {
                jump(place + Op.immediate(word), behind, word, way);
                return;
            }
            if (op == Op.JALR) {
                // Entered at the jump itself, the block would not know the instruction before it.
                int target = RegionPlan.farTarget(place - 4, heads.get(bit) ? Op.UNDECODED : before, word);
                if (target != Integer.MIN_VALUE) {
                    jump(target, behind, word, way);
                } else {
                    for (int guess : guesses(bit)) {
                        jump(guess, behind, word, way);
                    }
                }
                return;
            }
            if (isBranch(op)) {
                int to = place + Op.immediate(word);
                if (weighing) {
                    branch(to, behind, way);
                    return;
                }
                if (isWarm(to)) {
                    head(to, way.weight, way.scope);
                }
                int after = bit(behind);
                if (after != NOWHERE) {
                    heads.set(after);
                }
            }
            boolean samePage = RegionPlan.samePage(place, behind);
            before = word;
            place = behind;
            bit = bit(place);
            if (bit != NOWHERE && (!samePage || crosses(bit))) {
                // Which page comes next is asked at a block's beginning.
                heads.set(bit);
            }
        }
        if (bit != NOWHERE) {
            heads.set(bit);
        }
    }

    /// Goes both ways of a branch, if they have been gone.
    private void branch(int to, int behind, Way way) {
        long taken = count(to);
        long notTaken = count(behind);
        boolean known = taken + notTaken > 0;
        if (known ? taken > 0 : isWarm(to)) {
            head(to, way.weight, way.scope);
        }
        if (!known || notTaken > 0) {
            // Even if the instruction there goes on in the next page.
            meet(behind, way.weight, way.scope, way.number);
        }
    }

    /// How often the block that begins at a place was executed in quick regions.
    private long count(int place) {
        int page = ramPage(place);
        return page == NOWHERE ? 0 : code.count(page, RegionPlan.slot(place));
    }

    /// Whether what a branch leads to has been jumped to often enough to be worth a part of the region.
    private boolean isWarm(int place) {
        int page = ramPage(place);
        if (page == NOWHERE) {
            return false;
        }
        int slot = RegionPlan.slot(place);
        return isWarm(page, slot) || Op.op(code.word(page, slot)) == Op.TRANSLATED;
    }

    private int warmMin() {
        return translated.heatMax() / WARM_PART;
    }

    private boolean isWarm(int page, int slot) {
        int heat = code.heat(page, slot);
        return heat < 0 || heat >= warmMin();
    }

    private void jump(int target, int behind, long word, Way way) {
        boolean call = RegionShape.isCall(word);
        if (head(target, way.weight, call ? scope(target, way.weight) : way.scope) && call) {
            head(behind, way.weight, way.scope);
        }
    }

    /// Places that an indirect jump, other than a return, has led to lately; none for a quick region.
    private int[] guesses(int bit) {
        if (!guessing || RegionShape.isReturn(word(bit))) {
            return NONE;
        }
        long[] targets = jumps.of(Regions.begin(pages[bit / CodeCache.SLOTS], bit % CodeCache.SLOTS));
        return Arrays.stream(targets).map(each -> each - base).filter(RegionPlan::isPlace).mapToInt(each -> (int) each).toArray();
    }

    static boolean isBranch(int op) {
        return op >= Op.BEQ && op <= Op.BGEU;
    }

    /// The blocks of the instructions chosen.
    ///
    /// @param counted whether they are to be counted
    private List<RegionPlan.Block> blocks(boolean counted) {
        List<RegionPlan.Block> blocks = new ArrayList<>();
        long[] block = new long[countMax];
        for (int head = heads.nextSetBit(0); head >= 0; head = heads.nextSetBit(head + 1)) {
            int length = 0;
            int[] guesses = NONE;
            int place = place(head);
            int bit = head;
            while (bit != NOWHERE && chosen.get(bit) && (bit == head || !heads.get(bit))) {
                long word = word(bit);
                block[length++] = word;
                if (Op.op(word) == Op.JALR) {
                    guesses = guesses(bit);
                }
                if (Op.op(word) == Op.JAL || Op.op(word) == Op.JALR || isBranch(Op.op(word))) {
                    break;
                }
                place += 2 * Op.length(word);
                bit = bit(place);
            }
            if (length > 0) {
                long counter = counted ? code.counter(pages[head / CodeCache.SLOTS], head % CodeCache.SLOTS) : 0;
                blocks.add(new RegionPlan.Block(place(head), Arrays.copyOf(block, length), counter, guesses));
            }
        }
        blocks.sort(Comparator.comparingInt(RegionPlan.Block::at));
        return blocks;
    }
}
