package io.sosia.appliance.machine.virtio;

import io.sosia.appliance.machine.memory.GuestRam;
import java.util.ArrayList;
import java.util.List;

/// The guest's side of a virtio-mmio device, over the registers and RAM only, for tests.
final class VirtioDriver {

    static final int SIZE = 16;

    private static final int AREA_BYTES = 0x4000;

    /// A buffer of a chain.
    record Buffer(long address, int length, boolean writable) {}

    /// An entry of a used ring.
    record Used(int head, int written) {}

    final GuestRam ram;
    final VirtioMmio registers;
    private final boolean indirect;
    private final int[] nextDescriptor = new int[2];
    private final int[] nextAvailable = new int[2];
    private final int[] nextUsed = new int[2];
    private long nextFree = GuestRam.BASE + 0x10_0000;

    /// @param indirect whether chains are put into tables of their own
    VirtioDriver(GuestRam ram, VirtioMmio registers, boolean indirect) {
        this.ram = ram;
        this.registers = registers;
        this.indirect = indirect;
    }

    int read(int register) {
        return (int) registers.read(register, 4);
    }

    void write(int register, int value) {
        registers.write(register, 4, value);
    }

    /// Resets, negotiates and sets up `queues` queues of [#SIZE] entries (virtio 1.2, 3.1.1).
    VirtioDriver start(int queues, long features) {
        write(0x70, 0);
        write(0x70, 1);
        write(0x70, 3);
        write(0x24, 0);
        write(0x20, (int) features);
        write(0x24, 1);
        write(0x20, (int) (features >>> 32));
        write(0x70, 11);
        for (int i = 0; i < queues; i++) {
            setUpQueue(i);
        }
        write(0x70, 15);
        return this;
    }

    private void setUpQueue(int queue) {
        nextDescriptor[queue] = 0;
        nextAvailable[queue] = 0;
        nextUsed[queue] = 0;
        ram.write(GuestRam.offset(descriptors(queue)), new byte[AREA_BYTES], 0, AREA_BYTES);
        write(0x30, queue);
        write(0x38, SIZE);
        write(0x80, (int) descriptors(queue));
        write(0x84, 0);
        write(0x90, (int) available(queue));
        write(0x94, 0);
        write(0xa0, (int) used(queue));
        write(0xa4, 0);
        write(0x44, 1);
    }

    static long descriptors(int queue) {
        return GuestRam.BASE + 0x1_0000 + (long) queue * AREA_BYTES;
    }

    static long available(int queue) {
        return descriptors(queue) + 0x1000;
    }

    static long used(int queue) {
        return descriptors(queue) + 0x2000;
    }

    long allocate(int bytes) {
        long address = nextFree;
        nextFree += bytes + 15 & -16;
        return address;
    }

    Buffer readable(byte[] content) {
        long address = allocate(content.length);
        ram.write(GuestRam.offset(address), content, 0, content.length);
        return new Buffer(address, content.length, false);
    }

    Buffer writable(int length) {
        return new Buffer(allocate(length), length, true);
    }

    byte[] content(Buffer buffer) {
        byte[] bytes = new byte[buffer.length];
        ram.read(GuestRam.offset(buffer.address), bytes, 0, bytes.length);
        return bytes;
    }

    /// Makes a chain available, without ringing.
    ///
    /// @return its head
    int add(int queue, Buffer... buffers) {
        int head = nextDescriptor[queue] % SIZE;
        if (indirect) {
            long table = allocate(16 * buffers.length);
            for (int i = 0; i < buffers.length; i++) {
                describe(table, i, buffers[i], i + 1 < buffers.length ? i + 1 : -1);
            }
            describe(descriptors(queue), head, table, 16 * buffers.length, 4, 0);
            nextDescriptor[queue]++;
        } else {
            for (int i = 0; i < buffers.length; i++) {
                int at = nextDescriptor[queue]++ % SIZE;
                describe(descriptors(queue), at, buffers[i], i + 1 < buffers.length ? (at + 1) % SIZE : -1);
            }
        }
        offer(queue, head);
        return head;
    }

    /// Puts a head on the available ring.
    void offer(int queue, int head) {
        int ring = GuestRam.offset(available(queue));
        ram.write16(ring + 4 + 2 * (nextAvailable[queue] % SIZE), (short) head);
        nextAvailable[queue]++;
        ram.write16(ring + 2, (short) nextAvailable[queue]);
    }

    private void describe(long table, int index, Buffer buffer, int next) {
        int flags = (buffer.writable ? 2 : 0) | (next >= 0 ? 1 : 0);
        describe(table, index, buffer.address, buffer.length, flags, Math.max(next, 0));
    }

    void describe(long table, int index, long address, int length, int flags, int next) {
        int at = GuestRam.offset(table) + 16 * index;
        ram.write64(at, address);
        ram.write32(at + 8, length);
        ram.write16(at + 12, (short) flags);
        ram.write16(at + 14, (short) next);
    }

    void ring(int queue) {
        write(0x50, queue);
    }

    /// What has come on the used ring since the last call.
    List<Used> taken(int queue) {
        List<Used> all = new ArrayList<>();
        int ring = GuestRam.offset(used(queue));
        while (nextUsed[queue] != (ram.read16(ring + 2) & 0xffff)) {
            int at = ring + 4 + 8 * (nextUsed[queue] % SIZE);
            all.add(new Used(ram.read32(at), ram.read32(at + 4)));
            nextUsed[queue] = nextUsed[queue] + 1 & 0xffff;
        }
        return all;
    }

    /// With event index: the driver wants an interrupt when the used index passes `index`.
    void wantInterruptAt(int queue, int index) {
        ram.write16(GuestRam.offset(available(queue)) + 4 + 2 * SIZE, (short) index);
    }

    /// With event index: the available index at which the device wants to hear the next doorbell.
    int doorbellWantedAt(int queue) {
        return ram.read16(GuestRam.offset(used(queue)) + 4 + 8 * SIZE) & 0xffff;
    }

    /// Takes the interrupt: its status bits, acknowledged.
    int acknowledge() {
        int status = read(0x60);
        write(0x64, status);
        return status;
    }

    boolean needsReset() {
        return (read(0x70) & 64) != 0;
    }
}
