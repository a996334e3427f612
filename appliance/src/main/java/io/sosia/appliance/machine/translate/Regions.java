package io.sosia.appliance.machine.translate;

import io.sosia.appliance.machine.cpu.Hart;
import io.sosia.appliance.machine.exec.CodeCache;
import io.sosia.appliance.machine.isa.Op;
import io.sosia.appliance.machine.memory.GuestRam;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;

/// The regions in use, found by where they begin in RAM, and dropped when code they were made of changes.
final class Regions {

    /// Regions held at most; when there are as many, all are dropped, and what is still hot comes back. A region takes some 10 KB
    /// of the JVM's metaspace and code cache.
    static final int REGIONS_MAX = 8192;

    private final Hart hart;
    private final CodeCache code;
    /// By page and slot where they begin.
    private final Held[][] begins;
    /// By page: all that have instructions there.
    private final List<Held>[] touching;
    /// By page: how often its code changed.
    private final long[] changes;
    private int count;

    @SuppressWarnings({"unchecked", "rawtypes"})
    Regions(Hart hart, CodeCache code) {
        this.hart = hart;
        this.code = code;
        begins = new Held[hart.ram().pages()][];
        touching = new List[hart.ram().pages()];
        changes = new long[hart.ram().pages()];
        code.setWatcher(this::changed);
    }

    /// The region that begins there, or null.
    Held at(int page, int slot) {
        Held[] here = begins[page];
        return here == null ? null : here[slot];
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

    /// Takes a region into use, unless its code has changed since. One that got too big is asked for again, smaller, when it is due.
    void install(Arrival arrival) {
        RegionPlan plan = arrival.plan;
        int page = plan.page(plan.entry());
        int slot = slot(plan);
        long[] words = code.pages()[page];
        Held before = at(page, slot);
        if (!Arrays.equals(arrival.versions, versions(plan)) || words == null) {
            if (before != null) {
                before.asked = false;
            }
            return;
        }
        if (arrival.region == null) {
            if (before != null) {
                before.betterMax = before.betterMax * 2 / 3;
                before.asked = false;
            }
            return;
        }
        if (before != null) {
            if (before.tier.compareTo(arrival.tier) >= 0) {
                return;
            }
            drop(before);
        }
        if (count >= REGIONS_MAX) {
            dropAll();
        }
        Held held = new Held(arrival.tier, arrival.region, plan, words[slot]);
        if (begins[page] == null) {
            begins[page] = new Held[CodeCache.SLOTS];
        }
        begins[page][slot] = held;
        words[slot] = Op.TRANSLATED;
        for (int each : plan.pages()) {
            if (touching[each] == null) {
                touching[each] = new ArrayList<>();
            }
            touching[each].add(held);
        }
        count++;
    }

    private void changed(int page, int first, int last) {
        changes[page]++;
        List<Held> here = touching[page];
        if (here == null) {
            return;
        }
        for (Held each : here.toArray(Held[]::new)) {
            drop(each);
        }
        if (first == 0 && last == CodeCache.SLOTS - 1) {
            // Code moves: a table stays where it is needed only.
            begins[page] = null;
            touching[page] = null;
        }
        hart.demandAttention();
    }

    /// Drops every region.
    void dropAll() {
        for (List<Held> each : touching) {
            if (each != null) {
                each.clear();
            }
        }
        for (int page = 0; page < begins.length; page++) {
            Held[] here = begins[page];
            if (here == null) {
                continue;
            }
            for (Held held : here) {
                if (held != null) {
                    restore(held);
                }
            }
            begins[page] = null;
        }
        count = 0;
    }

    private static int slot(RegionPlan plan) {
        return (plan.entry() & GuestRam.PAGE_SIZE - 1) >> 1;
    }

    private void drop(Held held) {
        RegionPlan plan = held.plan;
        int page = plan.page(plan.entry());
        int slot = slot(plan);
        if (at(page, slot) != held) {
            // It has two pages that are the same one in RAM.
            return;
        }
        begins[page][slot] = null;
        restore(held);
        for (int each : plan.pages()) {
            touching[each].remove(held);
        }
        count--;
    }

    private void restore(Held held) {
        int page = held.plan.page(held.plan.entry());
        int slot = slot(held.plan);
        long[] words = code.pages()[page];
        if (words != null && words[slot] == Op.TRANSLATED) {
            words[slot] = held.original;
            code.heats()[page][slot] = 0;
        }
    }
}
