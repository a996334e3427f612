package io.sosia.appliance.machine.virtio;

import io.sosia.appliance.machine.state.Stateful;

/// What lies behind a virtio-mmio transport: one kind of device. The transport negotiates features and owns the queues;
/// the device serves them.
abstract class VirtioDevice implements Stateful {

    static final long FEATURE_INDIRECT = 1L << 28;
    static final long FEATURE_EVENT_INDEX = 1L << 29;
    static final long FEATURE_VERSION_1 = 1L << 32;

    /// The transport, once the device is behind one.
    private VirtioMmio transport;

    final void attach(VirtioMmio to) {
        transport = to;
    }

    final VirtioMmio transport() {
        return transport;
    }

    /// Device id (virtio 1.2, chapter 5).
    abstract int id();

    /// Number of queues and most entries of each.
    abstract int queues();

    abstract int queueSizeMax();

    /// Features of this kind of device, besides those of the transport.
    abstract long features();

    /// Configuration space, little-endian.
    abstract byte[] configuration();

    /// The driver rang the doorbell of a queue that is in use.
    abstract void doorbell(int queue);

    /// The driver has reset the device, or the board was reset: queues are gone.
    abstract void reset();
}
