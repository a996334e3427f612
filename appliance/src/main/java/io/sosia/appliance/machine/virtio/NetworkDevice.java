package io.sosia.appliance.machine.virtio;

import io.sosia.appliance.machine.bus.InterruptPin;
import io.sosia.appliance.machine.device.Outbox;
import io.sosia.appliance.machine.memory.GuestRam;
import io.sosia.appliance.machine.port.MachineOutput.FrameOut;
import java.io.DataInput;
import java.io.DataOutput;
import java.util.Arrays;
import java.util.List;

/// The network card (virtio 1.2, 5.1): one pair of queues, no offloads, mergeable receive buffers.
///
/// Frames come in only as applied inputs, all of one input with at most one interrupt; a frame that the offered buffers
/// cannot hold is dropped. Frames go out at the doorbell.
public final class NetworkDevice extends VirtioDevice {

    /// Shortest Ethernet frame that goes out: its header.
    public static final int FRAME_BYTES_MIN = 14;

    private static final int QUEUE_SIZE = 256;
    private static final int RECEIVE = 0;
    private static final int TRANSMIT = 1;
    private static final int HEADER_BYTES = 12;
    private static final int NUM_BUFFERS_AT = 10;
    private static final long FEATURE_MAC = 1 << 5;
    private static final long FEATURE_MERGEABLE = 1 << 15;

    private final GuestRam ram;
    private final Outbox outbox;
    private final byte[] mac;

    private NetworkDevice(GuestRam ram, Outbox outbox, byte[] mac) {
        this.ram = ram;
        this.outbox = outbox;
        this.mac = mac.clone();
    }

    /// A network card behind a transport of its own.
    ///
    /// @param pin the transport's interrupt wire
    /// @param mac its address, 6 bytes
    public static NetworkDevice create(GuestRam ram, InterruptPin pin, Outbox outbox, byte[] mac) {
        if (mac.length != 6) {
            throw new IllegalArgumentException("MAC of " + mac.length + " bytes, expected 6");
        }
        NetworkDevice device = new NetworkDevice(ram, outbox, mac);
        device.attach(new VirtioMmio(device, ram, pin));
        return device;
    }

    /// The registers.
    public VirtioMmio registers() {
        return transport();
    }

    /// Receive buffers the driver has on offer: frames that fit one buffer each can come in without being dropped.
    public int room() {
        return transport().live() ? transport().queue(RECEIVE).available() : 0;
    }

    /// Delivers frames in order, with at most one interrupt for all.
    public void receive(List<byte[]> frames) {
        if (!transport().live()) {
            return;
        }
        Virtqueue queue = transport().queue(RECEIVE);
        for (byte[] frame : frames) {
            deliver(queue, frame);
        }
        queue.refuseDoorbell();
        transport().served(queue);
    }

    /// Puts one frame into as many buffers as it needs; without mergeable buffers that is one or none. If they do not
    /// suffice, they stay on offer and the frame is dropped.
    private void deliver(Virtqueue queue, byte[] frame) {
        int total = HEADER_BYTES + frame.length;
        boolean mergeable = transport().accepted(FEATURE_MERGEABLE);
        Chain[] chains = new Chain[4];
        int count = 0;
        long room = 0;
        while (room < total) {
            Chain chain = count == 0 || mergeable ? queue.take() : null;
            if (chain == null) {
                queue.putBack(count);
                return;
            }
            if (chain.readableBytes() != 0 || count == 0 && chain.writableBytes() < HEADER_BYTES) {
                transport().breakDown();
                return;
            }
            if (count == chains.length) {
                chains = Arrays.copyOf(chains, 2 * count);
            }
            chains[count++] = chain;
            room += chain.writableBytes();
        }
        byte[] packet = new byte[total];
        packet[NUM_BUFFERS_AT] = (byte) count;
        packet[NUM_BUFFERS_AT + 1] = (byte) (count >> 8);
        System.arraycopy(frame, 0, packet, HEADER_BYTES, frame.length);
        int at = 0;
        for (int i = 0; i < count; i++) {
            int part = (int) Math.min(chains[i].writableBytes(), total - at);
            chains[i].write(ram, 0, packet, at, part);
            queue.put(chains[i].head(), part);
            at += part;
        }
    }

    @Override
    int id() {
        return 1;
    }

    @Override
    int queues() {
        return 2;
    }

    @Override
    int queueSizeMax() {
        return QUEUE_SIZE;
    }

    @Override
    long features() {
        return FEATURE_MAC | FEATURE_MERGEABLE;
    }

    @Override
    byte[] configuration() {
        return mac.clone();
    }

    /// Receive buffers are looked at when frames come, not when they are offered.
    @Override
    void doorbell(int queue) {
        if (queue == TRANSMIT) {
            transmit(transport().queue(TRANSMIT));
        }
    }

    private void transmit(Virtqueue queue) {
        for (int taken = 0; taken < QUEUE_SIZE; taken++) {
            Chain chain = queue.take();
            if (chain == null) {
                break;
            }
            long length = chain.readableBytes() - HEADER_BYTES;
            if (chain.writableBytes() != 0 || length < 0) {
                transport().breakDown();
                return;
            }
            if (length >= FRAME_BYTES_MIN && length <= Outbox.FRAME_BYTES_MAX) {
                byte[] frame = new byte[(int) length];
                chain.read(ram, HEADER_BYTES, frame);
                outbox.add(new FrameOut(frame));
            }
            queue.put(chain.head(), 0);
        }
        queue.wantDoorbell();
        transport().served(queue);
    }

    /// All state is in the queues.
    @Override
    void reset() {}

    @Override
    public void save(DataOutput out) {}

    @Override
    public void load(DataInput in) {}
}
