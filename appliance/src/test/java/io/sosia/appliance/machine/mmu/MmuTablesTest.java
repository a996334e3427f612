package io.sosia.appliance.machine.mmu;

import static org.assertj.core.api.Assertions.assertThat;

import io.sosia.appliance.machine.exec.PageTables;
import io.sosia.appliance.machine.memory.GuestRam;
import io.sosia.appliance.machine.memory.NativeMemory;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.function.LongConsumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// What the tables say is what a walk would find, and nobody writes to a watched page unnoticed, whatever happens in whatever order.
class MmuTablesTest {

    private static final int RIGHTS = PageTables.V | PageTables.R | PageTables.W | PageTables.X | PageTables.A | PageTables.D;
    private static final int[] ACCESSES = {Mmu.FETCH, Mmu.LOAD, Mmu.STORE};
    /// As far apart as pages are that have the same entry of a table.
    private static final long SAME_ENTRY = (long) Tlb.ENTRIES << GuestRam.PAGE_SHIFT;
    private static final int REGION = 2 << 20;
    private static final int RAM_BYTES = 4 * REGION;
    /// RAM pages that are mapped one by one.
    private static final int PAGES = 24;
    /// First of the RAM pages that hold page tables: the last region's.
    private static final long TABLES = GuestRam.BASE + RAM_BYTES - REGION;
    /// Regions of the address space whose pages are mapped one by one, the last one its end; and such as are mapped as a whole, of 2 MiB
    /// and of 1 GiB.
    private static final long[] REGIONS = {0, SAME_ENTRY, 1L << 30, -REGION};
    private static final long[] LARGE = {REGION, SAME_ENTRY + REGION, 3L << 30};
    private static final long[] HUGE = {5L << 30, 6L << 30};
    /// Instead of a level: without translation.
    private static final int BARE = -1;

    private final GuestRam ram = new GuestRam(RAM_BYTES);
    private final Mmu mmu = new Mmu(ram, () -> {});

    @Test
    void aPageIsWatchedByWhateverAddressItWasWritten() {
        PageTables[] spaces = {new PageTables(ram, TABLES), new PageTables(ram, TABLES + REGION / 2)};
        // Each with an entry of its own.
        long[] addresses = {0, SAME_ENTRY + GuestRam.PAGE_SIZE, (1L << 30) + 2 * GuestRam.PAGE_SIZE, -GuestRam.PAGE_SIZE};
        long page = GuestRam.BASE + 5 * GuestRam.PAGE_SIZE;
        for (PageTables each : spaces) {
            for (long va : addresses) {
                each.map(va, page, 0, RIGHTS);
            }
        }
        for (int round = 0; round < 3; round++) {
            inAllViews(spaces, addresses, va -> {
                assertThat(mmu.translate(va, Mmu.STORE)).isEqualTo(page);
                assertThat(mmu.probe(va, Mmu.STORE)).as("entered").isEqualTo(GuestRam.offset(page));
            });
            mmu.watch(5, GuestRam.WATCH_CODE);
            inAllViews(spaces, addresses, va -> assertThat(mmu.probe(va, Mmu.STORE)).as("dropped").isEqualTo(-1));
            inAllViews(spaces, addresses, va -> {
                assertThat(mmu.translate(va, Mmu.STORE)).isEqualTo(page);
                assertThat(mmu.probe(va, Mmu.STORE)).as("watched").isEqualTo(-1);
            });
            mmu.unwatch(5, GuestRam.WATCH_CODE);
        }
    }

    @Test
    void eachTableOfFetchesHasAKeyOfItsOwn() {
        Set<Long> keys = new HashSet<>();
        Set<Long> tables = new HashSet<>();
        for (int i = 0; i < 8; i++) {
            for (boolean user : new boolean[] {false, true}) {
                mmu.select(new PageTables(ram, TABLES + i * 20L * GuestRam.PAGE_SIZE).satp(), user, false, false);
                keys.add(mmu.fetchKey());
                tables.add(mmu.fetches());
            }
        }
        assertThat(tables).hasSize(16);
        assertThat(keys).hasSize(16);
    }

    private void inAllViews(PageTables[] spaces, long[] addresses, LongConsumer check) {
        for (long va : addresses) {
            for (PageTables each : spaces) {
                for (boolean sum : new boolean[] {false, true}) {
                    mmu.select(each.satp(), false, sum, false);
                    check.accept(va);
                }
            }
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4})
    void theTablesSayWhatAWalkWouldFind(long seed) {
        Random random = new Random(seed);
        PageTables[] spaces = new PageTables[20];
        for (int i = 0; i < spaces.length; i++) {
            spaces[i] = new PageTables(ram, TABLES + i * 20L * GuestRam.PAGE_SIZE);
        }
        int known = 0;
        int recent = 0;
        Map<Long, Map<Long, Long>> fetched = new HashMap<>();
        int kept = 0;
        for (int i = 0; i < 100_000; i++) {
            PageTables space = spaces[random.nextInt(random.nextInt(spaces.length) + 1)];
            boolean bare = random.nextInt(8) == 0;
            mmu.select(bare ? 0 : space.satp(), false, random.nextBoolean(), random.nextInt(8) == 0);
            int level = bare ? BARE : random.nextInt(3);
            long va = address(random, level);
            switch (random.nextInt(40)) {
                case 0 -> change(random, space, va, level);
                case 1 -> mmu.watch(random.nextInt(PAGES), GuestRam.WATCH_CODE);
                case 2 -> ram.clean(random.nextInt(PAGES), GuestRam.DIRTY_CLONE);
                case 3 -> {
                    for (int page = 0; page < PAGES; page++) {
                        mmu.unwatch(page, GuestRam.WATCH_CODE);
                    }
                }
                default -> {
                    int access = ACCESSES[random.nextInt(ACCESSES.length)];
                    assertThat(mmu.translate(va, access)).as("seed %d, round %d, 0x%x", seed, i, va).isEqualTo(bare ? va : walk(space, va));
                }
            }
            for (boolean stores : new boolean[] {false, true}) {
                recent += checkRecent(random, bare ? null : space, stores);
                keepRecent(random, va, stores);
            }
            Map<Long, Long> sameKey = fetched.computeIfAbsent(mmu.fetchKey(), _ -> new HashMap<>());
            for (Map.Entry<Long, Long> each : sameKey.entrySet()) {
                kept++;
                long expected = bare ? each.getKey() : walk(space, each.getKey());
                assertThat(each.getValue()).as("seed %d, round %d, 0x%x", seed, i, each.getKey()).isEqualTo(expected);
            }
            if (mmu.probe(va, Mmu.FETCH) >= 0) {
                sameKey.put(va, GuestRam.BASE + mmu.probe(va, Mmu.FETCH));
            }
            long any = address(random, bare ? BARE : random.nextInt(3));
            long expected = bare ? any : walk(space, any);
            for (int access : ACCESSES) {
                int offset = mmu.probe(any, access);
                if (offset >= 0) {
                    known++;
                    assertThat(GuestRam.BASE + offset).as("seed %d, round %d, 0x%x", seed, i, any).isEqualTo(expected);
                    int page = offset >> GuestRam.PAGE_SHIFT;
                    assertThat(access == Mmu.STORE && isUnnoticed(page)).as("seed %d, round %d, page %d", seed, i, page).isFalse();
                }
            }
        }
        assertThat(known).isGreaterThan(1000);
        assertThat(recent).isGreaterThan(1000);
        assertThat(kept).isGreaterThan(1000);
    }

    /// Copies what the tables say of an address to a recent entry, as translated code does.
    private void keepRecent(Random random, long va, boolean stores) {
        long table = table(stores);
        if (Tlb.probe(table, va) != 0) {
            long from = Tlb.entry(table, va);
            long to = table + Tlb.recent(random.nextInt(Tlb.RECENT_ENTRIES));
            NativeMemory.putLong(to, NativeMemory.getLong(from));
            NativeMemory.putLong(to + Tlb.ADDEND, NativeMemory.getLong(from + Tlb.ADDEND));
        }
    }

    /// Looks at some recent entries.
    ///
    /// @param space null without translation
    /// @return how many of them hold anything
    private int checkRecent(Random random, PageTables space, boolean stores) {
        int held = 0;
        for (int i = 0; i < 8; i++) {
            long entry = table(stores) + Tlb.recent(random.nextInt(Tlb.RECENT_ENTRIES));
            long va = NativeMemory.getLong(entry);
            if (va == -1) {
                continue;
            }
            held++;
            long offset = va + NativeMemory.getLong(entry + Tlb.ADDEND) - ram.address();
            assertThat(GuestRam.BASE + offset).as("0x%x", va).isEqualTo(space == null ? va : walk(space, va));
            int page = (int) offset >> GuestRam.PAGE_SHIFT;
            assertThat(stores && isUnnoticed(page)).as("page %d", page).isFalse();
        }
        return held;
    }

    private long table(boolean stores) {
        return mmu.loads() + (stores ? Tlb.WRITABLE : 0);
    }

    /// Whether writes to a page have to be noticed, but are not where it is among the writable ones.
    private boolean isUnnoticed(int page) {
        return ram.watchFlags()[page] != 0 || !ram.isDirty(page, GuestRam.DIRTY_CLONE);
    }

    /// @param level at which it is mapped
    private static long address(Random random, int level) {
        long page = random.nextBoolean() ? REGION - GuestRam.PAGE_SIZE : (long) random.nextInt(8) << GuestRam.PAGE_SHIFT;
        long[] regions = switch (level) {
            case BARE -> new long[] {GuestRam.BASE};
            case 0 -> REGIONS;
            case 1 -> LARGE;
            default -> HUGE;
        };
        long region = regions[random.nextInt(regions.length)] + (level == 2 ? random.nextInt(RAM_BYTES / REGION) * REGION : 0);
        return region + page + random.nextInt(GuestRam.PAGE_SIZE);
    }

    /// Maps a page or a region somewhere else, or nowhere.
    private static void change(Random random, PageTables space, long va, int level) {
        int rights = random.nextInt(4) == 0 ? 0 : RIGHTS;
        switch (level) {
            case BARE -> {}
            case 0 -> space.map(va, GuestRam.BASE + (long) random.nextInt(PAGES) * GuestRam.PAGE_SIZE, level, rights);
            case 1 -> space.map(va, GuestRam.BASE + (long) random.nextInt(3) * REGION, level, rights);
            default -> space.map(va, GuestRam.BASE, level, rights);
        }
    }

    /// Where the page tables lead, all of whose pages have all rights.
    private long walk(PageTables space, long va) {
        long table = (space.satp() & (1L << 44) - 1) << GuestRam.PAGE_SHIFT;
        for (int level = 2; level >= 0; level--) {
            int shift = GuestRam.PAGE_SHIFT + 9 * level;
            long entry = ram.read64(GuestRam.offset(table + 8 * (va >>> shift & 511)));
            long target = entry >>> 10 << GuestRam.PAGE_SHIFT;
            if ((entry & PageTables.V) == 0) {
                return Mmu.PAGE_FAULT;
            }
            if ((entry & PageTables.R) != 0) {
                return target | va & (1L << shift) - 1;
            }
            table = target;
        }
        return Mmu.PAGE_FAULT;
    }
}
