package io.sosia.appliance.machine.exec;

import io.sosia.appliance.machine.cpu.Hart;
import io.sosia.appliance.machine.isa.Decoder;
import io.sosia.appliance.machine.isa.Op;
import io.sosia.appliance.machine.memory.GuestRam;
import java.util.Arrays;

/// Decoded instructions by physical page. RAM tells it of every write to a page it holds, so it never differs from memory,
/// and `fence.i` has nothing to do.
///
/// A page has a word ([Op]) for each halfword, decoded when first executed, and two words of [Op#PAGE_END] behind them: one
/// for what ends at the page's end, one for an instruction that crosses it. Beside them it counts for each slot how often it was
/// jumped to: its heat.
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

    /// Pages held at most (16 KiB each); the one longest held makes room.
    private static final int PAGES_MAX = 4096;
    /// A page written this often holds more data than code: it is dropped as a whole.
    private static final int WRITES_MAX = 64;
    private static final int LENGTH_MAX = 64;

    private final Hart hart;
    private final GuestRam ram;
    private final long[][] pages;
    private final short[][] heats;
    private final byte[] writes;
    private ChangeWatcher watcher = (page, first, last) -> {};
    private final int[] held = new int[PAGES_MAX];
    private int next;

    public CodeCache(Hart hart) {
        this.hart = hart;
        ram = hart.ram();
        pages = new long[ram.pages()][];
        heats = new short[ram.pages()][];
        writes = new byte[ram.pages()];
        Arrays.fill(held, -1);
        ram.setCodeWatcher(this::written);
    }

    /// Names who is told of changes.
    public void setWatcher(ChangeWatcher watcher) {
        this.watcher = watcher;
    }

    /// The words of each RAM page, null for those not held: for a quick look.
    public long[][] pages() {
        return pages;
    }

    /// The heat of each slot of each RAM page that is held.
    public short[][] heats() {
        return heats;
    }

    /// The words of a RAM page, held from now on.
    long[] page(int page) {
        long[] words = pages[page];
        return words != null ? words : add(page);
    }

    private long[] add(int page) {
        long[] words = null;
        short[] heat = null;
        int oldest = held[next];
        if (oldest >= 0 && pages[oldest] != null) {
            words = pages[oldest];
            heat = heats[oldest];
            drop(oldest);
            Arrays.fill(words, 0, SLOTS, Op.UNDECODED);
            Arrays.fill(heat, (short) 0);
        }
        if (words == null) {
            words = new long[SLOTS + 2];
            words[SLOTS] = Op.PAGE_END;
            words[SLOTS + 1] = Op.PAGE_END;
            heat = new short[SLOTS];
        }
        held[next] = page;
        next = next + 1 == PAGES_MAX ? 0 : next + 1;
        pages[page] = words;
        heats[page] = heat;
        writes[page] = 0;
        hart.mmu().watch(page, GuestRam.WATCH_CODE);
        return words;
    }

    /// Decodes one slot into the words of a RAM page.
    void decode(long[] words, int page, int slot) {
        int offset = (page << GuestRam.PAGE_SHIFT) + 2 * slot;
        int bits = ram.read16(offset) & 0xffff;
        long word;
        if ((bits & 3) != 3) {
            word = Decoder.decode(bits);
        } else if (slot == SLOTS - 1) {
            word = Op.CROSSING;
        } else {
            word = Decoder.decode(ram.read16(offset + 2) << 16 | bits);
        }
        words[slot] = word;
    }

    void dropAll() {
        for (int i = 0; i < PAGES_MAX; i++) {
            if (held[i] >= 0 && pages[held[i]] != null) {
                drop(held[i]);
            }
            held[i] = -1;
        }
        next = 0;
    }

    private void drop(int page) {
        pages[page] = null;
        heats[page] = null;
        watcher.changed(page, 0, SLOTS - 1);
        hart.mmu().unwatch(page, GuestRam.WATCH_CODE);
        hart.demandAttention();
    }

    private void written(int offset, int length) {
        int page = offset >> GuestRam.PAGE_SHIFT;
        long[] words = pages[page];
        if (words == null) {
            return;
        }
        if (length >= LENGTH_MAX || ++writes[page] >= WRITES_MAX) {
            drop(page);
            return;
        }
        // An instruction that began one halfword before may reach into what was written.
        int first = Math.max(0, (offset & GuestRam.PAGE_SIZE - 1) / 2 - 1);
        int last = (offset + length - 1 & GuestRam.PAGE_SIZE - 1) / 2;
        Arrays.fill(words, first, last + 1, Op.UNDECODED);
        watcher.changed(page, first, last);
    }
}
