package io.sosia.appliance.pair;

import io.sosia.appliance.clone.ClonePart;
import io.sosia.appliance.eventlog.LogBatch;
import io.sosia.appliance.eventlog.MarkedOutput;
import io.sosia.appliance.pair.PeerMessage.Envelope;
import io.sosia.witness.claim.ClaimCommand;
import io.sosia.witness.claim.Incarnation;

/// What a [PairCore] has done for it by the node it runs in (or by a simulation). All calls come from the core's own
/// thread; none may call back into the core before it has returned.
public interface PairEnvironment {

    /// Start connecting to the partner and keep trying until connected or closed.
    void dial();

    /// Close the link, or stop trying to connect. No `linkLost` follows for a link closed here.
    void closeLink(String reason);

    /// Send on the link; dropped when there is none.
    void send(Envelope envelope);

    /// Ask the witness for the record; answered by an event.
    void readRecord();

    /// Submit a claim; answered by an event.
    void submit(ClaimCommand claim);

    /// Whether the witness has answered lately. A belief: nothing but patience may depend on it.
    boolean witnessAnswers();

    /// Write durably that this node relies on its backup's renunciation in this epoch, then tell `reliedWritten`; tell nothing
    /// when it cannot be written.
    void writeRelied(long epoch);

    /// Switch the machine on as the recorder of this epoch's log.
    void startMachine(long epoch);

    /// Build the machine as a replayer of this epoch's log.
    void follow(long epoch);

    /// Send this node's disk and memory to the partner: `invite`, then `clonePart`s, at last the cut; or tell `cloneFailed`.
    void beginClone(long epoch, Incarnation backup);

    /// Stop sending; the partner is not taken in.
    void abandonClone(String reason);

    /// Build the machine from what the primary sends, then tell `restored`.
    void join(long epoch, PeerMessage.Invitation invitation);

    /// The next part of what the primary sends, for [#join].
    void assemble(ClonePart part);

    /// What the partner says of the disks: a backup answers a verify entry, a primary tells what it has found.
    void ofDisk(PeerMessage.OfDisk message);

    /// More of the log for the replayer.
    void deliver(LogBatch batch);

    /// Replay all that was delivered, make it durable, then tell `drained`.
    void drain();

    /// Turn the replayer into the recorder of this epoch.
    void goLive(long epoch);

    void pause();

    /// After [#pause] or [#stopAtMark].
    void resume();

    /// Let the machine stand at a mark, then tell `machineStands` with this number.
    void stopAtMark(long number);

    /// An output may leave now.
    void release(MarkedOutput output);

    /// The node's life is over.
    void finish(Outcome outcome, String reason);

    /// The pair machine has changed its state, or something worth telling has happened within it: one line of diagnostics.
    void transition(NodeState from, NodeState to, String reason);
}
