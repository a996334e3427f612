package io.sosia.appliance.machine.virtio;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sosia.appliance.machine.device.Outbox;
import io.sosia.appliance.machine.memory.GuestRam;
import io.sosia.appliance.machine.port.DiskStatus;
import io.sosia.appliance.machine.port.MachineInput.DiskCompleted;
import io.sosia.appliance.machine.port.MachineOutput;
import io.sosia.appliance.machine.port.MachineOutput.ByteRange;
import io.sosia.appliance.machine.virtio.VirtioDriver.Buffer;
import io.sosia.appliance.machine.virtio.VirtioDriver.Used;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class BlockDeviceTest {

    private static final long DISK_BYTES = 1 << 20;
    private static final long FEATURES = VirtioDevice.FEATURE_VERSION_1 | VirtioDevice.FEATURE_INDIRECT;

    private final GuestRam ram = new GuestRam(64 << 20);
    private boolean interrupt;
    private int stops;
    private final Outbox outbox = new Outbox(() -> stops++);
    private final BlockDevice disk = BlockDevice.create(ram, level -> interrupt = level, outbox, DISK_BYTES);
    private VirtioDriver driver = new VirtioDriver(ram, disk.registers(), false).start(1, FEATURES);

    private static byte[] header(int type, long sector) {
        return ByteBuffer.allocate(16).order(ByteOrder.LITTLE_ENDIAN).putInt(type).putInt(0).putLong(sector).array();
    }

    private static byte[] range(long sector, int sectors, int flags) {
        ByteBuffer bytes = ByteBuffer.allocate(16).order(ByteOrder.LITTLE_ENDIAN);
        return bytes.putLong(sector).putInt(sectors).putInt(flags).array();
    }

    private static byte[] pattern(int length) {
        byte[] bytes = new byte[length];
        for (int i = 0; i < length; i++) {
            bytes[i] = (byte) (i * 31 + 7);
        }
        return bytes;
    }

    private List<MachineOutput> outputs() {
        List<MachineOutput> outputs = new ArrayList<>();
        outbox.drain(outputs::add);
        return outputs;
    }

    private int statusOf(Buffer status) {
        return driver.content(status)[0];
    }

    /// Submits a request that the device should answer by itself, and returns its status.
    private int answeredAtOnce(Buffer... beforeStatus) {
        Buffer[] all = Arrays.copyOf(beforeStatus, beforeStatus.length + 1);
        Buffer status = driver.writable(1);
        all[beforeStatus.length] = status;
        driver.add(0, all);
        driver.ring(0);
        assertThat(outputs()).isEmpty();
        assertThat(driver.taken(0)).hasSize(1);
        return statusOf(status);
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void readIsDeliveredWhenItsCompletionIsApplied(boolean indirect) {
        driver = new VirtioDriver(ram, disk.registers(), indirect).start(1, FEATURES);
        Buffer first = driver.writable(512);
        Buffer second = driver.writable(1024);
        Buffer status = driver.writable(1);
        int head = driver.add(0, driver.readable(header(0, 3)), first, second, status);
        driver.ring(0);
        assertThat(outputs()).containsExactly(new MachineOutput.DiskRead(0, 1536, 1536));
        assertThat(stops).isEqualTo(1);
        assertThat(driver.taken(0)).isEmpty();
        assertThat(driver.content(first)).containsOnly(0);
        byte[] data = pattern(1536);
        disk.complete(new DiskCompleted(0, DiskStatus.OK, data));
        assertThat(driver.taken(0)).containsExactly(new Used(head, 1537));
        assertThat(interrupt).isTrue();
        assertThat(driver.acknowledge()).isEqualTo(1);
        assertThat(interrupt).isFalse();
        assertThat(driver.content(first)).isEqualTo(Arrays.copyOf(data, 512));
        assertThat(driver.content(second)).isEqualTo(Arrays.copyOfRange(data, 512, 1536));
        assertThat(statusOf(status)).isZero();
        assertThat(disk.pending()).isEmpty();
    }

    @Test
    void writeCarriesTheBufferAsItWasAtSubmission() {
        byte[] data = pattern(1024);
        Buffer first = driver.readable(Arrays.copyOf(data, 100));
        Buffer rest = driver.readable(Arrays.copyOfRange(data, 100, 1024));
        Buffer status = driver.writable(1);
        driver.add(0, driver.readable(header(1, 2)), first, rest, status);
        driver.ring(0);
        ram.write(GuestRam.offset(first.address()), new byte[100], 0, 100);
        MachineOutput.DiskWrite write = (MachineOutput.DiskWrite) outputs().getFirst();
        assertThat(write.offset()).isEqualTo(1024);
        assertThat(write.data()).isEqualTo(data);
        ram.write8(GuestRam.offset(status.address()), (byte) 99);
        disk.complete(new DiskCompleted(0, DiskStatus.IO_ERROR, new byte[0]));
        assertThat(statusOf(status)).isEqualTo(1);
        assertThat(driver.taken(0).getFirst().written()).isEqualTo(1);
    }

    @Test
    void flushDiscardAndWriteZeroesAreForwarded() {
        driver.add(0, driver.readable(header(4, 0)), driver.writable(1));
        driver.ring(0);
        driver.add(0, driver.readable(header(11, 0)), driver.readable(range(8, 8, 0)), driver.writable(1));
        driver.ring(0);
        driver.add(0, driver.readable(header(13, 0)), driver.readable(range(16, 8, 1)),
                driver.readable(range(32, 1, 0)), driver.writable(1));
        driver.ring(0);
        assertThat(outputs()).containsExactly(
                new MachineOutput.DiskFlush(0),
                new MachineOutput.DiskDiscard(1, List.of(new ByteRange(4096, 4096))),
                new MachineOutput.DiskWriteZeroes(2,
                        List.of(new ByteRange(8192, 4096), new ByteRange(16384, 512)), false));
        assertThat(disk.pending()).hasSize(3);
        disk.complete(new DiskCompleted(1, DiskStatus.UNSUPPORTED, new byte[0]));
        disk.complete(new DiskCompleted(0, DiskStatus.OK, new byte[0]));
        assertThat(driver.taken(0)).hasSize(2);
        assertThat(disk.pending()).hasSize(1);
    }

    @Test
    void identityIsAnsweredAtOnce() {
        Buffer id = driver.writable(20);
        assertThat(answeredAtOnce(driver.readable(header(8, 0)), id)).isZero();
        assertThat(new String(driver.content(id), java.nio.charset.StandardCharsets.US_ASCII)).startsWith("sosia-disk");
        assertThat(interrupt).isTrue();
    }

    @Test
    void requestsThatAreWrongInThemselvesFailAlone() {
        long sectors = DISK_BYTES / 512;
        assertThat(answeredAtOnce(driver.readable(header(99, 0)))).isEqualTo(2);
        assertThat(answeredAtOnce(driver.readable(header(0, 0)), driver.writable(100))).isEqualTo(1);
        assertThat(answeredAtOnce(driver.readable(header(0, 0)))).isEqualTo(1);
        assertThat(answeredAtOnce(driver.readable(header(0, sectors)), driver.writable(512))).isEqualTo(1);
        assertThat(answeredAtOnce(driver.readable(header(0, -1)), driver.writable(512))).isEqualTo(1);
        assertThat(answeredAtOnce(driver.readable(header(0, Long.MAX_VALUE)), driver.writable(512))).isEqualTo(1);
        assertThat(answeredAtOnce(driver.readable(header(1, sectors - 1)), driver.readable(new byte[1024])))
                .isEqualTo(1);
        assertThat(answeredAtOnce(driver.readable(header(8, 0)), driver.writable(5))).isEqualTo(1);
        assertThat(answeredAtOnce(driver.readable(header(11, 0)), driver.readable(range(0, 1, 1)))).isEqualTo(2);
        assertThat(answeredAtOnce(driver.readable(header(13, 0)), driver.readable(range(sectors, 1, 0)))).isEqualTo(1);
        assertThat(answeredAtOnce(driver.readable(header(13, 0)), driver.readable(range(0, -1, 0)))).isEqualTo(1);
        assertThat(answeredAtOnce(driver.readable(header(13, 0)), driver.readable(new byte[8]))).isEqualTo(1);
        assertThat(driver.needsReset()).isFalse();
    }

    @Test
    void transferLargerThanTheLimitFailsWithoutBeingCopied() {
        Buffer huge = new Buffer(GuestRam.BASE, 32 << 20, false);
        assertThat(answeredAtOnce(driver.readable(header(1, 0)), huge)).isEqualTo(1);
    }

    @Test
    void completionAfterAResetIsTakenAndChangesNothing() {
        Buffer data = driver.writable(512);
        driver.add(0, driver.readable(header(0, 0)), data, driver.writable(1));
        driver.ring(0);
        outputs();
        driver.start(1, FEATURES);
        assertThat(disk.pending()).hasSize(1);
        disk.complete(new DiskCompleted(0, DiskStatus.OK, pattern(512)));
        assertThat(driver.content(data)).containsOnly(0);
        assertThat(driver.taken(0)).isEmpty();
        assertThat(disk.pending()).isEmpty();
        driver.add(0, driver.readable(header(4, 0)), driver.writable(1));
        driver.ring(0);
        assertThat(outputs()).containsExactly(new MachineOutput.DiskFlush(1));
    }

    @Test
    void unknownOrMisfitCompletionIsABrokenInvariant() {
        assertThatThrownBy(() -> disk.complete(new DiskCompleted(7, DiskStatus.OK, new byte[0])))
                .isInstanceOf(IllegalStateException.class).hasMessageContaining("7");
        driver.add(0, driver.readable(header(0, 0)), driver.writable(512), driver.writable(1));
        driver.ring(0);
        assertThatThrownBy(() -> disk.complete(new DiskCompleted(0, DiskStatus.OK, new byte[511])))
                .isInstanceOf(IllegalStateException.class).hasMessageContaining("expected 512");
        disk.complete(new DiskCompleted(0, DiskStatus.IO_ERROR, new byte[0]));
    }

    @Test
    void requestsBeyondTheBoundWaitInTheRingUntilOthersComplete() {
        int perRequest = 8 << 20;
        BlockDevice large = BlockDevice.create(ram, level -> interrupt = level, outbox, 1L << 30);
        driver = new VirtioDriver(ram, large.registers(), true).start(1, FEATURES);
        for (int i = 0; i < 6; i++) {
            driver.add(0, driver.readable(header(0, 0)), new Buffer(GuestRam.BASE + (16 << 20), perRequest, true),
                    driver.writable(1));
        }
        driver.ring(0);
        assertThat(outputs()).hasSize(4);
        large.complete(new DiskCompleted(0, DiskStatus.IO_ERROR, new byte[0]));
        assertThat(outputs()).hasSize(1);
        for (int reset = 0; reset < 3; reset++) {
            driver.start(1, FEATURES);
            driver.add(0, driver.readable(header(0, 0)), new Buffer(GuestRam.BASE + (16 << 20), perRequest, true),
                    driver.writable(1));
            driver.ring(0);
            assertThat(outputs()).as("bytes of requests from before the reset count").isEmpty();
        }
        assertThat(large.pending()).hasSize(4);
    }

    @Test
    void chainWithoutHeaderOrStatusBreaksTheDevice() {
        driver.add(0, driver.readable(new byte[8]), driver.writable(1));
        driver.ring(0);
        assertThat(driver.needsReset()).isTrue();
        assertThat(driver.acknowledge()).isEqualTo(2);
        driver.start(1, FEATURES);
        assertThat(driver.needsReset()).isFalse();
        driver.add(0, driver.readable(header(4, 0)));
        driver.ring(0);
        assertThat(driver.needsReset()).isTrue();
        driver.add(0, driver.readable(header(4, 0)), driver.writable(1));
        driver.ring(0);
        assertThat(outputs()).isEmpty();
    }

    @Test
    void configurationSpaceShowsCapacityAndLimits() {
        assertThat(disk.registers().read(0x100, 8)).isEqualTo(DISK_BYTES / 512);
        assertThat(disk.registers().read(0x10c, 4)).isEqualTo(254);
        assertThat(disk.registers().read(0x114, 4)).isEqualTo(512);
        assertThat(disk.registers().read(0xffc, 4)).isZero();
    }
}
