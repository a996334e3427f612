package io.sosia.appliance.lockstep;

import io.sosia.appliance.machine.cpu.GuestClock;
import io.sosia.appliance.machine.port.MachineInput.ClockAdjust;
import java.util.Optional;

/// Makes guest time follow the host's monotonic clock by deciding which clock adjustments are to be logged
/// (architecture, "Guest time"). Pure: the host's time is an argument.
///
/// Guest time is a function of steps; this class estimates how many steps the host makes in a second and chooses the
/// rate so that the guest's error shrinks over the next [#CATCH_UP_NANOS]. Guest time never goes back; behind by under
/// a second it catches up at up to twice the normal pace, by more it jumps once. At most 20 corrections a second, none
/// while idle.
public final class GuestTime {

    /// Least distance between two rate corrections.
    public static final long CORRECTION_NANOS = 50_000_000;

    /// Time over which an error is to be worked off.
    static final long CATCH_UP_NANOS = 100_000_000;

    /// Beyond this the guest is not led back but jumps.
    static final long JUMP_NANOS = 1_000_000_000;

    /// An error below this is left alone as long as the rate is right.
    private static final long TOLERANCE_NANOS = 200_000;

    /// Steps and host time are compared over pieces of at least this much running.
    private static final long SAMPLE_NANOS = 5_000_000;

    /// A piece longer than this is not taken for running.
    private static final long PAUSE_NANOS = 100_000_000;

    private static final long NANOS_PER_TICK = 1_000_000_000 / GuestClock.TICKS_PER_SECOND;
    private static final double STEPS_PER_SECOND_MIN = 1e4;
    private static final double STEPS_PER_SECOND_MAX = 1e11;
    private static final double PACE_MIN = 0.05;
    private static final double PACE_MAX = 2.0;
    private static final double Q32 = 0x1p32;

    private long anchorNanos;
    private long anchorTicks;
    private double stepsPerSecond;
    private long rate;
    private long correctedNanos;

    private boolean running;
    private boolean afterPause;
    private long sinceNanos;
    private long sinceSteps;
    private long sampleNanos;
    private long sampleSteps;

    /// Guest time is `ticks` now and passes at `ticksPerStepQ32`; from here on it is to follow the host.
    ///
    /// @param hostNanos       the host's monotonic clock
    /// @param ticks           guest time now; to make up for an outage of known length, that much more than the
    ///                machine shows
    /// @param ticksPerStepQ32 the rate last set; 0 for the rate of a new machine
    public GuestTime(long hostNanos, long ticks, long ticksPerStepQ32) {
        anchorNanos = hostNanos;
        anchorTicks = ticks;
        rate = ticksPerStepQ32 == 0 ? GuestClock.RATE_DEFAULT : ticksPerStepQ32;
        stepsPerSecond = bounded(GuestClock.TICKS_PER_SECOND * Q32 / rate);
        correctedNanos = hostNanos - CORRECTION_NANOS;
    }

    /// Guest time as it should be at a host time, in ticks.
    public long wantedTicks(long hostNanos) {
        return anchorTicks + Math.floorDiv(hostNanos - anchorNanos, NANOS_PER_TICK);
    }

    /// How long the guest may be left waiting until its timer at `deadlineTicks` is due, in host nanoseconds; 0 when
    /// it is, [Long#MAX_VALUE] when no timer is set.
    public long nanosUntil(long deadlineTicks, long hostNanos) {
        if (deadlineTicks < 0 || deadlineTicks == Long.MAX_VALUE) {
            // Ticks count unsigned: below 0 is further away than any host lives.
            return Long.MAX_VALUE;
        }
        long missing = deadlineTicks - wantedTicks(hostNanos);
        if (missing <= 0) {
            return 0;
        }
        return missing > Long.MAX_VALUE / NANOS_PER_TICK ? Long.MAX_VALUE : missing * NANOS_PER_TICK;
    }

    /// To be asked between two slices of a machine that is not idle.
    ///
    /// @param hostNanos now
    /// @param ticks     the machine's time now
    /// @param steps     the machine's steps now
    /// @return the adjustment to apply at this step, if one is due
    public Optional<ClockAdjust> running(long hostNanos, long ticks, long steps) {
        measure(hostNanos, steps);
        long wanted = wantedTicks(hostNanos);
        long behindNanos = (wanted - ticks) * NANOS_PER_TICK;
        if (behindNanos > JUMP_NANOS) {
            return Optional.of(adjust(hostNanos, wanted, 1.0));
        }
        if (hostNanos - correctedNanos < CORRECTION_NANOS) {
            return Optional.empty();
        }
        double pace = Math.clamp(1.0 + (double) behindNanos / CATCH_UP_NANOS, PACE_MIN, PACE_MAX);
        boolean rateIsRight = Math.abs(rateFor(pace) - rate) < rate / 50;
        if (rateIsRight && Math.abs(behindNanos) < TOLERANCE_NANOS) {
            return Optional.empty();
        }
        return Optional.of(adjust(hostNanos, ticks, pace));
    }

    /// The machine goes on after a wait: running time counts from here.
    public void awake(long hostNanos, long steps) {
        running = true;
        sinceNanos = hostNanos;
        sinceSteps = steps;
    }

    /// The machine waits for an interrupt: what follows is not running time.
    public void idle(long hostNanos, long steps) {
        measure(hostNanos, steps);
        running = false;
    }

    /// An input is about to be applied while the machine is idle: guest time has to show the moment first.
    ///
    /// @param deadlineTicks the machine's timer; time does not jump past it
    /// @return the jump to apply before the input, if guest time is behind
    public Optional<ClockAdjust> inputWhileIdle(long hostNanos, long ticks, long deadlineTicks) {
        long latest = deadlineTicks < 0 ? Long.MAX_VALUE : Math.max(deadlineTicks, ticks);
        long to = Math.min(wantedTicks(hostNanos), latest);
        return to > ticks ? Optional.of(adjust(hostNanos, to, 1.0)) : Optional.empty();
    }

    /// Steps the host makes in a second of running, as estimated now.
    public double stepsPerSecond() {
        return stepsPerSecond;
    }

    private ClockAdjust adjust(long hostNanos, long ticks, double pace) {
        rate = rateFor(pace);
        correctedNanos = hostNanos;
        return new ClockAdjust(ticks, rate);
    }

    private long rateFor(double pace) {
        return Math.clamp((long) (pace * GuestClock.TICKS_PER_SECOND / stepsPerSecond * Q32),
                GuestClock.RATE_MIN, GuestClock.RATE_MAX);
    }

    private void measure(long hostNanos, long steps) {
        long passedNanos = hostNanos - sinceNanos;
        // One long piece is a pause of the host and says nothing of its speed; two in a row are a slow host.
        boolean counts = running && (passedNanos < PAUSE_NANOS || afterPause);
        afterPause = passedNanos >= PAUSE_NANOS;
        if (counts) {
            sampleNanos += passedNanos;
            sampleSteps += steps - sinceSteps;
        }
        awake(hostNanos, steps);
        if (sampleNanos >= SAMPLE_NANOS && sampleSteps > 0) {
            // A quarter of the new in each 5 ms, more of it when the sample is long; no sample counts more than 4-fold.
            double measured = Math.clamp(sampleSteps * 1e9 / sampleNanos, stepsPerSecond / 4, stepsPerSecond * 4);
            double weight = Math.min(0.75, 0.25 * sampleNanos / SAMPLE_NANOS);
            stepsPerSecond = bounded(stepsPerSecond + weight * (measured - stepsPerSecond));
            sampleNanos = 0;
            sampleSteps = 0;
        }
    }

    private static double bounded(double stepsPerSecond) {
        return Math.clamp(stepsPerSecond, STEPS_PER_SECOND_MIN, STEPS_PER_SECOND_MAX);
    }
}
