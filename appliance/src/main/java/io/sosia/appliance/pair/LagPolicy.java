package io.sosia.appliance.pair;

/// Slows a primary whose backup executes behind it, a few percent at a time, and lets go the same way (FT paper,
/// 2.4.2).
///
/// Pure: the caller samples the lag (host nanoseconds since the primary was where the backup is now) and sleeps the
/// returned share of each slice. The share is left alone between half the target and the target, and while the lag
/// already moves the right way: what was decided shows its effect only later.
public final class LagPolicy {

    /// Largest share of time the primary is held: it always keeps a tenth of its speed.
    public static final double SHARE_MAX = 0.90;

    private static final double STEP_MIN = 0.005;
    private static final double STEP_MAX = 0.05;
    private static final double STEP_RELEASE = 0.02;

    private final long targetNanos;
    private double share;
    private long lastLagNanos;

    /// @param targetNanos lag above which the primary is slowed, above 0
    public LagPolicy(long targetNanos) {
        if (targetNanos <= 0) {
            throw new IllegalArgumentException("target lag of " + targetNanos + " ns, expected above 0");
        }
        this.targetNanos = targetNanos;
    }

    /// Takes one sample; to be called at an even pace, about 20 times a second.
    ///
    /// @return the share of time to hold the machine from now on, 0 to [#SHARE_MAX]
    public double sample(long lagNanos) {
        boolean growing = lagNanos >= lastLagNanos;
        lastLagNanos = lagNanos;
        if (lagNanos > targetNanos && growing) {
            double excess = (double) (lagNanos - targetNanos) / targetNanos;
            share = Math.min(SHARE_MAX, share + Math.clamp(excess * 0.02, STEP_MIN, STEP_MAX));
        } else if (lagNanos < targetNanos / 2 && (!growing || lagNanos == 0)) {
            share = Math.max(0, share - STEP_RELEASE);
        }
        return share;
    }

    /// The share returned by the last [#sample], 0 before the first.
    public double share() {
        return share;
    }

    /// Forgets the past: the backup it was about is gone.
    public void reset() {
        share = 0;
        lastLagNanos = 0;
    }
}
