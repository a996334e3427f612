package io.sosia.appliance.machine.virtio;

import static org.assertj.core.api.Assertions.assertThat;

import io.sosia.appliance.machine.device.Outbox;
import io.sosia.appliance.machine.memory.GuestRam;
import io.sosia.appliance.machine.virtio.VirtioDriver.Buffer;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import org.junit.jupiter.api.Test;

class VirtioMmioTest {

    private static final long FEATURES = VirtioDevice.FEATURE_VERSION_1 | VirtioDevice.FEATURE_INDIRECT;

    private final GuestRam ram = new GuestRam(64 << 20);
    private final Outbox outbox = new Outbox(() -> { });
    private final EntropyDevice source = EntropyDevice.create(ram, level -> { }, outbox);
    private final VirtioDriver driver = new VirtioDriver(ram, source.registers(), false);

    @Test
    void namesItself() {
        assertThat(driver.read(0x000)).isEqualTo(0x74726976);
        assertThat(driver.read(0x004)).isEqualTo(2);
        assertThat(driver.read(0x008)).isEqualTo(4);
        assertThat(driver.read(0x034)).isEqualTo(16);
        driver.write(0x30, 1);
        assertThat(driver.read(0x034)).isZero();
        assertThat(driver.read(0x0b0)).isEqualTo(-1);
        driver.write(0x14, 1);
        assertThat(driver.read(0x10)).isEqualTo(1);
        driver.write(0x14, 2);
        assertThat(driver.read(0x10)).isZero();
    }

    @Test
    void featuresStickOnlyWhenOffered() {
        driver.write(0x70, 3);
        driver.write(0x24, 1);
        driver.write(0x20, 1);
        driver.write(0x24, 0);
        driver.write(0x20, 1 << 5);
        driver.write(0x70, 11);
        assertThat(driver.read(0x70)).as("a feature not offered").isEqualTo(3);
        driver.write(0x70, 15);
        assertThat(driver.read(0x70)).as("driver not ok before features").isEqualTo(3);
        driver.write(0x20, 0);
        driver.write(0x70, 11);
        assertThat(driver.read(0x70)).isEqualTo(11);
    }

    @Test
    void driverThatNeverLooksAtTheUpperFeaturesIsServed() {
        driver.start(1, 0);
        assertThat(driver.read(0x70)).isEqualTo(15);
        driver.add(0, driver.writable(8));
        driver.ring(0);
        assertThat(source.pending()).isEqualTo(8);
    }

    @Test
    void queueInUseCannotBeMoved() {
        driver.start(1, FEATURES);
        driver.write(0x80, 0);
        driver.write(0x38, 4);
        driver.add(0, driver.writable(8));
        driver.ring(0);
        assertThat(source.pending()).isEqualTo(8);
    }

    @Test
    void queueOfBadSizeOrPlaceBreaksTheDevice() {
        long[][] bad = {
            {0, VirtioDriver.descriptors(0)}, {3, VirtioDriver.descriptors(0)}, {512, VirtioDriver.descriptors(0)},
            {8, 0x1000}, {8, GuestRam.BASE + (64 << 20) - 16}, {8, VirtioDriver.descriptors(0) + 1}, {8, -16},
        };
        for (long[] each : bad) {
            driver.write(0x70, 0);
            driver.write(0x38, (int) each[0]);
            driver.write(0x80, (int) each[1]);
            driver.write(0x84, (int) (each[1] >>> 32));
            driver.write(0x90, (int) VirtioDriver.available(0));
            driver.write(0xa0, (int) VirtioDriver.used(0));
            driver.write(0x44, 1);
            assertThat(driver.read(0x44)).isZero();
            assertThat(driver.needsReset()).isTrue();
        }
    }

    @Test
    void doorbellBeforeDriverOkOrForNoQueueDoesNothing() {
        driver.start(1, FEATURES);
        driver.ring(1);
        driver.ring(-1);
        driver.write(0x70, 128);
        driver.add(0, driver.writable(8));
        driver.ring(0);
        assertThat(source.pending()).isZero();
    }

    @Test
    void brokenChainsBreakTheDevice() {
        long table = driver.allocate(64);
        int ramBytes = ram.size();
        Runnable[] offences = {
            () -> driver.describe(VirtioDriver.descriptors(0), 0, GuestRam.BASE, 0, 2, 0),
            () -> driver.describe(VirtioDriver.descriptors(0), 0, 0x1000, 8, 2, 0),
            () -> driver.describe(VirtioDriver.descriptors(0), 0, GuestRam.BASE + ramBytes - 4, 8, 2, 0),
            () -> driver.describe(VirtioDriver.descriptors(0), 0, GuestRam.BASE, -1, 2, 0),
            () -> driver.describe(VirtioDriver.descriptors(0), 0, -8, 16, 2, 0),
            () -> driver.describe(VirtioDriver.descriptors(0), 0, GuestRam.BASE, 8, 3, 0),
            () -> driver.describe(VirtioDriver.descriptors(0), 0, GuestRam.BASE, 8, 3, 8),
            () -> driver.describe(VirtioDriver.descriptors(0), 0, table, 8, 4, 0),
            () -> driver.describe(VirtioDriver.descriptors(0), 0, table, 16, 5, 0),
            () -> {
                driver.describe(VirtioDriver.descriptors(0), 0, table, 16, 4, 0);
                driver.describe(table, 0, table, 16, 4, 0);
            },
            () -> {
                driver.describe(VirtioDriver.descriptors(0), 0, table, 32, 4, 0);
                driver.describe(table, 0, GuestRam.BASE, 8, 3, 1);
                driver.describe(table, 1, GuestRam.BASE, 8, 0, 0);
            },
        };
        for (int i = 0; i < offences.length; i++) {
            driver.start(1, FEATURES);
            offences[i].run();
            driver.offer(0, 0);
            driver.ring(0);
            assertThat(driver.needsReset()).as("offence %d", i).isTrue();
            assertThat(driver.acknowledge()).as("offence %d", i).isEqualTo(2);
        }
        driver.start(1, FEATURES);
        driver.offer(0, 99);
        driver.ring(0);
        assertThat(driver.needsReset()).as("head outside the table").isTrue();
        driver.start(1, FEATURES);
        for (int i = 0; i < 9; i++) {
            driver.describe(VirtioDriver.descriptors(0), 0, GuestRam.BASE, 8, 2, 0);
            driver.offer(0, 0);
        }
        ram.write16(GuestRam.offset(VirtioDriver.available(0)) + 2, (short) 999);
        driver.ring(0);
        assertThat(driver.needsReset()).as("more available than the ring holds").isTrue();
    }

    @Test
    void indirectTableNeedsTheFeature() {
        VirtioDriver indirect = new VirtioDriver(ram, source.registers(), true)
                .start(1, VirtioDevice.FEATURE_VERSION_1);
        indirect.add(0, indirect.writable(8));
        indirect.ring(0);
        assertThat(indirect.needsReset()).isTrue();
    }

    @Test
    void savedDeviceContinuesTheSame() throws IOException {
        driver.start(1, FEATURES);
        Buffer buffer = driver.writable(8);
        driver.add(0, buffer);
        driver.ring(0);
        byte[] saved = saved(source.registers());
        EntropyDevice copy = EntropyDevice.create(ram, level -> { }, outbox);
        copy.registers().load(new DataInputStream(new ByteArrayInputStream(saved)));
        assertThat(saved(copy.registers())).isEqualTo(saved);
        assertThat(copy.pending()).isEqualTo(8);
        copy.fill(new byte[] {9, 9});
        assertThat(driver.content(buffer)).startsWith(9, 9, 0);
    }

    private static byte[] saved(VirtioMmio registers) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        registers.save(new DataOutputStream(bytes));
        return bytes.toByteArray();
    }
}
