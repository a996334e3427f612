package io.sosia.appliance.machine.translate;

import io.sosia.appliance.machine.cpu.Hart;
import io.sosia.appliance.machine.exec.CodeCache;
import io.sosia.appliance.machine.exec.Engine;
import io.sosia.appliance.machine.exec.Interpreter;
import io.sosia.appliance.machine.exec.TranslatedCode;
import io.sosia.appliance.machine.isa.Op;
import io.sosia.appliance.machine.memory.GuestRam;
import io.sosia.appliance.machine.mmu.Mmu;
import io.sosia.appliance.machine.mmu.Tlb;

/// The engine that translates: the interpreter for cold code, JVM bytecode for hot code.
///
/// What is translated when, and when it becomes usable, differs from run to run; what the guest computes does not.
public final class Translator implements Engine {

    private final Hart hart;
    private final Mmu mmu;
    private final CodeCache code;
    private final Interpreter interpreter;
    private final Regions regions;
    private final Handover handover;
    private final TranslationQueue queue;
    private final RegionPlanner planner;
    private final RegionLoader loader;
    private final Arrivals arrivals = new Arrivals();

    /// @param queue where hot code is translated
    public Translator(Hart hart, TranslationQueue queue) {
        this.hart = hart;
        this.queue = queue;
        mmu = hart.mmu();
        code = new CodeCache(hart);
        handover = new Handover(hart);
        loader = new RegionLoader(handover);
        regions = new Regions(hart, code);
        Chain chain = new Chain();
        planner = new RegionPlanner(mmu, code, chain);
        interpreter = new Interpreter(hart, code, chain);
    }

    @Override
    public void run(long untilSteps) {
        interpreter.run(untilSteps);
    }

    @Override
    public void dropCaches() {
        interpreter.dropCaches();
    }

    /// Regions held now.
    public int regions() {
        return regions.count();
    }

    /// What the interpreter sees of the regions.
    private final class Chain implements TranslatedCode {

        @Override
        public int run(int page, int slot, long pc, long limit, int left) {
            handover.limit = limit;
            long[] tlb = mmu.tables();
            int loads = mmu.loads();
            int stores = mmu.stores();
            int fetches = mmu.fetches();
            Regions.Held held = regions.at(page, slot);
            long at = pc;
            int rest = left;
            while (true) {
                int after = held.region().run(at & -4096, rest, loads, stores);
                if (after == rest) {
                    return rest;
                }
                rest = after;
                at = handover.pc;
                if (hart.attention()) {
                    return rest;
                }
                int e = fetches + ((int) (at >>> Tlb.INDEX_SHIFT) & Tlb.INDEX_MASK);
                if (tlb[e] != (at & -4096)) {
                    return rest;
                }
                int offset = (int) (at + tlb[e + 1]);
                held = regions.at(offset >> GuestRam.PAGE_SHIFT, (offset & GuestRam.PAGE_SIZE - 1) >> 1);
                if (held == null) {
                    return rest;
                }
            }
        }

        @Override
        public long pc() {
            return handover.pc;
        }

        @Override
        public long original(int page, int slot) {
            return regions.at(page, slot).original();
        }

        @Override
        public void hot(int page, int slot, long pc) {
            install();
            long[] words = code.pages()[page];
            if (words == null || Op.op(words[slot]) == Op.TRANSLATED || Op.op(words[slot]) == Op.UNDECODED) {
                return;
            }
            RegionPlan plan = planner.plan(pc, page);
            if (plan.blocks().isEmpty()) {
                return;
            }
            long[] versions = regions.versions(plan);
            boolean taken = queue.offer(() -> arrivals.add(new Arrival(plan, versions, loader.define(RegionCompiler.compile(plan)))));
            if (!taken) {
                code.heats()[page][slot] = 0;
            }
            install();
        }
    }

    private void install() {
        for (Arrival each = arrivals.takeAll(); each != null; each = each.next) {
            regions.install(each.plan, each.versions, each.region);
        }
    }
}
