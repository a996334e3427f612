package io.sosia.appliance.machine.virtio;

import io.sosia.appliance.machine.bus.InterruptPin;
import io.sosia.appliance.machine.device.Outbox;
import io.sosia.appliance.machine.device.StateFields;
import io.sosia.appliance.machine.memory.GuestRam;
import io.sosia.appliance.machine.port.MachineOutput.EntropyWanted;
import io.sosia.appliance.machine.state.BadStateException;
import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;

/// The entropy source (virtio 1.2, 5.4). It asks for one buffer's worth at a time and fills the buffer when the answer
/// is applied.
public final class EntropyDevice extends VirtioDevice {

    /// Most bytes asked for at once; a larger buffer is filled in part, as the driver expects.
    public static final int BYTES_MAX = 256;

    private static final int QUEUE_SIZE = 16;

    private final GuestRam ram;
    private final Outbox outbox;
    private Chain waiting;

    private EntropyDevice(GuestRam ram, Outbox outbox) {
        this.ram = ram;
        this.outbox = outbox;
    }

    /// An entropy source behind a transport of its own.
    ///
    /// @param pin the transport's interrupt wire
    public static EntropyDevice create(GuestRam ram, InterruptPin pin, Outbox outbox) {
        EntropyDevice device = new EntropyDevice(ram, outbox);
        device.attach(new VirtioMmio(device, ram, pin));
        return device;
    }

    /// The registers.
    public VirtioMmio registers() {
        return transport();
    }

    /// Bytes asked for and not delivered yet.
    public int pending() {
        return waiting == null ? 0 : wanted(waiting);
    }

    /// Fills the waiting buffer; bytes beyond it, or with none waiting (the device was reset meanwhile), are ignored.
    ///
    /// @throws IllegalStateException for no bytes at all
    public void fill(byte[] bytes) {
        if (bytes.length == 0) {
            throw new IllegalStateException("0 bytes of entropy, expected at least 1");
        }
        if (waiting == null || !transport().live()) {
            return;
        }
        int length = Math.min(bytes.length, wanted(waiting));
        waiting.write(ram, 0, bytes, 0, length);
        transport().queue(0).put(waiting.head(), length);
        waiting = null;
        serve();
    }

    @Override
    int id() {
        return 4;
    }

    @Override
    int queues() {
        return 1;
    }

    @Override
    int queueSizeMax() {
        return QUEUE_SIZE;
    }

    @Override
    long features() {
        return 0;
    }

    @Override
    byte[] configuration() {
        return new byte[0];
    }

    @Override
    void doorbell(int queue) {
        if (waiting == null) {
            serve();
        }
    }

    @Override
    void reset() {
        waiting = null;
    }

    private void serve() {
        Virtqueue queue = transport().queue(0);
        Chain chain = queue.take();
        if (chain != null && (chain.readableBytes() != 0 || chain.writableBytes() == 0)) {
            transport().breakDown();
            return;
        }
        if (chain != null) {
            waiting = chain;
            outbox.add(new EntropyWanted(wanted(chain)));
        }
        queue.wantDoorbell();
        transport().served(queue);
    }

    private static int wanted(Chain chain) {
        return (int) Math.min(chain.writableBytes(), BYTES_MAX);
    }

    @Override
    public void save(DataOutput out) throws IOException {
        out.writeBoolean(waiting != null);
        if (waiting != null) {
            waiting.save(out);
        }
    }

    @Override
    public void load(DataInput in) throws IOException {
        waiting = in.readBoolean() ? Chain.load(in, ram, QUEUE_SIZE) : null;
        if (waiting != null && (waiting.readableBytes() != 0 || waiting.writableBytes() == 0)) {
            throw new BadStateException("entropy device waits with " + pending() + " writable and "
                    + waiting.readableBytes() + " readable bytes, expected writable ones only");
        }
    }
}
