package io.sosia.appliance.pair;

import io.sosia.witness.claim.PairRecord;
import io.sosia.witness.claim.PairState;

/// What may be expected of the pair once all faults are over (architecture, the table of "The pair").
///
/// @param staysDown the host that is not started again, or null
/// @param survivor  the node that held everything when its primary was lost for good, or null
/// @param record    what the record said then
/// @param answers   whether the machine has to answer again
/// @param why       the line of the table
record Expectation(SimHost staysDown, SimNode survivor, PairRecord record, boolean answers, String why) {

    static Expectation of(PairSimulation world, boolean oneMayStayDown) {
        PairRecord record = world.witness.record();
        if (!world.witness.known()) {
            return new Expectation(null, null, record, true, "both nodes are started, an operator reinitialises the witness");
        }
        SimHost down = world.hosts[world.random.nextInt(2)];
        if (!oneMayStayDown || down.node() != null && world.random.nextBoolean()) {
            return new Expectation(null, null, record, true, "both nodes are started");
        }
        if (down.node() != null) {
            down.node().die("and stays down");
        }
        SimHost left = down.partner();
        if (record.owner().equals(left.name)) {
            return new Expectation(down, null, record, true, "the owner is there");
        }
        SimNode node = left.node();
        boolean holdsAll = node != null && record.state() == PairState.PROTECTED
                && record.namesInSync(left.name, node.incarnation) && mayPromote(node.core.state());
        return holdsAll
                ? new Expectation(down, node, record, true, "the primary dies, the backup goes live")
                : new Expectation(down, null, record, false, "the owner is down and the other does not hold its state");
    }

    private static boolean mayPromote(NodeState state) {
        return switch (state) {
            case NodeState.Following following -> !following.granted().outstanding();
            case NodeState.Syncing syncing -> syncing.restored();
            case NodeState.Draining draining -> draining.promote() && !draining.renounced();
            case NodeState.Claiming claiming -> claiming.purpose() == Purpose.PROMOTE;
            case NodeState.Reading _, NodeState.Waiting _, NodeState.Alone _, NodeState.Protected _, NodeState.Solo _,
                 NodeState.Taking _, NodeState.Standby _, NodeState.HandingOver _, NodeState.Stopped _, NodeState.Halted _ -> false;
        };
    }

    /// Why there is no answer although one was expected; empty when there is no excuse.
    String excuse(PairRecord now) {
        if (survivor == null) {
            return "";
        }
        if (now.owner().equals(staysDown.name) && !now.equals(record)) {
            return "a claim is granted to a node that has just died";
        }
        return survivor.dead() && survivor.machine.corrupted() ? "the backup has diverged" : "";
    }
}
