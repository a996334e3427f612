package io.sosia.appliance.machine.virtio;

import io.sosia.appliance.machine.bus.InterruptPin;
import io.sosia.appliance.machine.device.DiskRequestFormat;
import io.sosia.appliance.machine.device.Outbox;
import io.sosia.appliance.machine.device.StateFields;
import io.sosia.appliance.machine.memory.GuestRam;
import io.sosia.appliance.machine.port.DiskStatus;
import io.sosia.appliance.machine.port.MachineInput.DiskCompleted;
import io.sosia.appliance.machine.port.MachineOutput.DiskRead;
import io.sosia.appliance.machine.port.MachineOutput.DiskRequest;
import io.sosia.appliance.machine.port.MachineOutput.DiskWrite;
import io.sosia.appliance.machine.state.BadStateException;
import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// The disk (virtio 1.2, 5.2).
///
/// A write's data is copied out of guest RAM at submission, a read's data is copied in when its completion is applied,
/// so transfers never race the guest (FT paper, 3.2). Requests that are wrong in themselves are answered at once; the
/// others become outputs with ids that count up for ever. A request outlives a reset of the device: its completion is
/// then taken and changes nothing.
///
/// When [#IN_FLIGHT_MAX] requests or [#IN_FLIGHT_BYTES_MAX] bytes are out, further ones stay in the ring until a
/// completion is applied.
public final class BlockDevice extends VirtioDevice {

    /// Most requests out at a time.
    public static final int IN_FLIGHT_MAX = 256;

    /// No further request is taken while this many bytes or more are being read and written.
    public static final int IN_FLIGHT_BYTES_MAX = 32 << 20;

    static final int SECTOR_BYTES = 512;

    private static final int QUEUE_SIZE = 256;
    private static final long FEATURE_SIZE_MAX = 1 << 1;
    private static final long FEATURE_SEG_MAX = 1 << 2;
    private static final long FEATURE_BLOCK_SIZE = 1 << 6;
    private static final long FEATURE_FLUSH = 1 << 9;
    private static final long FEATURE_DISCARD = 1 << 13;
    private static final long FEATURE_WRITE_ZEROES = 1 << 14;

    private final GuestRam ram;
    private final Outbox outbox;
    private final long diskBytes;
    /// Requests out, in submission order; the chain is null once the device was reset.
    private final Map<Long, InFlight> inFlight = new LinkedHashMap<>();
    private long inFlightBytes;
    private long nextRequestId;
    private boolean stalled;

    private record InFlight(DiskRequest request, Chain chain) {}

    private BlockDevice(GuestRam ram, Outbox outbox, long diskBytes) {
        if (diskBytes <= 0 || diskBytes % SECTOR_BYTES != 0) {
            throw new IllegalArgumentException("disk of " + diskBytes + " bytes, expected a multiple of "
                    + SECTOR_BYTES);
        }
        this.ram = ram;
        this.outbox = outbox;
        this.diskBytes = diskBytes;
    }

    /// A disk behind a transport of its own.
    ///
    /// @param pin       the transport's interrupt wire
    /// @param diskBytes capacity, a multiple of 512
    public static BlockDevice create(GuestRam ram, InterruptPin pin, Outbox outbox, long diskBytes) {
        BlockDevice device = new BlockDevice(ram, outbox, diskBytes);
        device.attach(new VirtioMmio(device, ram, pin));
        return device;
    }

    /// The registers.
    public VirtioMmio registers() {
        return transport();
    }

    /// Requests out, in submission order.
    public List<DiskRequest> pending() {
        return inFlight.values().stream().map(InFlight::request).toList();
    }

    /// Applies a completion: writes a read's data and the status, gives the chain back to the driver.
    ///
    /// @throws IllegalStateException for an id that is not out, or data of another length than asked for
    public void complete(DiskCompleted completed) {
        InFlight entry = inFlight.get(completed.requestId());
        if (entry == null) {
            throw new IllegalStateException("completion of disk request " + completed.requestId() + ", expected one of "
                    + inFlight.keySet());
        }
        boolean delivers = completed.status() == DiskStatus.OK;
        int expected = delivers && entry.request instanceof DiskRead read ? read.length() : 0;
        if (completed.data().length != expected) {
            throw new IllegalStateException("completion of disk request " + completed.requestId() + " with "
                    + completed.data().length + " bytes, expected " + expected);
        }
        inFlight.remove(completed.requestId());
        inFlightBytes -= bytes(entry.request);
        if (entry.chain != null && transport().live() && queue().ready()) {
            entry.chain.write(ram, 0, completed.data(), 0, expected);
            finish(entry.chain, BlockStatus.of(completed.status()), expected);
        }
        if (stalled && transport().live()) {
            serve();
        } else {
            transport().served(queue());
        }
    }

    @Override
    int id() {
        return 2;
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
        return FEATURE_SIZE_MAX | FEATURE_SEG_MAX | FEATURE_BLOCK_SIZE | FEATURE_FLUSH | FEATURE_DISCARD
                | FEATURE_WRITE_ZEROES;
    }

    /// virtio 1.2, 5.2.4: what is not named here is for features not offered.
    @Override
    byte[] configuration() {
        ByteBuffer space = ByteBuffer.allocate(60).order(ByteOrder.LITTLE_ENDIAN);
        space.putLong(0, diskBytes / SECTOR_BYTES);
        space.putInt(8, BlockRequest.SEGMENT_BYTES_MAX);
        space.putInt(12, QUEUE_SIZE - 2);
        space.putInt(20, SECTOR_BYTES);
        space.putInt(36, BlockRequest.RANGE_SECTORS_MAX);
        space.putInt(40, DiskRequestFormat.RANGES_MAX);
        space.putInt(44, 1);
        space.putInt(48, BlockRequest.RANGE_SECTORS_MAX);
        space.putInt(52, DiskRequestFormat.RANGES_MAX);
        space.put(56, (byte) 1);
        return space.array();
    }

    @Override
    void doorbell(int queue) {
        serve();
    }

    @Override
    void reset() {
        inFlight.replaceAll((id, entry) -> new InFlight(entry.request, null));
        stalled = false;
    }

    private Virtqueue queue() {
        return transport().queue(0);
    }

    private void serve() {
        Virtqueue queue = queue();
        stalled = false;
        // Requests answered at once make room for more, which the driver cannot add meanwhile: a ring's worth is the
        // end.
        for (int taken = 0; taken < QUEUE_SIZE; taken++) {
            if (inFlight.size() >= IN_FLIGHT_MAX || inFlightBytes >= IN_FLIGHT_BYTES_MAX) {
                stalled = true;
                break;
            }
            Chain chain = queue.take();
            if (chain == null) {
                break;
            }
            if (chain.readableBytes() < BlockRequest.HEADER_BYTES || chain.writableBytes() < 1) {
                // There is nothing to understand, or nowhere to answer.
                transport().breakDown();
                return;
            }
            submit(chain);
        }
        queue.wantDoorbell();
        transport().served(queue);
    }

    private void submit(Chain chain) {
        switch (BlockRequest.parse(chain, ram, diskBytes, nextRequestId)) {
            case BlockRequest.Forwarded f -> {
                nextRequestId++;
                inFlight.put(f.request().requestId(), new InFlight(f.request(), chain));
                inFlightBytes += bytes(f.request());
                outbox.add(f.request());
            }
            case BlockRequest.Answered a -> {
                chain.write(ram, 0, a.data(), 0, a.data().length);
                finish(chain, a.status(), a.data().length);
            }
        }
    }

    /// The status is the last byte the device may write (virtio 1.2, 5.2.6).
    private void finish(Chain chain, int status, int dataBytes) {
        chain.write(ram, chain.writableBytes() - 1, new byte[] {(byte) status}, 0, 1);
        queue().put(chain.head(), dataBytes + 1);
    }

    private static int bytes(DiskRequest request) {
        return switch (request) {
            case DiskRead r -> r.length();
            case DiskWrite w -> w.data().length;
            default -> 0;
        };
    }

    @Override
    public void save(DataOutput out) throws IOException {
        out.writeLong(nextRequestId);
        out.writeBoolean(stalled);
        out.writeInt(inFlight.size());
        for (InFlight entry : inFlight.values()) {
            DiskRequestFormat.write(entry.request, out);
            out.writeBoolean(entry.chain != null);
            if (entry.chain != null) {
                entry.chain.save(out);
            }
        }
    }

    @Override
    public void load(DataInput in) throws IOException {
        nextRequestId = in.readLong();
        stalled = in.readBoolean();
        inFlight.clear();
        inFlightBytes = 0;
        int count = StateFields.count(in, "disk requests out", IN_FLIGHT_MAX);
        long last = -1;
        for (int i = 0; i < count; i++) {
            DiskRequest request = DiskRequestFormat.read(in);
            if (request.requestId() <= last || request.requestId() >= nextRequestId) {
                throw new BadStateException("disk request " + request.requestId() + ", expected one between "
                        + (last + 1) + " and " + (nextRequestId - 1));
            }
            last = request.requestId();
            inFlightBytes += bytes(request);
            if (inFlightBytes >= IN_FLIGHT_BYTES_MAX + (long) DiskRequestFormat.DATA_BYTES_MAX) {
                throw new BadStateException("disk requests with " + inFlightBytes + " bytes out, expected less than "
                        + (IN_FLIGHT_BYTES_MAX + DiskRequestFormat.DATA_BYTES_MAX));
            }
            Chain chain = in.readBoolean() ? loadChain(in, request) : null;
            inFlight.put(request.requestId(), new InFlight(request, chain));
        }
    }

    private Chain loadChain(DataInput in, DiskRequest request) throws IOException {
        Chain chain = Chain.load(in, ram, QUEUE_SIZE);
        long needed = 1 + (request instanceof DiskRead read ? (long) read.length() : 0);
        if (chain.writableBytes() < needed) {
            throw new BadStateException("disk request " + request.requestId() + " has room for " + chain.writableBytes()
                    + " bytes, expected " + needed);
        }
        return chain;
    }
}
