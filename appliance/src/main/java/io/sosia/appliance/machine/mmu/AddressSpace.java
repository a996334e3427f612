package io.sosia.appliance.machine.mmu;

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

    /// Bytes that one space takes.
    static final int SIZE = TABLES * Tlb.SIZE;

    long root = UNUSED;
    long lastUse;

    private final long tables;
    /// Bit for each table that holds anything, or may.
    private int used;

    /// @param tables address of its first table
    AddressSpace(long tables) {
        this.tables = tables;
    }

    /// The table of readable pages of a view.
    long loads(int view) {
        return use(2 * view);
    }

    /// The table of writable pages of a view: [Tlb#WRITABLE] behind the other.
    long stores(int view) {
        return use(2 * view + 1);
    }

    /// The table of executable pages.
    long fetches(boolean user) {
        return use(2 * VIEWS + (user ? 1 : 0));
    }

    private long use(int table) {
        if ((used & 1 << table) == 0) {
            used |= 1 << table;
            Tlb.clear(at(table));
        }
        return at(table);
    }

    private long at(int table) {
        return tables + table * Tlb.SIZE;
    }

    /// Forgets all; a table that is empty already costs nothing.
    void clear() {
        for (int left = used; left != 0; left &= left - 1) {
            Tlb.clear(at(Integer.numberOfTrailingZeros(left)));
        }
    }

    void clearStores() {
        for (int view = 0; view < VIEWS; view++) {
            if ((used & 1 << 2 * view + 1) != 0) {
                Tlb.clear(at(2 * view + 1));
            }
        }
    }

    void dropPage(long va) {
        for (int left = used; left != 0; left &= left - 1) {
            Tlb.drop(at(Integer.numberOfTrailingZeros(left)), va);
        }
    }

    void dropRegion(long va, int shift) {
        for (int left = used; left != 0; left &= left - 1) {
            Tlb.dropRegion(at(Integer.numberOfTrailingZeros(left)), va, shift);
        }
    }

    /// @param address of a page in the host's memory
    void dropStoresTo(long address) {
        for (int view = 0; view < VIEWS; view++) {
            if ((used & 1 << 2 * view + 1) != 0) {
                Tlb.dropTarget(at(2 * view + 1), address);
            }
        }
    }
}
