package io.sosia.appliance.node;

import io.sosia.appliance.pair.Standing;
import java.util.List;

/// What an operator sees of a node, at one moment.
///
/// @param role             `primary`, `backup` or `none`
/// @param incarnation      of this life of the node, as the witness's record names it
/// @param state            the pair machine's state, in a word
/// @param why              what led to it
/// @param epoch            the last epoch this node took part in
/// @param engine           what executes the guest here: `interpreter` or `translator`
/// @param steps            steps of the machine
/// @param partnerStep      on a primary: the step its backup has executed
/// @param linked           whether the link to the partner is up
/// @param witnessReachable whether the witness has answered lately
/// @param renunciation     for when both nodes have lost the witness: `granted N` on a backup that does not claim, `held N` on
///                         its primary, `relied` on one whose output leaves without receipts; else empty
/// @param lagMillis        on a primary: how far its backup executes behind it
/// @param heldPercent      share of time the machine is slowed for the backup's sake
/// @param logBitsPerSecond on the link, over the last second
/// @param logBytes         on the link, both directions, since the node started
/// @param clonePauseMillis how long the machine stood still when it was last copied to the partner; 0 if it never was
/// @param cloning          how far the copying is that goes on now; null when none does
/// @param outputsHeld      outputs waiting for their receipt
/// @param consoleBytes     console bytes written by the guest
/// @param uptimeMillis     since the node started
/// @param pid              of the node's process
/// @param verify           how this node's disk was compared with its partner's; null for a machine without one
/// @param trust            how it knows whom it talks to
/// @param transitions      the last changes of state, oldest first
public record NodeStatus(
        String pairId,
        String node,
        String partner,
        String role,
        String incarnation,
        String state,
        String why,
        long epoch,
        String engine,
        long steps,
        long partnerStep,
        boolean linked,
        boolean witnessReachable,
        String renunciation,
        double lagMillis,
        double heldPercent,
        long logBitsPerSecond,
        long logBytes,
        double clonePauseMillis,
        CloneProgress cloning,
        int outputsHeld,
        long consoleBytes,
        long uptimeMillis,
        long pid,
        VerifySummary verify,
        TrustStatus trust,
        List<Transition> transitions) {

    /// What an order against the rules depends on.
    Standing standing() {
        return new Standing(role, state, steps, linked);
    }

    /// One change of state.
    ///
    /// @param atMicros microseconds since 1970-01-01 UTC by this host's clock
    public record Transition(long atMicros, String from, String to, long epoch, long step, String reason) {}
}
