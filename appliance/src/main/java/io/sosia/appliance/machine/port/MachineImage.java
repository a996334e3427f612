package io.sosia.appliance.machine.port;

import java.io.IOException;

/// A machine's state in pieces small enough to be moved while it runs: RAM page by page, then all the rest in one go.
///
/// Of the machine that runs, pages are taken between two slices; each write makes its page *changed* again. Into a machine just
/// built, all pages are put and then the rest; it then continues bit-identically. One thread at a time, the machine's.
public interface MachineImage {

    /// Bytes in a page.
    int PAGE_BYTES = 4096;

    /// Pages of RAM.
    int pages();

    /// From now on every page counts as changed.
    void markAllChanged();

    /// How many pages count as changed.
    int changedPages();

    /// The first changed page from `page` on; -1 when there is none.
    int nextChanged(int page);

    /// Copies a page out; it does not count as changed any more.
    ///
    /// @return false when the page holds nothing but zeroes: nothing was copied then
    boolean take(int page, byte[] into, int at);

    /// Everything but RAM, as it is now.
    ///
    /// @throws IllegalStateException when outputs wait to be drained
    byte[] state();

    /// Puts a page into a machine just built.
    void put(int page, byte[] from, int at);

    /// Makes a page of a machine just built zero.
    void putZero(int page);

    /// What [#state] gave, into a machine just built whose pages have been put.
    ///
    /// @throws IOException when it is not the state of such a machine; the machine is of no use then
    void restore(byte[] state) throws IOException;
}
