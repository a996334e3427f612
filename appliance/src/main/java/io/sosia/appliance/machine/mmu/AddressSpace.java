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

    /// Elements of the array of [Tlb]s that one space takes.
    static final int SIZE = TABLES * Tlb.SIZE;

    long root = UNUSED;
    long lastUse;

    private final long[] tables;
    private final int base;
    /// Bit for each table that holds anything, or may.
    private int used;

    AddressSpace(long[] tables, int base) {
        this.tables = tables;
        this.base = base;
    }

    /// Base of the table of readable pages of a view.
    int loads(int view) {
        return use(2 * view);
    }

    /// Base of the table of writable pages of a view.
    int stores(int view) {
        return use(2 * view + 1);
    }

    /// Base of the table of executable pages.
    int fetches(boolean user) {
        return use(2 * VIEWS + (user ? 1 : 0));
    }

    private int use(int table) {
        if ((used & 1 << table) == 0) {
            used |= 1 << table;
            Tlb.clear(tables, at(table));
        }
        return at(table);
    }

    private int at(int table) {
        return base + table * Tlb.SIZE;
    }

    /// Forgets all; a table that is empty already costs nothing.
    void clear() {
        for (int left = used; left != 0; left &= left - 1) {
            Tlb.clear(tables, at(Integer.numberOfTrailingZeros(left)));
        }
    }

    void clearStores() {
        for (int view = 0; view < VIEWS; view++) {
            if ((used & 1 << 2 * view + 1) != 0) {
                Tlb.clear(tables, at(2 * view + 1));
            }
        }
    }

    void dropPage(long va) {
        for (int left = used; left != 0; left &= left - 1) {
            Tlb.drop(tables, at(Integer.numberOfTrailingZeros(left)), va);
        }
    }

    void dropRegion(long va, int shift) {
        for (int left = used; left != 0; left &= left - 1) {
            Tlb.dropRegion(tables, at(Integer.numberOfTrailingZeros(left)), va, shift);
        }
    }

    void dropStoresTo(int ramOffset) {
        for (int view = 0; view < VIEWS; view++) {
            if ((used & 1 << 2 * view + 1) != 0) {
                Tlb.dropTarget(tables, at(2 * view + 1), ramOffset);
            }
        }
    }
}
