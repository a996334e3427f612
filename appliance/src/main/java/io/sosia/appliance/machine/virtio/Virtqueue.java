package io.sosia.appliance.machine.virtio;

import io.sosia.appliance.machine.device.StateFields;
import io.sosia.appliance.machine.memory.GuestRam;
import io.sosia.appliance.machine.state.BadStateException;
import io.sosia.appliance.machine.state.Stateful;
import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;

/// One split virtqueue, the device's side (virtio 1.2, 2.7): takes chains from the available ring, puts them on the
/// used ring, and says when the driver wants to be told.
///
/// Ring addresses are checked once, when the driver makes the queue ready. A ring that breaks the rules makes the queue
/// *broken*: nothing more is taken or put until the device is reset.
final class Virtqueue implements Stateful {

    private static final int DESCRIPTOR_BYTES = 16;
    private static final int NEXT = 1;
    private static final int WRITE = 2;
    private static final int INDIRECT = 4;
    private static final int NO_INTERRUPT = 1;

    private final GuestRam ram;
    private final int sizeMax;

    private int size;
    private boolean ready;
    private boolean broken;
    private boolean indirect;
    private boolean eventIndex;
    private long descriptorAddress;
    private long availableAddress;
    private long usedAddress;
    private int nextAvailable;
    private int nextUsed;
    private int lastSignalled;

    /// @param sizeMax most entries, a power of 2 up to 32,768
    Virtqueue(GuestRam ram, int sizeMax) {
        this.ram = ram;
        this.sizeMax = sizeMax;
        reset();
    }

    void reset() {
        size = sizeMax;
        ready = false;
        broken = false;
        indirect = false;
        eventIndex = false;
        descriptorAddress = 0;
        availableAddress = 0;
        usedAddress = 0;
        nextAvailable = 0;
        nextUsed = 0;
        lastSignalled = 0;
    }

    int sizeMax() {
        return sizeMax;
    }

    boolean ready() {
        return ready;
    }

    /// Whether the driver broke the rules of the ring.
    boolean broken() {
        return broken;
    }

    /// The driver's choice of size and addresses; ignored once the queue is ready. Nothing is checked before that.
    void configure(int newSize) {
        if (!ready) {
            size = newSize;
        }
    }

    long descriptorAddress() {
        return descriptorAddress;
    }

    long availableAddress() {
        return availableAddress;
    }

    long usedAddress() {
        return usedAddress;
    }

    void setDescriptorAddress(long address) {
        descriptorAddress = ready ? descriptorAddress : address;
    }

    void setAvailableAddress(long address) {
        availableAddress = ready ? availableAddress : address;
    }

    void setUsedAddress(long address) {
        usedAddress = ready ? usedAddress : address;
    }

    /// Makes the queue ready with the features negotiated, from empty rings on; a bad size or address breaks it.
    void start(boolean withIndirect, boolean withEventIndex) {
        if (ready) {
            return;
        }
        if (!validSize(size) || !validAddresses()) {
            broken = true;
            return;
        }
        indirect = withIndirect;
        eventIndex = withEventIndex;
        nextAvailable = 0;
        nextUsed = 0;
        lastSignalled = 0;
        ready = true;
    }

    /// Takes the queue out of use.
    void stop() {
        ready = false;
    }

    private boolean validSize(int entries) {
        return entries >= 1 && entries <= sizeMax && Integer.bitCount(entries) == 1;
    }

    private boolean validAddresses() {
        return valid(descriptorAddress, 16, (long) DESCRIPTOR_BYTES * size)
                && valid(availableAddress, 2, 6 + 2L * size)
                && valid(usedAddress, 4, 6 + 8L * size);
    }

    private boolean valid(long address, int alignment, long length) {
        return (address & (alignment - 1)) == 0 && ram.contains(address, length);
    }

    /// Chains the driver has made available and nobody has taken; 0 when not in use.
    int available() {
        if (!ready || broken) {
            return 0;
        }
        int waiting = (availableIndex() - nextAvailable) & 0xffff;
        return waiting <= size ? waiting : 0;
    }

    /// Takes the next chain; null when there is none or the ring turns out to be broken.
    Chain take() {
        if (!ready || broken) {
            return null;
        }
        int waiting = (availableIndex() - nextAvailable) & 0xffff;
        if (waiting == 0) {
            return null;
        }
        if (waiting > size) {
            broken = true;
            return null;
        }
        int slot = nextAvailable & (size - 1);
        int head = ram.read16(GuestRam.offset(availableAddress) + 4 + 2 * slot) & 0xffff;
        Chain chain = head < size ? walk(head) : null;
        if (chain == null) {
            broken = true;
            return null;
        }
        nextAvailable = (nextAvailable + 1) & 0xffff;
        return chain;
    }

    /// Gives back the last `chains` taken: the next [#take] starts with the first of them.
    void putBack(int chains) {
        nextAvailable = (nextAvailable - chains) & 0xffff;
    }

    /// Follows a chain from its head; null when it breaks a rule of virtio 1.2, 2.7.5.
    private Chain walk(int head) {
        Chain chain = new Chain(head);
        int table = GuestRam.offset(descriptorAddress);
        int entries = size;
        int index = head;
        boolean inTable = false;
        for (int seen = 0; seen <= size; seen++) {
            int at = table + DESCRIPTOR_BYTES * index;
            long address = ram.read64(at);
            long length = Integer.toUnsignedLong(ram.read32(at + 8));
            int flags = ram.read16(at + 12);
            if (length == 0 || !ram.contains(address, length)) {
                return null;
            }
            if ((flags & INDIRECT) != 0) {
                if (!indirect || inTable || (flags & NEXT) != 0 || length % DESCRIPTOR_BYTES != 0) {
                    return null;
                }
                table = GuestRam.offset(address);
                entries = (int) (length / DESCRIPTOR_BYTES);
                index = 0;
                inTable = true;
                continue;
            }
            if (chain.count() == size || !chain.add(GuestRam.offset(address), (int) length, (flags & WRITE) != 0)) {
                return null;
            }
            if ((flags & NEXT) == 0) {
                return chain;
            }
            index = ram.read16(at + 14) & 0xffff;
            if (index >= entries) {
                return null;
            }
        }
        return null;
    }

    /// Puts a chain on the used ring.
    ///
    /// @param head    the chain's head
    /// @param written bytes the device wrote into it
    void put(int head, int written) {
        if (!ready || broken) {
            return;
        }
        int used = GuestRam.offset(usedAddress);
        int at = used + 4 + 8 * (nextUsed & (size - 1));
        ram.write32(at, head);
        ram.write32(at + 4, written);
        nextUsed = (nextUsed + 1) & 0xffff;
        ram.write16(used + 2, (short) nextUsed);
    }

    /// Whether the driver wants an interrupt for what was put since the last time this said yes (virtio 1.2, 2.7.7).
    boolean mustSignal() {
        if (!ready || broken || nextUsed == lastSignalled) {
            return false;
        }
        int available = GuestRam.offset(availableAddress);
        if (!eventIndex) {
            lastSignalled = nextUsed;
            return (ram.read16(available) & NO_INTERRUPT) == 0;
        }
        int event = ram.read16(available + 4 + 2 * size) & 0xffff;
        int before = lastSignalled;
        lastSignalled = nextUsed;
        return ((nextUsed - event - 1) & 0xffff) < ((nextUsed - before) & 0xffff);
    }

    /// Asks the driver to ring when it makes the next chain available (virtio 1.2, 2.7.10).
    void wantDoorbell() {
        announce(nextAvailable);
    }

    /// Asks the driver not to ring at all.
    void refuseDoorbell() {
        announce(nextAvailable - 1);
    }

    private void announce(int event) {
        if (ready && !broken && eventIndex) {
            ram.write16(GuestRam.offset(usedAddress) + 4 + 8 * size, (short) event);
        }
    }

    private int availableIndex() {
        return ram.read16(GuestRam.offset(availableAddress) + 2) & 0xffff;
    }

    @Override
    public void save(DataOutput out) throws IOException {
        out.writeInt(size);
        out.writeBoolean(ready);
        out.writeBoolean(broken);
        out.writeBoolean(indirect);
        out.writeBoolean(eventIndex);
        out.writeLong(descriptorAddress);
        out.writeLong(availableAddress);
        out.writeLong(usedAddress);
        out.writeShort(nextAvailable);
        out.writeShort(nextUsed);
        out.writeShort(lastSignalled);
    }

    @Override
    public void load(DataInput in) throws IOException {
        size = StateFields.within(in, "virtqueue size", 0, 0xffff);
        ready = in.readBoolean();
        broken = in.readBoolean();
        indirect = in.readBoolean();
        eventIndex = in.readBoolean();
        descriptorAddress = in.readLong();
        availableAddress = in.readLong();
        usedAddress = in.readLong();
        nextAvailable = in.readUnsignedShort();
        nextUsed = in.readUnsignedShort();
        lastSignalled = in.readUnsignedShort();
        if (ready && !(validSize(size) && validAddresses())) {
            throw new BadStateException("virtqueue of " + size + " entries with rings outside RAM");
        }
    }
}
