package io.sosia.appliance.node;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashSet;
import java.util.Set;

/// A disk on which a [WritingGuest] has run, switched on once or more often, and what must and may be on it.
public final class WrittenDisk {

    /// How many writes more than were seen it may have made before it was switched off.
    private static final long UNSEEN_MAX = 1_000_000;

    private final ByteBuffer disk;
    private final ByteBuffer original;
    private final int pages;

    private WrittenDisk(ByteBuffer disk, ByteBuffer original) {
        this.disk = disk.order(ByteOrder.LITTLE_ENDIAN);
        this.original = original.order(ByteOrder.LITTLE_ENDIAN);
        this.pages = disk.capacity() / WritingGuest.PAGE_BYTES;
    }

    /// @param original what it began with
    public static WrittenDisk read(Path disk, Path original) throws IOException {
        return new WrittenDisk(bytes(disk), bytes(original));
    }

    private static ByteBuffer bytes(Path path) throws IOException {
        try (FileChannel file = FileChannel.open(path)) {
            return file.map(FileChannel.MapMode.READ_ONLY, 0, file.size());
        }
    }

    /// Checks that every page is as it was or as the guest writes it, and that the disk holds all that the guest has written since
    /// it was last switched on.
    ///
    /// @param seen writes since then that are known to have been asked for
    public void check(long seen) {
        long all = writesSinceSwitchedOn(seen);
        Set<Long> written = new HashSet<>();
        long number = WritingGuest.FIRST;
        for (long i = 0; i < all + UNSEEN_MAX; i++) {
            number = WritingGuest.next(number);
            written.add(number);
        }
        for (int page = 0; page < pages; page++) {
            checkPage(page, written);
        }
    }

    /// The number of writes after which the guest has left the disk as it is now: at least as many as were seen.
    private long writesSinceSwitchedOn(long seen) {
        long[] expected = new long[pages];
        Arrays.fill(expected, -1);
        long number = WritingGuest.FIRST;
        int wrong = 0;
        for (long writes = 1; writes <= seen + UNSEEN_MAX; writes++) {
            number = WritingGuest.next(number);
            int page = page(number);
            long found = number(page);
            if (expected[page] != -1 && expected[page] != found) {
                wrong--;
            }
            expected[page] = number;
            if (found != number) {
                wrong++;
            }
            if (writes >= seen && wrong == 0) {
                return writes;
            }
        }
        throw new AssertionError("the disk is not as the guest leaves it, neither after " + seen + " writes nor after any more");
    }

    private void checkPage(int page, Set<Long> written) {
        int at = page * WritingGuest.PAGE_BYTES;
        ByteBuffer found = disk.slice(at, WritingGuest.PAGE_BYTES);
        ByteBuffer before = original.slice(at, WritingGuest.PAGE_BYTES);
        if (found.equals(before)) {
            return;
        }
        long number = number(page);
        assertThat(written.contains(number) && page(number) == page).as("page %d begins with %x", page, number).isTrue();
        ByteBuffer expected = ByteBuffer.allocate(WritingGuest.PAGE_BYTES).order(ByteOrder.LITTLE_ENDIAN)
                .putLong(0, number).putLong(WritingGuest.AGAIN, number)
                .put(WritingGuest.WRITTEN_BYTES, before, WritingGuest.WRITTEN_BYTES,
                        WritingGuest.PAGE_BYTES - WritingGuest.WRITTEN_BYTES);
        assertThat(found.mismatch(expected)).as("first byte of page %d, number %x, that is not as written", page, number)
                .isEqualTo(-1);
    }

    private int page(long number) {
        return (int) (number & pages - 1);
    }

    private long number(int page) {
        return disk.getLong(page * WritingGuest.PAGE_BYTES);
    }
}
