package io.sosia.appliance.pair;

import io.sosia.appliance.eventlog.LogBatch;
import io.sosia.appliance.eventlog.LogPosition;
import io.sosia.appliance.eventlog.MarkedOutput;
import io.sosia.appliance.lockstep.Divergence;
import io.sosia.appliance.lockstep.GoLive;
import io.sosia.appliance.machine.port.MachineOutput;
import io.sosia.witness.claim.Incarnation;
import io.sosia.witness.claim.PairRecord;
import io.sosia.witness.claim.PairState;
import java.io.ByteArrayOutputStream;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/// What must hold whatever happens (architecture, "What is promised" and "The output rule"), judged by one who sees
/// both nodes, the witness and the outside at once.
final class PairChecks {

    /// A promise that was broken.
    static final class Violation extends AssertionError {
        private static final long serialVersionUID = 1L;

        Violation(String what) {
            super(what);
        }
    }

    /// A node whose machine an operator's order has given away.
    ///
    /// @param vouched whether on the word that it does not run
    private record Overruled(long atNanos, boolean vouched) {}

    /// A node went live: `position` is the end of the log it carries on from; empty for a cold boot.
    private record Live(long epoch, Incarnation node, Optional<LogPosition> position) {}

    /// What one mark closes.
    private record Marked(ByteArrayOutputStream console, List<Integer> events) {
        Marked() {
            this(new ByteArrayOutputStream(), new ArrayList<>());
        }

        void add(MachineOutput output) {
            switch (output) {
                case MachineOutput.ConsoleOut(long _, byte[] bytes) -> console.writeBytes(bytes);
                case MachineOutput.FrameOut(byte[] frame) -> events.add(Arrays.hashCode(frame));
                case MachineOutput.PowerOff _ -> events.add(1);
                case MachineOutput.ResetRequested _ -> events.add(2);
                case MachineOutput.DiskRequest _, MachineOutput.EntropyWanted _ -> { }
            }
        }

        boolean sameAs(Marked other) {
            return Arrays.equals(console.toByteArray(), other.console.toByteArray()) && events.equals(other.events);
        }
    }

    /// So long may a node that was overruled on a wrong word serve on, from when it reaches the witness.
    private static final long SERVES_ON_NANOS_MAX = 6_000_000_000L;

    private final SimWitness witness;
    private final Map<Long, Incarnation> primaries = new HashMap<>();
    private final Map<Long, LogPosition> heldByBackup = new HashMap<>();
    private final Map<LogPosition, Marked> produced = new HashMap<>();
    private final Map<Incarnation, Map<LogPosition, Marked>> replayed = new HashMap<>();
    private final Map<Incarnation, Overruled> overruled = new HashMap<>();
    private final Map<Incarnation, LogPosition> releasedUpTo = new HashMap<>();
    private final Set<LogPosition> releasedMarks = new HashSet<>();
    private final Map<Incarnation, Live> recordedFrom = new HashMap<>();
    private final List<Live> lives = new ArrayList<>();
    private final Set<Long> doubtful = new HashSet<>();
    private final Map<Long, SimHost> stampedAt = new HashMap<>();
    private final Map<LogPosition, long[]> shown = new HashMap<>();
    /// What the disk of whoever boots without memory has to hold: the effects of these flushes have left.
    private final long[] visible = new long[SimDisk.SECTORS];

    PairChecks(SimWitness witness) {
        this.witness = witness;
    }

    private static void require(boolean holds, String what, Object... values) {
        if (!holds) {
            throw new Violation(what.formatted(values));
        }
    }

    // Who is live.

    void transition(SimNode node, NodeState to) {
        long epoch = to.epoch();
        PairState claimed = switch (to) {
            case NodeState.Alone _, NodeState.Solo _, NodeState.Taking _ -> PairState.SOLO;
            case NodeState.Protected _ -> PairState.PROTECTED;
            case NodeState.Stopped _, NodeState.Halted _, NodeState.Reading _, NodeState.Waiting _,
                 NodeState.Claiming _, NodeState.Standby _, NodeState.Syncing _, NodeState.Following _, NodeState.Draining _,
                 NodeState.HandingOver _ -> null;
        };
        if (claimed == null) {
            return;
        }
        Incarnation known = primaries.putIfAbsent(epoch, node.incarnation);
        require(known == null || known.equals(node.incarnation), "two primaries in epoch %d: %s and %s",
                epoch, known, node.incarnation);
        require(witness.history().stream().anyMatch(r -> r.epoch() == epoch && r.state() == claimed
                        && r.owner().equals(node.host.name) && r.namesInSync(node.host.name, node.incarnation)),
                "%s is %s in epoch %d, which was never granted to it", node, to.word(), epoch);
        require(claimed == PairState.SOLO || node.machine.records() || node.host.disk.sameContent(node.host.partner().disk),
                "%s has taken a partner in whose disk differs", node);
    }

    /// An order has been written. What the disk of another owner than the last may lack was said before.
    void ordered(PairRecord record) {
        boolean another = witness.history().reversed().stream().filter(r -> !isOrdered(r)).findFirst()
                .map(claimed -> !claimed.owner().equals(record.owner())).orElse(false);
        if (another && record.inSync().isEmpty()) {
            Arrays.fill(visible, 0);
        }
    }

    /// ... and it names neither this node nor this life of it. With an operator who is right it takes no machine from anybody, but where
    /// the run goes on without it.
    void overruled(SimNode node, PairRecord record, boolean vouched, long now) {
        NodeState state = node.core.state();
        boolean ends = state instanceof NodeState.Stopped || state instanceof NodeState.Halted;
        boolean holds = node.machine.holdsRun() && !ends;
        boolean isGranted = (state.isPrimary() || state.isBackup())
                && witness.history().get(witness.history().size() - 2).namesInSync(node.host.name, node.incarnation);
        if (!holds && !isGranted) {
            return;
        }
        boolean hasLost = !record.inSync().isEmpty() && (!node.machine.records() || node.host.epoch < node.host.partner().epoch);
        require(vouched || !holds || hasLost,
                "an operator's order, %s, takes the machine that %s holds, %s", record.summary(), node, state);
        overruled.put(node.incarnation, new Overruled(now, vouched));
    }

    void started(SimNode node, long epoch, SimDisk disk) {
        lives.add(new Live(epoch, node.incarnation, Optional.empty()));
        int missing = disk.missing(visible);
        require(missing < 0, "%s boots in epoch %d without a write to sector %d whose flush could be seen from outside",
                node, epoch, missing);
    }

    private static boolean isOrdered(PairRecord record) {
        return record.lastChange().operatorWord().isPresent();
    }

    void follows(SimNode node, long epoch) {
        require(named(node, epoch), "%s follows in epoch %d without being named", node, epoch);
    }

    /// Two hosts that say their disks are equal.
    void stamped(SimHost host) {
        SimHost other = stampedAt.put(host.stamp.position().epoch() << 40 | host.stamp.position().seq(), host);
        if (other != null && other != host && other.stamp.equals(host.stamp)) {
            require(host.disk.sameContent(other.disk), "disks with the same stamp %s differ", host.stamp);
        }
    }

    void wentLive(SimNode node, long epoch, GoLive live, SimDisk disk) {
        LogPosition end = live.point().last();
        require(primaries.get(epoch) == null || primaries.get(epoch).equals(node.incarnation),
                "two primaries in epoch %d", epoch);
        lives.add(new Live(epoch, node.incarnation, Optional.of(end)));
        releasedUpTo.forEach((other, mark) -> require(other.equals(node.incarnation) || mark.epoch() >= epoch
                        || mark.epoch() < end.epoch() || end.reaches(mark),
                "%s goes live at %s without the output at %s that has left already", node, end, mark));
        require(live.forgotten() == 0, "outputs forgotten by %s", node);
        if (!node.machine.corrupted()) {
            int missing = disk.missing(node.machine.machine().required());
            require(missing < 0, "%s goes live without a flushed write to sector %d on its disk", node, missing);
        } else {
            doubtful.add(node.machine.lineage());
        }
        recordedFrom.put(node.incarnation, new Live(epoch, node.incarnation, Optional.of(end)));
        compareReplay(node);
    }

    /// A node that lives on gives a machine that was live up only when it is not the one that goes on.
    void finishes(SimNode node, Outcome outcome) {
        long epoch = node.core.state().epoch();
        PairRecord now = witness.record();
        require(outcome != Outcome.REJOIN || !node.machine.records() || now.epoch() > epoch
                        || now.epoch() == epoch && now.state() == PairState.STOPPED,
                "%s gives its machine up in epoch %d, the record says %s", node, epoch, now.summary());
        require(outcome != Outcome.REJOIN || !node.machine.records() || !isOrdered(now)
                        || !now.namesInSync(node.host.name, node.incarnation),
                "%s gives up the machine that an operator has named", node);
    }

    /// After the new primary has sent again what may not have left.
    void emittedAgain(SimNode node) {
        Live live = recordedFrom.get(node.incarnation);
        LogPosition end = live.position().orElseThrow();
        NodeState state = node.core.state();
        boolean endedAlready = state instanceof NodeState.Stopped || state instanceof NodeState.Halted;
        if (doubtful(node) || endedAlready) {
            return;
        }
        for (LogPosition mark : produced.keySet()) {
            if (mark.epoch() == end.epoch() && end.reaches(mark)) {
                require(releasedMarks.contains(mark),
                        "the output at %s never left, %s carries on from %s", mark, node, end);
            }
        }
    }

    /// A node has been given all of a running machine at `cut`.
    void joins(SimNode node, LogPosition cut) {
        heldByBackup.put(cut.epoch(), cut);
    }

    private boolean doubtful(SimNode node) {
        return doubtful.contains(node.machine.lineage());
    }

    private boolean named(SimNode backup, long epoch) {
        return witness.history().stream().anyMatch(r -> r.epoch() == epoch && r.state() == PairState.PROTECTED
                && r.namesInSync(backup.host.name, backup.incarnation));
    }

    // Log and outputs.

    void delivered(SimNode backup, LogBatch batch) {
        long epoch = backup.core.state().epoch();
        require(backup.core.state() instanceof NodeState.Syncing || named(backup, epoch), "%s takes the log of epoch %d",
                backup, epoch);
        heldByBackup.put(batch.last().epoch(), batch.last());
    }

    void produced(MarkedOutput output) {
        produced.computeIfAbsent(output.mark(), _ -> new Marked()).add(output.output());
    }

    /// An output was made; whoever sees it may know of the flushes completed by then.
    void made(MarkedOutput output, WatchedMachine machine) {
        shown.putIfAbsent(output.mark(), machine.required());
    }

    void replayed(SimNode node, MarkedOutput output) {
        replayed.computeIfAbsent(node.incarnation, _ -> new HashMap<>())
                .computeIfAbsent(output.mark(), _ -> new Marked()).add(output.output());
    }

    private void compareReplay(SimNode node) {
        if (node.machine.corrupted()) {
            return;
        }
        replayed.getOrDefault(node.incarnation, Map.of()).forEach((mark, outputs) -> require(
                outputs.sameAs(produced.getOrDefault(mark, new Marked())),
                "%s replayed another output at %s", node, mark));
    }

    void diverged(SimNode node, Divergence evidence) {
        require(node.machine.corrupted(), "%s: %s, but nothing was corrupted", node, evidence);
    }

    /// The output rule, and the promise.
    void released(SimNode node, MarkedOutput output, long now) {
        LogPosition mark = output.mark();
        Overruled order = overruled.get(node.incarnation);
        if (order != null && order.vouched()) {
            servesOn(node, order, now);
            return;
        }
        LogPosition held = heldByBackup.getOrDefault(mark.epoch(), LogPosition.START);
        for (Live live : lives) {
            // A boot without memory carries no log on; before it, a late receipt may still have been on its way.
            require(live.node().equals(node.incarnation) || mark.epoch() >= live.epoch()
                            || live.position().orElse(held).reaches(mark),
                    "%s releases the output at %s after %s went live in epoch %d at %s",
                    node, mark, live.node(), live.epoch(), live.position());
        }
        require(held.reaches(mark) && mark.epoch() == held.epoch() || soloGrantedTo(node) || reliesDurably(node),
                "%s releases the output at %s, the backup holds the log up to %s and SOLO is not granted: %s",
                node, mark, held, witness.record().summary());
        if (mark.compareTo(releasedUpTo.getOrDefault(node.incarnation, LogPosition.START)) > 0) {
            releasedUpTo.put(node.incarnation, mark);
        }
        releasedMarks.add(mark);
        long[] shows = shown.getOrDefault(mark, new long[SimDisk.SECTORS]);
        for (int i = 0; i < visible.length; i++) {
            visible[i] = Math.max(visible[i], shows[i]);
        }
    }

    /// What it answers is lost, as the operator was told; it gives up when it looks at the record. Who takes its partner in does
    /// not look before all is there, so that one of them has all.
    private void servesOn(SimNode node, Overruled order, long now) {
        long since = Math.max(order.atNanos(), Math.max(node.host.seesWitnessSince(), node.runsSince()));
        require(now < since || now - since < SERVES_ON_NANOS_MAX || node.core.state() instanceof NodeState.Taking,
                "%s still serves, overruled %d ms ago", node, (now - order.atNanos()) / 1_000_000);
    }

    private boolean soloGrantedTo(SimNode node) {
        for (PairRecord record : witness.history().reversed()) {
            if (record.state() != PairState.STOPPED) {
                return record.state() == PairState.SOLO && record.namesInSync(node.host.name, node.incarnation);
            }
        }
        return false;
    }

    /// Whether it lost its backup, which had renounced, and has that on its disk for the epoch it is in.
    private boolean reliesDurably(SimNode node) {
        long epoch = node.core.state().epoch();
        return node.host.relied == epoch && witness.history().stream().anyMatch(r -> r.epoch() == epoch
                && r.state() == PairState.PROTECTED && r.owner().equals(node.host.name)
                && r.namesInSync(node.host.name, node.incarnation));
    }

    /// At the end of a run: everything a node that is alone has produced has left.
    void settled(SimNode node) {
        require(!overruled.containsKey(node.incarnation), "%s was overruled, and lives on as %s", node, node.core.state());
        if (node.core.state() instanceof NodeState.Solo) {
            require(node.core.gate().heldOutputs() == 0, "%s is alone and holds output", node);
        }
        if (node.core.state() instanceof NodeState.Following) {
            compareReplay(node);
        }
    }

    boolean doubtfulLineage(long lineage) {
        return doubtful.contains(lineage);
    }
}
