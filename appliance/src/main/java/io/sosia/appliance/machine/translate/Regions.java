package io.sosia.appliance.machine.translate;

import io.sosia.appliance.machine.cpu.Hart;
import io.sosia.appliance.machine.exec.CodeCache;
import io.sosia.appliance.machine.isa.Op;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;

/// The regions in use, found by where they begin in RAM, and dropped when code they were made of changes.
final class Regions {

    /// Where no region begins.
    static final int NONE = -1;

    private final Hart hart;
    private final CodeCache code;
    private final long peakSteps;
    private final Batches batches;
    private final NextRegions known;
    /// By page and slot where they begin.
    private final Region[][] begins;
    /// By the low bits of where they begin, the last one looked for: where that is, and its number.
    private final long[] quick = new long[1 << 16];
    /// By page: all that have instructions there.
    private final List<Region>[] touching;
    /// By page: how often its code changed.
    private final long[] changes;
    private int count;

    /// @param peakSteps steps in a quick region after which it is worth telling
    @SuppressWarnings({"unchecked", "rawtypes"})
    Regions(Hart hart, CodeCache code, long peakSteps, Batches batches, NextRegions known) {
        this.hart = hart;
        this.code = code;
        this.peakSteps = peakSteps;
        this.batches = batches;
        this.known = known;
        begins = new Region[hart.ram().pages()][];
        touching = new List[hart.ram().pages()];
        changes = new long[hart.ram().pages()];
        Arrays.fill(quick, -1);
        code.setWatcher(this::changed);
    }

    /// Halfwords of RAM up to a slot of a page.
    static int begin(int page, int slot) {
        return page * CodeCache.SLOTS + slot;
    }

    /// The RAM page of so many halfwords.
    static int page(int begin) {
        return begin / CodeCache.SLOTS;
    }

    /// Number of the region that begins there, or [#NONE].
    int number(int begin) {
        long last = quick[begin & quick.length - 1];
        return (int) (last >>> 32) == begin ? (int) last : find(begin);
    }

    private int find(int begin) {
        Region[] here = begins[page(begin)];
        Region region = here == null ? null : here[begin % CodeCache.SLOTS];
        if (region == null) {
            return NONE;
        }
        quick[begin & quick.length - 1] = (long) begin << 32 | region.number;
        return region.number;
    }

    /// The region that begins there, or null.
    Region at(int begin) {
        int number = number(begin);
        return number == NONE ? null : batches.region(number);
    }

    /// The decoded instruction there, whether a region begins with it or not.
    long original(int begin) {
        Region region = at(begin);
        return region == null ? code.word(page(begin), begin % CodeCache.SLOTS) : region.held.original;
    }

    int count() {
        return count;
    }

    /// Pages of RAM that a table is kept for.
    int tables() {
        return (int) Arrays.stream(begins).filter(Objects::nonNull).count();
    }

    /// How often the code of each page of the plan has changed so far.
    long[] versions(RegionPlan plan) {
        long[] versions = new long[plan.pages().length];
        for (int i = 0; i < versions.length; i++) {
            versions[i] = changes[plan.pages()[i]];
        }
        return versions;
    }

    /// Takes a region into use, unless its code has changed since or there is a better one.
    ///
    /// @return whether it has
    boolean install(Arrival arrival) {
        RegionPlan plan = arrival.plan;
        int page = plan.page(plan.entry());
        int slot = RegionPlan.slot(plan.entry());
        Region region = arrival.region;
        batches.refresh(region.batch);
        Region there = at(begin(page, slot));
        Held before = there == null ? null : there.held;
        if (before != null && arrival.tier.compareTo(before.tier) >= 0) {
            before.asked = false;
        }
        if (!Arrays.equals(arrival.versions, versions(plan)) || !code.holds(page)) {
            return false;
        }
        if (before != null) {
            if (!isBetter(arrival, before)) {
                return false;
            }
            drop(there);
        }
        if (!batches.hasRoom(region.batch)) {
            batches.takeLeastExecuted().forEach(this::drop);
        }
        batches.add(region);
        if (arrival.tier == Tier.QUICK) {
            batches.tellAfter(region.number, peakSteps);
        }
        region.begin = begin(page, slot);
        region.held = new Held(arrival.tier, plan, code.word(page, slot));
        if (begins[page] == null) {
            begins[page] = new Region[CodeCache.SLOTS];
        }
        begins[page][slot] = region;
        code.put(page, slot, Op.withOp(region.held.original, Op.TRANSLATED));
        for (int each : plan.pages()) {
            if (touching[each] == null) {
                touching[each] = new ArrayList<>();
            }
            touching[each].add(region);
        }
        count++;
        return true;
    }

    private static boolean isBetter(Arrival arrival, Held before) {
        int tiers = arrival.tier.compareTo(before.tier);
        return tiers > 0 || tiers == 0 && arrival.plan.alone().length > before.plan.alone().length;
    }

    private void changed(int page, int first, int last) {
        changes[page]++;
        List<Region> here = touching[page];
        if (here == null) {
            return;
        }
        for (Region each : here.toArray(Region[]::new)) {
            drop(each);
        }
        if (first == 0 && last == CodeCache.SLOTS - 1) {
            // Code moves: a table stays where it is needed only.
            begins[page] = null;
            touching[page] = null;
        }
        hart.demandAttention();
    }

    private void drop(Region region) {
        int begin = region.begin;
        if (at(begin) != region) {
            // It has two pages that are the same one in RAM.
            return;
        }
        begins[page(begin)][begin % CodeCache.SLOTS] = null;
        quick[begin & quick.length - 1] = -1;
        known.forget();
        batches.remove(region);
        restore(region);
        for (int each : region.held.plan.pages()) {
            touching[each].remove(region);
        }
        // The region stays as long as its batch.
        region.held = null;
        count--;
    }

    private void restore(Region region) {
        int page = page(region.begin);
        int slot = region.begin % CodeCache.SLOTS;
        if (code.holds(page) && Op.op(code.word(page, slot)) == Op.TRANSLATED) {
            code.put(page, slot, region.held.original);
            code.setHeat(page, slot, 0);
        }
    }
}
