package io.sosia.appliance.machine.translate;

import io.sosia.appliance.machine.cpu.Hart;
import io.sosia.appliance.machine.exec.CodeCache;
import io.sosia.appliance.machine.isa.Op;
import io.sosia.appliance.machine.memory.GuestRam;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/// The regions in use, found by where in RAM they can be entered, and dropped when code they were made of changes.
final class Regions {

    /// Regions held at most; when there are as many, all are dropped, and what is still hot comes back. A region takes some 10 KB
    /// of the JVM's metaspace and code cache.
    static final int REGIONS_MAX = 8192;

    private final Hart hart;
    private final CodeCache code;
    /// By page and slot.
    private final Entrance[][] entrances;
    /// By page: all that have instructions there.
    private final List<Held>[] touching;
    /// By page: how often its code changed.
    private final long[] changes;
    private int count;

    @SuppressWarnings({"unchecked", "rawtypes"})
    Regions(Hart hart, CodeCache code) {
        this.hart = hart;
        this.code = code;
        entrances = new Entrance[hart.ram().pages()][];
        touching = new List[hart.ram().pages()];
        changes = new long[hart.ram().pages()];
        code.setWatcher(this::changed);
    }

    /// The entrance there, or null.
    Entrance at(int page, int slot) {
        Entrance[] here = entrances[page];
        return here == null ? null : here[slot];
    }

    int count() {
        return count;
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
        Entrance before = at(page, slot(plan.entry()));
        if (!Arrays.equals(arrival.versions, versions(plan))) {
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
        if (before != null && before.held.tier.compareTo(arrival.tier) >= 0) {
            return;
        }
        if (count >= REGIONS_MAX) {
            dropAll();
        }
        Held held = new Held(arrival.tier, arrival.region, plan);
        for (int i = 0; i < plan.entries().length; i++) {
            open(held, i);
        }
        for (int each : plan.pages()) {
            if (touching[each] == null) {
                touching[each] = new ArrayList<>();
            }
            touching[each].add(held);
        }
        count++;
    }

    /// Opens an entrance, unless one as good leads to another region.
    private void open(Held held, int index) {
        int place = held.plan.entries()[index];
        int page = held.plan.page(place);
        int slot = slot(place);
        if (entrances[page] == null) {
            entrances[page] = new Entrance[CodeCache.SLOTS];
        }
        Entrance before = entrances[page][slot];
        long[] words = code.pages()[page];
        if (before != null) {
            if (before.held.tier.compareTo(held.tier) >= 0) {
                return;
            }
            if (--before.held.entrances == 0) {
                forget(before.held);
            }
        }
        entrances[page][slot] = new Entrance(held, index, before != null ? before.original : words[slot]);
        words[slot] = Op.TRANSLATED;
        held.entrances++;
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
            entrances[page] = null;
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
        for (int page = 0; page < entrances.length; page++) {
            for (int slot = 0; entrances[page] != null && slot < CodeCache.SLOTS; slot++) {
                if (entrances[page][slot] != null) {
                    restore(page, slot, entrances[page][slot].original);
                }
            }
            entrances[page] = null;
        }
        count = 0;
    }

    private static int slot(int place) {
        return (place & GuestRam.PAGE_SIZE - 1) >> 1;
    }

    private void drop(Held held) {
        if (held.entrances == 0) {
            // It has two pages that are the same one in RAM, and was dropped for the first.
            return;
        }
        for (int place : held.plan.entries()) {
            int page = held.plan.page(place);
            Entrance entrance = at(page, slot(place));
            if (entrance != null && entrance.held == held) {
                entrances[page][slot(place)] = null;
                restore(page, slot(place), entrance.original);
            }
        }
        held.entrances = 0;
        forget(held);
    }

    private void forget(Held held) {
        for (int each : held.plan.pages()) {
            touching[each].remove(held);
        }
        count--;
    }

    private void restore(int page, int slot, long original) {
        long[] words = code.pages()[page];
        if (words != null && words[slot] == Op.TRANSLATED) {
            words[slot] = original;
            code.heats()[page][slot] = 0;
        }
    }
}
