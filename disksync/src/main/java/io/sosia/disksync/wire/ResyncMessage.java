package io.sosia.disksync.wire;

import io.netty.buffer.ByteBuf;
import io.sosia.disksync.block.DiskView;
import io.sosia.disksync.block.GenerationId;
import io.sosia.disksync.resync.ResyncMode;
import java.util.UUID;

/// What source and target of a resync say to each other.
public sealed interface ResyncMessage {

    /// The target's first words.
    ///
    /// @param session known only to whoever was invited
    record Hello(UUID session, DiskView view) implements ResyncMessage {}

    /// The source's answer: how the disks are made equal.
    ///
    /// @param source the generation that is sent
    record Plan(ResyncMode mode, GenerationId source, String reason) implements ResyncMessage {}

    /// The source does not take the target.
    record Refused(String reason) implements ResyncMessage {}

    /// Bytes to be written. Whoever takes it releases `bytes`.
    ///
    /// @param number of the piece
    record Data(long number, long offset, ByteBuf bytes) implements ResyncMessage {}

    /// Zeroes to be written.
    record Zeroes(long number, long offset, long length) implements ResyncMessage {}

    /// Make durable what was sent up to piece `number`, and say so.
    record Sync(long number) implements ResyncMessage {}

    /// Up to piece `number` all is durable.
    record Durable(long number) implements ResyncMessage {}

    /// Tell the hashes of blocks of an extent.
    record Compare(long extent, long blocks) implements ResyncMessage {}

    /// XXH3-128 of the blocks asked for, two words each, lowest block first.
    record Hashes(long extent, long[] words) implements ResyncMessage {}
}
