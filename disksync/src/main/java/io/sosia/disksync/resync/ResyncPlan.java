package io.sosia.disksync.resync;

import io.sosia.disksync.block.ByteRange;
import io.sosia.disksync.block.DirtyMap;
import io.sosia.disksync.block.DiskState;
import io.sosia.disksync.block.DiskView;
import io.sosia.disksync.block.GenerationId;
import io.sosia.disksync.block.Geometry;
import io.sosia.disksync.block.Partner;
import java.util.Optional;
import java.util.UUID;

/// How a target is to be made equal to a source, and why so.
///
/// A disk that is away equals its base generation outside its suspects, any other its current generation. Two disks that equal the
/// same generation can differ in their suspects only: that covers a target that is ahead (it ran on after it was left behind) as
/// well as one that is behind (it lost writes it had not made durable).
///
/// @param mode   what is compared
/// @param blocks the blocks to send or to compare; never fewer than those that differ
/// @param reason for people, one line
public record ResyncPlan(ResyncMode mode, DirtyMap blocks, String reason) {

    /// What is left of a resync that was interrupted, in the memory of the source's process.
    ///
    /// @param session names it
    /// @param mode    how it was being done
    /// @param left    blocks not known to be durable at the target
    public record Interrupted(UUID session, ResyncMode mode, DirtyMap left) {}

    /// Decides.
    ///
    /// @param interrupted what the source remembers of the last resync
    /// @param full        whether an operator wants everything sent, if that is not under way
    /// @throws IllegalArgumentException when the two are not copies of one disk
    public static ResyncPlan of(DiskView source, DiskView target, Optional<Interrupted> interrupted, boolean full) {
        if (!source.disk().equals(target.disk()) || source.sizeBytes() != target.sizeBytes()) {
            throw new IllegalArgumentException("disk " + target.disk() + " of " + target.sizeBytes()
                    + " bytes cannot become disk " + source.disk() + " of " + source.sizeBytes());
        }
        Optional<Interrupted> goesOn = interrupted.filter(before -> (!full || before.mode() == ResyncMode.FULL)
                && target.resync().isPresent() && target.resync().get().session().equals(before.session()));
        if (goesOn.isPresent()) {
            ResyncMode mode = goesOn.get().mode();
            return new ResyncPlan(mode, goesOn.get().left(),
                    mode.word() + ": goes on where it was interrupted, " + amount(goesOn.get().left()) + " left");
        }
        if (full) {
            return everything(source, ResyncMode.FULL, "as asked");
        }
        if (target.blank()) {
            return everything(source, ResyncMode.FULL, "the disk is empty");
        }
        Optional<GenerationId> common = common(source, target);
        if (common.isPresent()) {
            DirtyMap blocks = new DirtyMap();
            blocks.markAll(source.suspects());
            blocks.markAll(target.suspects());
            return new ResyncPlan(ResyncMode.INCREMENTAL, blocks, "incremental: " + amount(blocks)
                    + " may have changed since generation " + common.get());
        }
        return everything(source, ResyncMode.BY_HASH, target.state() == DiskState.INCONSISTENT && target.resync().isEmpty()
                ? "what the disk holds is not known" : "the disks have no generation in common");
    }

    private static ResyncPlan everything(DiskView source, ResyncMode mode, String why) {
        DirtyMap all = new DirtyMap();
        all.mark(new ByteRange(0, source.sizeBytes()));
        return new ResyncPlan(mode, all, mode.word() + ": " + why + ", " + amount(all) + " in size");
    }

    /// The generation both equal outside their suspects.
    private static Optional<GenerationId> common(DiskView source, DiskView target) {
        GenerationId ofSource = known(source);
        return Optional.of(ofSource).filter(known(target)::equals).filter(_ -> target.resync().isEmpty()
                || target.resync().get().source().equals(source.generations().current()));
    }

    private static GenerationId known(DiskView disk) {
        return disk.partner() == Partner.AWAY ? disk.generations().base().orElseThrow() : disk.generations().current();
    }

    private static String amount(DirtyMap blocks) {
        return amount(blocks.count() * Geometry.BLOCK_BYTES);
    }

    /// Bytes as people say them.
    static String amount(long bytes) {
        return bytes < 1 << 20 ? (bytes >> 10) + " KiB" : (bytes >> 20) + " MiB";
    }
}
