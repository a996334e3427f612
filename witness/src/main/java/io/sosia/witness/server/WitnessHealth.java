package io.sosia.witness.server;

/// How a running witness is, for people and monitors.
///
/// @param alive whether it takes part at all; once false it stays false, and the process should end
/// @param ready whether a command sent to it would be answered now, by itself or by the leader it knows
/// @param role what it does in its group
/// @param members how many members its group has, as far as it knows; 0 while it is joining
/// @param appliedIndex the last entry of the Raft log it carried out, -1 for none
/// @param pairs how many pairs it knows
/// @param granted commands granted since the process started, those repeated from the log at start included
/// @param notGranted all other answers to commands, counted the same way
/// @param misdirected requests dropped because they were meant for another member of this address
/// @param refused connections and requests of those who may not: no certificate, or not the one for it
public record WitnessHealth(
        boolean alive,
        boolean ready,
        WitnessRole role,
        int members,
        long appliedIndex,
        int pairs,
        long granted,
        long notGranted,
        long misdirected,
        long refused) {}
