package io.sosia.disksync.block;

import java.util.Optional;
import java.util.UUID;

/// What a disk says of itself when two are to be made equal.
///
/// @param disk        names the disk both are copies of
/// @param sizeBytes   a positive multiple of 512
/// @param generations where its content comes from
/// @param state       what its content is worth
/// @param partner     what it knows of the other
/// @param blank       whether it holds nothing but zeroes
/// @param resync      the resync it is in the middle of
/// @param suspects    blocks in which it may differ from the generation it is known by
public record DiskView(UUID disk, long sizeBytes, Generations generations, DiskState state, Partner partner, boolean blank,
                       Optional<ResyncMark> resync, DirtyMap suspects) {
}
