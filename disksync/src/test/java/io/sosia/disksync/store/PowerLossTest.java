package io.sosia.disksync.store;

import io.sosia.disksync.block.Partner;
import static org.assertj.core.api.Assertions.assertThat;

import io.sosia.disksync.block.ByteRange;
import io.sosia.disksync.block.DirtyMap;
import io.sosia.disksync.block.Geometry;
import io.sosia.disksync.block.Position;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// A disk that loses its power at random points, three times in a row, against a record of what was promised.
class PowerLossTest {
    private static final long EXTENT = Geometry.EXTENT_BYTES;
    private static final long SIZE = 24 * EXTENT;
    private static final int HOT_MAX = 4;

    @TempDir
    private Path temp;

    /// A write: what it put where, and the log position that its effects belong to (the next one reached).
    private record Written(ByteRange range, int value, long sequence) {
    }

    private final List<Written> sinceOpening = new ArrayList<>();
    private final Map<Long, Integer> flushed = new TreeMap<>();
    private DiskStore disk;
    private MemoryDataFile data = new MemoryDataFile();
    private long sequence;
    private long partnerHas;
    /// Everything the partner may lack; what it must be told of when it returns.
    private final List<Written> partnerLacks = new ArrayList<>();
    /// Blocks where this disk has lost a write, which the partner may have.
    private final DirtyMap lost = new DirtyMap();

    @ParameterizedTest(name = "seed {0}")
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
    void whatWasFlushedSurvivesAndWhatMayDifferIsKnown(long seed) throws IOException {
        Random random = new Random(seed);
        Path dir = temp.resolve("0");
        DiskStore.create(dir, Disks.BIRTH, SIZE);
        disk = open(dir);
        disk.joinedEqual(Disks.EQUAL, "both are empty");
        boolean keenPartner = seed % 2 == 0;
        for (int life = 1; life <= 3; life++) {
            int steps = random.nextInt(120);
            for (int i = 0; i < steps; i++) {
                step(random);
                if (keenPartner) {
                    disk.reached(new Position(1, ++sequence));
                    acknowledge(sequence);
                }
            }
            dir = loseThePower(dir, temp.resolve("" + life), random);
            checkAfterwards();
        }
        disk.close();
    }

    private DiskStore open(Path dir) throws IOException {
        return DiskStore.open(dir, Disks.settings(_ -> data, HOT_MAX));
    }

    private void step(Random random) throws IOException {
        switch (random.nextInt(12)) {
            case 0 -> {
                disk.flush();
                sinceOpening.forEach(written -> forEachSector(written.range(), at -> flushed.put(at, written.value())));
                sinceOpening.clear();
            }
            case 1, 2 -> disk.reached(new Position(1, ++sequence));
            case 3 -> acknowledge(sequence - random.nextInt(3));
            case 4 -> {
                if (random.nextInt(6) == 0) {
                    disk.split("seeded");
                }
            }
            default -> write(random);
        }
    }

    private void acknowledge(long upTo) {
        partnerHas = Math.max(partnerHas, upTo);
        disk.partnerDurable(new Position(1, partnerHas));
        if (disk.superBlock().partner() == Partner.IN_SYNC) {
            partnerLacks.removeIf(written -> written.sequence() <= partnerHas);
        }
    }

    private void write(Random random) throws IOException {
        long length = 512L * (1 + random.nextInt(20));
        long offset = random.nextLong(SIZE / 512) * 512;
        length = Math.min(length, SIZE - offset);
        int value = random.nextInt(256);
        Written written = new Written(new ByteRange(offset, length), value, sequence + 1);
        sinceOpening.add(written);
        partnerLacks.add(written);
        if (value == 0) {
            disk.discard(offset, length);
        } else {
            Disks.write(disk, offset, Disks.filled((int) length, value));
        }
    }

    private Path loseThePower(Path dir, Path after, Random random) throws IOException {
        Disks.copyAsItIs(dir, after, SIZE);
        MemoryDataFile survivor = data.afterPowerLoss(random);
        disk.close();
        data = survivor;
        disk = open(after);
        return after;
    }

    private void checkAfterwards() throws IOException {
        Position applied = disk.durablePosition();
        Map<Long, Integer> expected = new TreeMap<>(flushed);
        for (Written written : sinceOpening) {
            forEachSector(written.range(), at -> expected.remove(at));
        }
        Map<Long, Written> last = new TreeMap<>();
        sinceOpening.forEach(written -> forEachSector(written.range(), at -> last.put(at, written)));
        last.forEach((at, written) -> {
            if (written.sequence() <= applied.sequence()) {
                expected.put(at, written.value());
            }
        });
        for (Map.Entry<Long, Integer> sector : expected.entrySet()) {
            assertThat(Disks.read(disk, sector.getKey(), 512)).as("sector at %d, applied %s", sector.getKey(), applied)
                    .isEqualTo(Disks.filled(512, sector.getValue()));
        }
        startFromWhatSurvived(last, applied);
        DirtyMap inDoubt = new DirtyMap();
        partnerLacks.forEach(written -> inDoubt.mark(written.range()));
        inDoubt.markAll(lost);
        DirtyMap known = disk.suspects();
        inDoubt.forEachExtent((extent, blocks) -> assertThat(known.blocksOf(extent) & blocks)
                .as("blocks of extent %d where one disk has a write that the other may lack", extent).isEqualTo(blocks));
    }

    private void startFromWhatSurvived(Map<Long, Written> last, Position applied) throws IOException {
        for (long at : last.keySet()) {
            ByteBuffer into = ByteBuffer.allocate(512);
            disk.read(at, into);
            int found = into.get(0) & 0xff;
            if (found != last.get(at).value()) {
                lost.mark(new ByteRange(at, 512));
            }
            flushed.put(at, found);
        }
        sinceOpening.clear();
        sequence = Math.max(sequence, applied.sequence());
    }

    @FunctionalInterface
    private interface Sector {
        void at(long offset);
    }

    private static void forEachSector(ByteRange range, Sector sector) {
        for (long at = range.offset(); at < range.end(); at += 512) {
            sector.at(at);
        }
    }
}
