package io.sosia.appliance.node;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class WrittenDiskTest {

    private static final int PAGES = 64;

    @TempDir
    private Path folder;
    private Path original;
    private byte[] disk;

    @BeforeEach
    void writeOriginal() throws IOException {
        disk = new byte[PAGES * WritingGuest.PAGE_BYTES];
        new Random(7).nextBytes(disk);
        original = Files.write(folder.resolve("original"), disk);
    }

    private int run(int writes) {
        long number = WritingGuest.FIRST;
        for (int i = 0; i < writes; i++) {
            number = WritingGuest.next(number);
            int at = (int) (number & PAGES - 1) * WritingGuest.PAGE_BYTES;
            ByteBuffer page = ByteBuffer.allocate(WritingGuest.WRITTEN_BYTES).order(ByteOrder.LITTLE_ENDIAN)
                    .putLong(0, number).putLong(WritingGuest.AGAIN, number);
            System.arraycopy(page.array(), 0, disk, at, page.capacity());
        }
        return (int) (number & PAGES - 1) * WritingGuest.PAGE_BYTES;
    }

    private void check(long seen) throws IOException {
        WrittenDisk.read(Files.write(folder.resolve("disk"), disk), original).check(seen);
    }

    @Test
    void takesWhatTheGuestLeavesAlsoAfterAnEarlierRun() throws IOException {
        run(150);
        run(20);
        check(17);
        check(20);
    }

    @Test
    void missesAWriteThatWasSeenAndIsNotThere() {
        int last = run(150);
        System.arraycopy(new byte[8], 0, disk, last, 8);
        assertThatThrownBy(() -> check(150)).hasMessageContaining("not as the guest leaves it");
    }

    @Test
    void missesAPageOfWhichOnlyPartWasWritten() {
        int last = run(20);
        disk[last + WritingGuest.AGAIN + 3] ^= 1;
        assertThatThrownBy(() -> check(20)).hasMessageContaining("that is not as written");
    }

    @Test
    void missesAChangeWhereTheGuestWritesNothing() {
        run(20);
        disk[WritingGuest.PAGE_BYTES - 1] ^= 1;
        assertThatThrownBy(() -> check(20)).isInstanceOf(AssertionError.class);
    }
}
