package io.sosia.appliance.pair;

import io.sosia.appliance.eventlog.LogPosition;
import io.sosia.appliance.pair.PeerMessage.DiskStamp;
import io.sosia.witness.claim.Incarnation;
import io.sosia.witness.claim.NodeName;
import java.util.UUID;

/// A computer: its disk and what is written on it outlive the node's process.
final class SimHost {

    final PairSimulation world;
    final int number;
    final NodeName name;
    final SimDisk disk;
    DiskStamp stamp = new DiskStamp("image", LogPosition.START, true);
    SimWitness.Path witnessPath = SimWitness.Path.WELL;
    private long witnessLostNanos;
    private long witnessFoundNanos;
    private final long noticedAfterNanos;
    final long handOverNanos;
    /// Takes a witness that answers for lost, or one that is lost for answering.
    boolean wrongAboutWitness;
    /// The last epoch its node took part in, as it is on its disk.
    long epoch;
    /// The last epoch for which RELIED is on its disk.
    long relied;
    boolean slowMachine;
    int lives;
    private SimNode node;

    SimHost(PairSimulation world, int number, String name) {
        this.world = world;
        this.number = number;
        this.name = new NodeName(name);
        this.disk = new SimDisk(world.timeline, world.random.split());
        this.noticedAfterNanos = (100 + world.random.nextLong(700)) * 1_000_000;
        this.handOverNanos = (100 + world.random.nextLong(1_600)) * 1_000_000;
    }

    void setWitnessPath(SimWitness.Path path) {
        if (witnessPath == SimWitness.Path.WELL) {
            witnessLostNanos = world.timeline.now();
        }
        witnessFoundNanos = world.timeline.now();
        witnessPath = path;
    }

    /// Since when all its questions to the witness are answered.
    ///
    /// @return [Long#MAX_VALUE] when they are not
    long seesWitnessSince() {
        return witnessPath == SimWitness.Path.WELL ? witnessFoundNanos : Long.MAX_VALUE;
    }

    /// Whether a node here takes the witness for one that answers: it takes a while to notice that it does not.
    boolean believesInWitness(long now) {
        boolean answers = witnessPath == SimWitness.Path.WELL || now - witnessLostNanos < noticedAfterNanos;
        return answers != wrongAboutWitness;
    }

    SimHost partner() {
        return world.hosts[1 - number];
    }

    /// The living process, or null.
    SimNode node() {
        return node == null || node.dead() ? null : node;
    }

    /// Starts a process, unless there is one.
    void start() {
        if (node() == null) {
            lives++;
            node = new SimNode(this, new Incarnation(new UUID(number + 1, lives)));
            node.begin();
        }
    }

    @Override
    public String toString() {
        return name.value();
    }
}
