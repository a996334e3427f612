package io.sosia.appliance.machine.translate;

import io.sosia.appliance.machine.exec.CodeCache;
import io.sosia.appliance.machine.exec.TranslatedCode;
import io.sosia.appliance.machine.isa.Op;
import io.sosia.appliance.machine.memory.GuestRam;
import io.sosia.appliance.machine.mmu.Mmu;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;

/// Chooses the instructions of a region: from a hot one along static jumps and calls, through code that has been executed
/// before, nearest first.
final class RegionPlanner {

    /// Pages to either side of the one entered.
    private static final int PAGES_BESIDE = 3;
    private static final int PAGES = 2 * PAGES_BESIDE + 1;
    private static final int RETURN_ADDRESS = 1;

    private final Mmu mmu;
    private final CodeCache code;
    private final TranslatedCode translated;

    /// Of the plan being made. Bits are halfwords from the first page on.
    private final BitSet chosen = new BitSet(PAGES * CodeCache.SLOTS);
    private final BitSet heads = new BitSet(PAGES * CodeCache.SLOTS);
    private final BitSet returns = new BitSet(PAGES * CodeCache.SLOTS);
    private final ArrayDeque<Integer> next = new ArrayDeque<>();
    private final int[] pages = new int[PAGES];
    private final long[][] words = new long[PAGES][];
    private int count;
    private int countMax;

    RegionPlanner(Mmu mmu, CodeCache code, TranslatedCode translated) {
        this.mmu = mmu;
        this.code = code;
        this.translated = translated;
    }

    /// Plans a region that begins at `pc`.
    ///
    /// @param page RAM page of `pc`
    /// @param most instructions it may have
    RegionPlan plan(long pc, int page, int most) {
        clear();
        countMax = most;
        long base = pc & -4096;
        for (int i = 0; i < PAGES; i++) {
            int offset = i == PAGES_BESIDE ? page << GuestRam.PAGE_SHIFT
                    : mmu.probe(base + ((long) (i - PAGES_BESIDE) << GuestRam.PAGE_SHIFT), Mmu.FETCH);
            pages[i] = offset < 0 ? RegionPlan.NOT_USED : offset >> GuestRam.PAGE_SHIFT;
            words[i] = offset < 0 ? null : code.pages()[pages[i]];
        }
        int entry = PAGES_BESIDE * CodeCache.SLOTS + ((int) pc & GuestRam.PAGE_SIZE - 1) / 2;
        head(entry);
        while (!next.isEmpty() && count < countMax) {
            follow(next.remove());
        }
        return new RegionPlan(place(entry), blocks(), returns.stream().filter(chosen::get).map(RegionPlanner::place).toArray(),
                usedPages(), PAGES_BESIDE);
    }

    private void clear() {
        chosen.clear();
        heads.clear();
        returns.clear();
        next.clear();
        count = 0;
    }

    private static int place(int slot) {
        return 2 * (slot - PAGES_BESIDE * CodeCache.SLOTS);
    }

    private void head(int slot) {
        if (slot >= 0 && slot < PAGES * CodeCache.SLOTS) {
            heads.set(slot);
            next.add(slot);
        }
    }

    /// The decoded instruction, or [Op#UNDECODED] for one that was never executed or is not to be translated.
    private long word(int slot) {
        if (slot >= PAGES * CodeCache.SLOTS || words[slot / CodeCache.SLOTS] == null) {
            return Op.UNDECODED;
        }
        int inside = slot % CodeCache.SLOTS;
        long word = words[slot / CodeCache.SLOTS][inside];
        return switch (Op.op(word)) {
            case Op.TRANSLATED -> translated.original(pages[slot / CodeCache.SLOTS], inside);
            case Op.CROSSING, Op.PAGE_END, Op.ECALL, Op.EBREAK, Op.SRET, Op.WFI, Op.ILLEGAL -> Op.UNDECODED;
            default -> word;
        };
    }

    private void follow(int from) {
        int slot = from;
        while (count < countMax && !chosen.get(slot)) {
            long word = word(slot);
            if (word == Op.UNDECODED) {
                return;
            }
            chosen.set(slot);
            count++;
            int behind = slot + Op.length(word);
            int op = Op.op(word);
            if (op == Op.JAL) {
                jump(slot, behind, word);
                return;
            }
            if (op == Op.JALR) {
                return;
            }
            if (isBranch(op)) {
                head(slot + Op.immediate(word) / 2);
                heads.set(behind);
            }
            slot = behind;
        }
        if (slot < PAGES * CodeCache.SLOTS) {
            heads.set(slot);
        }
    }

    private void jump(int slot, int behind, long word) {
        int target = slot + Op.immediate(word) / 2;
        head(target);
        if (Op.rd(word) == RETURN_ADDRESS && target >= 0 && word(target) != Op.UNDECODED) {
            head(behind);
            returns.set(behind);
        }
    }

    static boolean isBranch(int op) {
        return op >= Op.BEQ && op <= Op.BGEU;
    }

    private List<RegionPlan.Block> blocks() {
        List<RegionPlan.Block> blocks = new ArrayList<>();
        long[] block = new long[countMax];
        for (int head = heads.nextSetBit(0); head >= 0; head = heads.nextSetBit(head + 1)) {
            int length = 0;
            int slot = head;
            while (chosen.get(slot) && (slot == head || !heads.get(slot))) {
                long word = word(slot);
                block[length++] = word;
                if (Op.op(word) == Op.JAL || Op.op(word) == Op.JALR || isBranch(Op.op(word))) {
                    break;
                }
                slot += Op.length(word);
            }
            if (length > 0) {
                blocks.add(new RegionPlan.Block(place(head), Arrays.copyOf(block, length)));
            }
        }
        return blocks;
    }

    private int[] usedPages() {
        int[] used = pages.clone();
        for (int i = 0; i < PAGES; i++) {
            int first = chosen.nextSetBit(i * CodeCache.SLOTS);
            if (first < 0 || first >= (i + 1) * CodeCache.SLOTS) {
                used[i] = RegionPlan.NOT_USED;
            }
        }
        return used;
    }
}
