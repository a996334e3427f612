package io.sosia.appliance.machine.mmu;

import java.util.Arrays;

/// The cached translations of one page-table root, for each way of looking at it.
///
/// Translations are coherent with the page tables in memory, so the root alone identifies them: the ASID adds nothing.
final class AddressSpace {

    /// Root of a space without translation.
    static final long BARE = -1;
    /// Root of a space not in use.
    static final long UNUSED = -2;

    /// A view is `user << 2 | sum << 1 | mxr`.
    static final int VIEWS = 8;

    long root = UNUSED;
    long lastUse;

    final long[][] load = new long[VIEWS][];
    final long[][] store = new long[VIEWS][];
    /// By privilege only: 0 supervisor, 1 user.
    final long[][] fetch = {Tlb.table(), Tlb.table()};

    void prepare(int view) {
        if (load[view] == null) {
            load[view] = Tlb.table();
            store[view] = Tlb.table();
        }
    }

    void clear() {
        for (int view = 0; view < VIEWS; view++) {
            if (load[view] != null) {
                Arrays.fill(load[view], Tlb.NONE);
                Arrays.fill(store[view], Tlb.NONE);
            }
        }
        Arrays.fill(fetch[0], Tlb.NONE);
        Arrays.fill(fetch[1], Tlb.NONE);
    }

    void dropPage(long va) {
        for (int view = 0; view < VIEWS; view++) {
            if (load[view] != null) {
                Tlb.drop(load[view], va);
                Tlb.drop(store[view], va);
            }
        }
        Tlb.drop(fetch[0], va);
        Tlb.drop(fetch[1], va);
    }

    void dropRegion(long va, int shift) {
        for (int view = 0; view < VIEWS; view++) {
            if (load[view] != null) {
                Tlb.dropRegion(load[view], va, shift);
                Tlb.dropRegion(store[view], va, shift);
            }
        }
        Tlb.dropRegion(fetch[0], va, shift);
        Tlb.dropRegion(fetch[1], va, shift);
    }

    void dropStoresTo(int ramOffset) {
        for (int view = 0; view < VIEWS; view++) {
            if (store[view] != null) {
                Tlb.dropTarget(store[view], ramOffset);
            }
        }
    }
}
