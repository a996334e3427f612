package io.sosia.witness.server;

/// What a member does in its group now.
public enum WitnessRole {
    /// Initialised to join a group and not yet added to one: answers nobody.
    JOINING,
    /// Follows the leader and sends those who ask on to it.
    FOLLOWER,
    /// Has not heard of a leader and asks for votes.
    CANDIDATE,
    /// Answers claims.
    LEADER
}
