package io.sosia.appliance.machine.virtio;

import io.sosia.appliance.machine.bus.InterruptPin;
import io.sosia.appliance.machine.bus.MmioDevice;
import io.sosia.appliance.machine.device.StateFields;
import io.sosia.appliance.machine.memory.GuestRam;
import io.sosia.appliance.machine.state.Stateful;
import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;

/// The virtio-mmio transport, version 2 (virtio 1.2, 4.2), in front of one device.
///
/// A driver that breaks the rules of a queue gets DEVICE_NEEDS_RESET and a configuration interrupt (virtio 1.2, 2.1.2);
/// the device then does nothing until it is reset.
public final class VirtioMmio implements MmioDevice, Stateful {

    /// Bytes of address space.
    public static final int SIZE = 0x1000;

    private static final int MAGIC = 0x7472_6976;
    private static final int VERSION = 2;
    private static final int VENDOR = 0x4149_534f;
    private static final int CONFIGURATION = 0x100;

    private static final int ACKNOWLEDGE = 1;
    private static final int DRIVER = 2;
    private static final int DRIVER_OK = 4;
    private static final int FEATURES_OK = 8;
    private static final int NEEDS_RESET = 64;
    private static final int FAILED = 128;

    private static final int INTERRUPT_USED = 1;
    private static final int INTERRUPT_CONFIGURATION = 2;

    private final VirtioDevice device;
    private final InterruptPin pin;
    private final Virtqueue[] queues;
    private final long offered;
    private final byte[] configuration;

    private int deviceFeaturesSelect;
    private int driverFeaturesSelect;
    private int queueSelect;
    private int status;
    private int interrupts;
    private long accepted;

    VirtioMmio(VirtioDevice device, GuestRam ram, InterruptPin pin) {
        this.device = device;
        this.pin = pin;
        queues = new Virtqueue[device.queues()];
        for (int i = 0; i < queues.length; i++) {
            queues[i] = new Virtqueue(ram, device.queueSizeMax());
        }
        offered = device.features() | VirtioDevice.FEATURE_INDIRECT | VirtioDevice.FEATURE_EVENT_INDEX
                | VirtioDevice.FEATURE_VERSION_1;
        configuration = device.configuration();
    }

    /// Back to the state at power-on.
    public void reset() {
        deviceFeaturesSelect = 0;
        driverFeaturesSelect = 0;
        queueSelect = 0;
        status = 0;
        interrupts = 0;
        accepted = 0;
        for (Virtqueue queue : queues) {
            queue.reset();
        }
        device.reset();
        pin.level(false);
    }

    Virtqueue queue(int number) {
        return queues[number];
    }

    /// Whether the driver has finished setting up and nothing is broken.
    boolean live() {
        return (status & (DRIVER_OK | NEEDS_RESET | FAILED)) == DRIVER_OK;
    }

    boolean accepted(long feature) {
        return (accepted & feature) != 0;
    }

    /// After the device has served a queue: interrupts the driver if it wants it, or tells it that the queue is broken.
    void served(Virtqueue queue) {
        if (queue.broken()) {
            breakDown();
        } else if (queue.mustSignal()) {
            interrupts |= INTERRUPT_USED;
            pin.level(true);
        }
    }

    /// The driver broke a rule: the device stops until it is reset.
    void breakDown() {
        if ((status & NEEDS_RESET) == 0) {
            status |= NEEDS_RESET;
            if ((status & DRIVER_OK) != 0) {
                interrupts |= INTERRUPT_CONFIGURATION;
                pin.level(true);
            }
        }
    }

    @Override
    public long read(int offset, int width) {
        if (offset >= CONFIGURATION) {
            return readConfiguration(offset - CONFIGURATION, width);
        }
        if (width != 4) {
            return 0;
        }
        Virtqueue queue = queueSelect >= 0 && queueSelect < queues.length ? queues[queueSelect] : null;
        return Integer.toUnsignedLong(switch (offset) {
            case 0x000 -> MAGIC;
            case 0x004 -> VERSION;
            case 0x008 -> device.id();
            case 0x00c -> VENDOR;
            case 0x010 -> word(offered, deviceFeaturesSelect);
            case 0x034 -> queue == null ? 0 : queue.sizeMax();
            case 0x044 -> queue != null && queue.ready() ? 1 : 0;
            case 0x060 -> interrupts;
            case 0x070 -> status;
            // No shared memory regions: length and base read as all ones (virtio 1.2, 4.2.2).
            case 0x0b0, 0x0b4, 0x0b8, 0x0bc -> -1;
            default -> 0;
        });
    }

    private static int word(long features, int select) {
        return switch (select) {
            case 0 -> (int) features;
            case 1 -> (int) (features >>> 32);
            default -> 0;
        };
    }

    private long readConfiguration(int at, int width) {
        long value = 0;
        for (int i = width - 1; i >= 0; i--) {
            value = value << 8 | (at + i < configuration.length ? configuration[at + i] & 0xff : 0);
        }
        return value;
    }

    @Override
    public void write(int offset, int width, long value) {
        if (width != 4 || offset >= CONFIGURATION) {
            return;
        }
        int bits = (int) value;
        switch (offset) {
            case 0x014 -> deviceFeaturesSelect = bits;
            case 0x020 -> acceptFeatures(bits);
            case 0x024 -> driverFeaturesSelect = bits;
            case 0x030 -> queueSelect = bits;
            case 0x050 -> doorbell(bits);
            case 0x064 -> acknowledge(bits);
            case 0x070 -> writeStatus(bits);
            default -> {
                if (queueSelect >= 0 && queueSelect < queues.length) {
                    writeQueue(queues[queueSelect], offset, bits);
                }
            }
        }
    }

    private void acceptFeatures(int bits) {
        if ((status & FEATURES_OK) != 0) {
            return;
        }
        if (driverFeaturesSelect == 0) {
            accepted = accepted & 0xffff_ffff_0000_0000L | Integer.toUnsignedLong(bits);
        } else if (driverFeaturesSelect == 1) {
            accepted = accepted & 0xffff_ffffL | (long) bits << 32;
        }
    }

    private void writeQueue(Virtqueue queue, int offset, int bits) {
        switch (offset) {
            case 0x038 -> queue.configure(bits & 0xffff);
            case 0x044 -> switchQueue(queue, (bits & 1) != 0);
            case 0x080 -> queue.setDescriptorAddress(low(queue.descriptorAddress(), bits));
            case 0x084 -> queue.setDescriptorAddress(high(queue.descriptorAddress(), bits));
            case 0x090 -> queue.setAvailableAddress(low(queue.availableAddress(), bits));
            case 0x094 -> queue.setAvailableAddress(high(queue.availableAddress(), bits));
            case 0x0a0 -> queue.setUsedAddress(low(queue.usedAddress(), bits));
            case 0x0a4 -> queue.setUsedAddress(high(queue.usedAddress(), bits));
            default -> { }
        }
    }

    private void switchQueue(Virtqueue queue, boolean on) {
        if (on) {
            queue.start(accepted(VirtioDevice.FEATURE_INDIRECT), accepted(VirtioDevice.FEATURE_EVENT_INDEX));
            served(queue);
        } else {
            queue.stop();
        }
    }

    private void doorbell(int number) {
        if (number >= 0 && number < queues.length && live() && queues[number].ready()) {
            device.doorbell(number);
        }
    }

    private void acknowledge(int bits) {
        interrupts &= ~bits;
        pin.level(interrupts != 0);
    }

    /// The driver only ever adds bits, or writes 0 to reset. FEATURES_OK sticks only for features the device offered
    /// (virtio 1.2, 3.1.1). A driver should accept VERSION_1, too; small kernels never look at the upper features, and lose
    /// nothing by it, since these registers have no other interface (6.1: a device may refuse them).
    private void writeStatus(int bits) {
        if ((bits & 0xff) == 0) {
            reset();
            return;
        }
        int added = bits & (ACKNOWLEDGE | DRIVER | DRIVER_OK | FEATURES_OK | FAILED) & ~status;
        if ((added & FEATURES_OK) != 0 && (accepted & ~offered) != 0) {
            added &= ~FEATURES_OK;
        }
        if (((status | added) & FEATURES_OK) == 0) {
            added &= ~DRIVER_OK;
        }
        status |= added;
    }

    private static long low(long address, int bits) {
        return address & 0xffff_ffff_0000_0000L | Integer.toUnsignedLong(bits);
    }

    private static long high(long address, int bits) {
        return address & 0xffff_ffffL | (long) bits << 32;
    }

    @Override
    public void save(DataOutput out) throws IOException {
        out.writeInt(deviceFeaturesSelect);
        out.writeInt(driverFeaturesSelect);
        out.writeInt(queueSelect);
        out.writeInt(status);
        out.writeInt(interrupts);
        out.writeLong(accepted);
        for (Virtqueue queue : queues) {
            queue.save(out);
        }
        device.save(out);
    }

    @Override
    public void load(DataInput in) throws IOException {
        deviceFeaturesSelect = in.readInt();
        driverFeaturesSelect = in.readInt();
        queueSelect = in.readInt();
        status = StateFields.within(in, "virtio device status", 0, 0xff);
        interrupts = StateFields.within(in, "virtio interrupt status", 0, 3);
        accepted = in.readLong();
        for (Virtqueue queue : queues) {
            queue.load(in);
        }
        device.load(in);
        pin.level(interrupts != 0);
    }
}
