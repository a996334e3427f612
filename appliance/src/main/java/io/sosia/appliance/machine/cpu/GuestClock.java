package io.sosia.appliance.machine.cpu;

import io.sosia.appliance.machine.state.BadStateException;
import io.sosia.appliance.machine.state.Stateful;
import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;
import java.math.BigInteger;

/// Guest time as exact integer arithmetic on steps: `ticks(s) = baseTicks + floor((s - baseSteps) * rate / 2^32)`.
///
/// A tick is 100 ns ([#TICKS_PER_SECOND] is the device tree's `timebase-frequency`). Only a clock adjustment (a logged input)
/// and the end of an idle wait (the timer's own deadline) move the base, so two machines at the same step with the same
/// inputs show the same time.
public final class GuestClock implements Stateful {

    public static final long TICKS_PER_SECOND = 10_000_000;

    /// Slowest and fastest rate, ticks per step times 2^32.
    public static final long RATE_MIN = 1;
    public static final long RATE_MAX = 1L << 36;

    /// The rate before the first adjustment: 0.1 tick per step, 100 million steps a second.
    public static final long RATE_DEFAULT = (1L << 32) / 10;

    /// The farthest deadline a timer can have; a later one (Linux writes all ones) never comes. More than ten thousand years.
    public static final long DEADLINE_MAX = 1L << 62;

    private static final BigInteger MASK = BigInteger.valueOf(Long.MAX_VALUE);

    private long baseSteps;
    private long baseTicks;
    private long rate = RATE_DEFAULT;

    /// Guest time at `steps`, in ticks.
    public long ticks(long steps) {
        long passed = steps - baseSteps;
        return baseTicks + (Math.multiplyHigh(passed, rate) << 32 | passed * rate >>> 32);
    }

    /// The first step at which guest time has reached `ticks`; [Long#MAX_VALUE] if that is never: beyond [#DEADLINE_MAX]
    /// (unsigned).
    public long stepReaching(long ticks) {
        if (Long.compareUnsigned(ticks, DEADLINE_MAX) > 0) {
            return Long.MAX_VALUE;
        }
        long missing = ticks - baseTicks;
        if (missing <= 0) {
            return baseSteps;
        }
        long steps;
        if (missing < 1L << 31) {
            steps = Long.divideUnsigned((missing << 32) + rate - 1, rate);
        } else {
            BigInteger divisor = BigInteger.valueOf(rate);
            steps = BigInteger.valueOf(missing).shiftLeft(32).add(divisor).subtract(BigInteger.ONE)
                    .divide(divisor).min(MASK).longValueExact();
        }
        return steps > Long.MAX_VALUE - baseSteps ? Long.MAX_VALUE : baseSteps + steps;
    }

    /// From `steps` on, guest time is `ticks` and passes at `ticksPerStepQ32`.
    ///
    /// @throws IllegalStateException when time would go back or the rate is out of range
    public void adjust(long steps, long ticks, long ticksPerStepQ32) {
        if (ticksPerStepQ32 < RATE_MIN || ticksPerStepQ32 > RATE_MAX) {
            throw new IllegalStateException("clock rate " + ticksPerStepQ32 + ", expected 1 to " + RATE_MAX);
        }
        if (ticks < ticks(steps)) {
            throw new IllegalStateException("guest time would go back from " + ticks(steps) + " to " + ticks);
        }
        baseSteps = steps;
        baseTicks = ticks;
        rate = ticksPerStepQ32;
    }

    /// Ends an idle wait: guest time at `steps` becomes `ticks`, the rate stays.
    public void passTo(long steps, long ticks) {
        adjust(steps, ticks, rate);
    }

    /// Ticks per step, times 2^32.
    public long rate() {
        return rate;
    }

    @Override
    public void save(DataOutput out) throws IOException {
        out.writeLong(baseSteps);
        out.writeLong(baseTicks);
        out.writeLong(rate);
    }

    @Override
    public void load(DataInput in) throws IOException {
        baseSteps = in.readLong();
        baseTicks = in.readLong();
        rate = in.readLong();
        if (baseSteps < 0 || baseTicks < 0 || rate < RATE_MIN || rate > RATE_MAX) {
            throw new BadStateException("guest clock out of range: steps " + baseSteps + ", ticks " + baseTicks + ", rate " + rate);
        }
    }
}
