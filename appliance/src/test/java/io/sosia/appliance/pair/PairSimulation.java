package io.sosia.appliance.pair;

import io.sosia.witness.claim.ClaimCommand;
import io.sosia.witness.claim.Members;
import io.sosia.witness.claim.NodeName;
import io.sosia.witness.claim.Nonce;
import io.sosia.witness.claim.PairId;
import io.sosia.witness.claim.PairState;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.UUID;

/// One run of a pair, its witness and the outside, all of it following from one seed: first with faults, then
/// without, when it has to come back to life.
final class PairSimulation {

    static final PairId PAIR = new PairId(new UUID(7, 7));
    static final Members MEMBERS = Members.of(new NodeName("a"), new NodeName("b"));

    private static final long MILLI = 1_000_000L;
    private static final long SECOND = 1_000 * MILLI;
    private static final long LIVE_WITHIN_NANOS = 120 * SECOND;

    /// How a run is to be.
    ///
    /// @param seed      decides everything else
    /// @param sabotage  a fault planted in the nodes
    /// @param faults    what goes wrong by the seed
    /// @param crashHost which host's first node is to die at a crash point, 0 or 1
    /// @param crashAt   the crash point, counted in things the core has done for it; [Long#MAX_VALUE] for none
    record Plan(long seed, Sabotage sabotage, Faults.Kind faults, int crashHost, long crashAt) {
        static Plan of(long seed) {
            return new Plan(seed, Sabotage.NONE, Faults.Kind.ANY, 0, Long.MAX_VALUE);
        }
    }

    final Timeline timeline = new Timeline();
    final SplittableRandom random;
    final Sabotage sabotage;
    final SimNet net;
    final SimWitness witness;
    final PairChecks checks;
    final Outside outside;
    final SimHost[] hosts = new SimHost[2];
    private final Plan plan;
    final SimOperator operator;
    private final Faults faults;
    private final long faultNanos;
    private final TreeMap<String, Long> seen = new TreeMap<>();
    private boolean calm;
    private SimHost staysDown;

    PairSimulation(Plan plan) {
        this.plan = plan;
        this.sabotage = plan.sabotage();
        random = new SplittableRandom(plan.seed());
        faultNanos = (4 + random.nextInt(10)) * SECOND;
        net = new SimNet(timeline, random.split());
        witness = new SimWitness(timeline, random.split(), sabotage,
                new ClaimCommand.Initialise(PAIR, MEMBERS, MEMBERS.first(), new Nonce(new UUID(0, plan.seed() | 1))));
        checks = new PairChecks(witness);
        outside = new Outside(this);
        hosts[0] = new SimHost(this, 0, "a");
        hosts[1] = new SimHost(this, 1, "b");
        operator = new SimOperator(this, random.split());
        faults = new Faults(this, random.split(), faultNanos);
    }

    /// Runs it.
    ///
    /// @return what was seen to happen, and how often
    /// @throws AssertionError naming the promise that was broken, with the last of what happened before
    TreeMap<String, Long> run() {
        try {
            faultsThenCalm();
        } catch (PairChecks.Violation | RuntimeException e) {
            throw new AssertionError("seed " + plan.seed() + ": " + e + "\n" + timeline.trace() + "\n", e);
        }
        return seen;
    }

    private void faultsThenCalm() {
        for (SimHost host : hosts) {
            timeline.in(random.nextLong(1_500) * MILLI, host::start);
        }
        net.slow = plan.faults() == Faults.Kind.ECHOES || plan.faults() == Faults.Kind.ANY && random.nextInt(10) == 0;
        faults.schedule(plan.faults());
        converse();
        runUntil(timeline.now() + faultNanos);
        calm = true;
        faults.heal();
        timeline.trace("calm");
        Expectation expected = Expectation.of(this, plan.faults() == Faults.Kind.ANY && random.nextInt(4) == 0);
        staysDown = expected.staysDown();
        for (SimHost host : hosts) {
            if (host != staysDown) {
                timeline.in(random.nextLong(1_000) * MILLI, host::start);
            }
        }
        seen("calm: " + expected.why());
        if (expected.answers()) {
            comeBack(expected);
        } else {
            runUntil(timeline.now() + 10 * SECOND);
        }
        settle();
    }

    private void comeBack(Expectation expected) {
        outside.count();
        long deadline = timeline.now() + LIVE_WITHIN_NANOS;
        while (outside.answersCounted() < 20) {
            if (!timeline.step(deadline)) {
                String excuse = expected.excuse(witness.record());
                if (!excuse.isEmpty()) {
                    seen("calm: " + excuse);
                    return;
                }
                throw new PairChecks.Violation("no answer within 120 s: " + witness.record().summary() + ", "
                        + hosts[0] + " is " + word(hosts[0]) + ", " + hosts[1] + " is " + word(hosts[1]));
            }
        }
        if (staysDown == null) {
            beProtectedAgain();
        }
        // Both have to come to rest: what has left is then complete.
        runUntil(timeline.now() + SECOND);
    }

    /// With both nodes up redundancy comes back by itself.
    private void beProtectedAgain() {
        long deadline = timeline.now() + LIVE_WITHIN_NANOS;
        while (!isProtected(hosts[0], hosts[1]) && !isProtected(hosts[1], hosts[0])) {
            if (!timeline.step(deadline)) {
                throw new PairChecks.Violation("no redundancy within 120 s: " + witness.record().summary() + ", "
                        + hosts[0] + " is " + word(hosts[0]) + ", " + hosts[1] + " is " + word(hosts[1]));
            }
        }
    }

    private boolean isProtected(SimHost primary, SimHost backup) {
        return witness.known() && witness.record().state() == PairState.PROTECTED
                && primary.node() != null && primary.node().core.state() instanceof NodeState.Protected
                && backup.node() != null && backup.node().core.state() instanceof NodeState.Following;
    }

    private static String word(SimHost host) {
        return host.node() == null ? "down" : host.node().core.state().toString();
    }

    private void settle() {
        for (SimHost host : hosts) {
            SimNode node = host.node();
            if (node != null) {
                checks.settled(node);
                if (node.machine.records() && node.core.state() instanceof NodeState.Solo) {
                    outside.settled(node);
                }
                seen("end: " + node.core.state().word());
            }
        }
        for (var record : witness.history()) {
            seen("record: " + record.state());
        }
    }

    private void runUntil(long until) {
        while (timeline.step(until)) { }
    }

    private void converse() {
        outside.ask();
        timeline.in((20 + random.nextInt(60)) * MILLI, this::converse);
    }

    /// Whether the faults are over.
    boolean calm() {
        return calm;
    }

    /// Something worth counting.
    void seen(String what) {
        seen.merge(what, 1L, Long::sum);
    }

    /// Where the `life`th process of a host is to die.
    long crashPoint(SimHost host, int life) {
        return host.number == plan.crashHost() && life == 1 ? plan.crashAt() : Long.MAX_VALUE;
    }

    /// A process has ended: something starts it again after a while, as long as there are faults not always.
    void ended(SimNode node) {
        if (node.host == staysDown || !calm && random.nextInt(6) == 0) {
            return;
        }
        timeline.in((100 + random.nextLong(3_000)) * MILLI, node.host::start);
    }
}
