package io.sosia.appliance.machine.virtio;

import static org.assertj.core.api.Assertions.assertThat;

import io.sosia.appliance.machine.device.Outbox;
import io.sosia.appliance.machine.memory.GuestRam;
import io.sosia.appliance.machine.port.DiskStatus;
import io.sosia.appliance.machine.port.MachineInput.DiskCompleted;
import io.sosia.appliance.machine.port.MachineOutput;
import io.sosia.appliance.machine.port.MachineOutput.DiskRequest;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/// Random rings, registers and completions: nothing a guest does makes a device throw, hang or grow.
class HostileDriverTest {

    private static final int ROUNDS = 600;
    private static final int ACTS = 60;

    private final GuestRam ram = new GuestRam(64 << 20);
    private final Outbox outbox = new Outbox(() -> { });
    private final BlockDevice disk = BlockDevice.create(ram, level -> { }, outbox, 1 << 20);
    private final NetworkDevice card = NetworkDevice.create(ram, level -> { }, outbox, new byte[] {2, 0, 0, 0, 0, 1});
    private final EntropyDevice source = EntropyDevice.create(ram, level -> { }, outbox);
    private final VirtioMmio[] devices = {disk.registers(), card.registers(), source.registers()};
    private int requests;

    @Test
    void nothingAGuestPutsInARingMakesADeviceThrowOrGrow() throws IOException {
        for (int seed = 0; seed < ROUNDS; seed++) {
            Random random = new Random(seed);
            try {
                round(random);
            } catch (RuntimeException | AssertionError e) {
                throw new AssertionError("seed " + seed, e);
            }
        }
        assertThat(requests).as("requests that got through").isGreaterThan(ROUNDS / 2);
    }

    private void round(Random random) throws IOException {
        VirtioMmio device = devices[random.nextInt(devices.length)];
        VirtioDriver driver = new VirtioDriver(ram, device, random.nextBoolean());
        long features = VirtioDevice.FEATURE_VERSION_1 | (random.nextBoolean() ? VirtioDevice.FEATURE_INDIRECT : 0)
                | (random.nextBoolean() ? VirtioDevice.FEATURE_EVENT_INDEX : 0)
                | (device == card.registers() && random.nextBoolean() ? 1 << 15 : 0);
        int queues = device == card.registers() ? 2 : 1;
        driver.start(queues, features);
        for (int act = 0; act < ACTS; act++) {
            int queue = random.nextInt(queues);
            if (driver.needsReset() && random.nextBoolean()) {
                driver.start(queues, features);
            }
            switch (random.nextInt(24)) {
                case 0, 1, 2, 3, 4, 5, 6, 7, 8, 9 -> offerGoodChain(random, driver, queue);
                case 10 -> corrupt(random, queue);
                case 11 -> driver.offer(queue, random.nextInt(20));
                case 12 -> device.write(random.nextInt(0x120) & ~3, 4, random.nextBoolean() ? random.nextInt() : 15);
                case 13, 14 -> card.receive(List.of(new byte[14 + random.nextInt(3000)], new byte[60]));
                case 15, 16, 17 -> complete(random);
                default -> driver.ring(queue);
            }
            outbox.drain(output -> requests++);
        }
        assertThat(disk.pending().size()).isLessThanOrEqualTo(BlockDevice.IN_FLIGHT_MAX);
        reload(device);
    }

    private void offerGoodChain(Random random, VirtioDriver driver, int queue) {
        byte[] header = new byte[16];
        header[0] = (byte) random.nextInt(14);
        header[8] = (byte) random.nextInt();
        List<VirtioDriver.Buffer> buffers = new ArrayList<>();
        if (random.nextInt(16) > 0) {
            buffers.add(driver.readable(header));
        }
        int data = 1 + random.nextInt(3);
        boolean writable = queue == 0 && random.nextBoolean();
        for (int i = 0; i < data; i++) {
            int length = 512 * (1 + random.nextInt(4));
            buffers.add(writable ? driver.writable(length) : driver.readable(new byte[length]));
        }
        buffers.add(driver.writable(1));
        driver.add(queue, buffers.toArray(VirtioDriver.Buffer[]::new));
    }

    private void corrupt(Random random, int queue) {
        int area = GuestRam.offset(VirtioDriver.descriptors(queue));
        int at = area + switch (random.nextInt(3)) {
            case 0 -> random.nextInt(16 * VirtioDriver.SIZE);
            case 1 -> 0x1000 + random.nextInt(64);
            default -> 0x2000 + random.nextInt(160);
        };
        ram.write8(at, (byte) (random.nextBoolean() ? random.nextInt() : random.nextInt(8)));
    }

    private void complete(Random random) {
        List<DiskRequest> pending = disk.pending();
        if (!pending.isEmpty()) {
            DiskRequest request = pending.get(random.nextInt(pending.size()));
            int length = request instanceof MachineOutput.DiskRead read ? read.length() : 0;
            disk.complete(new DiskCompleted(request.requestId(), DiskStatus.OK, new byte[length]));
        }
        if (source.pending() > 0) {
            source.fill(new byte[1 + random.nextInt(source.pending())]);
        }
    }

    /// Whatever state a guest brings about can be saved and read back.
    private static void reload(VirtioMmio device) throws IOException {
        byte[] saved = saved(device);
        device.load(new DataInputStream(new ByteArrayInputStream(saved)));
        assertThat(saved(device)).isEqualTo(saved);
    }

    private static byte[] saved(VirtioMmio device) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        device.save(new DataOutputStream(bytes));
        return bytes.toByteArray();
    }
}
