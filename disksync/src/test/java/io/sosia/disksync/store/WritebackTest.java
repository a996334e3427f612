package io.sosia.disksync.store;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(240)
class WritebackTest {
    private final MemoryDataFile data = new MemoryDataFile();

    private void write(Writeback writeback, int bytes) throws Exception {
        writeback.admit();
        data.write(0, ByteBuffer.allocate(bytes));
        writeback.completed(bytes);
    }

    @Test
    void syncsInTheBackgroundOnceEnoughIsWaiting() throws Exception {
        CountDownLatch durable = new CountDownLatch(1);
        try (Writeback writeback = new Writeback("test", data, new Writeback.Limits(1024, 1 << 20, Long.MAX_VALUE),
                () -> durable::countDown)) {
            write(writeback, 512);
            assertThat(writeback.isClean()).isFalse();
            write(writeback, 512);
            durable.await();
            assertThat(writeback.synced()).isEqualTo(2);
        }
    }

    @Test
    void aLoneWriteDoesNotWaitForever() throws Exception {
        CountDownLatch durable = new CountDownLatch(1);
        try (Writeback writeback = new Writeback("test", data, new Writeback.Limits(1 << 20, 1 << 20, 5),
                () -> durable::countDown)) {
            write(writeback, 512);
            durable.await();
        }
    }

    @Test
    void aWriterWaitsWhileTooMuchIsWaitingToBeDurable() throws Exception {
        CountDownLatch begun = new CountDownLatch(1);
        CountDownLatch go = new CountDownLatch(1);
        data.holdSyncs(begun, go);
        try (Writeback writeback = new Writeback("test", data, new Writeback.Limits(1024, 2048, Long.MAX_VALUE),
                () -> () -> { })) {
            write(writeback, 2048);
            begun.await();
            CompletableFuture<Void> next = CompletableFuture.runAsync(() -> {
                try {
                    write(writeback, 512);
                } catch (Exception e) {
                    throw new AssertionError(e);
                }
            });
            assertThat(next).isNotDone();
            go.countDown();
            next.get(120, TimeUnit.SECONDS);
        }
    }

    @Test
    void flushesThatWaitForEachOtherShareOneSync() throws Exception {
        CountDownLatch begun = new CountDownLatch(1);
        CountDownLatch go = new CountDownLatch(1);
        try (Writeback writeback = new Writeback("test", data, Disks.ON_DEMAND, () -> () -> { })) {
            write(writeback, 512);
            data.holdSyncs(begun, go);
            CompletableFuture<Void> first = flush(writeback);
            begun.await();
            write(writeback, 512);
            CompletableFuture<Void> second = flush(writeback);
            CompletableFuture<Void> third = flush(writeback);
            assertThat(second).isNotDone();
            go.countDown();
            CompletableFuture.allOf(first, second, third).get(120, TimeUnit.SECONDS);
            assertThat(data.syncs()).as("the write during the first sync needs one more, for whoever wants it")
                    .isEqualTo(2);
            assertThat(writeback.isClean()).isTrue();
        }
    }

    private static CompletableFuture<Void> flush(Writeback writeback) {
        return CompletableFuture.runAsync(() -> {
            try {
                writeback.flush();
            } catch (Exception e) {
                throw new AssertionError(e);
            }
        }, task -> Thread.ofPlatform().start(task));
    }
}
