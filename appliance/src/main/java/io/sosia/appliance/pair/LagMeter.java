package io.sosia.appliance.pair;

/// Measures how far a backup executes behind its primary, in the primary's host time.
///
/// Pure: remembers when the primary was at which step, in a ring of samples at least [#SPACING_NANOS] apart.
public final class LagMeter {

    static final long SPACING_NANOS = 2_000_000;
    private static final int SAMPLES = 1 << 13;

    private final long[] steps = new long[SAMPLES];
    private final long[] nanos = new long[SAMPLES];
    private long written;
    private long first;

    /// The primary is at `step` now. Samples closer than the spacing to the one before are skipped.
    public void at(long step, long nowNanos) {
        if (written > first) {
            int newest = (int) ((written - 1) % SAMPLES);
            if (step <= steps[newest] || nowNanos - nanos[newest] < SPACING_NANOS) {
                return;
            }
        }
        int at = (int) (written % SAMPLES);
        steps[at] = step;
        nanos[at] = nowNanos;
        written++;
        first = Math.max(first, written - SAMPLES);
    }

    /// Host nanoseconds since the primary went past `executedStep`; 0 when it has not. At least this much when the
    /// ring has forgotten the place.
    public long lagNanos(long executedStep, long nowNanos) {
        while (first < written && steps[(int) (first % SAMPLES)] <= executedStep) {
            first++;
        }
        return first == written ? 0 : Math.max(0, nowNanos - nanos[(int) (first % SAMPLES)]);
    }
}
