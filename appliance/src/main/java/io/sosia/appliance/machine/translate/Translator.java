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

    private static final short HEAT_MAX = 4000;
    /// Code that found no room in the queue comes back after this part of the way to being hot: so the hottest comes back first, and
    /// the queue does not run dry meanwhile. A guest's loop heats all its parts at the same time, far more than there is room for.
    private static final int REFUSED_PART = 16;
    private static final int PEAK_HEAT = 150_000;

    private final Hart hart;
    private final Mmu mmu;
    private final CodeCache code;
    private final Interpreter interpreter;
    private final Regions regions;
    private final Handover handover;
    private final TranslationQueue queue;
    private final short heatMax;
    private final int peakHeat;
    private final RegionPlanner planner;
    private final RegionLoader loader;
    private final Arrivals arrivals = new Arrivals();

    /// @param queue where hot code is translated
    public Translator(Hart hart, TranslationQueue queue) {
        this(hart, queue, HEAT_MAX, PEAK_HEAT);
    }

    /// @param heatMax  how often code is jumped to before it is worth a region
    /// @param peakHeat how often a quick region is entered before a better one is worth its making
    Translator(Hart hart, TranslationQueue queue, short heatMax, int peakHeat) {
        this.hart = hart;
        this.queue = queue;
        this.heatMax = heatMax;
        this.peakHeat = peakHeat;
        mmu = hart.mmu();
        code = new CodeCache(hart);
        regions = new Regions(hart, code);
        Chain chain = new Chain();
        handover = new Handover(hart, chain);
        loader = new RegionLoader(handover);
        planner = new RegionPlanner(mmu, code, chain);
        interpreter = new Interpreter(hart, code, chain);
    }

    @Override
    public void run(long untilSteps) {
        install();
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

    /// Pages of RAM that tables are kept for, to find the regions by.
    int tables() {
        return regions.tables();
    }

    /// Runs regions one after the other, for the interpreter and for what regions call.
    ///
    /// A call of the guest is one of the JVM's: the region that calls stays on the stack, and goes on where its callee returns to without being
    /// looked for. Whatever could make it wrong meanwhile (code or a mapping that changes) raises the hart's attention, and then every region
    /// on the stack leaves.
    private final class Chain implements TranslatedCode, Handover.Calls {

        /// A `back` that no program counter is equal to.
        private static final long NOWHERE = 1;
        /// Calls on the stack at most: deeper ones leave their regions.
        private static final int DEPTH_MAX = 48;
        /// Heat of a region that is at work when the steps are over: it may have been there for long.
        private static final int FOUND_AT_WORK = 20_000;

        private int depth;

        @Override
        public int run(int page, int slot, long pc, long limit, int left) {
            handover.limit = limit;
            depth = 0;
            int loads = mmu.loads();
            int stores = mmu.stores();
            Held held = regions.at(page, slot);
            return goOn(held, left, enter(held, pc, left, loads, stores), NOWHERE, loads, stores);
        }

        @Override
        public int call(long pc, long back, int left, int loads, int stores) {
            Held held = regionAt(pc);
            if (held == null || depth == DEPTH_MAX) {
                handover.pc = pc;
                return ~left;
            }
            depth++;
            int rest = enter(held, pc, left, loads, stores);
            if (handover.pc != back || hart.attention()) {
                rest = goOn(held, left, rest, back, loads, stores);
                if (handover.pc != back || hart.attention()) {
                    rest = ~rest;
                }
            }
            depth--;
            return rest;
        }

        /// The region that begins at `pc`; null if there is none, or the page is not known to be mapped.
        private Held regionAt(long pc) {
            long[] tlb = mmu.tables();
            int e = mmu.fetches() + ((int) (pc >>> Tlb.INDEX_SHIFT) & Tlb.INDEX_MASK);
            if (tlb[e] != (pc & -4096)) {
                return null;
            }
            int offset = (int) (pc + tlb[e + 1]);
            return regions.at(offset >> GuestRam.PAGE_SHIFT, (offset & GuestRam.PAGE_SIZE - 1) >> 1);
        }

        private int enter(Held held, long pc, int left, int loads, int stores) {
            if (++held.heat > peakHeat && held.tier == Tier.QUICK && !held.asked && queue.isIdle()) {
                held.asked = ask(Tier.PEAK, held.betterMax, pc, held.plan.page(held.plan.entry()));
                held.heat = 0;
            }
            return held.region.run(pc & -4096, left, loads, stores);
        }

        /// Executes regions after a first one, until the guest is to go on at `back`, or with no region, or with attention.
        ///
        /// @param before steps that were left before the first one
        /// @param after  and after it
        /// @return steps left
        private int goOn(Held first, int before, int after, long back, int loads, int stores) {
            Held held = first;
            int left = before;
            int rest = after;
            while (rest != left && handover.pc != back && !hart.attention()) {
                long at = handover.pc;
                Held next = regionAt(at);
                if (next == null) {
                    if (rest < Tier.PEAK.instructionsMax) {
                        held.heat += FOUND_AT_WORK;
                    }
                    return rest;
                }
                held = next;
                left = rest;
                rest = enter(held, at, left, loads, stores);
            }
            return rest;
        }

        @Override
        public long pc() {
            return handover.pc;
        }

        @Override
        public long original(int page, int slot) {
            return regions.at(page, slot).original;
        }

        @Override
        public short heatMax() {
            return heatMax;
        }

        @Override
        public void hot(int page, int slot, long pc) {
            install();
            long[] words = code.pages()[page];
            if (words == null || Op.op(words[slot]) == Op.TRANSLATED || Op.op(words[slot]) == Op.UNDECODED) {
                return;
            }
            if (!ask(Tier.QUICK, Tier.QUICK.instructionsMax, pc, page)) {
                code.heats()[page][slot] = (short) (heatMax - Math.max(1, heatMax / REFUSED_PART));
            }
        }
    }

    /// Has a region translated that begins at `pc`.
    ///
    /// @param most instructions it may have
    /// @param page RAM page of `pc`
    /// @return false if there is no room for more work now
    private boolean ask(Tier tier, int most, long pc, int page) {
        if (!queue.hasRoom()) {
            return false;
        }
        RegionPlan plan = planner.plan(pc, page, most);
        if (plan.blocks().isEmpty()) {
            return true;
        }
        long[] versions = regions.versions(plan);
        return queue.offer(() -> {
            byte[] classFile = RegionCompiler.compile(tier, plan);
            Region region = null;
            if (RegionCompiler.codeBytes(classFile) < Tier.CODE_BYTES_MAX) {
                region = loader.define(classFile);
                Tier.warm(region);
            }
            arrivals.add(new Arrival(tier, plan, versions, region));
        });
    }

    private void install() {
        if (!arrivals.any()) {
            return;
        }
        for (Arrival each = arrivals.takeAll(); each != null; each = each.next) {
            regions.install(each);
        }
    }
}
