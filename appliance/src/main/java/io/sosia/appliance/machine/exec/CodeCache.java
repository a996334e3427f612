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
/// for what ends at the page's end, one for an instruction that crosses it.
final class CodeCache {

    static final int SLOTS = GuestRam.PAGE_SIZE / 2;

    /// Pages held at most (16 KiB each); the one longest held makes room.
    private static final int PAGES_MAX = 4096;
    /// A page written this often holds more data than code: it is dropped as a whole.
    private static final int WRITES_MAX = 64;
    private static final int LENGTH_MAX = 64;

    private final Hart hart;
    private final GuestRam ram;
    private final long[][] pages;
    private final byte[] writes;
    private final int[] held = new int[PAGES_MAX];
    private int next;

    CodeCache(Hart hart) {
        this.hart = hart;
        ram = hart.ram();
        pages = new long[ram.pages()][];
        writes = new byte[ram.pages()];
        Arrays.fill(held, -1);
        ram.setCodeWatcher(this::written);
    }

    /// The words of each RAM page, null for those not held: for a quick look.
    long[][] pages() {
        return pages;
    }

    /// The words of a RAM page, held from now on.
    long[] page(int page) {
        long[] words = pages[page];
        return words != null ? words : add(page);
    }

    private long[] add(int page) {
        long[] words = null;
        int oldest = held[next];
        if (oldest >= 0 && pages[oldest] != null) {
            words = pages[oldest];
            drop(oldest);
            Arrays.fill(words, 0, SLOTS, Op.UNDECODED);
        }
        if (words == null) {
            words = new long[SLOTS + 2];
            words[SLOTS] = Op.PAGE_END;
            words[SLOTS + 1] = Op.PAGE_END;
        }
        held[next] = page;
        next = next + 1 == PAGES_MAX ? 0 : next + 1;
        pages[page] = words;
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
    }
}
