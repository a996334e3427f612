package io.sosia.appliance.pair;

import io.sosia.witness.claim.Incarnation;
import io.sosia.witness.claim.NodeName;
import io.sosia.witness.claim.PairId;

/// What a node's pair machine is told once.
///
/// @param pairId             the pair
/// @param node               this node's name in the witness's record
/// @param partner            the other node's name
/// @param incarnation        this life of the node's process, different from every other
/// @param partnerGraceNanos  how long a starting owner waits for its partner
/// @param witnessRetryNanos  pause between two tries at a witness that does not answer
/// @param freezeNanos        how long a primary runs on with output held before it pauses, while its claim has no
///                           answer
/// @param handOverNanos      how long a hand-over may take; then the machine runs on here, or the node that is to end does
public record PairSettings(
        PairId pairId,
        NodeName node,
        NodeName partner,
        Incarnation incarnation,
        long partnerGraceNanos,
        long witnessRetryNanos,
        long freezeNanos,
        long handOverNanos) {

    private static final long SECOND = 1_000_000_000L;

    public PairSettings {
        if (node.equals(partner)) {
            throw new IllegalArgumentException("node and partner are both named " + node);
        }
    }

    /// The usual times: 30 s for the partner, 1 s between tries, frozen after 2 s, 10 s to hand over.
    public static PairSettings of(PairId pairId, NodeName node, NodeName partner, Incarnation incarnation) {
        return new PairSettings(pairId, node, partner, incarnation, 30 * SECOND, SECOND, 2 * SECOND, 10 * SECOND);
    }
}
