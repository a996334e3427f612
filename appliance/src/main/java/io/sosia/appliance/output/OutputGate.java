package io.sosia.appliance.output;

import io.sosia.appliance.eventlog.LogPosition;
import io.sosia.appliance.eventlog.MarkedOutput;
import io.sosia.appliance.output.GateState.Basis;
import io.sosia.appliance.output.GateState.Closed;
import io.sosia.appliance.output.GateState.Commitment;
import io.sosia.appliance.output.GateState.Gated;
import io.sosia.appliance.output.GateState.Open;
import java.util.ArrayDeque;
import java.util.UUID;
import java.util.function.Consumer;

/// Holds external outputs, in order, until they may leave: with the backup's receipt of their mark at this epoch, with
/// a granted SOLO, or relying on the backup's renunciation (architecture, "Releasing" and "Becoming PROTECTED").
/// Execution never waits here, only the output does; a gate that is full says so and the machine then has to wait.
///
/// A call that would break the rules is a broken invariant: [IllegalStateException] with the gate's state.
public final class OutputGate {

    private final GateLimits limits;
    private final Consumer<MarkedOutput> released;
    private final ArrayDeque<MarkedOutput> held = new ArrayDeque<>();

    private GateState state = new Closed("new");
    private long heldBytes;
    private LogPosition lastMark = LogPosition.START;
    private LogPosition acked = LogPosition.START;
    private LogPosition releasedUpTo = LogPosition.START;
    private LogPosition releasedWithoutAck = LogPosition.START;
    private long acksRefused;
    /// At this epoch and below, SOLO can no longer be what this node's output rests on.
    private long spentEpoch = -1;

    /// A closed gate.
    ///
    /// @param released takes each output when it may leave; called from inside this gate, must not call back
    public OutputGate(GateLimits limits, Consumer<MarkedOutput> released) {
        this.limits = limits;
        this.released = released;
    }

    /// Takes the next output. It leaves at once when the gate is open, or when its mark has been acknowledged already.
    public void hold(MarkedOutput output) {
        if (output.mark().compareTo(lastMark) < 0) {
            throw new IllegalStateException("output marked " + output.mark() + " after one marked " + lastMark);
        }
        lastMark = output.mark();
        held.add(output);
        heldBytes += output.weightBytes();
        releaseAllowed();
    }

    /// Whether the machine has to wait until something has been released. What an already running slice produces is
    /// still taken.
    public boolean full() {
        return held.size() >= limits.outputsMax() || heldBytes >= limits.bytesMax();
    }

    /// A receipt. Counts only at the gate's epoch, from the very life of the backup the gate waits for, and for
    /// entries that exist.
    ///
    /// @param logEnd position of the last entry written so far
    /// @return whether it counted
    public boolean ack(Ack ack, LogPosition logEnd) {
        if (!(state instanceof Gated(long epoch, UUID incarnation, Commitment _))
                || ack.epoch() != epoch || !ack.incarnation().equals(incarnation)
                || ack.received().compareTo(logEnd) > 0) {
            acksRefused++;
            return false;
        }
        if (ack.received().compareTo(acked) > 0) {
            acked = ack.received();
            releaseAllowed();
        }
        return true;
    }

    /// SOLO has been granted to this node at `epoch`: everything held leaves, and what follows leaves at once.
    public void soloGranted(long epoch) {
        boolean allowed = switch (state) {
            case Closed _ -> true;
            case Open open -> epoch > open.epoch();
            case Gated gated -> epoch > gated.epoch();
        };
        require(allowed && epoch > spentEpoch, "SOLO at epoch " + epoch);
        become(new Open(epoch, Basis.SOLO_GRANTED));
    }

    /// A backup is to be taken in: from now on output waits for its receipts.
    ///
    /// @return the last position released without one; this backup has to acknowledge it before PROTECTED may be asked
    ///                for
    public LogPosition waitFor(UUID backupIncarnation) {
        require(state instanceof Open(long _, Basis basis) && basis == Basis.SOLO_GRANTED, "waiting for a backup");
        acked = LogPosition.START;
        become(new Gated(((Open) state).epoch(), backupIncarnation, Commitment.STILL_SOLO));
        return releasedWithoutAck;
    }

    /// Whether the backup has acknowledged everything that was released without it.
    public boolean backupHasAllReleased() {
        return state instanceof Gated && acked.reaches(releasedWithoutAck);
    }

    /// The backup went away before PROTECTED was asked for, or the request was definitely refused with SOLO still in
    /// the record: output leaves at once again.
    public void backToSolo() {
        require(state instanceof Gated(long _, UUID _, Commitment commitment) && commitment == Commitment.STILL_SOLO,
                "back to SOLO");
        become(new Open(((Gated) state).epoch(), Basis.SOLO_GRANTED));
    }

    /// The request to become PROTECTED is about to be sent.
    public void protectAsked() {
        require(state instanceof Gated(long _, UUID _, Commitment commitment) && commitment == Commitment.STILL_SOLO
                && backupHasAllReleased(), "asking for PROTECTED, receipts up to " + acked
                + ", released without receipt up to " + releasedWithoutAck);
        commit(Commitment.PROTECT_ASKED);
        spentEpoch = ((Gated) state).epoch();
    }

    /// The definite answer to [#protectAsked].
    ///
    /// @param granted whether the record now says PROTECTED; if not, it still says SOLO and names this node
    public void protectAnswered(boolean granted) {
        require(state instanceof Gated(long _, UUID _, Commitment commitment) && commitment == Commitment.PROTECT_ASKED,
                "an answer to a request for PROTECTED");
        commit(granted ? Commitment.PROTECTED : Commitment.STILL_SOLO);
        if (!granted) {
            spentEpoch = ((Gated) state).epoch() - 1;
        }
    }

    /// Starts a machine whose record says PROTECTED from the beginning, naming this backup.
    public void startProtected(long epoch, UUID backupIncarnation) {
        require(state instanceof Closed && releasedWithoutAck.equals(LogPosition.START) && epoch > spentEpoch,
                "starting PROTECTED at epoch " + epoch);
        acked = LogPosition.START;
        spentEpoch = epoch;
        become(new Gated(epoch, backupIncarnation, Commitment.PROTECTED));
    }

    /// The backup has renounced and RELIED is durable on this node: output leaves at once, no receipt of this epoch
    /// counts any more, and only a later epoch leads on.
    public void relied() {
        require(state instanceof Gated(long _, UUID _, Commitment commitment) && commitment == Commitment.PROTECTED,
                "relying on a renunciation");
        become(new Open(((Gated) state).epoch(), Basis.RELIED));
    }

    /// Nothing leaves any more until something is granted; what is held stays.
    public void close(String reason) {
        become(new Closed(reason));
    }

    /// Drops what is held: this node has lost and its outputs must never leave. Only of a closed gate.
    ///
    /// @return how many outputs were dropped
    public int discard() {
        require(state instanceof Closed, "discarding");
        int dropped = held.size();
        held.clear();
        heldBytes = 0;
        return dropped;
    }

    public GateState state() {
        return state;
    }

    /// Mark of the last output that left; [LogPosition#START] before the first. Travels back on the log.
    public LogPosition releasedUpTo() {
        return releasedUpTo;
    }

    /// Mark of the last output that left without a receipt; [LogPosition#START] if none ever did.
    public LogPosition releasedWithoutAck() {
        return releasedWithoutAck;
    }

    /// The backup's cumulative receipt.
    public LogPosition acked() {
        return acked;
    }

    public int heldOutputs() {
        return held.size();
    }

    public long heldBytes() {
        return heldBytes;
    }

    /// Receipts that did not count: of another epoch, another life, or while none is waited for.
    public long acksRefused() {
        return acksRefused;
    }

    private void commit(Commitment commitment) {
        Gated gated = (Gated) state;
        become(new Gated(gated.epoch(), gated.backupIncarnation(), commitment));
    }

    private void become(GateState next) {
        state = next;
        releaseAllowed();
    }

    private void releaseAllowed() {
        while (!held.isEmpty() && mayLeave(held.peek().mark())) {
            MarkedOutput output = held.remove();
            heldBytes -= output.weightBytes();
            releasedUpTo = output.mark();
            if (state instanceof Open) {
                releasedWithoutAck = output.mark();
            }
            released.accept(output);
        }
    }

    private boolean mayLeave(LogPosition mark) {
        return switch (state) {
            case Closed _ -> false;
            case Open _ -> true;
            case Gated _ -> acked.reaches(mark);
        };
    }

    private void require(boolean allowed, String what) {
        if (!allowed) {
            throw new IllegalStateException("output gate is " + state + ", which does not allow " + what);
        }
    }
}
