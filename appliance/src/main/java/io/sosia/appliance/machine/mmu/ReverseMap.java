package io.sosia.appliance.machine.mmu;

import io.sosia.appliance.machine.memory.GuestRam;
import java.util.Arrays;

/// By which virtual addresses each page of RAM may be in a table of writable pages: so it is found there without a search.
///
/// A page has two at most, as it is written by a kernel's own address of it and by a process's. One more takes the place of the older, and
/// whoever adds it drops that from the tables.
final class StorePlaces {

    /// No address of a page.
    static final long NONE = -1;

    private static final int PLACES = 2;
    private static final int NOWHERE = Integer.MIN_VALUE;

    /// Numbers of virtual pages, the latest first: Sv39's have 27 bits, those without translation are RAM's.
    private final int[] places;

    StorePlaces(int pages) {
        places = new int[PLACES * pages];
        Arrays.fill(places, NOWHERE);
    }

    /// Adds an address.
    ///
    /// @param page of RAM
    /// @return the one it has taken the place of, or [#NONE]
    long add(int page, long va) {
        int place = (int) (va >> GuestRam.PAGE_SHIFT);
        int latest = places[PLACES * page];
        if (place == latest) {
            return NONE;
        }
        int older = places[PLACES * page + 1];
        places[PLACES * page] = place;
        places[PLACES * page + 1] = latest;
        return place == older ? NONE : address(older);
    }

    /// Takes the latest address away.
    ///
    /// @return it, or [#NONE]
    long remove(int page) {
        int latest = places[PLACES * page];
        places[PLACES * page] = places[PLACES * page + 1];
        places[PLACES * page + 1] = NOWHERE;
        return address(latest);
    }

    private static long address(int place) {
        return place == NOWHERE ? NONE : (long) place << GuestRam.PAGE_SHIFT;
    }
}
