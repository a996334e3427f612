package io.sosia.appliance.node;

import io.sosia.appliance.clone.ClonePart;
import io.sosia.appliance.clone.MemorySender;
import io.sosia.appliance.eventlog.RunPoint;
import io.sosia.appliance.lockstep.Recorder;
import io.sosia.appliance.machine.port.GuestMachine;
import io.sosia.appliance.machine.port.MachineOutput.DiskFlush;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicLong;

/// What a running machine's thread does to be copied: gives pages a few at a time between two slices, and at the cut, standing
/// still for some milliseconds, all the rest at once.
///
/// At the cut no read or write of the disk is under way and every completion has been applied: what the disk holds is what the
/// log up to there causes. Flushes may be pending; they travel with the machine and are asked for again.
///
/// One thread calls [#turn], [#standsStill] and [#pace]; others ask and acknowledge.
final class CloneFeed {

    /// Takes what the machine's thread has for the partner; must not block.
    interface Outlet {
        /// Pages sent ahead.
        void ahead(long session, ClonePart part);

        /// So little of the memory is left to send that the cut may come.
        void restIsSmall(long session);

        /// Everything that was left, in order, the cut last. The log goes on behind it.
        void cut(long session, List<ClonePart> parts, long pauseNanos);

        /// The cut could not be made now: the machine runs on.
        void postponed(long session, String reason);
    }

    /// What of the disk belongs to the cut.
    interface DiskRest {
        /// Reads what the partner's disk still lacks, and joins both disks from here on. On the machine's thread, with no
        /// request under way.
        ///
        /// @return empty when it is too much for a short pause: nothing has happened then
        Optional<List<ClonePart.Blocks>> take() throws Exception;
    }

    private static final long IN_FLIGHT_BYTES_MAX = 8L << 20;
    private static final int PARTS_PER_TURN = 2;

    private final GuestMachine machine;
    private final Outlet outlet;
    private final LoopSignal signal;
    private final ConcurrentLinkedQueue<Runnable> asked = new ConcurrentLinkedQueue<>();
    private final AtomicLong inFlight = new AtomicLong();

    private volatile long session;
    private volatile double paceOfDisk = 1.0;
    private MemorySender sender;
    /// Whether the cut was put off and the disk is not near again: pages sent now would have changed by then.
    private boolean waiting;
    private boolean toldSmall;
    private Optional<DiskRest> cutWanted = Optional.empty();
    private long stillSince;
    private long stillNanosMax;

    /// @param machine what is copied
    /// @param signal  wakes the machine's thread
    CloneFeed(GuestMachine machine, Outlet outlet, LoopSignal signal) {
        this.machine = machine;
        this.outlet = outlet;
        this.signal = signal;
    }

    // Any thread.

    /// Begins to give pages.
    void begin(long newSession) {
        ask(() -> {
            inFlight.set(0);
            session = newSession;
            sender = new MemorySender(machine.image());
            toldSmall = false;
            waiting = false;
            cutWanted = Optional.empty();
        });
    }

    /// After [Outlet#postponed]: gives pages again.
    void goOn(long ofSession) {
        ask(() -> waiting &= ofSession != session);
    }

    /// The machine may use this share of time at most, above 0 to 1, until the cut is made or given up.
    void paceOfDisk(double share) {
        paceOfDisk = share;
    }

    /// After [Outlet#restIsSmall]: cut at the next opportunity.
    ///
    /// @param nanosMax how long the machine may stand still for a request of the disk to end
    void cut(long ofSession, DiskRest disk, long nanosMax) {
        ask(() -> {
            if (ofSession == session && sender != null) {
                cutWanted = Optional.of(disk);
                stillSince = System.nanoTime();
                stillNanosMax = nanosMax;
            }
        });
    }

    /// Gives nothing any more.
    void abandon() {
        ask(this::end);
    }

    /// Bytes given have left this host: there is room for more.
    void sent(long ofSession, long bytes) {
        if (ofSession == session) {
            inFlight.addAndGet(-bytes);
            signal.raise();
        }
    }

    private void ask(Runnable what) {
        asked.add(what);
        signal.raise();
    }

    // The machine's thread.

    private void end() {
        sender = null;
        paceOfDisk = 1.0;
        cutWanted = Optional.empty();
    }

    /// Between two slices.
    ///
    /// @param handOver hands over the log written so far, so that the cut comes behind it
    void turn(Recorder recorder, Runnable handOver) throws Exception {
        for (Runnable each = asked.poll(); each != null; each = asked.poll()) {
            each.run();
        }
        if (sender == null) {
            return;
        }
        if (cutWanted.isPresent()) {
            tryCut(recorder, handOver, cutWanted.get());
        } else if (!waiting) {
            giveAhead();
        }
    }

    /// Whether the machine must not run now.
    boolean standsStill() {
        return cutWanted.isPresent();
    }

    /// The share of time the machine may use, above 0 to 1.
    double pace() {
        return Math.min(paceOfDisk, sender == null || waiting ? 1.0 : sender.pace());
    }

    private void giveAhead() {
        for (int i = 0; i < PARTS_PER_TURN && inFlight.get() < IN_FLIGHT_BYTES_MAX; i++) {
            Optional<ClonePart.Pages> part = sender.next();
            if (part.isEmpty()) {
                break;
            }
            inFlight.addAndGet(weight(part.get()));
            outlet.ahead(session, part.get());
        }
        if (inFlight.get() < IN_FLIGHT_BYTES_MAX && !sender.restIsSmall()) {
            // An idle guest must not make the loop wait with pages left.
            signal.raise();
        }
        if (!toldSmall && sender.restIsSmall()) {
            toldSmall = true;
            outlet.restIsSmall(session);
        }
    }

    /// Bytes a part is counted as.
    static long weight(ClonePart part) {
        return 64 + switch (part) {
            case ClonePart.Pages(int[] pages, byte[] bytes) -> 4L * pages.length + bytes.length;
            case ClonePart.Blocks(long _, byte[] bytes) -> bytes.length;
            case ClonePart.State(byte[] bytes) -> bytes.length;
            case ClonePart.Cut _ -> 0;
        };
    }

    private void tryCut(Recorder recorder, Runnable handOver, DiskRest disk) throws Exception {
        boolean dataPending = machine.pendingDiskRequests().stream().anyMatch(request -> !(request instanceof DiskFlush));
        if (dataPending) {
            if (System.nanoTime() - stillSince > stillNanosMax) {
                postpone("the disk has not answered in time");
            }
            return;
        }
        Optional<List<ClonePart.Blocks>> blocks = disk.take();
        if (blocks.isEmpty()) {
            postpone("too much of the disk was written again");
            return;
        }
        recorder.progress();
        RunPoint point = recorder.point();
        List<ClonePart> parts = new ArrayList<>(sender.rest());
        parts.addAll(blocks.get());
        byte[] state = machine.image().state();
        for (int at = 0; at < state.length; at += ClonePart.PAYLOAD_BYTES_MAX) {
            parts.add(new ClonePart.State(
                    Arrays.copyOfRange(state, at, Math.min(state.length, at + ClonePart.PAYLOAD_BYTES_MAX))));
        }
        parts.add(new ClonePart.Cut(point, state.length));
        handOver.run();
        outlet.cut(session, parts, System.nanoTime() - stillSince);
        end();
    }

    private void postpone(String reason) {
        cutWanted = Optional.empty();
        toldSmall = false;
        waiting = true;
        outlet.postponed(session, reason);
    }
}
