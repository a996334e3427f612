package io.sosia.appliance.disk;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import io.sosia.appliance.machine.port.DiskStatus;
import io.sosia.appliance.machine.port.MachineInput.DiskCompleted;
import io.sosia.appliance.machine.port.MachineOutput.ByteRange;
import io.sosia.appliance.machine.port.MachineOutput.DiskDiscard;
import io.sosia.appliance.machine.port.MachineOutput.DiskFlush;
import io.sosia.appliance.machine.port.MachineOutput.DiskRead;
import io.sosia.appliance.machine.port.MachineOutput.DiskWrite;
import io.sosia.appliance.machine.port.MachineOutput.DiskWriteZeroes;
import io.sosia.disksync.block.GenerationId;
import io.sosia.disksync.block.Position;
import io.sosia.disksync.store.DiskBirth;
import io.sosia.disksync.store.DiskStore;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(240)
class DiskExecutorTest {
    private static final int SIZE = 1 << 20;
    private static final Consumer<Throwable> SOUND = cause -> {
        throw new AssertionError(cause);
    };

    private final BlockingQueue<DiskCompleted> done = new LinkedBlockingQueue<>();
    private final FaultyDisk disk = new FaultyDisk(SIZE);

    private DiskExecutor executor(DiskExecutor.Settings settings) {
        return new DiskExecutor(disk, settings, done::add, SOUND);
    }

    private static byte[] filled(int length, int value) {
        byte[] bytes = new byte[length];
        Arrays.fill(bytes, (byte) value);
        return bytes;
    }

    @Test
    void overlappingRequestsHaveTheOutcomeOfTheirOrder() throws Exception {
        long seed = 11;
        Random random = new Random(seed);
        byte[] model = new byte[SIZE];
        byte[][] expected = new byte[2_000][];
        try (DiskExecutor executor = executor(DiskExecutor.Settings.PRIMARY)) {
            for (int id = 0; id < expected.length; id++) {
                int offset = random.nextInt(64) * 512;
                int length = (1 + random.nextInt(16)) * 512;
                switch (random.nextInt(5)) {
                    case 0 -> {
                        expected[id] = Arrays.copyOfRange(model, offset, offset + length);
                        executor.submit(new DiskRead(id, offset, length));
                    }
                    case 1 -> {
                        Arrays.fill(model, offset, offset + length, (byte) 0);
                        executor.submit(new DiskDiscard(id, List.of(new ByteRange(offset, length))));
                    }
                    case 2 -> {
                        Arrays.fill(model, offset, offset + length, (byte) 0);
                        executor.submit(new DiskWriteZeroes(id, List.of(new ByteRange(offset, length)), true));
                    }
                    case 3 -> executor.submit(new DiskFlush(id));
                    default -> {
                        Arrays.fill(model, offset, offset + length, (byte) id);
                        executor.submit(new DiskWrite(id, offset, filled(length, id)));
                    }
                }
            }
            executor.drain();
            assertThat(executor.pending()).isZero();
        }
        assertThat(done).as("seed %d", seed).hasSize(expected.length).allSatisfy(each -> {
            assertThat(each.status()).isEqualTo(DiskStatus.OK);
            byte[] data = expected[(int) each.requestId()];
            assertThat(each.data()).as("request %d", each.requestId()).isEqualTo(data == null ? new byte[0] : data);
        });
        assertThat(done.stream().map(DiskCompleted::requestId).distinct()).hasSize(expected.length);
    }

    @Test
    void readsDoNotWaitForAFlushAndAFlushEndsOnlyWhenDurable() throws Exception {
        CountDownLatch durable = disk.holdFlushes();
        try (DiskExecutor executor = executor(DiskExecutor.Settings.PRIMARY)) {
            executor.submit(new DiskWrite(1, 0, filled(512, 3)));
            executor.submit(new DiskFlush(2));
            executor.submit(new DiskRead(3, 0, 512));
            assertThat(done.take().requestId()).isEqualTo(1);
            DiskCompleted read = done.take();
            assertThat(read.requestId()).isEqualTo(3);
            assertThat(read.data()).containsOnly(3);
            assertThat(done).isEmpty();
            durable.countDown();
            assertThat(done.take()).extracting(DiskCompleted::requestId, DiskCompleted::status)
                    .containsExactly(2L, DiskStatus.OK);
        }
    }

    @Test
    void aFlushBeginsOnlyAfterTheWritesBeforeIt() throws Exception {
        try (DiskExecutor executor = executor(DiskExecutor.Settings.PRIMARY)) {
            for (int i = 0; i < 200; i++) {
                executor.submit(new DiskWrite(2L * i, 0, filled(512, i)));
                executor.submit(new DiskFlush(2L * i + 1));
            }
            executor.drain();
        }
        assertThat(disk.durableAfterFlush(512)).containsOnly(199);
    }

    @Test
    void errorsAreStatusesAndTheDiskGoesOn() throws Exception {
        try (DiskExecutor executor = executor(DiskExecutor.Settings.PRIMARY)) {
            disk.failNext(3);
            executor.submit(new DiskRead(1, 0, 512));
            executor.submit(new DiskWrite(2, 0, filled(512, 1)));
            executor.submit(new DiskFlush(3));
            executor.drain();
            executor.submit(new DiskRead(4, SIZE, 512));
            executor.submit(new DiskRead(5, 100, 512));
            executor.submit(new DiskRead(6, 0, -512));
            executor.submit(new DiskWrite(7, Long.MAX_VALUE - 511, filled(512, 1)));
            executor.submit(new DiskDiscard(8, List.of(new ByteRange(0, 512), new ByteRange(-512, 512))));
            executor.drain();
            assertThat(done).hasSize(8).allSatisfy(each -> {
                assertThat(each.status()).isEqualTo(DiskStatus.IO_ERROR);
                assertThat(each.data()).isEmpty();
            });
            assertThat(executor.ioErrors()).isEqualTo(3);
            done.clear();
            executor.submit(new DiskWrite(9, 0, filled(512, 1)));
            assertThat(done.take().status()).isEqualTo(DiskStatus.OK);
        }
    }

    @Test
    void aBackupTriesAReadAgainInItsPlace() throws Exception {
        try (DiskExecutor executor = executor(DiskExecutor.Settings.BACKUP)) {
            executor.submit(new DiskWrite(0, 0, filled(512, 1)));
            executor.drain();
            disk.failNext(2);
            executor.submit(new DiskRead(1, 0, 512));
            executor.submit(new DiskWrite(2, 0, filled(512, 9)));
            executor.drain();
            done.take();
            DiskCompleted read = done.take();
            assertThat(read.status()).isEqualTo(DiskStatus.OK);
            assertThat(read.data()).containsOnly(1);
        }
    }

    @Test
    void aBrokenInvariantIsReportedAndNobodyWaitsForEver() throws Exception {
        BlockingQueue<Throwable> reports = new LinkedBlockingQueue<>();
        IllegalStateException cause = new IllegalStateException("on purpose");
        try (DiskExecutor executor = new DiskExecutor(disk, DiskExecutor.Settings.PRIMARY, _ -> {
            throw cause;
        }, reports::add)) {
            executor.submit(new DiskRead(1, 0, 512));
            assertThat(reports.take()).isSameAs(cause);
            assertThatIllegalStateException().isThrownBy(executor::drain).withCause(cause);
            assertThatIllegalStateException().isThrownBy(() -> executor.submit(new DiskFlush(2)));
        }
        assertThat(reports).isEmpty();
    }

    @Test
    void moreRequestsThanAGuestCanHaveAreRefused() {
        CountDownLatch durable = disk.holdFlushes();
        try (DiskExecutor executor = executor(new DiskExecutor.Settings(2, 1))) {
            executor.submit(new DiskFlush(1));
            executor.submit(new DiskFlush(2));
            assertThatIllegalStateException().isThrownBy(() -> executor.submit(new DiskFlush(3)))
                    .withMessageContaining("2 pending, expected at most 2");
            durable.countDown();
        }
        assertThat(done).hasSize(2);
    }

    @Test
    void aPositionIsDurableOnceItsRequestsAre(@TempDir Path temp) throws Exception {
        DiskStore.create(temp.resolve("disk"), new DiskBirth(new UUID(1, 1), new GenerationId(1)), SIZE);
        try (DiskStore store = DiskStore.open(temp.resolve("disk"))) {
            try (DiskExecutor executor = new DiskExecutor(store, DiskExecutor.Settings.BACKUP, done::add, SOUND)) {
                for (int i = 1; i <= 100; i++) {
                    executor.submit(new DiskWrite(i, 0, filled(512, i)));
                    executor.reached(new Position(1, i));
                }
                executor.drainDurably();
                assertThat(executor.durablePosition()).contains(new Position(1, 100));
            }
        }
        try (DiskExecutor executor = executor(DiskExecutor.Settings.PRIMARY)) {
            executor.reached(new Position(1, 1));
            executor.drain();
            assertThat(executor.durablePosition()).isEmpty();
        }
    }
}
