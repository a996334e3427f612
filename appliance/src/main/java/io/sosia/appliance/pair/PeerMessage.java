package io.sosia.appliance.pair;

import io.sosia.appliance.clone.ClonePart;
import io.sosia.appliance.eventlog.LogBatch;
import io.sosia.appliance.eventlog.LogPosition;
import io.sosia.appliance.verify.ExtentHashes;
import io.sosia.disksync.block.KnownBlocks;
import io.sosia.witness.claim.Incarnation;
import io.sosia.witness.claim.NodeName;
import io.sosia.witness.claim.PairId;
import java.util.UUID;

/// What two nodes of a pair say to each other.
public sealed interface PeerMessage {

    /// A message with what makes it count: it is dropped unless epoch and both incarnations are the ones the receiver
    /// knows, so that what an earlier life said never counts for the present one.
    ///
    /// @param epoch     epoch the sender is in, 0 or above
    /// @param sender    the sender's incarnation
    /// @param addressee the receiver's incarnation as the sender knows it; [#NOBODY] in [Hello]
    record Envelope(long epoch, Incarnation sender, Incarnation addressee, PeerMessage message) {
        public Envelope {
            if (epoch < 0) {
                throw new IllegalArgumentException("message of epoch " + epoch + ", expected 0 or above");
            }
        }
    }

    /// The addressee of a [Hello]: the sender does not know it yet.
    Incarnation NOBODY = new Incarnation(new UUID(0, 0));

    /// The dialling node's first words.
    ///
    /// @param pairId  the pair both must belong to
    /// @param node    the sender's name
    /// @param machine digest of how the machine is built: kernel, initrd, command line, RAM, devices
    /// @param disk    what the sender's disk holds
    record Hello(PairId pairId, NodeName node, String machine, DiskStamp disk) implements PeerMessage {}

    /// Says which bytes a disk holds: equal stamps mean equal disks, as long as both are clean.
    ///
    /// @param content digest of the image it was made from
    /// @param position the place in the event log up to which writes have been applied and made durable
    /// @param clean   whether the run that wrote to it was ended in order at that place
    record DiskStamp(String content, LogPosition position, boolean clean) {}

    /// The primary takes the dialling node as its backup; the log follows, from the entry after `start`.
    record Welcome(LogPosition start) implements PeerMessage {}

    /// The running primary takes the dialling node in; its memory follows as [Clone]s, its disk by a stream of its own.
    ///
    /// @param resyncPort where the primary's host offers its disk; 0 for a machine without one
    /// @param session    names this resync, known to nobody else
    /// @param content    digest of the image the primary's disk was made from
    record Invitation(int resyncPort, UUID session, String content) implements PeerMessage {
        public Invitation {
            if (resyncPort < 0 || resyncPort > 0xffff) {
                throw new IllegalArgumentException("port " + resyncPort + ", expected 0 to 65535");
            }
        }
    }

    /// A piece of the primary's memory, disk or state.
    record Clone(ClonePart part) implements PeerMessage {}

    /// The record names the receiver in sync: it is a backup now.
    record Confirmation() implements PeerMessage {}

    /// The receiver cannot be taken in now.
    record Refusal(String reason) implements PeerMessage {}

    /// Entries of the event log, from the primary.
    record Log(LogBatch batch) implements PeerMessage {}

    /// How far the backup is; cumulative.
    ///
    /// @param received     the last entry it holds: all before it are held too
    /// @param executedStep the step its machine has reached
    /// @param durable      log position up to which its disk's writes are durable
    record Ack(LogPosition received, long executedStep, LogPosition durable) implements PeerMessage {}

    /// Are you there? `step` is where the sender's machine is, told by its own thread.
    ///
    /// @param durable log position up to which the sender's disk is durable
    record Heartbeat(long sentNanos, long step, LogPosition durable) implements PeerMessage {}

    /// The answer to a [Heartbeat], which gives back `sentNanos`.
    record HeartbeatReply(long sentNanos, long step) implements PeerMessage {}

    /// About both nodes' disks, beside the log.
    sealed interface OfDisk extends PeerMessage permits DiskHashes, DiskSame, DiskBytes, DiskNote {}

    /// What the backup's disk holds where a verify entry asks.
    ///
    /// @param known what it should hold, as far as the backup knows
    record DiskHashes(LogPosition at, ExtentHashes hashes, KnownBlocks known) implements OfDisk {}

    /// Both disks held the same where a verify entry asked.
    ///
    /// @param blocks of its extent, one bit each, bit 0 the lowest
    record DiskSame(LogPosition at, long blocks) implements OfDisk {}

    /// What the backup's disk holds where a verify entry asks for the bytes themselves.
    ///
    /// @param bytes one block, at most 64 KiB; empty when it cannot be read
    record DiskBytes(LogPosition at, byte[] bytes) implements OfDisk {}

    /// A line for the history of the receiver's disk.
    record DiskNote(String text) implements OfDisk {}

    /// About the backup's renunciation, for when both nodes have lost the witness.
    sealed interface OfRenunciation extends PeerMessage permits RenounceAsked, Renounced, ReturnAsked, Forgotten {}

    /// The primary has lost the witness and asks the backup, if it has lost it too, to renounce.
    record RenounceAsked() implements OfRenunciation {}

    /// The backup does not claim until it has this renunciation back.
    ///
    /// @param number counts the renunciations of this backup's life in this epoch, from 1
    record Renounced(long number) implements OfRenunciation {
        public Renounced {
            checkNumber(number);
        }
    }

    /// The backup asks to have that renunciation back.
    record ReturnAsked(long number) implements OfRenunciation {
        public ReturnAsked {
            checkNumber(number);
        }
    }

    /// The primary has forgotten that renunciation, and relies on none up to it.
    record Forgotten(long number) implements OfRenunciation {
        public Forgotten {
            checkNumber(number);
        }
    }

    private static void checkNumber(long number) {
        if (number < 1) {
            throw new IllegalArgumentException("renunciation " + number + ", expected 1 or above");
        }
    }

    /// The backup leaves on purpose, or cannot go on.
    record Leaving(String reason) implements PeerMessage {}

    /// The primary's machine has stopped and all of its log is with the backup, which is to go live. The primary has forgotten
    /// every renunciation of this backup's, and takes no more.
    record HandOver() implements PeerMessage {}

    /// The guest's own power-off has been recorded with the witness: the run is over, nobody goes live.
    record Stopped() implements PeerMessage {}
}
