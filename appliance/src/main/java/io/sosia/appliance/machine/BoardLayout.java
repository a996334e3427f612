package io.sosia.appliance.machine;

import io.sosia.appliance.machine.memory.GuestRam;

/// Where things are on the board: the map of QEMU's `virt` machine, so that guests find what they know.
final class BoardLayout {

    static final long RTC = 0x0010_1000L;
    static final int RTC_IRQ = 11;
    static final long PLIC = 0x0c00_0000L;
    static final long UART = 0x1000_0000L;
    static final int UART_IRQ = 10;
    static final int UART_CLOCK_HZ = 3_686_400;

    /// The virtio slots; a device keeps its slot whether or not the others are there.
    static final int NETWORK_SLOT = 0;
    static final int DISK_SLOT = 1;
    static final int ENTROPY_SLOT = 2;

    /// The device tree is kept at the very end of RAM, in this many bytes.
    static final int DEVICE_TREE_BYTES_MAX = 64 << 10;

    private static final long VIRTIO = 0x1000_1000L;
    private static final int VIRTIO_IRQ = 1;

    private BoardLayout() {}

    static long virtio(int slot) {
        return VIRTIO + 0x1000L * slot;
    }

    static int virtioIrq(int slot) {
        return VIRTIO_IRQ + slot;
    }

    static long deviceTree(long ramBytes) {
        return GuestRam.BASE + ramBytes - DEVICE_TREE_BYTES_MAX;
    }

    /// The initrd ends where the device tree's place starts and begins on a page.
    static long lowestInitrd(long ramBytes, int initrdBytes) {
        return deviceTree(ramBytes) - initrdBytes & -GuestRam.PAGE_SIZE;
    }
}
