package io.sosia.disksync.block;

import java.util.UUID;

/// What a disk in the middle of a resync remembers: whose content it is receiving, and in which session, so that the source can go
/// on where it was interrupted.
///
/// @param session names the resync; the source knows what is left of it as long as its process lives
/// @param source  the generation that is being received
public record ResyncMark(UUID session, GenerationId source) {
}
