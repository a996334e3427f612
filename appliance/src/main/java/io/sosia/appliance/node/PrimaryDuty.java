package io.sosia.appliance.node;

import io.sosia.appliance.eventlog.EndReason;
import io.sosia.appliance.eventlog.LogPosition;
import io.sosia.appliance.lockstep.Recorder;

/// What a primary of a pair does between two slices of its machine: tells the log what has left, the disk how far the log is, the
/// pair's side how far the machine is; and gives a partner that is taken in its share.
final class PrimaryDuty implements MachineDuty {

    /// What the duty needs of the machine's owner; on the machine's thread.
    interface Owner {
        /// Hands over the log and the outputs written so far.
        void post();

        /// How far the machine is.
        void executed(long step);

        /// All outputs up to here have left.
        LogPosition releasedUpTo();

        /// Whether the pair lets the machine run.
        boolean mayRun();

        /// The share of time the machine may use, above 0 to 1.
        double pace();

        /// Number of the stand that is asked for, 0 when the machine is to run.
        long standAsked();

        /// The machine stands as it was asked to, behind the entry at `last`, which has been posted.
        void stands(long number, LogPosition last);

        /// The guest has switched itself off, at `end`.
        void poweredOff(LogPosition end);

        /// The machine cannot be copied for a reason of its own.
        void cloneFailed(String reason);
    }

    private static final long RELEASED_NANOS = 20_000_000;
    private static final long IDLE_PROGRESS_NANOS = 5_000_000;
    private static final long DISK_NANOS = 50_000_000;

    private final Recorder recorder;
    private final MachineDisk disk;
    private final CloneFeed clone;
    private final Owner owner;
    private LogPosition releasedLogged = LogPosition.START;
    private long releasedNanos;
    private long progressNanos;
    private long diskNanos;
    private long toldStep = -1;
    private boolean over;
    private long stands;

    PrimaryDuty(Recorder recorder, MachineDisk disk, CloneFeed clone, Owner owner) {
        this.recorder = recorder;
        this.disk = disk;
        this.clone = clone;
        this.owner = owner;
    }

    @Override
    public void turn(Recorder same, long now, boolean idle) {
        if (!over) {
            LogPosition upTo = owner.releasedUpTo();
            if (upTo.compareTo(releasedLogged) > 0 && now - releasedNanos >= RELEASED_NANOS) {
                releasedNanos = now;
                releasedLogged = upTo;
                recorder.released(upTo);
            }
            if (idle && now - progressNanos >= IDLE_PROGRESS_NANOS && recorder.progress()) {
                progressNanos = now;
            }
        }
        if (now - diskNanos >= DISK_NANOS) {
            diskNanos = now;
            tellDisk();
        }
        if (!over) {
            disk.upkeep().ifPresent(upkeep -> upkeep.turn(recorder));
        }
        boolean stopsHere = comesToStand();
        owner.post();
        if (stopsHere) {
            owner.stands(stands, recorder.point().last());
        }
        long step = recorder.machine().steps();
        if (step != toldStep) {
            toldStep = step;
            owner.executed(step);
        }
        if (!over) {
            giveClone();
        }
    }

    /// A machine that is to stand closes its log with a digest: who goes live from there goes on from the same state.
    ///
    /// @return whether it begins to stand now
    private boolean comesToStand() {
        long asked = owner.standAsked();
        boolean begins = asked != stands && asked != 0;
        stands = asked;
        if (begins && !over) {
            recorder.digest();
        }
        return begins;
    }

    /// A disk request has no entry of its own: closed by a progress entry, the position covers every request asked for until
    /// now, so that nothing is taken for acknowledged that the backup has not come to.
    private void tellDisk() {
        if (!over) {
            recorder.progress();
        }
        disk.tell(recorder.point().last());
    }

    private void giveClone() {
        try {
            clone.turn(recorder, owner::post);
        } catch (RuntimeException e) {
            throw e;
        } catch (Exception e) {
            clone.abandon();
            owner.cloneFailed(e.getMessage());
        }
    }

    @Override
    public boolean mayRun() {
        return owner.mayRun() && stands == 0 && !clone.standsStill();
    }

    @Override
    public double pace() {
        return Math.min(owner.pace(), clone.pace());
    }

    @Override
    public Next stopped(boolean restartWanted) {
        if (restartWanted) {
            return Next.POWER_ON;
        }
        over = true;
        recorder.end(EndReason.POWERED_OFF);
        owner.post();
        owner.poweredOff(recorder.point().last());
        return Next.STAY;
    }
}
