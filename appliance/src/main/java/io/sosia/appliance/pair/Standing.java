package io.sosia.appliance.pair;

import java.util.List;

/// What a running node says of itself, as far as an order against the rules depends on it.
///
/// @param role   `primary`, `backup` or `none`
/// @param state  [NodeState#word]
/// @param steps  of its machine
/// @param linked whether the link to the partner is up
public record Standing(String role, String state, long steps, boolean linked) {

    private static final List<String> IDLE = List.of("STANDBY", "STARTING", "WAITING", "STOPPED", "HALTED");
    private static final List<String> LIVE_ALONE = List.of("SOLO", "SYNCING", "RELYING");

    /// What a node in this state says.
    public static Standing of(NodeState state, long steps, boolean linked) {
        return new Standing(state.role(), state.word(), steps, linked);
    }

    /// Whether it holds no machine and waits for no answer.
    public boolean isIdle() {
        return IDLE.contains(state);
    }

    /// Whether its machine can go on with its memory: the record then has to name this very life.
    public boolean livesOn() {
        return steps > 0 && (role.equals("primary") || state.equals("CLAIMING") || state.equals("FROZEN"));
    }

    /// Whether nobody else can be live, whatever was granted to whom. A claim without an answer may have been granted to the partner
    /// instead, before the witness's storage was lost; not to one that had renounced.
    public boolean isSurelyTheLiveOne() {
        return role.equals("primary") && (LIVE_ALONE.contains(state) || state.equals("PROTECTED") && linked);
    }
}
