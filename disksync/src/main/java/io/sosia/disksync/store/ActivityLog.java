package io.sosia.disksync.store;

import io.sosia.disksync.block.ByteRange;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.LongPredicate;

/// The hot extents: those that may differ from what is durable, least recently written first.
///
/// The memory side only; the store keeps the same set in its metadata, ahead of every write. Not thread-safe: its owner
/// guards it.
final class ActivityLog {
    private static final class Entry {
        private int writing;
        private long ticket;
        private long written;

        private boolean settled(long syncedTicket) {
            return writing == 0 && ticket <= syncedTicket;
        }
    }

    private final Map<Long, Entry> entries = new LinkedHashMap<>();

    /// Whether `extent` is hot.
    boolean contains(long extent) {
        return entries.containsKey(extent);
    }

    /// How many extents are hot.
    int size() {
        return entries.size();
    }

    /// All that are hot: a copy.
    List<Long> extents() {
        return List.copyOf(entries.keySet());
    }

    /// The extents of `range` that are not hot.
    List<Long> coldIn(ByteRange range) {
        List<Long> cold = new ArrayList<>();
        for (long extent = range.firstExtent(); extent < range.endExtent(); extent++) {
            if (!entries.containsKey(extent)) {
                cold.add(extent);
            }
        }
        return cold;
    }

    /// Makes an extent hot.
    void add(long extent) {
        entries.put(extent, new Entry());
    }

    /// Makes an extent cold.
    void remove(long extent) {
        entries.remove(extent);
    }

    /// A write into hot extents begins.
    void begin(ByteRange range) {
        for (long extent = range.firstExtent(); extent < range.endExtent(); extent++) {
            Entry entry = entries.remove(extent);
            entries.put(extent, entry);
            entry.writing++;
            entry.written |= range.blocksIn(extent);
        }
    }

    /// The blocks of `extent` in which a write has begun since it became hot, or since [#forgetWritten]; 0 when it is cold.
    long written(long extent) {
        Entry entry = entries.get(extent);
        return entry == null ? 0 : entry.written;
    }

    /// What was written so far is remembered elsewhere.
    void forgetWritten(long extent) {
        Entry entry = entries.get(extent);
        if (entry != null) {
            entry.written = 0;
        }
    }

    /// Whether `extent` is hot and all its writes are covered by `syncedTicket`.
    boolean isSettled(long extent, long syncedTicket) {
        Entry entry = entries.get(extent);
        return entry != null && entry.settled(syncedTicket);
    }

    /// A write has ended and got `ticket`.
    void end(ByteRange range, long ticket) {
        for (long extent = range.firstExtent(); extent < range.endExtent(); extent++) {
            Entry entry = entries.get(extent);
            entry.writing--;
            entry.ticket = Math.max(entry.ticket, ticket);
        }
    }

    /// Up to `max` of the least recently written extents whose writes are all covered by `syncedTicket` and that are not
    /// `pinned`.
    List<Long> evictable(int max, long syncedTicket, LongPredicate pinned) {
        List<Long> found = new ArrayList<>();
        for (Map.Entry<Long, Entry> each : entries.entrySet()) {
            if (found.size() >= max) {
                break;
            }
            if (each.getValue().settled(syncedTicket) && !pinned.test(each.getKey())) {
                found.add(each.getKey());
            }
        }
        return found;
    }
}
