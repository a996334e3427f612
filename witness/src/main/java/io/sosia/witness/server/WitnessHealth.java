package io.sosia.witness.server;

/// How a running witness is, for people and monitors.
///
/// @param alive whether it takes part at all; once false it stays false, and the process should end
/// @param ready whether it would answer a command now
/// @param appliedIndex the last entry of the Raft log it carried out, -1 for none
/// @param pairs how many pairs it knows
/// @param granted commands granted since the process started, those repeated from the log at start included
/// @param notGranted all other answers to commands, counted the same way
public record WitnessHealth(
        boolean alive, boolean ready, long appliedIndex, int pairs, long granted, long notGranted) {}
