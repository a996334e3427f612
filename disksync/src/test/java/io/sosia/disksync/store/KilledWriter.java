package io.sosia.disksync.store;

import io.sosia.disksync.block.Geometry;
import io.sosia.disksync.block.Position;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Random;

/// The program that [KillTest] kills: writes numbered sectors for ever, keeps what some extents hold, and says on its output what has been promised.
final class KilledWriter {
    static final long SIZE = 64L * Geometry.EXTENT_BYTES;
    static final int FLUSH_EVERY = 7;
    private static final int HOT_MAX = 8;

    private KilledWriter() {
    }

    /// Where write `number` goes.
    static long offsetOf(long seed, long number) {
        return new Random(seed * 1_000_003 + number).nextLong(SIZE / 512) * 512;
    }

    /// Arguments: directory, seed.
    public static void main(String[] args) throws IOException {
        long seed = Long.parseLong(args[1]);
        DiskStore disk = DiskStore.open(Path.of(args[0]),
                new DiskStore.Settings(LinuxDataFile::open, Writeback.Limits.DEFAULT, HOT_MAX));
        ByteBuffer sector = ByteBuffer.allocate(512);
        for (long number = 1; ; number++) {
            sector.clear().putLong(0, number);
            disk.write(offsetOf(seed, number), sector);
            disk.reached(new Position(1, number));
            if (number % FLUSH_EVERY == 0) {
                disk.flush();
                disk.partnerDurable(new Position(1, number / 2));
                ExtentLook look = disk.look(number % (SIZE / Geometry.EXTENT_BYTES));
                disk.know(look, -1L, Disks.hashes(disk, look.extent()));
                System.out.print(number + "\n");
                System.out.flush();
            }
        }
    }
}
