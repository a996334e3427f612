package io.sosia.appliance.machine.bus;

import java.util.Arrays;

/// The map of memory-mapped devices. Built once; lookups are by binary search, with the last hit tried first.
public final class Bus {

    private long[] bases = new long[0];
    private long[] sizes = new long[0];
    private MmioDevice[] devices = new MmioDevice[0];
    private int last;

    /// Puts a device at `[base, base + size)`. Ranges must not overlap.
    public void map(long base, long size, MmioDevice device) {
        int at = 0;
        while (at < bases.length && bases[at] < base) {
            at++;
        }
        boolean overlaps = at > 0 && bases[at - 1] + sizes[at - 1] > base
                || at < bases.length && base + size > bases[at];
        if (base < 0 || size <= 0 || overlaps) {
            throw new IllegalArgumentException("device range 0x%x+0x%x overlaps another".formatted(base, size));
        }
        bases = insert(bases, at, base);
        sizes = insert(sizes, at, size);
        MmioDevice[] grown = Arrays.copyOf(devices, devices.length + 1);
        System.arraycopy(devices, at, grown, at + 1, devices.length - at);
        grown[at] = device;
        devices = grown;
    }

    /// The slot of the device that answers the whole range, or -1: an access fault.
    public int find(long address, int width) {
        if (last < bases.length && within(last, address, width)) {
            return last;
        }
        int i = Arrays.binarySearch(bases, address);
        int slot = i >= 0 ? i : -i - 2;
        if (slot < 0 || !within(slot, address, width)) {
            return -1;
        }
        last = slot;
        return slot;
    }

    /// Reads from the device in `slot`, as returned by [#find] for the same access.
    public long read(int slot, long address, int width) {
        return devices[slot].read((int) (address - bases[slot]), width);
    }

    /// Writes to the device in `slot`, as returned by [#find] for the same access.
    public void write(int slot, long address, int width, long value) {
        devices[slot].write((int) (address - bases[slot]), width, value);
    }

    private boolean within(int slot, long address, int width) {
        long offset = address - bases[slot];
        return offset >= 0 && offset <= sizes[slot] - width;
    }

    private static long[] insert(long[] values, int at, long value) {
        long[] grown = Arrays.copyOf(values, values.length + 1);
        System.arraycopy(values, at, grown, at + 1, values.length - at);
        grown[at] = value;
        return grown;
    }
}
