package io.sosia.disksync.store;

import io.sosia.disksync.block.ByteRange;
import io.sosia.disksync.block.DirtyMap;
import io.sosia.disksync.block.DiskState;
import io.sosia.disksync.block.GenerationId;
import io.sosia.disksync.block.Generations;
import io.sosia.disksync.block.Geometry;
import io.sosia.disksync.block.KnownBlocks;
import io.sosia.disksync.block.Partner;
import io.sosia.disksync.block.Position;
import io.sosia.disksync.block.ResyncMark;
import io.sosia.disksync.block.Unacknowledged;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.function.LongPredicate;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Remembers, so that a crash does not make it forget, which blocks may differ from what is durable here and from the partner's
/// copy. Not thread-safe: its owner guards it.
final class Tracking {
    private static final Logger DIAGNOSTICS = LoggerFactory.getLogger(Tracking.class);
    private static final int EVICTED_TOGETHER = 32;

    private final Path dir;
    private final Metadata meta;
    private final int hotExtentsMax;
    private final ActivityLog hot = new ActivityLog();
    private final KnownHashes known;
    private final Unacknowledged unacknowledged = new Unacknowledged();
    /// Extents found hot when the disk was opened after a crash: the partner may hold other bytes there.
    private final SortedSet<Long> inherited = new TreeSet<>();
    /// Blocks written since the base generation; empty unless the partner is away.
    private final DirtyMap dirty;
    private SuperBlock superBlock;
    /// Of the resync that has made this disk a mixture.
    private Optional<ResyncMark> resync;
    /// Whether the partner, still away by the record, holds everything up to the cut of its clone and follows the log from there.
    private boolean joining;

    Tracking(Path dir, Metadata meta, int hotExtentsMax) throws IOException {
        this.dir = dir;
        this.meta = meta;
        this.hotExtentsMax = hotExtentsMax;
        this.known = new KnownHashes(meta);
        this.superBlock = meta.superBlock();
        this.resync = meta.resync();
        this.dirty = superBlock.partner() == Partner.AWAY ? meta.dirty(base()) : new DirtyMap();
        recover(meta.hotExtents().navigableKeySet());
        meta.remember(this::restate);
    }

    private void restate(Metadata.Change change) throws IOException {
        change.superBlock(superBlock).settled(false).allCold();
        for (long extent : hot.extents()) {
            change.hot(extent, superBlock.generations().current());
        }
        if (superBlock.partner() == Partner.AWAY) {
            change.forgetDirty(base()).dirty(base(), dirty);
        }
        if (resync.isPresent()) {
            change.resync(resync.get());
        } else {
            change.endResync();
        }
    }

    /// After a crash the hot extents may differ from the partner's copy: keep that knowledge until it is settled.
    private void recover(SortedSet<Long> hotBefore) throws IOException {
        boolean settled = meta.settled();
        try (Metadata.Change change = meta.change()) {
            if (superBlock.state() == DiskState.INCONSISTENT) {
                change.forgetAllHashes();
            } else if (!settled) {
                for (long extent : hotBefore) {
                    change.hashes(extent, KnownBlocks.NOTHING);
                }
            }
            change.settled(false);
            if (!hotBefore.isEmpty()) {
                recover(hotBefore, change);
            }
            change.commit();
        }
    }

    private void recover(SortedSet<Long> hotBefore, Metadata.Change change) throws IOException {
        switch (superBlock.partner()) {
            case IN_SYNC -> {
                inherited.addAll(hotBefore);
                hotBefore.forEach(hot::add);
            }
            case AWAY -> {
                hotBefore.forEach(extent -> dirty.mark(wholeExtent(extent)));
                change.dirty(base(), dirty);
                coolAll(change, hotBefore);
            }
            case NONE -> coolAll(change, hotBefore);
        }
        change.event("opened with " + hotBefore.size() + " hot extents, partner " + superBlock.partner()
                + ": not closed, or closed before the partner had everything");
        DIAGNOSTICS.info("disk {} opened with hot extents: partner={} hot-extents={} applied={}", dir,
                superBlock.partner(), hotBefore.size(), superBlock.applied());
    }

    SuperBlock superBlock() {
        return superBlock;
    }

    /// What is remembered of a resync that is not complete.
    Optional<ResyncMark> resync() {
        return resync;
    }

    /// Remembers how far the disk is durable, in memory.
    void durable(Position position) {
        superBlock = superBlock.with(position);
    }

    // Writes.

    /// A write is about to begin.
    ///
    /// @param synced   the last ticket that is durable
    /// @param mayGrow  whether there may be more hot extents than there should
    /// @return false when extents have to be made cold first and cannot be before a flush: nothing has changed then
    boolean begin(ByteRange range, long synced, boolean mayGrow) throws IOException {
        List<Long> cold = hot.coldIn(range);
        if (!cold.isEmpty() && !heat(cold, range, synced, mayGrow)) {
            return false;
        }
        switch (superBlock.partner()) {
            case NONE -> { }
            case IN_SYNC -> unacknowledged.mark(range);
            case AWAY -> dirty.mark(range);
        }
        if (joining) {
            unacknowledged.mark(range);
        }
        hot.begin(range);
        known.wrote(range);
        return true;
    }

    /// It has ended and got `ticket`.
    void end(ByteRange range, long ticket) {
        hot.end(range, ticket);
    }

    /// Makes extents hot, durably, and others cold by the same change when there are too many.
    private boolean heat(List<Long> cold, ByteRange range, long synced, boolean mayGrow) throws IOException {
        int excess = hot.size() + cold.size() - hotExtentsMax;
        List<Long> evicted = List.of();
        if (excess > 0) {
            LongPredicate kept = extent -> range.blocksIn(extent) != 0 || isPinned(extent);
            evicted = hot.evictable(Math.max(excess, EVICTED_TOGETHER), synced, kept);
            boolean flushHelps = evicted.size() < excess
                    && hot.evictable(excess, Long.MAX_VALUE, kept).size() > evicted.size();
            if (flushHelps && !mayGrow) {
                return false;
            }
        }
        try (Metadata.Change change = meta.change()) {
            for (long extent : cold) {
                change.hot(extent, superBlock.generations().current());
            }
            storeDirtyOf(evicted, change);
            coolAll(change, evicted);
            change.commit();
        }
        evicted.forEach(hot::remove);
        cold.forEach(hot::add);
        return true;
    }

    private void storeDirtyOf(List<Long> extents, Metadata.Change change) throws IOException {
        if (superBlock.partner() != Partner.AWAY) {
            return;
        }
        SortedSet<Long> pages = new TreeSet<>();
        extents.forEach(extent -> pages.add(DirtyMap.pageOf(extent)));
        for (long page : pages) {
            change.dirtyPage(base(), page, dirty);
        }
    }

    /// An extent stays hot while the partner may lack what was written there and nothing else remembers it.
    private boolean isPinned(long extent) {
        return superBlock.partner() == Partner.IN_SYNC
                && (inherited.contains(extent) || unacknowledged.touches(extent));
    }

    /// The log has reached `position`.
    void reached(Position position) {
        unacknowledged.reached(position);
    }

    /// The partner's disk holds everything up to `position`, durably.
    void partnerDurable(Position position) {
        unacknowledged.acknowledged(position);
    }

    /// The blocks in which the partner's copy may differ: a copy.
    DirtyMap suspects() {
        DirtyMap all = unacknowledged.all();
        all.markAll(dirty);
        inherited.forEach(extent -> all.mark(wholeExtent(extent)));
        return all;
    }

    // What the disk should hold.

    /// See [DiskStore#look].
    ExtentLook look(long extent) {
        return known.look(extent, hot.written(extent));
    }

    /// See [DiskStore#know].
    ///
    /// @param synced the last ticket that is durable
    void know(ExtentLook look, long blocks, long[] hashes, long synced) throws IOException {
        if (!known.isLast(look)) {
            return;
        }
        long extent = look.extent();
        boolean quiet = hot.isSettled(extent, synced) && !isPinned(extent);
        try (Metadata.Change change = meta.change()) {
            change.hashes(extent, known.after(look, hot.written(extent), blocks, hashes));
            if (quiet) {
                // Cold, it is known also after a crash.
                storeDirtyOf(List.of(extent), change);
                change.cold(extent);
            }
            change.commitLater();
        }
        hot.forgetWritten(extent);
        if (quiet) {
            hot.remove(extent);
        }
    }

    // The partner.

    /// Both disks hold the same bytes now, in a generation that begins here.
    void joinedEqual(GenerationId next, String reason) throws IOException {
        join(superBlock.generations().renewed(next), reason);
        inherited.clear();
        unacknowledged.clear();
    }

    /// From here on writes are followed by the partner, which has everything before; the record does not say so yet.
    void beginJoin() {
        unacknowledged.clear();
        joining = superBlock.partner() != Partner.IN_SYNC;
    }

    /// The partner went again before the record named it.
    void abandonJoin() {
        if (joining) {
            joining = false;
            unacknowledged.clear();
        }
    }

    /// The record names the partner that follows since [#beginJoin]: what it has not acknowledged since is all it may lack.
    ///
    /// @throws IllegalStateException when no join was begun
    void joined(GenerationId next, String reason) throws IOException {
        if (!joining) {
            throw new IllegalStateException("the disk in " + dir + " is called joined, but its join was never begun");
        }
        join(superBlock.generations().renewed(next), reason);
        joining = false;
    }

    private void join(Generations generations, String reason) throws IOException {
        Generations before = superBlock.generations();
        SuperBlock next = superBlock.with(generations, Partner.IN_SYNC).with(DiskState.UP_TO_DATE);
        List<Long> followed = unacknowledged.all().extents().stream().filter(extent -> !hot.contains(extent)).toList();
        try (Metadata.Change change = meta.change()) {
            change.superBlock(next).endResync();
            if (before.base().isPresent()) {
                change.forgetDirty(before.base().get());
            }
            for (long extent : followed) {
                // Made cold while the dirty map remembered it; that map goes now.
                change.hot(extent, generations.current());
            }
            change.event("joined, generation " + generations.current() + ": " + reason).commit();
        }
        followed.forEach(hot::add);
        dirty.clear();
        resync = Optional.empty();
        become(next, reason);
    }

    /// The partner is left behind; see [DiskStore#split].
    void split(GenerationId current, String reason) throws IOException {
        Generations generations = superBlock.generations().split(current);
        SuperBlock next = superBlock.with(generations, Partner.AWAY);
        DirtyMap missing = suspects();
        try (Metadata.Change change = meta.change()) {
            change.superBlock(next).dirty(generations.base().orElseThrow(), missing)
                    .event("split, generation " + generations.current() + ", blocks " + missing.count() + ": " + reason)
                    .commit();
        }
        dirty.markAll(missing);
        inherited.clear();
        unacknowledged.clear();
        become(next, reason);
    }

    /// Records what the content is worth.
    void setState(DiskState state, String reason) throws IOException {
        SuperBlock next = superBlock.with(state);
        try (Metadata.Change change = meta.change()) {
            change.superBlock(next).event(superBlock.state() + " -> " + state + ": " + reason).commit();
        }
        become(next, reason);
    }

    // Being resynced.

    /// The disk becomes a mixture of old and new; what it may lack stays remembered until the end.
    void beginResync(ResyncMark mark, String reason) throws IOException {
        SuperBlock next = superBlock.with(DiskState.INCONSISTENT);
        try (Metadata.Change change = meta.change()) {
            change.superBlock(next).resync(mark).event("resync begins: " + reason).commit();
        }
        known.beginResync();
        resync = Optional.of(mark);
        become(next, reason);
    }

    /// The source has sent something that is about to be written.
    void receiving(ByteRange range) throws IOException {
        known.receiving(range);
    }

    /// The disk was equal to the source's at [#beginJoin]: all that was remembered is settled, but for what was written since and is
    /// not yet durable at the partner.
    void adopt(GenerationId generation, String reason) throws IOException {
        inherited.clear();
        join(superBlock.generations().renewed(generation), reason);
        joining = false;
    }

    /// Before the disk is closed, with everything durable: makes cold what is settled.
    void settle(long synced) throws IOException {
        List<Long> settled = hot.evictable(Integer.MAX_VALUE, synced, this::isPinned);
        try (Metadata.Change change = meta.change()) {
            storeDirtyOf(settled, change);
            coolAll(change, settled);
            for (long extent : hot.evictable(Integer.MAX_VALUE, synced, each -> !isPinned(each))) {
                // It stays hot for the partner's sake only: what it holds here is known as well.
                known.cooled(change, extent, hot.written(extent));
            }
            change.settled(true).commit();
        }
    }

    private void coolAll(Metadata.Change change, Iterable<Long> extents) throws IOException {
        for (long extent : extents) {
            change.cold(extent);
            known.cooled(change, extent, hot.written(extent));
        }
    }

    private void become(SuperBlock next, String reason) {
        DIAGNOSTICS.info("disk {} {}/{} -> {}/{} generation={} applied={} reason={}", dir, superBlock.partner(),
                superBlock.state(), next.partner(), next.state(), next.generations().current(), next.applied(), reason);
        superBlock = next;
    }

    private GenerationId base() {
        return superBlock.generations().base().orElseThrow();
    }

    private ByteRange wholeExtent(long extent) {
        long offset = extent * Geometry.EXTENT_BYTES;
        return new ByteRange(offset, Math.min(Geometry.EXTENT_BYTES, superBlock.sizeBytes() - offset));
    }
}
