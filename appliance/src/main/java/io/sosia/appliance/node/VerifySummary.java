package io.sosia.appliance.node;

/// What a node's status says about comparing its disk with its partner's.
///
/// @param everySeconds how often it is done by itself; 0 for never
/// @param lastMicros   when this node last compared all of it, or first started: microseconds since 1970-01-01 UTC
/// @param running      `asked` or `scheduled`; empty when no comparison goes on
/// @param donePercent  of the one that goes on
/// @param found        blocks that differed, since this node's life began
/// @param repaired     of them, those that are the same again
public record VerifySummary(
        long everySeconds, long lastMicros, String running, double donePercent, long found, long repaired) {}
