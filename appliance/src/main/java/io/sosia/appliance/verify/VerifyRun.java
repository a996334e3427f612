package io.sosia.appliance.verify;

import io.sosia.appliance.eventlog.LogPosition;
import io.sosia.disksync.block.Geometry;
import io.sosia.disksync.block.KnownBlocks;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.SortedMap;
import java.util.TreeMap;

/// One comparison of both disks, or of a part of them, extent by extent. Pure: time is an argument, what is to be done is
/// returned. One thread.
///
/// An extent is compared by a [VerifyAction.Compare]; blocks that differ are mended one after the other and the extent is
/// compared again, up to [#ATTEMPTS_MAX] times. Whose bytes are wrong is known when one of the two cannot be read, or when either
/// node remembers what both held when they were last compared, with no write since:
///
/// | of what both held | the other's bytes are wrong, and |
/// |---|---|
/// | the primary's disk still holds it | the backup's are overwritten |
/// | the backup's disk still holds it  | the primary's are overwritten |
/// | neither does, they differ         | so are its own: the backup's are overwritten, so that both are the same, but nobody has the right ones ([Side#BOTH]) |
/// | neither does, they are the same   | so are its own, and there is nothing to be done ([Side#BOTH]) |
/// | nothing is known, or each node remembers something else | or its own are: nobody knows, the backup's are overwritten ([Side#UNKNOWN]) |
public final class VerifyRun {

    /// How often an extent is mended before what still differs is given up.
    public static final int ATTEMPTS_MAX = 3;
    /// Findings that are kept one by one; more are only counted.
    public static final int FINDINGS_MAX = 1_000;
    /// An answer that has not come for so long does not come any more.
    public static final long PATIENCE_NANOS = 120_000_000_000L;

    /// What is asked for.
    ///
    /// @param firstExtent where it begins, from 0
    /// @param endExtent   the extent after the last one
    /// @param repair      whether what differs is mended
    /// @param share       share of the disk's time that may go into it, above 0 to 1: the rest is the guest's
    /// @param bytesPerSecond compared in a second at most
    public record Order(long firstExtent, long endExtent, boolean repair, double share, long bytesPerSecond) {
        /// Refuses what would never do anything.
        public Order {
            if (firstExtent < 0 || endExtent <= firstExtent || share <= 0 || share > 1 || bytesPerSecond <= 0) {
                throw new IllegalArgumentException("extents " + firstExtent + " to " + endExtent + " with a share of " + share
                        + " and " + bytesPerSecond + " bytes/s, expected at least one extent and above 0");
            }
        }
    }

    /// How a run stands.
    public enum Result {
        /// It goes on.
        RUNNING("running"),
        /// All was compared.
        DONE("done"),
        /// It was ended on purpose.
        CANCELLED("cancelled"),
        /// It could not go on; see [VerifyRun#reason].
        INTERRUPTED("interrupted");

        private final String word;

        Result(String word) {
            this.word = word;
        }

        /// As an operator reads it.
        public String word() {
            return word;
        }
    }

    private enum Phase { RESTING, COMPARING, MENDING, OVER }

    private record Ours(LogPosition at, ExtentHashes hashes, KnownBlocks known, long tookNanos) {}

    private record Theirs(LogPosition at, ExtentHashes hashes, KnownBlocks known) {}

    private final Order order;
    private final long diskBytes;

    private Phase phase = Phase.RESTING;
    private Result result = Result.RUNNING;
    private String reason = "";
    private long extent;
    private long restUntilNanos;
    private long askedNanos;
    private long extentBegunNanos;
    private long tookNanos;
    private int attempt;
    private Optional<Ours> ours = Optional.empty();
    private Optional<Theirs> theirs = Optional.empty();
    private final ArrayDeque<Finding> toMend = new ArrayDeque<>();
    /// Of the present extent, by offset.
    private final SortedMap<Long, Finding> open = new TreeMap<>();
    private final List<Finding> settled = new ArrayList<>();
    private long bytesDone;
    private long found;
    private long repaired;

    /// Begins at the next [#tick].
    ///
    /// @param diskBytes size of both disks
    public VerifyRun(Order order, long diskBytes, long now) {
        this.order = order;
        this.diskBytes = diskBytes;
        this.extent = order.firstExtent();
        this.restUntilNanos = now;
        if ((order.endExtent() - 1) * Geometry.EXTENT_BYTES >= diskBytes) {
            throw new IllegalArgumentException("extents up to " + order.endExtent() + " of a disk of " + diskBytes + " bytes");
        }
    }

    /// Number of extents of a disk of so many bytes.
    public static long extents(long diskBytes) {
        return (diskBytes + Geometry.EXTENT_BYTES - 1) / Geometry.EXTENT_BYTES;
    }

    /// Time passes.
    public List<VerifyAction> tick(long now) {
        List<VerifyAction> actions = new ArrayList<>();
        switch (phase) {
            case RESTING -> {
                if (now - restUntilNanos >= 0) {
                    extentBegunNanos = now;
                    tookNanos = 0;
                    attempt = 0;
                    compare(now, actions);
                }
            }
            case COMPARING, MENDING -> {
                if (now - askedNanos > PATIENCE_NANOS) {
                    String silent = phase == Phase.MENDING ? "the repair of a block"
                            : ours.isEmpty() ? "this node's disk" : "the partner";
                    end(Result.INTERRUPTED, silent + " has given no answer for " + PATIENCE_NANOS / 1_000_000_000 + " s", actions);
                }
            }
            case OVER -> { }
        }
        return actions;
    }

    private void compare(long now, List<VerifyAction> actions) {
        phase = Phase.COMPARING;
        askedNanos = now;
        ours = Optional.empty();
        theirs = Optional.empty();
        actions.add(new VerifyAction.Compare(extent));
    }

    /// The primary's disk has been hashed.
    ///
    /// @param at    position of the verify entry
    /// @param known what this node knows that it should hold
    /// @param took  for how long the disk did nothing else, in nanoseconds
    public List<VerifyAction> ours(LogPosition at, ExtentHashes hashes, KnownBlocks known, long took, long now) {
        List<VerifyAction> actions = new ArrayList<>();
        boolean newer = ours.isEmpty() || ours.get().at().compareTo(at) < 0;
        if (phase == Phase.COMPARING && newer && hashes.extent() == extent) {
            ours = Optional.of(new Ours(at, hashes, known, took));
            matched(now, actions);
        }
        return actions;
    }

    /// The backup's disk has been hashed. What belongs to another place in the log is left over from an earlier run.
    ///
    /// @param known what the backup knows that it should hold
    public List<VerifyAction> theirs(LogPosition at, ExtentHashes hashes, KnownBlocks known, long now) {
        List<VerifyAction> actions = new ArrayList<>();
        if (phase == Phase.COMPARING) {
            theirs = Optional.of(new Theirs(at, hashes, known));
            matched(now, actions);
        }
        return actions;
    }

    private void matched(long now, List<VerifyAction> actions) {
        if (ours.isEmpty() || theirs.isEmpty() || !ours.get().at().equals(theirs.get().at())) {
            return;
        }
        ExtentHashes here = ours.get().hashes();
        ExtentHashes there = theirs.get().hashes();
        if (here.extent() != there.extent() || here.hashes().length != there.hashes().length) {
            end(Result.INTERRUPTED, "the partner has hashed " + there.hashes().length + " blocks of extent " + there.extent()
                    + ", expected " + here.hashes().length + " of extent " + here.extent(), actions);
            return;
        }
        tookNanos += ours.get().tookNanos();
        long differ = here.differ(there);
        for (int block = 0; block < here.hashes().length; block++) {
            if ((differ >>> block & 1) == 0 && hasChanged(block, here.hashes()[block])) {
                noteChanged(block, actions);
            }
        }
        actions.add(new VerifyAction.Confirm(ours.get().at(), here.blocks() & ~differ));
        settleEqual(differ, actions);
        for (long left = differ; left != 0; left &= left - 1) {
            note(Long.numberOfTrailingZeros(left), here, there, actions);
        }
        if (open.isEmpty()) {
            next(now, actions);
        } else if (attempt == ATTEMPTS_MAX) {
            settleOpen(finding -> finding.with(Finding.Outcome.NOT_REPAIRED, finding.reason().isEmpty()
                    ? "it still differed after " + ATTEMPTS_MAX + " repairs" : finding.reason()), actions);
            next(now, actions);
        } else {
            attempt++;
            toMend.addAll(open.values());
            mend(now, actions);
        }
    }

    /// What was mended and is the same now.
    private void settleEqual(long differ, List<VerifyAction> actions) {
        for (Finding each : List.copyOf(open.values())) {
            if ((differ >>> blockOf(each.offset()) & 1) == 0) {
                open.remove(each.offset());
                settle(each.side() == Side.BOTH
                        ? each.with(Finding.Outcome.NOT_REPAIRED, "made the same, from the primary; nobody has the right bytes")
                        : each.with(Finding.Outcome.REPAIRED, ""), actions);
            }
        }
    }

    /// Hash of what both held when they were last compared: from the memory of either node, which agree if both have it.
    private OptionalLong expected(int block) {
        KnownBlocks here = ours.orElseThrow().known();
        KnownBlocks there = theirs.orElseThrow().known();
        if (here.has(block) && there.has(block) && here.hash(block) != there.hash(block)) {
            return OptionalLong.empty();
        }
        return here.has(block) ? OptionalLong.of(here.hash(block))
                : there.has(block) ? OptionalLong.of(there.hash(block)) : OptionalLong.empty();
    }

    private boolean hasChanged(int block, long now) {
        OptionalLong expected = expected(block);
        return expected.isPresent() && expected.getAsLong() != now;
    }

    /// Both are the same, but not as they were.
    private void noteChanged(int block, List<VerifyAction> actions) {
        // One that has just been mended is the same on purpose.
        if (!open.containsKey(offset(block))) {
            Finding finding = finding(block, Side.BOTH);
            found++;
            actions.add(new VerifyAction.Found(finding));
            settle(finding.with(Finding.Outcome.NOT_REPAIRED, "they are the same; nobody has the right bytes"), actions);
        }
    }

    private long offset(int block) {
        return extent * Geometry.EXTENT_BYTES + (long) block * Geometry.BLOCK_BYTES;
    }

    private Finding finding(int block, Side side) {
        long offset = offset(block);
        int length = (int) Math.min(Geometry.BLOCK_BYTES, diskBytes - offset);
        return new Finding(ours.orElseThrow().at(), extent, offset, length, side, Finding.Outcome.OPEN, "");
    }

    private void note(int block, ExtentHashes here, ExtentHashes there, List<VerifyAction> actions) {
        if (open.containsKey(offset(block))) {
            return;
        }
        boolean lostHere = (here.unreadable() >>> block & 1) != 0;
        boolean lostThere = (there.unreadable() >>> block & 1) != 0;
        Finding finding = finding(block, side(block, here, there, lostHere, lostThere));
        found++;
        actions.add(new VerifyAction.Found(finding));
        if (lostHere && lostThere) {
            settle(finding.with(Finding.Outcome.NOT_REPAIRED, "neither node can read it"), actions);
        } else if (!order.repair()) {
            settle(finding.with(Finding.Outcome.LEFT, ""), actions);
        } else {
            open.put(finding.offset(), finding);
        }
    }

    private Side side(int block, ExtentHashes here, ExtentHashes there, boolean lostHere, boolean lostThere) {
        if (lostHere || lostThere) {
            return lostHere == lostThere ? Side.UNKNOWN : lostHere ? Side.PRIMARY : Side.BACKUP;
        }
        OptionalLong expected = expected(block);
        if (expected.isEmpty()) {
            return Side.UNKNOWN;
        }
        if (expected.getAsLong() == here.hashes()[block]) {
            return Side.BACKUP;
        }
        return expected.getAsLong() == there.hashes()[block] ? Side.PRIMARY : Side.BOTH;
    }

    private static int blockOf(long offset) {
        return (int) (offset / Geometry.BLOCK_BYTES % Geometry.BLOCKS_PER_EXTENT);
    }

    private void mend(long now, List<VerifyAction> actions) {
        phase = Phase.MENDING;
        askedNanos = now;
        Finding first = toMend.getFirst();
        actions.add(first.side() == Side.PRIMARY
                ? new VerifyAction.MendPrimary(first.offset(), first.length())
                : new VerifyAction.MendBackup(first.offset(), first.length()));
    }

    /// A block has been mended, or cannot be.
    ///
    /// @param failure why it cannot be, in a line; empty when it has been
    public List<VerifyAction> mended(long offset, String failure, long now) {
        List<VerifyAction> actions = new ArrayList<>();
        if (phase != Phase.MENDING || toMend.getFirst().offset() != offset) {
            return actions;
        }
        Finding done = toMend.removeFirst();
        open.put(offset, done.with(Finding.Outcome.OPEN, failure));
        if (toMend.isEmpty()) {
            compare(now, actions);
        } else {
            mend(now, actions);
        }
        return actions;
    }

    private void next(long now, List<VerifyAction> actions) {
        long bytes = Math.min(Geometry.EXTENT_BYTES, diskBytes - extent * Geometry.EXTENT_BYTES);
        bytesDone += bytes;
        extent++;
        if (extent == order.endExtent()) {
            end(Result.DONE, "", actions);
            return;
        }
        phase = Phase.RESTING;
        long byRate = (long) (bytes * 1e9 / order.bytesPerSecond());
        long byShare = (long) (tookNanos / order.share());
        restUntilNanos = extentBegunNanos + Math.max(byRate, byShare);
        if (now - restUntilNanos >= 0) {
            actions.addAll(tick(now));
        }
    }

    /// Ends the run where it is.
    public List<VerifyAction> stop(Result how, String why) {
        List<VerifyAction> actions = new ArrayList<>();
        if (phase != Phase.OVER) {
            end(how, why, actions);
        }
        return actions;
    }

    private void end(Result how, String why, List<VerifyAction> actions) {
        settleOpen(finding -> finding.with(Finding.Outcome.NOT_REPAIRED, "the verify has ended before: " + why), actions);
        toMend.clear();
        phase = Phase.OVER;
        result = how;
        reason = why;
        actions.add(new VerifyAction.Finished());
    }

    private interface Change {
        Finding of(Finding finding);
    }

    private void settleOpen(Change change, List<VerifyAction> actions) {
        List<Finding> all = List.copyOf(open.values());
        open.clear();
        all.forEach(finding -> settle(change.of(finding), actions));
    }

    private void settle(Finding finding, List<VerifyAction> actions) {
        repaired += finding.outcome() == Finding.Outcome.REPAIRED ? 1 : 0;
        if (settled.size() < FINDINGS_MAX) {
            settled.add(finding);
        }
        actions.add(new VerifyAction.Settled(finding));
    }

    /// What was asked for.
    public Order order() {
        return order;
    }

    /// How it stands.
    public Result result() {
        return result;
    }

    /// Why it ended, when not because all was compared.
    public String reason() {
        return reason;
    }

    /// The extent it is at, or the one after the last.
    public long extent() {
        return extent;
    }

    /// Bytes compared.
    public long bytesDone() {
        return bytesDone;
    }

    /// Bytes to be compared in all.
    public long bytesTotal() {
        return Math.min(diskBytes, order.endExtent() * Geometry.EXTENT_BYTES) - order.firstExtent() * Geometry.EXTENT_BYTES;
    }

    /// Blocks in which the disks differed.
    public long found() {
        return found;
    }

    /// Those of them that are the same again.
    public long repaired() {
        return repaired;
    }

    /// The first [#FINDINGS_MAX] of them of which it is decided what became of them.
    public List<Finding> findings() {
        return List.copyOf(settled);
    }
}
