package io.sosia.disksync.store;

import static org.assertj.core.api.Assertions.assertThat;

import io.sosia.disksync.block.ByteRange;
import io.sosia.disksync.block.DirtyMap;
import io.sosia.disksync.block.GenerationId;
import io.sosia.disksync.block.Geometry;
import io.sosia.disksync.block.Position;
import io.sosia.disksync.block.ResyncMark;
import io.sosia.disksync.resync.ResyncMode;
import io.sosia.disksync.resync.ResyncPlan;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.UUID;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Pairs of disks through seeded histories of writes, power failures, splits and returns, a returning disk being ahead or behind:
/// what a resync copies has to cover every difference, always.
class ResyncSetTest {
    private static final long EXTENT = Geometry.EXTENT_BYTES;
    private static final long SIZE = 6 * EXTENT;
    private static final int HOT_MAX = 3;

    private record Write(long offset, int length, int value, long sequence) {}

    @TempDir
    private Path temp;
    private Random random;
    private int folders;
    private long epoch = 1;
    private long sequence;
    private Side primary;
    private Side backup;
    /// The log: written by the primary, not yet received by the backup.
    private final ArrayDeque<Write> unsent = new ArrayDeque<>();
    /// Received by the backup, not yet carried out.
    private final ArrayDeque<Write> received = new ArrayDeque<>();

    /// One node's disk.
    private final class Side {
        private final String name;
        private Path dir;
        private MemoryDataFile data = new MemoryDataFile();
        private DiskStore disk;

        Side(String name) throws IOException {
            this.name = name;
            this.dir = temp.resolve(name);
            DiskStore.create(dir, Disks.BIRTH, SIZE);
            disk = open();
        }

        private DiskStore open() throws IOException {
            return DiskStore.open(dir, Disks.settings(_ -> data, HOT_MAX));
        }

        void carryOut(Write write) throws IOException {
            if (write.value() == 0) {
                disk.discard(write.offset(), write.length());
            } else {
                Disks.write(disk, write.offset(), Disks.filled(write.length(), write.value()));
            }
        }

        void reached(long upTo) {
            disk.reached(new Position(epoch, upTo));
        }

        /// The process ends: in order, killed, or with the host's power.
        void end() throws IOException {
            switch (random.nextInt(3)) {
                case 0 -> {
                    disk.close();
                    disk = open();
                }
                case 1 -> lose(data.withAll());
                default -> lose(data.afterPowerLoss(random));
            }
        }

        private void lose(MemoryDataFile survivor) throws IOException {
            Path after = temp.resolve(name + ++folders);
            Disks.copyAsItIs(dir, after, SIZE);
            disk.close();
            data = survivor;
            dir = after;
            disk = open();
        }

        byte[] block(long number) {
            ByteBuffer block = ByteBuffer.allocate(Geometry.BLOCK_BYTES);
            data.read(number * Geometry.BLOCK_BYTES, block);
            return block.array();
        }
    }

    @ParameterizedTest(name = "seed {0}")
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12})
    void whatIsCopiedCoversEveryDifference(long seed) throws IOException {
        random = new Random(seed);
        primary = new Side("a");
        backup = new Side("b");
        GenerationId start = GenerationId.of(seed);
        primary.disk.joinedEqual(start, "equal images");
        backup.disk.joinedEqual(start, "equal images");
        for (int round = 1; round <= 4; round++) {
            together(random.nextInt(60));
            boolean primaryFails = random.nextBoolean();
            if (primaryFails) {
                // What the backup had not received is done by the primary alone: it is ahead.
                unsent.clear();
                while (!received.isEmpty()) {
                    backup.carryOut(received.remove());
                }
                Side failed = primary;
                primary = backup;
                backup = failed;
                epoch++;
            } else {
                unsent.clear();
                received.clear();
            }
            primary.disk.split("round " + round);
            alone(random.nextInt(40));
            backup.end();
            if (random.nextInt(4) == 0) {
                // The survivor's own process dies and comes back: still the newest copy of what it has flushed.
                primary.end();
                alone(random.nextInt(20));
            }
            resync(round);
        }
        primary.disk.close();
        backup.disk.close();
    }

    private Write write(Random from) {
        int length = 512 * (1 + from.nextInt(300));
        long offset = from.nextLong((SIZE - length) / 512) * 512;
        return new Write(offset, length, from.nextInt(5) == 0 ? 0 : 1 + from.nextInt(255), ++sequence);
    }

    private void together(int steps) throws IOException {
        for (int i = 0; i < steps; i++) {
            switch (random.nextInt(10)) {
                case 0 -> primary.disk.flush();
                case 1 -> backup.disk.flush();
                case 2, 3, 4 -> {
                    Write write = write(random);
                    primary.carryOut(write);
                    primary.reached(write.sequence());
                    unsent.add(write);
                }
                case 5, 6 -> {
                    while (!unsent.isEmpty() && random.nextInt(4) != 0) {
                        received.add(unsent.remove());
                    }
                }
                case 7, 8 -> {
                    while (!received.isEmpty() && random.nextInt(4) != 0) {
                        Write write = received.remove();
                        backup.carryOut(write);
                        backup.reached(write.sequence());
                    }
                }
                default -> {
                    primary.disk.partnerDurable(backup.disk.durablePosition());
                    backup.disk.partnerDurable(primary.disk.durablePosition());
                }
            }
        }
    }

    private void alone(int steps) throws IOException {
        for (int i = 0; i < steps; i++) {
            Write write = write(random);
            primary.carryOut(write);
            primary.reached(write.sequence());
            if (random.nextInt(8) == 0) {
                primary.disk.flush();
            }
        }
    }

    private void resync(int round) throws IOException {
        UUID session = new UUID(round, 1);
        if (random.nextInt(3) == 0) {
            // One that is interrupted when a part of it is done, by the end of either process.
            ResyncPlan first = plan("interrupted");
            copy(new UUID(round, 0), first, random.nextDouble());
            (random.nextBoolean() ? backup : primary).end();
            alone(random.nextInt(10));
        }
        ResyncPlan plan = plan("round " + round);
        copy(session, plan, 1);
        for (long block = 0; block < SIZE / Geometry.BLOCK_BYTES; block++) {
            assertThat(backup.block(block)).as("block %d after %s", block, plan.reason()).isEqualTo(primary.block(block));
        }
        primary.disk.beginJoin();
        backup.disk.received(new Position(epoch, sequence));
        together(random.nextInt(15));
        GenerationId joint = GenerationId.of(round, 77, sequence);
        primary.disk.joined(joint, "taken in");
        backup.disk.adopt(joint, "taken in");
    }

    /// Decides, and looks whether the decision covers every difference.
    private ResyncPlan plan(String when) throws IOException {
        ResyncPlan plan = ResyncPlan.of(primary.disk.view(), backup.disk.view(), Optional.empty(), false);
        for (long block = 0; block < SIZE / Geometry.BLOCK_BYTES; block++) {
            if (!plan.blocks().contains(block * Geometry.BLOCK_BYTES)) {
                assertThat(backup.block(block)).as("%s: block %d is not copied: %s", when, block, plan.reason())
                        .isEqualTo(primary.block(block));
            }
        }
        if (plan.mode() == ResyncMode.INCREMENTAL) {
            assertThat(plan.reason()).startsWith("incremental: ");
        }
        return plan;
    }

    private void copy(UUID session, ResyncPlan plan, double share) throws IOException {
        backup.disk.beginResync(new ResyncMark(session, primary.disk.superBlock().generations().current()), plan.reason());
        List<Long> blocks = new ArrayList<>();
        DirtyMap map = plan.blocks();
        map.forEachExtent((extent, bits) -> {
            for (long left = bits; left != 0; left &= left - 1) {
                blocks.add(extent * Geometry.BLOCKS_PER_EXTENT + Long.numberOfTrailingZeros(left));
            }
        });
        for (long block : blocks.subList(0, (int) (share * blocks.size()))) {
            ByteRange range = new ByteRange(block * Geometry.BLOCK_BYTES, Geometry.BLOCK_BYTES);
            backup.disk.receive(range.offset(), ByteBuffer.wrap(primary.block(block)));
        }
        backup.disk.flush();
    }
}
