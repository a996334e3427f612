package io.sosia.appliance.machine.mmu;

import io.sosia.appliance.machine.memory.GuestRam;
import java.util.Arrays;

/// By which virtual addresses each page of RAM may be in a table of writable pages, so that it is found there without a search.
///
/// A page has two at most: usually it is written by a kernel's own address of it and by a process's. One more takes the place of the older,
/// and whoever adds it drops that from the tables. What is dropped from the tables for other reasons stays here until then: an address that
/// a page is entered by is always here, one that is here need not be entered.
final class ReverseMap {

    /// No address of a page.
    static final long NONE = -1;

    private static final int PER_PAGE = 2;
    private static final int NOWHERE = Integer.MIN_VALUE;

    /// Numbers of virtual pages, the latest first: Sv39's have 27 bits, those without translation are RAM's.
    private final int[] numbers;

    ReverseMap(int pages) {
        numbers = new int[PER_PAGE * pages];
        Arrays.fill(numbers, NOWHERE);
    }

    /// Adds an address.
    ///
    /// @param page of RAM
    /// @return the one it has taken the place of, or [#NONE]
    long add(int page, long va) {
        int number = (int) (va >> GuestRam.PAGE_SHIFT);
        int latest = numbers[PER_PAGE * page];
        if (number == latest) {
            return NONE;
        }
        int older = numbers[PER_PAGE * page + 1];
        numbers[PER_PAGE * page] = number;
        numbers[PER_PAGE * page + 1] = latest;
        return number == older ? NONE : address(older);
    }

    /// Takes the latest address away.
    ///
    /// @return it, or [#NONE]
    long remove(int page) {
        int latest = numbers[PER_PAGE * page];
        numbers[PER_PAGE * page] = numbers[PER_PAGE * page + 1];
        numbers[PER_PAGE * page + 1] = NOWHERE;
        return address(latest);
    }

    private static long address(int number) {
        return number == NOWHERE ? NONE : (long) number << GuestRam.PAGE_SHIFT;
    }
}
