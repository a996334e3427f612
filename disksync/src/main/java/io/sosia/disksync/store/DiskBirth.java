package io.sosia.disksync.store;

import io.sosia.disksync.block.GenerationId;
import java.util.UUID;

/// What a new disk is called. Two nodes whose disks are made from equal images are given the same birth, and may then call each
/// other in sync.
///
/// @param disk       names the disk that both copies are copies of
/// @param generation the generation of the content it begins with
public record DiskBirth(UUID disk, GenerationId generation) {
}
