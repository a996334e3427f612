package io.sosia.appliance.pair;

import io.sosia.appliance.eventlog.LogBatch;
import io.sosia.appliance.eventlog.LogPosition;
import java.util.ArrayDeque;

/// What a primary knows of its log on the way to the partner: how much is out without receipt, and how far the partner is.
/// One thread.
final class SentLog {

    private record Unacked(long seq, long bytes) {}

    private final ArrayDeque<Unacked> unacked = new ArrayDeque<>();
    private LagMeter lag = new LagMeter();
    private long unackedBytes;
    private LogPosition recorded = LogPosition.START;
    private boolean streaming;
    private LogPosition received = LogPosition.START;
    private long executedStep;
    private LogPosition durable = LogPosition.START;

    /// From the entry after `from` on, the log goes to a partner that holds everything before.
    ///
    /// @throws IllegalStateException when the log is at another place
    void begin(LogPosition from) {
        if (!recorded.equals(from) && !recorded.equals(LogPosition.START)) {
            throw new IllegalStateException("the partner's log begins after " + from + ", ours is at " + recorded);
        }
        end();
        recorded = from;
        streaming = true;
        lag = new LagMeter();
        received = LogPosition.START;
        executedStep = 0;
        durable = LogPosition.START;
    }

    /// The log goes to nobody.
    void end() {
        streaming = false;
        unacked.clear();
        unackedBytes = 0;
    }

    /// Whether the log goes to a partner.
    boolean streaming() {
        return streaming;
    }

    /// The next entries have been written.
    ///
    /// @param bytes what they are counted as in the bounded buffer
    /// @return whether they have to be sent
    boolean record(LogBatch batch, long bytes) {
        recorded = batch.last();
        if (streaming) {
            unacked.add(new Unacked(batch.last().seq(), bytes));
            unackedBytes += bytes;
        }
        return streaming;
    }

    /// A receipt of the partner the log goes to.
    void acknowledged(LogPosition got, long step, LogPosition durableThere) {
        while (!unacked.isEmpty() && unacked.peek().seq() <= got.seq()) {
            unackedBytes -= unacked.remove().bytes();
        }
        received = got.reaches(received) ? got : received;
        executedStep = Math.max(executedStep, step);
        durable = durableThere.reaches(durable) ? durableThere : durable;
    }

    /// Our machine is at `step` now.
    void at(long step, long now) {
        lag.at(step, now);
    }

    /// Whether the partner has given a receipt, and executes at most `nanos` behind us.
    boolean followedWithin(long nanos, long now) {
        return received.seq() > 0 && lag.lagNanos(executedStep, now) <= nanos;
    }

    /// Position of the last entry written.
    LogPosition recorded() {
        return recorded;
    }

    /// The partner's last receipt; [LogPosition#START] before the first.
    LogPosition received() {
        return received;
    }

    /// Bytes sent and not acknowledged.
    long unackedBytes() {
        return unackedBytes;
    }

    /// The step the partner has executed.
    long executedStep() {
        return executedStep;
    }

    /// The position up to which the partner's disk is durable.
    LogPosition durable() {
        return durable;
    }
}
