package io.sosia.appliance.node;

/// Bits a second on the link, over the last second. One thread samples, any reads.
final class LinkRate {

    private long lastBytes;
    private long lastNanos = System.nanoTime();
    private volatile long bitsPerSecond;

    void sample(long bytes) {
        long now = System.nanoTime();
        long passed = Math.max(1, now - lastNanos);
        bitsPerSecond = Math.round((bytes - lastBytes) * 8e9 / passed);
        lastBytes = bytes;
        lastNanos = now;
    }

    long bitsPerSecond() {
        return bitsPerSecond;
    }
}
