package io.sosia.appliance.machine.translate;

import io.sosia.appliance.machine.cpu.Hart;
import io.sosia.appliance.machine.exec.TranslatedCode;
import io.sosia.appliance.machine.isa.Op;
import io.sosia.appliance.machine.memory.GuestRam;
import io.sosia.appliance.machine.mmu.Mmu;
import io.sosia.appliance.machine.mmu.Tlb;
import java.util.Arrays;

/// Executes regions one after the other, as long as each leaves to where another begins: what the interpreter sees of them.
///
/// Half of a guest's time may go between regions, waiting for memory: from one to the next, few things are looked at.
final class Chain implements TranslatedCode {

    private static final int SPLITS_MAX = 64;
    /// Places of splits that a region is made anew for at once.
    private static final int PLACES_MAX = 8;
    /// Steps that a split costs about as much time as.
    private static final int SPLIT_STEPS = 1000;

    /// Who has hot code translated.
    interface Requests {

        /// See [TranslatedCode#heatMax].
        short heatMax();

        /// See [TranslatedCode#hot].
        void hot(int page, int slot, long pc);

        /// A region has run for long: a better one may be worth its making.
        ///
        /// @param pc    where it begins
        /// @param steps that it has just executed, since it was entered
        void busy(Region region, long pc, int steps);

        /// A region had better be made anew, with accesses that look for themselves.
        ///
        /// @param places see [RegionPlan#alone]
        /// @return false if there is no room for that now
        boolean remake(Region region, int... places);
    }

    private final Hart hart;
    private final Handover handover;
    private final Regions regions;
    private final Batches batches;
    private final Requests requests;
    private final NextRegions known;
    private final long ramAddress;

    Chain(Hart hart, Handover handover, Regions regions, Batches batches, NextRegions known, Requests requests) {
        this.hart = hart;
        this.handover = handover;
        this.regions = regions;
        this.batches = batches;
        this.known = known;
        this.requests = requests;
        ramAddress = hart.ram().address();
    }

    @Override
    public int run(int page, int slot, long pc, long limit, int left) {
        Handover handover = this.handover;
        Hart hart = this.hart;
        Batches batches = this.batches;
        handover.limit = limit;
        handover.pc = pc;
        Mmu mmu = hart.mmu();
        long tables = mmu.loads();
        long key = mmu.fetchKey();
        long entries = known.entries();
        int number = regions.number(Regions.begin(page, slot));
        long at = pc;
        int rest = left;
        while (true) {
            int after = batches.run(number, at & -4096, rest, tables);
            if (after == rest) {
                if (handover.pc != at) {
                    split(number, at, at, batches.region(number).begin);
                }
                return rest;
            }
            int steps = rest - after;
            boolean busy = batches.executed(number, steps);
            rest = after;
            if (hart.attention()) {
                // The region may be gone already.
                return rest;
            }
            if (busy) {
                requests.busy(batches.region(number), at, steps);
            }
            long from = at;
            at = handover.pc;
            int next = NextRegions.number(entries, key, at);
            if (next == Regions.NONE) {
                next = find(number, from, at);
                if (next == Regions.NONE) {
                    return rest;
                }
                at &= ~Handover.SPLIT;
                NextRegions.note(entries, key, at, next);
            }
            number = next;
        }
    }

    /// Number of the region to go on in, or [Regions#NONE].
    ///
    /// @param number of the one that was left
    /// @param from   where that begins
    /// @param at     where it was left to, perhaps with a mark
    private int find(int number, long from, long at) {
        long pc = at & ~Handover.SPLIT;
        long address = Tlb.probe(hart.mmu().fetches(), pc);
        if (address == 0) {
            return Regions.NONE;
        }
        int begin = (int) (address - ramAddress) >>> 1;
        if (pc != at) {
            handover.pc = pc;
            split(number, from, pc, begin);
        }
        return regions.number(begin);
    }

    /// Accesses that look for their page together were not possible. Where that is so often because the page ends between them, the region
    /// is made anew: there, they look alone.
    ///
    /// @param from  where the region begins
    /// @param pc    where the first of the accesses is
    /// @param begin the same in RAM
    private void split(int number, long from, long pc, int begin) {
        Region region = batches.region(number);
        Held held = region.held;
        if (held.asked || !isPossibleAlone(regions.original(begin))) {
            return;
        }
        int place = (int) (pc - (from & -GuestRam.PAGE_SIZE));
        if (held.splitAt.length < PLACES_MAX && Arrays.stream(held.splitAt).noneMatch(each -> each == place)) {
            held.splitAt = Arrays.copyOf(held.splitAt, held.splitAt.length + 1);
            held.splitAt[held.splitAt.length - 1] = place;
        }
        if (++held.splits < SPLITS_MAX) {
            return;
        }
        long steps = batches.steps(number);
        boolean often = steps - held.stepsBefore < SPLITS_MAX * SPLIT_STEPS;
        held.asked = often && requests.remake(region, held.splitAt);
        held.splits = 0;
        held.splitAt = new int[0];
        held.stepsBefore = steps;
    }

    /// Whether the tables know the page that an access lies in, as a whole, and one that it shares a look with may lie in another: before
    /// that page or behind it.
    private boolean isPossibleAlone(long word) {
        long va = hart.registers()[Op.rs1(word)] + Op.immediate(word);
        boolean atEnd = !inOnePage(va - AccessGroups.SPAN_MAX, va + AccessGroups.SPAN_MAX);
        return atEnd && inOnePage(va, va + AccessGroups.bytes(word) - 1)
                && hart.mmu().probe(va, AccessGroups.stores(word) ? Mmu.STORE : Mmu.LOAD) >= 0;
    }

    private static boolean inOnePage(long one, long other) {
        return (one ^ other) >>> GuestRam.PAGE_SHIFT == 0;
    }

    @Override
    public long pc() {
        return handover.pc & ~Handover.SPLIT;
    }

    @Override
    public long original(int page, int slot) {
        return regions.original(Regions.begin(page, slot));
    }

    @Override
    public short heatMax() {
        return requests.heatMax();
    }

    @Override
    public void hot(int page, int slot, long pc) {
        requests.hot(page, slot, pc);
    }
}
