package io.sosia.appliance.machine.mmu;

import io.sosia.appliance.machine.memory.HostMemory;
import io.sosia.appliance.machine.memory.NativeMemory;
import java.nio.ByteBuffer;

/// The cached translations of one page-table root, for each way of looking at it.
///
/// Translations are coherent with the page tables in memory, so the root alone identifies them: the ASID adds nothing.
final class AddressSpace {

    /// Root of a space without translation.
    static final long BARE = -1;
    /// Root of a space not in use.
    static final long UNUSED = -2;

    /// A view is `user << 2 | sum << 1 | mxr`.
    private static final int VIEWS = 8;
    /// A table of loads and one of stores for each view; behind them two of fetches, supervisor's and user's.
    private static final int TABLES = 2 * VIEWS + 2;
    private static final int CHUNK_WORDS = Tlb.CHUNKS / Long.SIZE;

    /// Of a key, those that name the table; above them it counts what has gone from that.
    private static final int KEY_TABLE_BITS = 8;

    /// Bytes that one space takes.
    private static final int SIZE = TABLES * Tlb.SIZE;

    long root = UNUSED;
    long lastUse;

    /// What the tables lie in, and where, once there are any.
    private ByteBuffer memory;
    private long tables;
    /// Bit for each table that has ever been used.
    private int used;
    /// Bit for each chunk of each table that holds anything, or may.
    private final long[] filled = new long[TABLES * CHUNK_WORDS];
    private final int number;
    /// How often pages have gone from each of the tables of fetches.
    private final long[] fetchesGone = new long[2];

    /// @param number of the space among all
    AddressSpace(int number) {
        this.number = number;
    }

    /// The table of readable pages of a view.
    long loads(int view) {
        return use(loadTable(view));
    }

    /// The table of writable pages of a view: [Tlb#WRITABLE] behind the other.
    long stores(int view) {
        return use(storeTable(view));
    }

    /// The table of executable pages.
    long fetches(boolean user) {
        return use(fetchTable(user));
    }

    /// See [Mmu#fetchKey].
    long fetchKey(boolean user) {
        int mode = user ? 1 : 0;
        return fetchesGone[mode] << KEY_TABLE_BITS | 2L * number + mode;
    }

    /// Enters a page that may be read.
    ///
    /// @param address where it lies in the host's memory
    void enterLoad(int view, long va, long address) {
        enter(loadTable(view), va, address);
    }

    /// The same for one that may be written.
    void enterStore(int view, long va, long address) {
        enter(storeTable(view), va, address);
    }

    /// The same for one that may be executed.
    void enterFetch(boolean user, long va, long address) {
        enter(fetchTable(user), va, address);
    }

    private void enter(int table, long va, long address) {
        int chunk = Tlb.chunk(va);
        filled[table * CHUNK_WORDS + chunk / Long.SIZE] |= 1L << chunk;
        if (Tlb.enter(at(table), va, address)) {
            gone(table);
        }
    }

    /// A page has gone from a table.
    private void gone(int table) {
        if (table >= 2 * VIEWS) {
            fetchesGone[table - 2 * VIEWS]++;
        }
    }

    private static int loadTable(int view) {
        return 2 * view;
    }

    private static int storeTable(int view) {
        return 2 * view + 1;
    }

    private static int fetchTable(boolean user) {
        return 2 * VIEWS + (user ? 1 : 0);
    }

    private long use(int table) {
        if ((used & 1 << table) == 0) {
            if (memory == null) {
                memory = HostMemory.zeros(SIZE);
                tables = NativeMemory.address(memory);
            }
            used |= 1 << table;
            Tlb.clear(at(table));
        }
        return at(table);
    }

    private long at(int table) {
        return tables + (long) table * Tlb.SIZE;
    }

    /// Forgets all; what is empty already costs nothing.
    void clear() {
        for (int table = 0; table < TABLES; table++) {
            clear(table);
        }
    }

    void clearStores() {
        for (int view = 0; view < VIEWS; view++) {
            clear(storeTable(view));
        }
    }

    private void clear(int table) {
        boolean any = false;
        for (int word = table * CHUNK_WORDS; word < (table + 1) * CHUNK_WORDS; word++) {
            for (long left = filled[word]; left != 0; left &= left - 1) {
                Tlb.clearChunk(at(table), word % CHUNK_WORDS * Long.SIZE + Long.numberOfTrailingZeros(left));
            }
            any |= filled[word] != 0;
            filled[word] = 0;
        }
        if (any) {
            Tlb.clearRecent(at(table));
            gone(table);
        }
    }

    void dropPage(long va) {
        for (int left = used; left != 0; left &= left - 1) {
            drop(Integer.numberOfTrailingZeros(left), va);
        }
    }

    private void drop(int table, long va) {
        if (isFilled(table, Tlb.chunk(va)) && Tlb.drop(at(table), va)) {
            gone(table);
        }
    }

    /// Whether a chunk may hold anything: cheaper to ask than the chunk, which is seldom in the host's caches.
    private boolean isFilled(int table, int chunk) {
        return (filled[table * CHUNK_WORDS + chunk / Long.SIZE] >>> chunk & 1) != 0;
    }

    /// Drops what lies in the aligned region of `2^shift` bytes.
    void dropRegion(long va, int shift) {
        int first = Tlb.chunk(va);
        int count = (int) Math.min(Tlb.CHUNKS, 1L << shift >> Tlb.CHUNK_REACH_SHIFT);
        for (int left = used; left != 0; left &= left - 1) {
            int table = Integer.numberOfTrailingZeros(left);
            for (int i = 0; i < count; i++) {
                int chunk = first + i & Tlb.CHUNKS - 1;
                if (isFilled(table, chunk) && Tlb.dropRegion(at(table), chunk, va, shift)) {
                    gone(table);
                }
            }
        }
    }

    /// Drops a page from what may be written.
    void dropStore(long va) {
        for (int view = 0; view < VIEWS; view++) {
            drop(storeTable(view), va);
        }
    }
}
