package io.sosia.appliance.disk;

import io.sosia.disksync.store.BlockStore;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.concurrent.CountDownLatch;

/// A disk in memory that fails on demand, takes its time to flush, and knows what was flushed.
final class FaultyDisk implements BlockStore {
    private final byte[] content;
    private byte[] durable;
    private int failures;
    private volatile CountDownLatch flushGate = new CountDownLatch(0);

    FaultyDisk(int sizeBytes) {
        content = new byte[sizeBytes];
        durable = content.clone();
    }

    /// The next `count` requests fail.
    synchronized void failNext(int count) {
        failures = count;
    }

    /// Flushes wait until the latch is counted down.
    CountDownLatch holdFlushes() {
        flushGate = new CountDownLatch(1);
        return flushGate;
    }

    /// The first bytes as of the last flush.
    synchronized byte[] durableAfterFlush(int length) {
        return Arrays.copyOf(durable, length);
    }

    private void failOnDemand() throws IOException {
        if (failures > 0) {
            failures--;
            throw new IOException("Input/output error");
        }
    }

    @Override
    public long sizeBytes() {
        return content.length;
    }

    @Override
    public synchronized void read(long offset, ByteBuffer into) throws IOException {
        failOnDemand();
        into.put(content, (int) offset, into.remaining());
    }

    @Override
    public synchronized void write(long offset, ByteBuffer from) throws IOException {
        failOnDemand();
        from.get(content, (int) offset, from.remaining());
    }

    @Override
    public void discard(long offset, long length) throws IOException {
        writeZeroes(offset, length);
    }

    @Override
    public synchronized void writeZeroes(long offset, long length) throws IOException {
        failOnDemand();
        Arrays.fill(content, (int) offset, (int) (offset + length), (byte) 0);
    }

    @Override
    public void flush() throws IOException {
        try {
            flushGate.await();
        } catch (InterruptedException e) {
            throw new IOException(e);
        }
        synchronized (this) {
            failOnDemand();
            durable = content.clone();
        }
    }

    @Override
    public void close() {
        // Nothing to give up.
    }
}
