package io.sosia.appliance.pair;

import java.util.SplittableRandom;

/// Everything that goes wrong in a run, drawn from its seed.
final class Faults {

    private static final long MILLI = 1_000_000L;

    private final PairSimulation world;
    private final SplittableRandom random;
    private final long untilNanos;

    /// What a run has to bear.
    enum Kind {
        /// Nothing.
        NONE,
        /// Anything.
        ANY,
        /// The guest switches itself off and is started again; the second run hears messages of the first.
        ECHOES,
        /// Slow disks; then the first owner dies.
        SLOW_DISKS,
        /// Both nodes lose the witness, again and again, and things happen to them meanwhile.
        OUTAGES,
        /// Owners are lost, and an operator names the partner, which is idle.
        ORDERS,
        /// Owners are cut off, and an operator takes them for lost.
        LIES,
        /// The witness loses its storage, again and again, and things happen to the nodes meanwhile.
        LOSSES,
        /// The first owner stands still for so long that its backup takes over, and goes on.
        PAUSE
    }

    Faults(PairSimulation world, SplittableRandom random, long untilNanos) {
        this.world = world;
        this.random = random;
        this.untilNanos = untilNanos;
    }

    void schedule(Kind kind) {
        switch (kind) {
            case NONE -> { }
            case ANY -> anything();
            case ECHOES -> {
                world.timeline.in(4_000 * MILLI, () -> world.outside.type('p'));
                echo();
            }
            case OUTAGES -> again(3_500, this::outage);
            case ORDERS -> again(2_500, () -> order(anyone()));
            case LIES -> again(4_500, () -> cutOffAndOverruled(anyone()));
            case LOSSES -> again(4_000, this::loss);
            case SLOW_DISKS -> {
                for (SimHost host : world.hosts) {
                    host.disk.slow = true;
                }
                world.timeline.in(3_000 * MILLI + random.nextLong(2_000) * MILLI, () -> crash(world.hosts[0]));
            }
            case PAUSE -> world.timeline.in(3_000 * MILLI + random.nextLong(500) * MILLI, () -> {
                if (world.hosts[0].node() != null) {
                    world.hosts[0].node().standStill((350 + random.nextLong(300)) * MILLI);
                }
            });
        }
    }

    private void again(long everyMillis, Runnable fault) {
        for (long at = 2_000 * MILLI; at < untilNanos; at += everyMillis * MILLI) {
            world.timeline.in(at + random.nextLong(500) * MILLI, () -> {
                if (!world.calm()) {
                    fault.run();
                }
            });
        }
    }

    private void echo() {
        if (!world.calm()) {
            world.timeline.in((5 + random.nextInt(20)) * MILLI, this::echo);
            stale(anyone().node());
        }
    }

    private void stale(SimNode node) {
        if (node != null) {
            world.net.deliverStale(node);
        }
    }

    private void anything() {
        int faults = random.nextInt(14);
        for (int i = 0; i < faults; i++) {
            // Some come together: the second fault during the handling of the first is the interesting one.
            long at = 500 * MILLI + random.nextLong(untilNanos - 600 * MILLI);
            int together = random.nextInt(3) == 0 ? 2 + random.nextInt(2) : 1;
            for (int k = 0; k < together; k++) {
                world.timeline.in(at + random.nextLong(1_200) * MILLI, this::one);
            }
        }
    }

    private SimHost anyone() {
        return world.hosts[random.nextInt(2)];
    }

    private long aWhile() {
        return (long) (20 * MILLI * Math.pow(2, 8 * random.nextDouble()));
    }

    private void one() {
        if (world.calm()) {
            return;
        }
        SimHost host = anyone();
        SimNode node = host.node();
        switch (random.nextInt(28)) {
            case 0 -> block(0, true);
            case 1 -> block(random.nextInt(2), false);
            case 2, 3 -> {
                if (node != null) {
                    trace("connection of " + host + " breaks");
                    world.net.cut(node, random.nextInt(4) != 0, random.nextInt(4) != 0);
                }
            }
            case 4, 5 -> loseWitness(host);
            case 6 -> {
                loseWitness(host);
                loseWitness(host.partner());
            }
            case 7 -> crash(host);
            case 8 -> {
                crash(host);
                if (random.nextBoolean()) {
                    crash(host.partner());
                }
            }
            case 9 -> {
                if (node != null) {
                    node.crashAtAction = node.actions() + 1 + random.nextInt(30);
                }
            }
            case 10, 11 -> {
                if (node != null) {
                    node.standStill(aWhile());
                }
            }
            case 12 -> {
                if (node != null) {
                    trace("SIGTERM to " + node);
                    world.timeline.in(0, node, () -> node.core.terminate(world.timeline.now()));
                }
            }
            case 13 -> {
                host.slowMachine = true;
                world.timeline.in(aWhile(), () -> host.slowMachine = false);
            }
            case 14 -> disk(host);
            case 15 -> {
                if (node != null && random.nextInt(3) == 0) {
                    trace("corrupt " + node);
                    world.timeline.in(0, node, node.machine::corrupt);
                }
            }
            case 16 -> {
                char key = "pprx".charAt(random.nextInt(4));
                trace("typed " + key);
                world.outside.type(key);
            }
            case 17, 20, 21 -> outage();
            case 18 -> {
                trace(host + " is wrong about the witness");
                host.wrongAboutWitness = true;
                world.timeline.in(aWhile(), () -> host.wrongAboutWitness = false);
            }
            case 22, 23 -> {
                if (node != null) {
                    trace("switchover asked of " + node);
                    world.timeline.in(0, node, () -> node.core.switchOver(world.timeline.now()));
                }
            }
            case 25, 26 -> order(host);
            case 27 -> loss();
            case 19 -> {
                if (node != null) {
                    trace("resync asked of " + node);
                    world.timeline.in(0, node, () -> node.core.letGo("a resync was asked for", world.timeline.now()));
                }
            }
            default -> {
                for (int i = random.nextInt(12); i >= 0; i--) {
                    stale(node);
                }
            }
        }
    }

    private void block(int from, boolean both) {
        trace(both ? "link cut" : "one way cut, from " + world.hosts[from]);
        world.net.block(from, 1 - from, true);
        if (both) {
            world.net.block(1 - from, from, true);
        }
        world.timeline.in(aWhile(), () -> {
            world.net.block(from, 1 - from, false);
            if (both) {
                world.net.block(1 - from, from, false);
            }
        });
    }

    private void loseWitness(SimHost host) {
        host.setWitnessPath(SimWitness.Path.values()[1 + random.nextInt(3)]);
        trace("witness and " + host + ": " + host.witnessPath);
        world.timeline.in(aWhile(), () -> host.setWitnessPath(SimWitness.Path.WELL));
    }

    /// Both lose the witness, so that the backup renounces; then something happens to either of them, and each finds the witness
    /// again in its own time.
    private void outage() {
        for (SimHost host : world.hosts) {
            host.setWitnessPath(SimWitness.Path.values()[1 + random.nextInt(3)]);
            world.timeline.in((800 + random.nextLong(4_500)) * MILLI, () -> host.setWitnessPath(SimWitness.Path.WELL));
        }
        trace("both lose the witness");
        for (int i = 1 + random.nextInt(2); i > 0; i--) {
            world.timeline.in((500 + random.nextLong(1_500)) * MILLI, this::duringOutage);
        }
    }

    private void duringOutage() {
        if (world.calm()) {
            return;
        }
        SimHost host = anyone();
        SimNode node = host.node();
        switch (random.nextInt(6)) {
            case 0 -> crash(host);
            case 1 -> block(host.number, random.nextBoolean());
            case 2 -> {
                if (node != null) {
                    trace("connection of " + host + " breaks in an outage");
                    world.net.cut(node, random.nextInt(4) != 0, random.nextInt(4) != 0);
                }
            }
            case 3 -> {
                if (node != null) {
                    node.standStill((300 + random.nextLong(600)) * MILLI);
                }
            }
            case 4 -> {
                if (node != null) {
                    node.crashAtAction = node.actions() + 1 + random.nextInt(12);
                }
            }
            default -> host.setWitnessPath(SimWitness.Path.WELL);
        }
    }

    /// Both nodes die, one after the other, and an operator who sees one of them down makes the other the owner.
    private void order(SimHost host) {
        trace("an operator may make " + host + " the owner");
        crash(host);
        world.timeline.in(random.nextLong(1_500) * MILLI, () -> {
            if (!world.calm()) {
                crash(host.partner());
            }
        });
        orderFor(host, false);
    }

    private void orderFor(SimHost host, boolean vouched) {
        for (int i = 0; i < 8; i++) {
            world.timeline.in((300 + i * 300 + random.nextLong(300)) * MILLI, () -> world.operator.override(host, vouched));
        }
    }

    /// A node dies and comes back to a link that is cut, behind which its partner is live; the operator takes that for lost.
    private void cutOffAndOverruled(SimHost host) {
        crash(host);
        block(0, true);
        if (random.nextBoolean()) {
            world.timeline.in((600 + random.nextLong(600)) * MILLI, () -> loseWitness(host.partner()));
        }
        orderFor(host, true);
    }

    private void loss() {
        if (!world.witness.known()) {
            return;
        }
        for (int i = random.nextInt(3); i > 0; i--) {
            world.timeline.in(random.nextLong(600) * MILLI, this::duringOutage);
        }
        boolean handsOver = random.nextInt(4) == 0;
        world.timeline.in(random.nextLong(400) * MILLI, () -> {
            if (!world.calm() && world.witness.known()) {
                if (handsOver) {
                    handOverThatEnds();
                }
                world.witness.loseStorage();
                world.operator.reinitialise();
            }
        });
    }

    /// The backup dies when it has been told to go live, or is about to be.
    private void handOverThatEnds() {
        for (SimHost host : world.hosts) {
            if (host.node() != null && host.node().core.switchOver(world.timeline.now()).isEmpty()) {
                trace("switchover asked of " + host.node());
                world.timeline.in((20 + random.nextLong(300)) * MILLI, () -> crash(host.partner()));
            }
        }
    }

    private void crash(SimHost host) {
        if (host.node() != null) {
            host.node().die("crash");
        }
    }

    private void disk(SimHost host) {
        boolean failing = random.nextBoolean();
        trace("disk of " + host + (failing ? " fails" : " is slow"));
        host.disk.failing = failing;
        host.disk.slow = !failing;
        world.timeline.in(aWhile(), () -> {
            host.disk.failing = false;
            host.disk.slow = false;
        });
    }

    private void trace(String what) {
        world.timeline.trace("fault: " + what);
    }

    /// All of it stops.
    void heal() {
        world.net.block(0, 1, false);
        world.net.block(1, 0, false);
        world.net.slow = false;
        for (SimHost host : world.hosts) {
            host.setWitnessPath(SimWitness.Path.WELL);
            host.wrongAboutWitness = false;
            host.slowMachine = false;
            host.disk.failing = false;
            host.disk.slow = false;
            if (host.node() != null) {
                host.node().crashAtAction = Long.MAX_VALUE;
            }
        }
    }
}
