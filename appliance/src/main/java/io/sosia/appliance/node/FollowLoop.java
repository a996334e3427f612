package io.sosia.appliance.node;

import io.sosia.appliance.eventlog.LogBatch;
import io.sosia.appliance.eventlog.LogFormatException;
import io.sosia.appliance.eventlog.LogPosition;
import io.sosia.appliance.eventlog.RunPoint;
import io.sosia.appliance.lockstep.Divergence;
import io.sosia.appliance.lockstep.GoLive;
import io.sosia.appliance.lockstep.ReplayResult;
import io.sosia.appliance.lockstep.Replayer;
import io.sosia.appliance.machine.port.GuestMachine;
import java.util.Optional;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicLong;

/// The duty cycle of a backup's machine: replays what has been delivered, as far as the log allows, until it is told to
/// drain and then to go live, or until it can go on no longer.
///
/// One thread calls [#run] and is the only one that touches the replayer and its machine; others deliver and ask.
final class FollowLoop {

    /// Told by the loop's thread; must not block for long.
    interface Owner {
        /// Another turn, whether or not anything happens in it.
        void turned();

        /// How far the replay is.
        void executed(long step, LogPosition executed);

        /// All that was delivered has been replayed.
        ///
        /// @throws Exception when the disk cannot make it durable
        void makeDurable() throws Exception;

        /// After [#makeDurable]: ready to go live.
        void drained();

        /// The replay cannot go on, for a reason of this node's own.
        void failed(String reason);

        /// The replayed run is not the recorded one.
        void diverged(Divergence evidence);

        /// The log has been ended on purpose and reproduced.
        void ended(LogPosition end);
    }

    /// Something to be done once with a machine that stands still.
    interface Moment {
        /// On the loop's thread, between two slices.
        void at(GuestMachine machine, RunPoint point);

        /// Instead of [#at], on any thread: there will be no such moment, for this reason.
        void never(String reason);
    }

    private static final long SLICE_STEPS = 100_000;
    private static final long TELL_NANOS = 2_000_000;
    private static final long WAIT_NANOS = 20_000_000;
    /// A disk that leaves a request without an answer for so long is lost: the backup retires, or it would hold up its
    /// primary.
    private static final long DISK_PATIENCE_NANOS = 30_000_000_000L;
    /// More than one wait: a process that stood still does not count that against its disk.
    private static final long DISK_WAIT_NANOS_MAX = 5 * WAIT_NANOS;

    private final Replayer replayer;
    private final LoopSignal signal;
    private final Owner owner;
    private final ConcurrentLinkedQueue<LogBatch> delivered = new ConcurrentLinkedQueue<>();
    private final AtomicLong waitingBytes = new AtomicLong();

    private volatile boolean draining;
    private volatile boolean going;
    private volatile boolean stopping;
    private volatile boolean standing;
    private volatile long lastTurnNanos = System.nanoTime();

    // Guarded by this object's monitor.
    private Moment wanted;
    private Optional<String> over = Optional.empty();

    private boolean drained;
    private boolean ended;
    private long diskWaitedNanos;
    private long toldNanos;
    private long toldStep = -1;

    FollowLoop(Replayer replayer, LoopSignal signal, Owner owner) {
        this.replayer = replayer;
        this.signal = signal;
        this.owner = owner;
    }

    /// Replays until told to go live.
    ///
    /// @return what the new primary needs, or nothing when the loop was stopped or has failed
    Optional<GoLive> run() {
        try {
            return replay();
        } finally {
            noMoreMoments(going ? "the node has become the primary" : "the node does not follow any more");
        }
    }

    private Optional<GoLive> replay() {
        while (!stopping) {
            signal.clear();
            lastTurnNanos = System.nanoTime();
            owner.turned();
            if (going) {
                return Optional.of(replayer.goLive());
            }
            if (!accept() || !advance()) {
                return Optional.empty();
            }
            if (replayer.atMark()) {
                takeMoment();
            }
        }
        return Optional.empty();
    }

    private boolean accept() {
        while (replayer.hasRoom()) {
            LogBatch batch = delivered.poll();
            if (batch == null) {
                return true;
            }
            waitingBytes.addAndGet(-weight(batch));
            try {
                replayer.accept(batch);
            } catch (LogFormatException e) {
                owner.failed("the log does not fit together: " + e.getMessage());
                return false;
            }
        }
        return true;
    }

    private boolean advance() {
        if (ended) {
            return finishDrain();
        }
        switch (replayer.advance(SLICE_STEPS)) {
            case ReplayResult.Ran _ -> {
                diskWaitedNanos = 0;
                tell(false);
            }
            case ReplayResult.WaitingDisk(long id) -> {
                tell(true);
                return awaitDisk(id);
            }
            case ReplayResult.WaitingLog _ -> {
                diskWaitedNanos = 0;
                tell(true);
                return finishDrain();
            }
            case ReplayResult.Diverged(var evidence) -> {
                owner.diverged(evidence);
                return false;
            }
            case ReplayResult.DiskFailed(long id, var status) -> {
                owner.failed("the disk answered request " + id + " with " + status + ", the primary's with OK");
                return false;
            }
            case ReplayResult.Ended _ -> {
                ended = true;
                noMoreMoments("the guest has switched itself off");
                tell(true);
                owner.ended(replayer.executed());
            }
        }
        return true;
    }

    private boolean awaitDisk(long requestId) {
        long before = System.nanoTime();
        signal.await(WAIT_NANOS);
        diskWaitedNanos += Math.min(System.nanoTime() - before, DISK_WAIT_NANOS_MAX);
        if (diskWaitedNanos > DISK_PATIENCE_NANOS) {
            owner.failed("the disk has not answered request " + requestId + " for "
                    + DISK_PATIENCE_NANOS / 1_000_000_000
                    + " s");
            return false;
        }
        return true;
    }

    private boolean finishDrain() {
        if (draining && !drained && delivered.isEmpty() && replayer.queuedEntries() == 0) {
            try {
                owner.makeDurable();
            } catch (Exception e) {
                owner.failed("what was replayed cannot be made durable: " + e.getMessage());
                return false;
            }
            drained = true;
            owner.drained();
        }
        signal.await(WAIT_NANOS);
        return true;
    }

    private void takeMoment() {
        Moment moment;
        synchronized (this) {
            moment = wanted;
            wanted = null;
        }
        if (moment != null) {
            standing = true;
            moment.at(replayer.machine(), replayer.point());
            lastTurnNanos = System.nanoTime();
            standing = false;
        }
    }

    private void noMoreMoments(String reason) {
        Moment left;
        synchronized (this) {
            if (over.isEmpty()) {
                over = Optional.of(reason);
            }
            left = wanted;
            wanted = null;
        }
        if (left != null) {
            left.never(reason);
        }
    }

    /// Asks for a moment between two slices, when nothing the machine has put out is without its mark. One at a time. Any
    /// thread.
    void ask(Moment moment) {
        String refusal;
        synchronized (this) {
            refusal = over.or(() -> wanted == null ? Optional.empty() : Optional.of("another one is waited for")).orElse(null);
            if (refusal == null) {
                wanted = moment;
            }
        }
        if (refusal != null) {
            moment.never(refusal);
        } else {
            signal.raise();
        }
    }

    private void tell(boolean now) {
        long nanos = System.nanoTime();
        long step = replayer.machine().steps();
        if (step != toldStep && (now || nanos - toldNanos >= TELL_NANOS)) {
            toldNanos = nanos;
            toldStep = step;
            owner.executed(step, replayer.executed());
        }
    }

    /// The next entries of the log. Any one thread.
    void deliver(LogBatch batch) {
        waitingBytes.addAndGet(weight(batch));
        delivered.add(batch);
        signal.raise();
    }

    /// Bytes delivered that the replayer has not taken yet; the sender is held back by not reading.
    long waitingBytes() {
        return waitingBytes.get();
    }

    private static long weight(LogBatch batch) {
        long sum = 0;
        for (var entry : batch.entries()) {
            sum += entry.weightBytes();
        }
        return sum;
    }

    /// No more will be delivered: finish and tell. Any thread, after the last [#deliver].
    void drain() {
        draining = true;
        signal.raise();
    }

    /// After [Owner#drained]: let [#run] return what a primary needs. Any thread.
    void goLive() {
        going = true;
        signal.raise();
    }

    /// Let [#run] return with nothing. Any thread.
    void stop() {
        stopping = true;
        signal.raise();
    }

    /// When the last turn began, on the monotonic clock; empty in a [Moment], which may take long. Any thread.
    Optional<Long> lastTurnNanos() {
        return standing ? Optional.empty() : Optional.of(lastTurnNanos);
    }
}
