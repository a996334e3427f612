package io.sosia.appliance.machine.mmu;

import io.sosia.appliance.machine.memory.GuestRam;
import java.util.Arrays;

/// Sv39 address translation (Privileged ISA, "Sv39: Page-Based 39-bit Virtual-Memory System"), with A and D bits set by the
/// machine.
///
/// What it caches is coherent with memory: a page whose entries a walk has used is watched, a write to such an entry drops
/// exactly the translations that came from it, and watched pages are never in a store table, so that no write escapes. A
/// cached translation therefore equals a walk, and dropping any at any time changes nothing the guest can see; `sfence.vma`
/// has nothing to do.
public final class Mmu {

    /// What an access wants. The values index nothing.
    public static final int FETCH = 0;
    public static final int LOAD = 1;
    public static final int STORE = 2;

    /// Results of [#translate] that are no address.
    public static final long PAGE_FAULT = -1;
    public static final long ACCESS_FAULT = -2;

    /// `satp.MODE` of Sv39; 0 is Bare, others do not exist here.
    public static final int MODE_SV39 = 8;

    private static final int SPACES = 16;
    private static final int WALKED_PAGES_MAX = 2048;

    private static final int V = 1;
    private static final int R = 1 << 1;
    private static final int W = 1 << 2;
    private static final int X = 1 << 3;
    private static final int U = 1 << 4;
    private static final int A = 1 << 6;
    private static final int D = 1 << 7;
    private static final long RESERVED = -1L << 54;

    /// An entry used for translations of more than one region.
    private static final int MANY = -1;

    /// Which region each entry of a page of page tables was used for: 0 none, [#MANY], or `vpn >> 9 * level << 2 | level + 1`.
    private static final class WalkedPage {
        final int[] use = new int[GuestRam.PAGE_SIZE / 8];
        int used;
    }

    private final GuestRam ram;
    private final Runnable dropped;
    private final AddressSpace[] spaces = new AddressSpace[SPACES];
    private final WalkedPage[] walked;
    private int walkedPages;
    /// Of the store tables.
    private final ReverseMap reverseMap;
    private final long[] path = new long[3];

    private long uses;
    private AddressSpace space;
    private boolean bare;
    private boolean user;
    private boolean sum;
    private boolean mxr;
    private int view;
    private long root;
    private long loads;
    private long stores;
    private long fetches;

    /// @param dropped told whenever translations are dropped because memory changed: code being executed must be looked up
    ///                again
    public Mmu(GuestRam ram, Runnable dropped) {
        this.ram = ram;
        this.dropped = dropped;
        walked = new WalkedPage[ram.pages()];
        reverseMap = new ReverseMap(ram.pages());
        Arrays.setAll(spaces, AddressSpace::new);
        ram.setPageTableWatcher(this::written);
        ram.setCloser(this::dropStores);
        select(0, false, false, false);
    }

    /// Chooses the address space and the rights that translations are for from now on. What [#loads] and [#fetches] return
    /// changes with it.
    public void select(long satp, boolean user, boolean sum, boolean mxr) {
        bare = satp >>> 60 == 0;
        root = (satp & (1L << 44) - 1) << GuestRam.PAGE_SHIFT;
        this.user = user;
        this.sum = sum;
        this.mxr = mxr;
        long wanted = bare ? AddressSpace.BARE : root;
        if (space == null || space.root != wanted) {
            space = find(wanted);
            space.lastUse = ++uses;
        }
        view = (user ? 4 : 0) | (sum ? 2 : 0) | (mxr ? 1 : 0);
        loads = space.loads(view);
        stores = space.stores(view);
        fetches = space.fetches(user);
    }

    /// The table of readable pages, see [Tlb]. That of the writable ones that nobody watches lies behind it ([Tlb#WRITABLE]).
    public long loads() {
        return loads;
    }

    /// The table of executable pages, see [Tlb].
    public long fetches() {
        return fetches;
    }

    /// Stands for what [#fetches] has: it is another one when the table is, and once a translation has gone from that. Of its bits, so few
    /// are used that the upper 16 are free.
    public long fetchKey() {
        return space.fetchKey(user);
    }

    /// RAM offset of `va` if the tables have it for `access`, else -1: never a fault, never a walk.
    public int probe(long va, int access) {
        long address = Tlb.probe(access == LOAD ? loads : access == STORE ? stores : fetches, va);
        return address == 0 ? -1 : (int) (address - ram.address());
    }

    /// Physical address of `va`, setting A and D as the access asks; or [#PAGE_FAULT] or [#ACCESS_FAULT].
    ///
    /// The address may lie outside RAM: the caller looks for a device there.
    public long translate(long va, int access) {
        int offset = probe(va, access);
        if (offset >= 0) {
            return GuestRam.BASE + offset;
        }
        long address = bare ? va >= 0 ? va : ACCESS_FAULT : walk(va, access);
        if (ram.contains(address, 1)) {
            enter(va, GuestRam.offset(address), access);
        }
        return address;
    }

    private void enter(long va, int offset, int access) {
        long address = ram.address() + (offset & -GuestRam.PAGE_SIZE);
        switch (access) {
            case LOAD -> space.enterLoad(view, va, address);
            case FETCH -> space.enterFetch(user, va, address);
            default -> {
                int page = offset >> GuestRam.PAGE_SHIFT;
                if (ram.watchFlags()[page] == 0) {
                    dropStore(reverseMap.add(page, va));
                    ram.openToWrites(page);
                    space.enterStore(view, va, address);
                }
            }
        }
    }

    private long walk(long va, int access) {
        if (va << 25 >> 25 != va) {
            return PAGE_FAULT;
        }
        long table = root;
        for (int level = 2; level >= 0; level--) {
            long at = table + ((va >>> GuestRam.PAGE_SHIFT + 9 * level & 511) << 3);
            if (!ram.contains(at, 8)) {
                return ACCESS_FAULT;
            }
            int offset = GuestRam.offset(at);
            path[level] = offset;
            long entry = ram.read64(offset);
            if ((entry & V) == 0 || (entry & (R | W)) == W || (entry & RESERVED) != 0) {
                return PAGE_FAULT;
            }
            long target = (entry << 10 >>> 20) << GuestRam.PAGE_SHIFT;
            if ((entry & (R | X)) != 0) {
                return leaf(va, access, level, entry, target);
            }
            if ((entry & (A | D | U)) != 0) {
                return PAGE_FAULT;
            }
            table = target;
        }
        return PAGE_FAULT;
    }

    private long leaf(long va, int access, int level, long entry, long target) {
        long inside = (1L << GuestRam.PAGE_SHIFT + 9 * level) - 1;
        if (!permits(entry, access) || (target & inside) != 0) {
            return PAGE_FAULT;
        }
        long wanted = entry | A | (access == STORE ? D : 0);
        if (wanted != entry) {
            ram.write64((int) path[level], wanted);
        }
        long address = target | va & inside;
        if (ram.contains(address, 1)) {
            record(va, level);
        }
        return address;
    }

    private boolean permits(long entry, int access) {
        boolean userPage = (entry & U) != 0;
        if (user ? !userPage : userPage && (access == FETCH || !sum)) {
            return false;
        }
        return switch (access) {
            case FETCH -> (entry & X) != 0;
            case LOAD -> (entry & R) != 0 || mxr && (entry & X) != 0;
            default -> (entry & W) != 0;
        };
    }

    /// Remembers which entries the translation about to be cached comes from, and watches their pages.
    private void record(long va, int leafLevel) {
        if (walkedPages + 3 > WALKED_PAGES_MAX) {
            dropAll();
        }
        for (int level = 2; level >= leafLevel; level--) {
            int page = (int) path[level] >> GuestRam.PAGE_SHIFT;
            WalkedPage walk = walked[page];
            if (walk == null) {
                walk = new WalkedPage();
                walked[page] = walk;
                walkedPages++;
                watch(page, GuestRam.WATCH_PAGE_TABLE);
            }
            int slot = (int) path[level] >> 3 & 511;
            int key = (int) ((va >>> GuestRam.PAGE_SHIFT & (1 << 27) - 1) >>> 9 * level) << 2 | level + 1;
            if (walk.use[slot] == 0) {
                walk.use[slot] = key;
                walk.used++;
            } else if (walk.use[slot] != key) {
                walk.use[slot] = MANY;
            }
        }
    }

    /// Sets a watch flag on a RAM page, and sees to it that stores there are noticed from now on.
    public void watch(int page, byte flag) {
        for (long va = reverseMap.remove(page); va != ReverseMap.NONE; va = reverseMap.remove(page)) {
            dropStore(va);
        }
        ram.watchFlags()[page] |= flag;
    }

    private void dropStore(long va) {
        if (va != ReverseMap.NONE) {
            for (AddressSpace each : spaces) {
                each.dropStore(va);
            }
        }
    }

    /// Takes a watch flag off a RAM page.
    public void unwatch(int page, byte flag) {
        ram.watchFlags()[page] &= (byte) ~flag;
    }

    private void written(int offset, int length) {
        int page = offset >> GuestRam.PAGE_SHIFT;
        WalkedPage walk = walked[page];
        if (walk == null) {
            return;
        }
        int last = offset + length - 1 >> 3 & 511;
        boolean any = false;
        for (int slot = offset >> 3 & 511; slot <= last; slot++) {
            int key = walk.use[slot];
            if (key != 0) {
                walk.use[slot] = 0;
                walk.used--;
                drop(key, page);
                any = true;
            }
        }
        if (walk.used == 0) {
            walked[page] = null;
            walkedPages--;
            unwatch(page, GuestRam.WATCH_PAGE_TABLE);
        }
        if (any) {
            dropped.run();
        }
    }

    private void drop(int key, int page) {
        if (key == MANY) {
            for (AddressSpace each : spaces) {
                each.clear();
            }
            return;
        }
        int level = (key & 3) - 1;
        int shift = GuestRam.PAGE_SHIFT + 9 * level;
        long va = (long) (key >>> 2) << shift << 25 >> 25;
        long rootOfPage = GuestRam.BASE + ((long) page << GuestRam.PAGE_SHIFT);
        for (AddressSpace each : spaces) {
            if (each.root < 0 || level == 2 && each.root != rootOfPage) {
                continue;
            }
            if (level == 0) {
                each.dropPage(va);
            } else {
                each.dropRegion(va, shift);
            }
        }
    }

    private void dropStores() {
        for (AddressSpace each : spaces) {
            each.clearStores();
        }
    }

    /// Forgets every translation.
    public void dropAll() {
        for (AddressSpace each : spaces) {
            each.clear();
        }
        for (int page = 0; page < walked.length && walkedPages > 0; page++) {
            if (walked[page] != null) {
                walked[page] = null;
                walkedPages--;
                unwatch(page, GuestRam.WATCH_PAGE_TABLE);
            }
        }
        dropped.run();
    }

    private AddressSpace find(long wanted) {
        AddressSpace oldest = spaces[0];
        for (AddressSpace each : spaces) {
            if (each.root == wanted) {
                return each;
            }
            if (each.lastUse < oldest.lastUse) {
                oldest = each;
            }
        }
        oldest.clear();
        oldest.root = wanted;
        return oldest;
    }
}
