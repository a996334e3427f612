package io.sosia.disksync.store;

import static org.assertj.core.api.Assertions.assertThat;

import io.sosia.disksync.block.GenerationId;
import io.sosia.disksync.block.Geometry;
import io.sosia.disksync.block.KnownBlocks;
import io.sosia.disksync.block.Position;
import io.sosia.disksync.block.ResyncMark;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Random;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// What is known of a disk's content is true, whatever happens, and outlives restarts.
class KnownHashesTest {
    private static final long EXTENT = Geometry.EXTENT_BYTES;
    private static final int BLOCK = Geometry.BLOCK_BYTES;
    private static final int EXTENTS = 6;
    private static final int HOT_MAX = 3;
    private static final long ALL = -1L;

    @TempDir
    private Path temp;
    private Path dir;
    private MemoryDataFile data = new MemoryDataFile();
    private DiskStore disk;
    private int lives;

    @BeforeEach
    void make() throws IOException {
        dir = temp.resolve("0");
        DiskStore.create(dir, Disks.BIRTH, EXTENTS * EXTENT);
        disk = open(HOT_MAX);
    }

    @AfterEach
    void close() throws IOException {
        disk.close();
    }

    private DiskStore open(int hotMax) throws IOException {
        return DiskStore.open(dir, Disks.settings(_ -> data, hotMax));
    }

    private void closeAndOpen() throws IOException {
        disk.close();
        disk = open(HOT_MAX);
    }

    private void crash(MemoryDataFile survivor) throws IOException {
        Path after = temp.resolve("" + ++lives);
        Disks.copyAsItIs(dir, after, EXTENTS * EXTENT);
        disk.close();
        data = survivor;
        dir = after;
        disk = open(HOT_MAX);
    }

    private void write(long offset) throws IOException {
        Disks.write(disk, offset, Disks.filled(512, 7));
    }

    private void compare(long extent) throws IOException {
        disk.know(disk.look(extent), ALL, Disks.hashes(disk, extent));
    }

    private long known(long extent) throws IOException {
        return Disks.trulyKnown(disk, extent, "now");
    }

    @Test
    void whatWasTheSameOnBothIsKnownUntilItIsWritten() throws IOException {
        assertThat(known(1)).isZero();
        disk.know(disk.look(1), 0b1011, Disks.hashes(disk, 1));
        assertThat(known(1)).isEqualTo(0b1011);
        write(EXTENT + BLOCK + 512);
        assertThat(known(1)).isEqualTo(0b1001);
        disk.discard(EXTENT - 512, 1024);
        assertThat(known(1)).isEqualTo(0b1000);
    }

    @Test
    void whatWasWrittenSinceTheLookIsNotKnown() throws IOException {
        ExtentLook look = disk.look(0);
        long[] hashes = Disks.hashes(disk, 0);
        write(2 * BLOCK);
        disk.know(look, ALL, hashes);
        assertThat(known(0)).isEqualTo(~0b100L);
    }

    @Test
    void anEarlierLookSaysNothing() throws IOException {
        ExtentLook earlier = disk.look(0);
        long[] hashes = Disks.hashes(disk, 0);
        disk.look(1);
        write(0);
        disk.know(earlier, ALL, hashes);
        assertThat(known(0)).isZero();
    }

    @Test
    void blockThatDiffersStaysKnownAsItWas() throws IOException {
        compare(0);
        long[] rotten = Disks.hashes(disk, 0);
        rotten[0]++;
        disk.know(disk.look(0), ~1L, rotten);
        assertThat(known(0)).isEqualTo(ALL);
    }

    @Test
    void itOutlivesAnOrderlyEndWhateverThePartnerLacks() throws IOException {
        disk.joinedEqual(Disks.EQUAL, "for the test");
        compare(0);
        write(0);
        compare(1);
        closeAndOpen();
        assertThat(disk.suspects().count()).as("whole extents").isEqualTo(64);
        assertThat(known(0)).isEqualTo(~1L);
        assertThat(known(1)).isEqualTo(ALL);
        closeAndOpen();
        assertThat(known(0)).isEqualTo(~1L);
    }

    @Test
    void afterACrashItIsKnownOfWhatWasNotWrittenSince() throws IOException {
        disk.joinedEqual(Disks.EQUAL, "for the test");
        write(0);
        write(EXTENT);
        disk.reached(new Position(1, 1));
        disk.flush();
        disk.partnerDurable(new Position(1, 1));
        compare(0);
        compare(1);
        compare(2);
        write(EXTENT + 5 * BLOCK);
        crash(data.withAll());
        assertThat(known(0)).as("written before, and durable on both").isEqualTo(ALL);
        assertThat(known(1)).as("written since").isZero();
        assertThat(known(2)).as("never written").isEqualTo(ALL);
    }

    @Test
    void whatIsNotYetDurableIsNotKnownAfterACrash() throws IOException {
        write(0);
        compare(0);
        assertThat(known(0)).isEqualTo(ALL);
        crash(data.withAll());
        assertThat(known(0)).isZero();
    }

    @Test
    void whatAResyncWritesIsForgottenAndTheRestIsNot() throws IOException {
        compare(0);
        compare(1);
        disk.beginResync(new ResyncMark(new UUID(3, 4), new GenerationId(5)), "for the test");
        disk.receive(EXTENT + 3 * BLOCK, ByteBuffer.wrap(Disks.filled(BLOCK, 9)));
        disk.received(new Position(1, 1));
        disk.adopt(new GenerationId(6), "for the test");
        assertThat(known(0)).isEqualTo(ALL);
        assertThat(known(1)).isZero();
        crash(data.withAll());
        assertThat(known(0)).isEqualTo(ALL);
        assertThat(known(1)).isZero();
    }

    @Test
    void nothingIsKnownAfterAResyncThatACrashHasCutShort() throws IOException {
        compare(0);
        compare(1);
        disk.beginResync(new ResyncMark(new UUID(3, 4), new GenerationId(5)), "for the test");
        disk.receive(EXTENT, ByteBuffer.wrap(Disks.filled(BLOCK, 9)));
        crash(data.withAll());
        assertThat(known(0)).isZero();
        assertThat(known(1)).isZero();
    }

    @Test
    void aWriteCostsNoSyncMore() throws IOException {
        for (long extent = 0; extent < EXTENTS; extent++) {
            compare(extent);
        }
        int syncs = data.syncs();
        write(0);
        compare(0);
        write(0);
        assertThat(data.syncs()).isEqualTo(syncs);
    }

    /// Writes, discards, flushes, looks and late answers, crashes of both kinds, orderly ends, partners that come and go.
    @ParameterizedTest(name = "seed {0}")
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12})
    void itIsNeverWrong(long seed) throws IOException {
        Random random = new Random(seed);
        disk.joinedEqual(Disks.EQUAL, "seeded");
        long knownAfterCrashes = 0;
        long sequence = 0;
        for (int life = 0; life < 5; life++) {
            ExtentLook look = disk.look(0);
            long[] seen = Disks.hashes(disk, 0);
            for (int step = random.nextInt(100); step > 0; step--) {
                switch (random.nextInt(10)) {
                    case 0 -> disk.flush();
                    case 1, 2 -> {
                        look = disk.look(random.nextInt(EXTENTS));
                        seen = Disks.hashes(disk, look.extent());
                    }
                    case 3, 4 -> disk.know(look, random.nextLong() | random.nextLong(), seen);
                    case 5 -> disk.reached(new Position(1, ++sequence));
                    case 6 -> disk.partnerDurable(new Position(1, Math.max(0, sequence - random.nextInt(2))));
                    case 7 -> leaveOrJoin(random, seed * 1_000 + life * 100 + step);
                    default -> change(random);
                }
            }
            switch (random.nextInt(3)) {
                case 0 -> closeAndOpen();
                case 1 -> crash(data.withAll());
                default -> crash(data.afterPowerLoss(random));
            }
            sequence = Math.max(sequence, disk.durablePosition().sequence());
            for (long extent = 0; extent < EXTENTS; extent++) {
                knownAfterCrashes += Long.bitCount(Disks.trulyKnown(disk, extent, "seed " + seed + ", life " + life));
            }
        }
        assertThat(knownAfterCrashes).as("seed %d: blocks known after crashes", seed).isPositive();
    }

    private void leaveOrJoin(Random random, long generation) throws IOException {
        switch (random.nextInt(6)) {
            case 0 -> disk.split("seeded");
            case 1 -> disk.joinedEqual(GenerationId.of(generation), "seeded");
            default -> { }
        }
    }

    private void change(Random random) throws IOException {
        long offset = random.nextLong(EXTENTS * EXTENT / 512) * 512;
        int length = (int) Math.min(512L * (1 + random.nextInt(300)), EXTENTS * EXTENT - offset);
        if (random.nextInt(4) == 0) {
            disk.discard(offset, length);
        } else {
            Disks.write(disk, offset, Disks.filled(length, 1 + random.nextInt(255)));
        }
    }

    @Test
    void hashesOfBlocksAreFoundByTheirNumber() {
        KnownBlocks some = KnownBlocks.NOTHING.with(0b101, new long[] {11, 12, 13});
        assertThat(some).isEqualTo(new KnownBlocks(0b101, new long[] {11, 13}));
        assertThat(some.with(0b110, new long[] {21, 22, 23})).isEqualTo(new KnownBlocks(0b111, new long[] {11, 22, 23}));
        assertThat(some.without(0b001)).isEqualTo(new KnownBlocks(0b100, new long[] {13}));
        assertThat(some.hash(2)).isEqualTo(13);
        assertThat(some.has(1)).isFalse();
    }
}
