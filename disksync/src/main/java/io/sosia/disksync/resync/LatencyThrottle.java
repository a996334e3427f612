package io.sosia.disksync.resync;

/// Slows a resync by what it does to the guest: while the guest's requests take longer than they should, it gets less, and
/// more again when they do not. A guest that asks nothing of its disk does not slow it at all.
///
/// Additive increase, multiplicative decrease. Pure: the caller says what a request took and when. One thread at a time.
public final class LatencyThrottle {
    /// However slow the guest's disk is, a resync goes on at this rate: bytes per second.
    public static final long RATE_MIN = 4L << 20;
    /// A guest that has asked nothing for so long is not disturbed.
    static final long QUIET_NANOS = 500_000_000L;
    private static final long DECISION_NANOS = 100_000_000L;
    private static final double LESS = 0.7;
    private static final long MORE = 8L << 20;
    private static final long UNLIMITED = Long.MAX_VALUE;

    private final long targetNanos;
    private long rate = UNLIMITED;
    private long worstNanos;
    private long sampledNanos = Long.MIN_VALUE / 2;
    private long decidedNanos;
    private long sinceNanos;
    private long sentBytes;
    private long freeAtNanos;

    /// @param targetNanos what a guest's request may take, above 0
    public LatencyThrottle(long targetNanos, long now) {
        if (targetNanos <= 0) {
            throw new IllegalArgumentException("target latency of " + targetNanos + " ns, expected above 0");
        }
        this.targetNanos = targetNanos;
        this.decidedNanos = now;
        this.sinceNanos = now;
        this.freeAtNanos = now;
    }

    /// A request of the guest took `latencyNanos`.
    public void guestRequest(long latencyNanos, long now) {
        worstNanos = Math.max(worstNanos, latencyNanos);
        sampledNanos = now;
    }

    /// `bytes` are about to be sent.
    ///
    /// @return how long to wait before, in nanoseconds
    public long delayNanos(long bytes, long now) {
        decide(now);
        sentBytes += bytes;
        if (rate == UNLIMITED) {
            return 0;
        }
        long wait = Math.max(0, freeAtNanos - now);
        freeAtNanos = Math.max(now, freeAtNanos) + bytes * 1_000_000_000L / rate;
        return wait;
    }

    private void decide(long now) {
        if (now - sampledNanos > QUIET_NANOS) {
            rate = UNLIMITED;
        }
        if (now - decidedNanos < DECISION_NANOS) {
            return;
        }
        long measured = sentBytes * 1_000_000_000L / Math.max(1, now - sinceNanos);
        if (worstNanos > targetNanos) {
            rate = Math.max(RATE_MIN, (long) (LESS * Math.min(rate, measured)));
        } else if (rate != UNLIMITED) {
            rate += MORE;
        }
        worstNanos = 0;
        decidedNanos = now;
        sinceNanos = now;
        sentBytes = 0;
    }

    /// Bytes per second allowed now; [Long#MAX_VALUE] for no limit.
    public long rate() {
        return rate;
    }
}
