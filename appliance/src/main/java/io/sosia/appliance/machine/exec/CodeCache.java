package io.sosia.appliance.machine.exec;

import io.sosia.appliance.machine.cpu.Hart;
import io.sosia.appliance.machine.isa.Decoder;
import io.sosia.appliance.machine.isa.Op;
import io.sosia.appliance.machine.memory.GuestRam;
import io.sosia.appliance.machine.memory.HostMemory;
import io.sosia.appliance.machine.memory.NativeMemory;
import java.nio.ByteBuffer;
import java.util.Arrays;

/// Decoded instructions by physical page. RAM tells it of every write to a page it holds, so it never differs from memory,
/// and `fence.i` has nothing to do.
///
/// A page has a word ([Op]) for each halfword, decoded when first executed, and two words of [Op#PAGE_END] behind them: one
/// for what ends at the page's end, one for an instruction that crosses it. Beside them it counts for each slot how often it was
/// jumped to, its heat; and of those that a translated block begins in, how often that was executed, as long as that is counted. These
/// counters lie in the order in which they were asked for: those of a region that is executed share a line or two of the host's caches.
public final class CodeCache {

    /// Told when instructions that were decoded may no longer be what memory holds.
    @FunctionalInterface
    public interface ChangeWatcher {
        /// @param page  RAM page
        /// @param first first slot that changed
        /// @param last  last slot that changed
        void changed(int page, int first, int last);
    }

    /// Halfwords of a page.
    public static final int SLOTS = GuestRam.PAGE_SIZE / 2;

    /// Pages held at most (32 KiB each); the one longest held makes room.
    private static final int PAGES_MAX = 4096;
    /// A page written this often holds more data than code: it is dropped as a whole.
    private static final int WRITES_MAX = 64;
    private static final int LENGTH_MAX = 64;
    /// Of a page: from its words, of which there are two more, to its slots' heats: 0 when hot, before that below.
    private static final int HEATS = (SLOTS + 2) * Long.BYTES;
    /// To its slots' numbers of counters, 0 for those that have none.
    private static final int NUMBERS = HEATS + SLOTS * Short.BYTES;
    /// To the counters by these numbers; before the first one, how many there are.
    private static final int COUNTERS = NUMBERS + SLOTS * Short.BYTES;
    private static final int LINE_BYTES = 64;
    /// An odd number of lines of the host's caches: else the same part of each page would lie in the same few of their sets.
    private static final int PLACE_BYTES = (COUNTERS + (SLOTS + 1) * Integer.BYTES + LINE_BYTES - 1) / LINE_BYTES * LINE_BYTES | LINE_BYTES;

    private final Hart hart;
    private final GuestRam ram;
    private short heatMax;
    /// A place of [#PLACE_BYTES] for each page held, in the order of `held`.
    private final ByteBuffer places;
    private final long[] pages;
    private final byte[] writes;
    private ChangeWatcher watcher = (page, first, last) -> {};
    private final int[] held;
    private int next;
    /// Places that have ever been used.
    private int used;

    /// @param heatMax how often a slot is jumped to until it is hot
    public CodeCache(Hart hart, short heatMax) {
        this.hart = hart;
        this.heatMax = heatMax;
        ram = hart.ram();
        pages = new long[ram.pages()];
        writes = new byte[ram.pages()];
        held = new int[Math.min(PAGES_MAX, ram.pages())];
        places = HostMemory.zeros(held.length * PLACE_BYTES);
        Arrays.fill(held, -1);
        ram.setCodeWatcher(this::written);
    }

    /// How often a slot is jumped to until it is hot.
    public short heatMax() {
        return heatMax;
    }

    /// Sets that; what has been jumped to so often already is hot at its next jump.
    public void setHeatMax(short max) {
        for (int page = 0; page < pages.length; page++) {
            if (!holds(page)) {
                continue;
            }
            for (int slot = 0; slot < SLOTS; slot++) {
                int heat = heat(page, slot);
                if (heat >= 0 && heat < heatMax) {
                    setHeat(page, slot, Math.min(heat, max - 1) + heatMax - max);
                }
            }
        }
        heatMax = max;
    }

    /// Names who is told of changes.
    public void setWatcher(ChangeWatcher watcher) {
        this.watcher = watcher;
    }

    /// Where the words of each RAM page lie in [NativeMemory], 0 for those not held: for a quick look.
    long[] pages() {
        return pages;
    }

    /// Whether a RAM page is held.
    public boolean holds(int page) {
        return pages[page] != 0;
    }

    /// A word of a RAM page; [Op#UNDECODED] of one that is not held.
    public long word(int page, int slot) {
        return holds(page) ? NativeMemory.getLong(pages[page] + (long) slot * Long.BYTES) : Op.UNDECODED;
    }

    /// Writes a word of a RAM page that is held.
    public void put(int page, int slot, long word) {
        NativeMemory.putLong(pages[page] + (long) slot * Long.BYTES, word);
    }

    /// How often a slot of a RAM page was jumped to; below zero, too often to be counted. 0 of one that is not held.
    public int heat(int page, int slot) {
        return holds(page) ? NativeMemory.getShort(pages[page] + HEATS + (long) slot * Short.BYTES) + heatMax : 0;
    }

    /// Sets that for a slot of a RAM page that is held.
    public void setHeat(int page, int slot, int heat) {
        NativeMemory.putShort(pages[page] + HEATS + (long) slot * Short.BYTES, (short) (heat - heatMax));
    }

    /// Where in [NativeMemory] it is counted, by an `int`, how often a slot of a RAM page that is held was executed: from now on, if not before.
    public long counter(int page, int slot) {
        assert holds(page);
        long counters = pages[page] + COUNTERS;
        int number = counterNumber(page, slot);
        if (number == 0) {
            number = NativeMemory.getInt(counters) + 1;
            NativeMemory.putInt(counters, number);
            NativeMemory.putShort(pages[page] + NUMBERS + (long) slot * Short.BYTES, (short) number);
        }
        return counters + (long) number * Integer.BYTES;
    }

    /// How often a slot of a RAM page was executed, as far as that was counted; 0 of one that is not held.
    public long count(int page, int slot) {
        int number = holds(page) ? counterNumber(page, slot) : 0;
        return number == 0 ? 0 : Integer.toUnsignedLong(NativeMemory.getInt(pages[page] + COUNTERS + (long) number * Integer.BYTES));
    }

    private int counterNumber(int page, int slot) {
        return NativeMemory.getShort(pages[page] + NUMBERS + (long) slot * Short.BYTES);
    }

    /// The words of a RAM page, held from now on.
    long page(int page) {
        long words = pages[page];
        return words != 0 ? words : add(page);
    }

    private long add(int page) {
        int oldest = held[next];
        long words = NativeMemory.address(places) + (long) next * PLACE_BYTES;
        // It may have been dropped, and be held elsewhere since.
        if (oldest >= 0 && pages[oldest] == words) {
            drop(oldest);
        }
        if (next < used) {
            NativeMemory.fill(words, SLOTS * Long.BYTES, (byte) Op.UNDECODED);
            NativeMemory.fill(words + NUMBERS, PLACE_BYTES - NUMBERS, (byte) 0);
        } else {
            // It is zero, and undecoded, as the host has given it.
            used = next + 1;
        }
        held[next] = page;
        next = next + 1 == held.length ? 0 : next + 1;
        pages[page] = words;
        writes[page] = 0;
        put(page, SLOTS, Op.PAGE_END);
        put(page, SLOTS + 1, Op.PAGE_END);
        for (int slot = 0; slot < SLOTS; slot++) {
            setHeat(page, slot, 0);
        }
        hart.mmu().watch(page, GuestRam.WATCH_CODE);
        return words;
    }

    /// Counts that a slot of the page with these words was jumped to.
    ///
    /// @return whether it is hot since now
    static boolean heats(long words, int slot) {
        long heat = words + HEATS + (long) slot * Short.BYTES;
        short now = (short) (NativeMemory.getShort(heat) + 1);
        NativeMemory.putShort(heat, now);
        return now == 0;
    }

    /// Decodes the instruction in a slot of a RAM page.
    long decode(int page, int slot) {
        int offset = (page << GuestRam.PAGE_SHIFT) + 2 * slot;
        int bits = ram.read16(offset) & 0xffff;
        if ((bits & 3) != 3) {
            return Decoder.decode(bits);
        }
        return slot == SLOTS - 1 ? Op.CROSSING : Decoder.decode(ram.read16(offset + 2) << 16 | bits);
    }

    /// Decodes the instruction that goes on in another RAM page.
    public long decodeCrossing(int page, int next) {
        int first = (page + 1 << GuestRam.PAGE_SHIFT) - 2;
        return Decoder.decode(ram.read16(next << GuestRam.PAGE_SHIFT) << 16 | ram.read16(first) & 0xffff);
    }

    void dropAll() {
        for (int i = 0; i < held.length; i++) {
            if (held[i] >= 0 && holds(held[i])) {
                drop(held[i]);
            }
            held[i] = -1;
        }
        next = 0;
    }

    private void drop(int page) {
        pages[page] = 0;
        watcher.changed(page, 0, SLOTS - 1);
        hart.mmu().unwatch(page, GuestRam.WATCH_CODE);
        hart.demandAttention();
    }

    private void written(int offset, int length) {
        int page = offset >> GuestRam.PAGE_SHIFT;
        if (!holds(page)) {
            return;
        }
        if (length >= LENGTH_MAX || ++writes[page] >= WRITES_MAX) {
            drop(page);
            return;
        }
        // An instruction that began one halfword before may reach into what was written.
        int first = Math.max(0, (offset & GuestRam.PAGE_SIZE - 1) / 2 - 1);
        int last = (offset + length - 1 & GuestRam.PAGE_SIZE - 1) / 2;
        NativeMemory.fill(pages[page] + (long) first * Long.BYTES, (long) (last + 1 - first) * Long.BYTES, (byte) Op.UNDECODED);
        watcher.changed(page, first, last);
    }
}
