package io.sosia.appliance.machine.translate;

import io.sosia.appliance.machine.cpu.Hart;
import io.sosia.appliance.machine.exec.CodeCache;
import io.sosia.appliance.machine.exec.Engine;
import io.sosia.appliance.machine.exec.Interpreter;
import io.sosia.appliance.machine.isa.Op;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// The engine that translates: the interpreter for cold code, JVM bytecode for hot code.
///
/// What is translated when, and when it becomes usable, differs from run to run; what the guest computes does not.
public final class Translator implements Engine {

    private static final short HEAT_MAX = 4000;
    /// The same while a guest starts. Much of what it executes then is executed some thousand times and never again, and to translate it
    /// takes a processor as long as a million of the guest's instructions.
    private static final short STARTING_HEAT_MAX = 30_000;
    /// Steps that this takes: a boot and what comes next.
    private static final long STARTING_STEPS = 1_000_000_000;

    /// Instructions of a region. Whole functions with what they call: where code is wide, to go from region to region takes a good part of
    /// the time, and an instruction that lies in several of them takes up room in the host's caches as often.
    private static final int INSTRUCTIONS_MAX = 240;
    /// The same while a guest starts: smaller ones are sooner there.
    private static final int STARTING_INSTRUCTIONS_MAX = 100;
    /// The same for one that is executed for many steps each time. What a loop needs fits in, and with more around it, the JVM's compiler finds
    /// fewer registers for it.
    private static final int LASTING_INSTRUCTIONS_MAX = 160;

    /// Code that found no room in the queue comes back after this part of the way to being hot: so the hottest comes back first, and
    /// the queue does not run dry meanwhile. A guest's loop heats all its parts at the same time, far more than there is room for.
    private static final int REFUSED_PART = 16;
    private static final long PEAK_STEPS = 3_000_000;
    private static final int LASTING_STEPS = 2500;
    /// A region takes some 15 KB of the JVM's metaspace and 3 KB of its code cache.
    private static final int REGIONS_MAX = 12_288;

    private final Hart hart;
    private final CodeCache code;
    private final Interpreter interpreter;
    private final Batches batches;
    private final Regions regions;
    private final Handover handover;
    private final TranslationQueue queue;
    private final long peakSteps;
    private final int lastingSteps;
    private final RegionPlanner planner;
    private final RegionLoader loader;
    private final Arrivals arrivals = new Arrivals();
    /// Whether code is still hot at [#STARTING_HEAT_MAX] only, and regions are small.
    private boolean starting;
    /// Plans that regions are being made of.
    private final List<RegionPlan> underway = new ArrayList<>();

    /// @param queue where hot code is translated
    public Translator(Hart hart, TranslationQueue queue) {
        this(hart, queue, STARTING_HEAT_MAX, PEAK_STEPS, LASTING_STEPS, REGIONS_MAX);
        starting = true;
    }

    /// @param heatMax      how often code is jumped to before it is worth a region
    /// @param peakSteps    steps in a quick region after which a better one is worth its making
    /// @param lastingSteps that better one is a lasting one if more steps than these are executed at one go. The run that is looked at is
    ///                     likely to be one of those that most of the steps are in
    /// @param regionsMax   regions held at most, with those dropped from batches that are in use; then the half of the batches that is used
    ///                     least makes room
    Translator(Hart hart, TranslationQueue queue, short heatMax, long peakSteps, int lastingSteps, int regionsMax) {
        this.hart = hart;
        this.queue = queue;
        this.peakSteps = peakSteps;
        this.lastingSteps = lastingSteps;
        code = new CodeCache(hart, heatMax);
        handover = new Handover(hart);
        batches = new Batches(regionsMax);
        loader = new RegionLoader(handover, batches.size());
        NextRegions known = new NextRegions();
        regions = new Regions(hart, code, peakSteps, batches, known);
        Chain chain = new Chain(hart, handover, regions, batches, known, new HotCode());
        planner = new RegionPlanner(hart.mmu(), code, chain, handover.jumps);
        interpreter = new Interpreter(hart, code, chain);
    }

    @Override
    public void run(long untilSteps) {
        if (starting && hart.steps() >= STARTING_STEPS) {
            starting = false;
            code.setHeatMax(HEAT_MAX);
        }
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

    /// The region that begins after so many halfwords of RAM, or null.
    Region region(int begin) {
        return regions.at(begin);
    }

    /// Steps executed in a region.
    long steps(Region region) {
        return batches.steps(region.number);
    }

    /// Pages of RAM that tables are kept for, to find the regions by.
    int tables() {
        return regions.tables();
    }

    private final class HotCode implements Chain.Requests {

        @Override
        public short heatMax() {
            return code.heatMax();
        }

        @Override
        public void hot(int page, int slot, long pc) {
            boolean room = queue.hasRoom();
            // Before what has arrived is taken into use: the slot has become hot while it was underway.
            boolean expected = room && isUnderway(page, slot);
            install();
            if (expected) {
                planner.cool(page, slot);
                return;
            }
            int op = Op.op(code.word(page, slot));
            if (op == Op.TRANSLATED || op == Op.UNDECODED) {
                return;
            }
            int most = starting ? STARTING_INSTRUCTIONS_MAX : INSTRUCTIONS_MAX;
            if (!room || !ask(Tier.QUICK, planner.around(pc, page, most))) {
                code.setHeat(page, slot, heatMax() - Math.max(1, heatMax() / REFUSED_PART));
            }
        }

        @Override
        public void busy(Region region, long pc, int steps) {
            Held held = region.held;
            if (held.tier == Tier.QUICK && !held.asked && queue.isIdle()) {
                boolean lasting = steps > lastingSteps;
                int most = lasting ? LASTING_INSTRUCTIONS_MAX : INSTRUCTIONS_MAX;
                held.asked = ask(Tier.PEAK, planner.plan(pc, Regions.page(region.begin), Tier.PEAK, most, held.plan.alone(), lasting));
                batches.tellAfter(region.number, peakSteps);
            }
        }

        @Override
        public boolean remake(Region region, int... places) {
            return queue.hasRoom() && ask(region.held.tier, region.held.plan.withAlone(places));
        }
    }

    /// Whether a region that is being made has a block that begins in a slot of a RAM page. While a guest boots this is asked all the time.
    private boolean isUnderway(int page, int slot) {
        for (RegionPlan plan : underway) {
            if (plan.begins(page, slot)) {
                return true;
            }
        }
        return false;
    }

    /// Has a region translated.
    ///
    /// @return false if there is no room for more work now
    private boolean ask(Tier tier, RegionPlan plan) {
        if (plan.blocks().isEmpty()) {
            return true;
        }
        long[] versions = regions.versions(plan);
        boolean taken = queue.offer(() -> {
            Batch batch = loader.batch();
            RegionPlan fitting = plan;
            Optional<byte[]> classFile = RegionCompiler.compileIfFits(tier, batch.name(), plan);
            while (classFile.isEmpty()) {
                fitting = fitting.cut(fitting.instructions() * 2 / 3);
                classFile = RegionCompiler.compileIfFits(tier, batch.name(), fitting);
            }
            Region region = batch.define(classFile.get());
            // First: what calls it is looked for when it arrives.
            batch.improve(queue.isIdle());
            arrivals.add(new Arrival(tier, plan, fitting, versions, region));
        });
        if (taken) {
            underway.add(plan);
            planner.cool(plan);
        }
        return taken;
    }

    private void install() {
        if (!arrivals.any()) {
            return;
        }
        for (Arrival each = arrivals.takeAll(); each != null; each = each.next) {
            RegionPlan asked = each.asked;
            underway.removeIf(plan -> plan == asked);
            if (regions.install(each)) {
                planner.cool(each.plan);
            }
        }
    }
}
