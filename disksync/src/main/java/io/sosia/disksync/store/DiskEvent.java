package io.sosia.disksync.store;

import java.time.Instant;

/// Something that happened to a disk's history, with its reason; kept for whoever has to find out why a resync was needed.
///
/// @param sequence counts up from 0 over the life of the disk
/// @param at       host time, for people only
/// @param text     what happened and why, one line
public record DiskEvent(long sequence, Instant at, String text) {
}
