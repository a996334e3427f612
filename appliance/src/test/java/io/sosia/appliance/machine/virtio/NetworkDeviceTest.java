package io.sosia.appliance.machine.virtio;

import static org.assertj.core.api.Assertions.assertThat;

import io.sosia.appliance.machine.device.Outbox;
import io.sosia.appliance.machine.memory.GuestRam;
import io.sosia.appliance.machine.port.MachineOutput;
import io.sosia.appliance.machine.virtio.VirtioDriver.Buffer;
import io.sosia.appliance.machine.virtio.VirtioDriver.Used;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

class NetworkDeviceTest {

    private static final byte[] MAC = {0x52, 0x54, 0, 1, 2, 3};
    private static final long PLAIN = VirtioDevice.FEATURE_VERSION_1;
    private static final long MERGEABLE = PLAIN | 1 << 15;
    private static final long EVENT_INDEX = MERGEABLE | VirtioDevice.FEATURE_EVENT_INDEX;

    private final GuestRam ram = new GuestRam(64 << 20);
    private int interrupts;
    private boolean level;
    private final Outbox outbox = new Outbox(() -> { });
    private final NetworkDevice card = NetworkDevice.create(ram, this::wire, outbox, MAC);
    private final VirtioDriver driver = new VirtioDriver(ram, card.registers(), false);

    private void wire(boolean asserted) {
        if (asserted && !level) {
            interrupts++;
        }
        level = asserted;
    }

    private static byte[] frame(int length, int seed) {
        byte[] bytes = new byte[length];
        for (int i = 0; i < length; i++) {
            bytes[i] = (byte) (i * 7 + seed);
        }
        return bytes;
    }

    private List<MachineOutput> outputs() {
        List<MachineOutput> outputs = new ArrayList<>();
        outbox.drain(outputs::add);
        return outputs;
    }

    @Test
    void framesThatArriveTogetherComeWithOneInterrupt() {
        driver.start(2, PLAIN);
        List<Buffer> buffers = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            buffers.add(driver.writable(1526));
            driver.add(0, buffers.getLast());
        }
        assertThat(card.room()).isEqualTo(4);
        card.receive(List.of(frame(60, 1), frame(1514, 2), frame(14, 3)));
        assertThat(interrupts).isEqualTo(1);
        assertThat(card.room()).isEqualTo(1);
        assertThat(driver.taken(0)).containsExactly(new Used(0, 72), new Used(1, 1526), new Used(2, 26));
        byte[] packet = driver.content(buffers.get(1));
        assertThat(Arrays.copyOf(packet, 12)).containsExactly(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0);
        assertThat(Arrays.copyOfRange(packet, 12, 1526)).isEqualTo(frame(1514, 2));
    }

    @Test
    void frameLargerThanTheBufferIsDroppedAndTheBufferStays() {
        driver.start(2, PLAIN);
        driver.add(0, driver.writable(100));
        card.receive(List.of(frame(200, 1)));
        assertThat(driver.taken(0)).isEmpty();
        assertThat(card.room()).isEqualTo(1);
        assertThat(interrupts).isZero();
        card.receive(List.of(frame(88, 1)));
        assertThat(driver.taken(0)).containsExactly(new Used(0, 100));
    }

    @Test
    void mergeableBuffersTakeALongFrameTogether() {
        driver.start(2, MERGEABLE);
        List<Buffer> buffers = List.of(driver.writable(1000), driver.writable(1000), driver.writable(1000));
        buffers.forEach(b -> driver.add(0, b));
        card.receive(List.of(frame(2500, 5)));
        assertThat(driver.taken(0)).containsExactly(new Used(0, 1000), new Used(1, 1000), new Used(2, 512));
        assertThat(driver.content(buffers.get(0))[10]).isEqualTo((byte) 3);
        byte[] all = new byte[3000];
        for (int i = 0; i < 3; i++) {
            System.arraycopy(driver.content(buffers.get(i)), 0, all, 1000 * i, 1000);
        }
        assertThat(Arrays.copyOfRange(all, 12, 2512)).isEqualTo(frame(2500, 5));
    }

    @Test
    void tooFewMergeableBuffersStayOnOffer() {
        driver.start(2, MERGEABLE);
        driver.add(0, driver.writable(100));
        driver.add(0, driver.writable(100));
        card.receive(List.of(frame(500, 5), frame(60, 6)));
        assertThat(driver.taken(0)).containsExactly(new Used(0, 72));
        assertThat(card.room()).isEqualTo(1);
    }

    @Test
    void framesBeforeTheDriverIsReadyAreDropped() {
        card.receive(List.of(frame(60, 1)));
        driver.start(2, PLAIN);
        card.receive(List.of(frame(60, 1)));
        assertThat(driver.taken(0)).isEmpty();
        assertThat(card.room()).isZero();
    }

    @Test
    void sentFramesLoseTheirHeader() {
        driver.start(2, PLAIN);
        byte[] frame = frame(60, 9);
        driver.add(1, driver.readable(new byte[12]), driver.readable(frame));
        byte[] joined = new byte[72];
        System.arraycopy(frame, 0, joined, 12, 60);
        driver.add(1, driver.readable(joined));
        driver.ring(1);
        assertThat(outputs()).hasSize(2).allSatisfy(output ->
                assertThat(((MachineOutput.FrameOut) output).frame()).isEqualTo(frame));
        assertThat(driver.taken(1)).hasSize(2);
        assertThat(interrupts).isEqualTo(1);
    }

    @Test
    void sentFramesOfImpossibleLengthAreDropped() {
        driver.start(2, PLAIN);
        driver.add(1, driver.readable(new byte[12 + 13]));
        driver.add(1, new Buffer(GuestRam.BASE, 12 + 65_551, false));
        driver.ring(1);
        assertThat(outputs()).isEmpty();
        assertThat(driver.taken(1)).hasSize(2);
        driver.add(1, new Buffer(GuestRam.BASE, 12 + 65_550, false));
        driver.ring(1);
        assertThat(outputs()).hasSize(1);
    }

    @Test
    void eventIndexDecidesAboutInterruptsAndDoorbells() {
        driver.start(2, EVENT_INDEX);
        for (int i = 0; i < 8; i++) {
            driver.add(0, driver.writable(1526));
        }
        driver.wantInterruptAt(0, 2);
        card.receive(List.of(frame(60, 1)));
        card.receive(List.of(frame(60, 1)));
        assertThat(interrupts).isZero();
        card.receive(List.of(frame(60, 1)));
        assertThat(interrupts).isEqualTo(1);
        assertThat(driver.doorbellWantedAt(0)).as("no doorbell for receive buffers").isEqualTo(2);
        driver.acknowledge();
        card.receive(List.of(frame(60, 1), frame(60, 1)));
        assertThat(interrupts).isEqualTo(1);

        driver.wantInterruptAt(1, 0);
        driver.add(1, driver.readable(new byte[72]));
        driver.ring(1);
        assertThat(interrupts).isEqualTo(2);
        assertThat(driver.doorbellWantedAt(1)).isEqualTo(1);
    }

    @Test
    void driverCanForbidInterrupts() {
        driver.start(2, PLAIN);
        ram.write16(GuestRam.offset(VirtioDriver.available(0)), (short) 1);
        driver.add(0, driver.writable(1526));
        card.receive(List.of(frame(60, 1)));
        assertThat(driver.taken(0)).hasSize(1);
        assertThat(interrupts).isZero();
    }

    @Test
    void readableReceiveBufferBreaksTheDevice() {
        driver.start(2, PLAIN);
        driver.add(0, driver.readable(new byte[1526]));
        card.receive(List.of(frame(60, 1)));
        assertThat(driver.needsReset()).isTrue();
        assertThat(card.room()).isZero();
    }

    @Test
    void configurationSpaceShowsTheMac() {
        for (int i = 0; i < 6; i++) {
            assertThat((byte) card.registers().read(0x100 + i, 1)).isEqualTo(MAC[i]);
        }
    }
}
