package io.sosia.disksync.resync;

import io.sosia.disksync.block.ByteRange;
import io.sosia.disksync.block.DirtyMap;
import io.sosia.disksync.block.Geometry;
import java.util.ArrayDeque;
import java.util.Optional;
import java.util.UUID;

/// The source's side of a resync as a state machine: which block goes next, which are on their way, which come again.
///
/// A block counts as done when the target has made it durable and it was not written meanwhile: whoever writes tells [#wrote] before
/// and after, so a block that was read while it changed comes again. Not thread-safe: its owner guards it. Bounded: at most
/// [#IN_FLIGHT_BYTES_MAX] are on their way.
public final class ResyncSender {
    /// Bytes of blocks sent and not yet durable at the target, at most (one piece more, when it began below).
    public static final long IN_FLIGHT_BYTES_MAX = 256L << 20;
    /// Bytes in one piece at most: larger ones leave the processor's caches on their way through the connection.
    public static final int PIECE_BYTES_MAX = 256 << 10;
    /// Extents being compared at once.
    public static final int COMPARED_AT_ONCE = 8;
    /// With so little left the disks are near: a pause of milliseconds moves the rest.
    public static final long NEAR_BYTES = 4L << 20;
    /// A target that has things to do and says nothing for so long is lost.
    public static final long SILENCE_NANOS_MAX = 30_000_000_000L;

    private static final long RATE_NANOS = 1_000_000_000L;
    /// A round that leaves more than this of the one before does not converge by itself.
    private static final double SHRINKING = 0.7;
    /// One that leaves less than this converges at a higher pace too.
    private static final double FALLING = 0.5;
    private static final double SLOWER = 0.8;
    private static final double PACE_MIN = 0.01;

    /// A run of blocks to be sent.
    ///
    /// @param number pieces count from 1
    public record Piece(long number, ByteRange range) {}

    /// Blocks of an extent whose hashes are to be compared.
    public record Comparison(long extent, long blocks) {}

    private final UUID session;
    private final ResyncPlan plan;
    private final long sizeBytes;
    private final DirtyMap toSend = new DirtyMap();
    private final DirtyMap toCompare = new DirtyMap();
    private final ArrayDeque<Comparison> comparing = new ArrayDeque<>();
    private final ArrayDeque<Piece> inFlight = new ArrayDeque<>();
    private long inFlightBytes;
    private long numbered;
    private long cursor;
    /// Whether everything has been sent once: what is left now was written meanwhile.
    private boolean sentOnce;
    /// The present round: when it began, what was left then, and what was done.
    private long roundFromNanos;
    private long roundBytes;
    private long roundFromBytes;
    private double pace = 1.0;
    private boolean held;
    private long bytesDone;
    private long bytesSent;
    private long heardNanos;
    private long rateFromNanos;
    private long rateFromBytes;
    private long bytesPerSecond;

    /// @param session   names the resync
    /// @param sizeBytes of the disk
    public ResyncSender(UUID session, ResyncPlan plan, long sizeBytes, long now) {
        this.session = session;
        this.plan = plan;
        this.sizeBytes = sizeBytes;
        (plan.mode() == ResyncMode.BY_HASH ? toCompare : toSend).markAll(plan.blocks());
        heardNanos = now;
        rateFromNanos = now;
    }

    /// A write to `range` is about to begin, or has ended.
    public void wrote(ByteRange range) {
        toSend.mark(range);
    }

    /// As [#wrote], of many blocks.
    public void wrote(DirtyMap blocks) {
        toSend.markAll(blocks);
    }

    /// What to send next; empty when there is nothing, too much is on its way, or sending is held.
    public Optional<Piece> next(long now) {
        if (held || inFlightBytes >= IN_FLIGHT_BYTES_MAX) {
            return Optional.empty();
        }
        long extent = toSend.nextExtent(cursor);
        if (extent < 0) {
            allSent(now);
            extent = toSend.nextExtent(0);
        }
        if (extent < 0) {
            return Optional.empty();
        }
        if (inFlight.isEmpty()) {
            heardNanos = now;
        }
        cursor = extent;
        long blocks = toSend.blocksOf(extent);
        int first = Long.numberOfTrailingZeros(blocks);
        int run = Math.min(Long.numberOfTrailingZeros(~(blocks >>> first)), PIECE_BYTES_MAX / Geometry.BLOCK_BYTES);
        toSend.clear(extent, mask(first, run));
        long offset = extent * Geometry.EXTENT_BYTES + (long) first * Geometry.BLOCK_BYTES;
        ByteRange range = new ByteRange(offset, Math.min((long) run * Geometry.BLOCK_BYTES, sizeBytes - offset));
        Piece piece = new Piece(++numbered, range);
        inFlight.add(piece);
        inFlightBytes += range.length();
        bytesSent += range.length();
        return Optional.of(piece);
    }

    private void allSent(long now) {
        if (!sentOnce && toCompare.isEmpty() && comparing.isEmpty()) {
            sentOnce = true;
            beginRound(now);
        }
    }

    private void beginRound(long now) {
        roundFromNanos = now;
        roundFromBytes = bytesDone;
        roundBytes = bytesNotDurable();
    }

    /// A round is over when as much has become durable as was left at its beginning, a second later at the earliest.
    private void endRound(long now) {
        if (!sentOnce || now - roundFromNanos < RATE_NANOS || bytesDone - roundFromBytes < roundBytes) {
            return;
        }
        long left = bytesNotDurable();
        if (left > NEAR_BYTES && left > SHRINKING * roundBytes) {
            pace = Math.max(PACE_MIN, pace * SLOWER);
        } else if (left < FALLING * roundBytes) {
            pace = Math.min(1, pace / SLOWER);
        }
        beginRound(now);
    }

    private long bytesNotDurable() {
        return inFlightBytes + toSend.count() * Geometry.BLOCK_BYTES;
    }

    /// The share of time the machine that writes may use, above 0 to 1: lowered gently, once everything has been sent, as long as
    /// it writes faster than its writes become durable at the target, and raised again when much less is left than before.
    public double pace() {
        return pace;
    }

    private static long mask(int first, int count) {
        return (count == 64 ? -1L : (1L << count) - 1) << first;
    }

    /// What to compare next; empty when there is nothing or enough is being compared.
    public Optional<Comparison> nextComparison(long now) {
        if (held || comparing.size() >= COMPARED_AT_ONCE) {
            return Optional.empty();
        }
        long extent = toCompare.nextExtent(0);
        if (extent < 0) {
            return Optional.empty();
        }
        if (comparing.isEmpty()) {
            heardNanos = now;
        }
        Comparison next = new Comparison(extent, toCompare.blocksOf(extent));
        toCompare.clear(extent, next.blocks());
        comparing.add(next);
        return Optional.of(next);
    }

    /// The oldest comparison that was asked for has been made.
    ///
    /// @param differ the blocks that are not the same
    /// @throws IllegalStateException when another was asked for
    public void compared(long extent, long differ, long now) {
        Comparison oldest = comparing.peek();
        if (oldest == null || oldest.extent() != extent) {
            throw new IllegalStateException("extent " + extent + " compared, expected " + oldest);
        }
        comparing.remove();
        heardNanos = now;
        long sent = differ & oldest.blocks();
        toSend.mark(extent, sent);
        bytesDone += Long.bitCount(oldest.blocks() & ~sent) * (long) Geometry.BLOCK_BYTES;
    }

    /// The oldest comparison under way, to be answered by [#compared].
    public Optional<Comparison> comparing() {
        return Optional.ofNullable(comparing.peek());
    }

    /// Everything up to piece `number` is durable at the target.
    ///
    /// @throws IllegalStateException when that piece was never sent
    public void durable(long number, long now) {
        if (number > numbered) {
            throw new IllegalStateException("piece " + number + " is durable, but only " + numbered + " were sent");
        }
        heardNanos = now;
        while (!inFlight.isEmpty() && inFlight.peek().number() <= number) {
            long length = inFlight.remove().range().length();
            inFlightBytes -= length;
            bytesDone += length;
        }
        endRound(now);
        if (now - rateFromNanos >= RATE_NANOS) {
            bytesPerSecond = (bytesDone - rateFromBytes) * 1_000_000_000L / (now - rateFromNanos);
            rateFromNanos = now;
            rateFromBytes = bytesDone;
        }
    }

    /// Sends nothing new until [#release].
    public void hold() {
        held = true;
    }

    public void release() {
        held = false;
    }

    /// Whether nothing is on its way.
    public boolean still() {
        return inFlight.isEmpty() && comparing.isEmpty();
    }

    /// Number of the last piece sent, 0 before the first.
    public long lastSent() {
        return numbered;
    }

    /// Whether all but a little is durable at the target.
    public boolean near() {
        return toCompare.isEmpty() && comparing.isEmpty()
                && bytesNotDurable() <= NEAR_BYTES;
    }

    /// Blocks that the target does not hold yet, those on their way among them: what is left when it is interrupted.
    public DirtyMap left() {
        DirtyMap left = new DirtyMap();
        left.markAll(toSend);
        left.markAll(toCompare);
        comparing.forEach(each -> left.mark(each.extent(), each.blocks()));
        inFlight.forEach(piece -> left.mark(piece.range()));
        return left;
    }

    /// What a later resync of the same target may go on from.
    public ResyncPlan.Interrupted interrupted() {
        // What was compared is known to differ or to be equal; the rest has to be compared or sent as before.
        boolean compares = !toCompare.isEmpty() || !comparing.isEmpty();
        return new ResyncPlan.Interrupted(session, compares ? ResyncMode.BY_HASH : ResyncMode.INCREMENTAL, left());
    }

    /// Whether the target owes an answer and has been silent for too long: it would never end.
    public boolean stuck(long now) {
        return !still() && now - heardNanos > SILENCE_NANOS_MAX;
    }

    public ResyncProgress progress() {
        long left = inFlightBytes + (toSend.count() + toCompare.count()) * Geometry.BLOCK_BYTES;
        for (Comparison each : comparing) {
            left += (long) Long.bitCount(each.blocks()) * Geometry.BLOCK_BYTES;
        }
        return new ResyncProgress(plan.mode(), plan.reason(), bytesDone, left, bytesSent, bytesPerSecond);
    }
}
