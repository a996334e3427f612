package io.sosia.appliance.attach;

import java.util.Objects;

/// Console bytes that wait for the machine's loop, which takes as many as its UART has room for.
///
/// Threads: one offers, one takes; a lock guards the ring because both hold it for a copy of a few bytes. The signal
/// runs outside the lock, on the offering thread, once each time the inbox becomes non-empty, and must not block.
public final class ConsoleInbox {
    private final byte[] ring;
    private final Runnable becameNonEmpty;
    private int first;
    private int count;
    private long dropped;

    /// @param capacity bytes held at most, 1 or more
    /// @param becameNonEmpty wakes whoever takes
    public ConsoleInbox(int capacity, Runnable becameNonEmpty) {
        if (capacity < 1) {
            throw new IllegalArgumentException("console inbox capacity must be 1 or more, got " + capacity);
        }
        this.ring = new byte[capacity];
        this.becameNonEmpty = Objects.requireNonNull(becameNonEmpty);
    }

    /// Takes in what fits; the rest is dropped and counted, as on a serial line without flow control.
    ///
    /// @return how many bytes were taken in
    public int offer(byte[] bytes, int offset, int length) {
        int taken = add(bytes, offset, length);
        synchronized (ring) {
            dropped += length - taken;
        }
        return taken;
    }

    /// Takes in everything, waiting for room.
    ///
    /// @throws InterruptedException when interrupted while waiting; what was taken in stays
    public void put(byte[] bytes, int offset, int length) throws InterruptedException {
        int done = 0;
        while (done < length) {
            synchronized (ring) {
                while (count == ring.length) {
                    ring.wait();
                }
            }
            done += add(bytes, offset + done, length - done);
        }
    }

    /// Takes out up to `bytesMax` bytes, oldest first.
    public byte[] take(int bytesMax) {
        synchronized (ring) {
            byte[] taken = new byte[Math.min(bytesMax, count)];
            for (int i = 0; i < taken.length; i++) {
                taken[i] = ring[first];
                first = (first + 1) % ring.length;
            }
            count -= taken.length;
            ring.notifyAll();
            return taken;
        }
    }

    /// True when nothing waits.
    public boolean isEmpty() {
        synchronized (ring) {
            return count == 0;
        }
    }

    /// Bytes dropped since the start.
    public long dropped() {
        synchronized (ring) {
            return dropped;
        }
    }

    private int add(byte[] bytes, int offset, int length) {
        int taken;
        boolean wakes;
        synchronized (ring) {
            taken = Math.min(length, ring.length - count);
            wakes = count == 0 && taken > 0;
            for (int i = 0; i < taken; i++) {
                ring[(first + count + i) % ring.length] = bytes[offset + i];
            }
            count += taken;
        }
        if (wakes) {
            becameNonEmpty.run();
        }
        return taken;
    }
}
