package io.sosia.disksync.store;

import io.sosia.disksync.block.Geometry;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Random;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.CountDownLatch;

/// A data file in memory that fails the ways a disk does: it loses what was not synced, and returns errors.
final class MemoryDataFile implements DataFile {
    private static final int SECTOR = Geometry.SECTOR_BYTES;

    private final SortedMap<Long, byte[]> durable = new TreeMap<>();
    private final SortedMap<Long, byte[]> unsynced = new TreeMap<>();
    private int syncs;
    private IOException syncFault;
    private IOException writeFault;
    /// When set, a sync announces itself on the first and waits for the second.
    private volatile CountDownLatch[] syncGate;

    /// A power failure: of each sector written since the last sync, `luck` decides whether the new content survives.
    synchronized MemoryDataFile afterPowerLoss(Random luck) {
        MemoryDataFile after = new MemoryDataFile();
        after.durable.putAll(durable);
        unsynced.forEach((sector, bytes) -> {
            if (luck.nextBoolean()) {
                after.durable.put(sector, bytes);
            }
        });
        return after;
    }

    /// A killed process: what it has written stays in the host's cache.
    synchronized MemoryDataFile withAll() {
        MemoryDataFile after = new MemoryDataFile();
        after.durable.putAll(durable);
        after.durable.putAll(unsynced);
        return after;
    }

    synchronized void failSyncs(IOException fault) {
        syncFault = fault;
    }

    synchronized void failWrites(IOException fault) {
        writeFault = fault;
    }

    void holdSyncs(CountDownLatch begun, CountDownLatch go) {
        syncGate = new CountDownLatch[] {begun, go};
    }

    synchronized int syncs() {
        return syncs;
    }

    @Override
    public synchronized void read(long offset, ByteBuffer into) {
        for (long sector = offset / SECTOR; into.hasRemaining(); sector++) {
            byte[] bytes = unsynced.getOrDefault(sector, durable.getOrDefault(sector, new byte[SECTOR]));
            into.put(bytes);
        }
    }

    @Override
    public synchronized void write(long offset, ByteBuffer from) throws IOException {
        for (long sector = offset / SECTOR; from.hasRemaining(); sector++) {
            if (writeFault != null) {
                throw writeFault;
            }
            byte[] bytes = new byte[SECTOR];
            from.get(bytes);
            unsynced.put(sector, bytes);
        }
    }

    @Override
    public long zero(long offset, long length) throws IOException {
        write(offset, ByteBuffer.wrap(new byte[(int) length]));
        return length;
    }

    @Override
    public synchronized long nextData(long from) {
        SortedMap<Long, byte[]> all = new TreeMap<>(durable);
        all.putAll(unsynced);
        SortedMap<Long, byte[]> rest = all.tailMap(from / SECTOR);
        return rest.isEmpty() ? -1 : Math.max(from, rest.firstKey() * SECTOR);
    }

    @Override
    public synchronized long nextHole(long from, long size) {
        long sector = from / SECTOR;
        while (sector * SECTOR < size && (durable.containsKey(sector) || unsynced.containsKey(sector))) {
            sector++;
        }
        return Math.min(size, Math.max(from, sector * SECTOR));
    }

    @Override
    public void sync() throws IOException {
        CountDownLatch[] gate = syncGate;
        if (gate != null) {
            gate[0].countDown();
            try {
                gate[1].await();
            } catch (InterruptedException e) {
                throw new IOException(e);
            }
        }
        synchronized (this) {
            syncs++;
            if (syncFault != null) {
                throw syncFault;
            }
            durable.putAll(unsynced);
            unsynced.clear();
        }
    }

    @Override
    public void close() {
        // Nothing to give up.
    }
}
