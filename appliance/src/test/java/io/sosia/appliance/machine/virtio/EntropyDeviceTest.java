package io.sosia.appliance.machine.virtio;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sosia.appliance.machine.device.Outbox;
import io.sosia.appliance.machine.memory.GuestRam;
import io.sosia.appliance.machine.port.MachineOutput;
import io.sosia.appliance.machine.virtio.VirtioDriver.Buffer;
import io.sosia.appliance.machine.virtio.VirtioDriver.Used;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class EntropyDeviceTest {

    private final GuestRam ram = new GuestRam(64 << 20);
    private boolean interrupt;
    private final Outbox outbox = new Outbox(() -> { });
    private final EntropyDevice source = EntropyDevice.create(ram, level -> interrupt = level, outbox);
    private final VirtioDriver driver =
            new VirtioDriver(ram, source.registers(), false).start(1, VirtioDevice.FEATURE_VERSION_1);

    private List<MachineOutput> outputs() {
        List<MachineOutput> outputs = new ArrayList<>();
        outbox.drain(outputs::add);
        return outputs;
    }

    @Test
    void asksForOneBufferAtATimeAndFillsIt() {
        Buffer first = driver.writable(8);
        driver.add(0, first);
        driver.add(0, driver.writable(16));
        driver.ring(0);
        driver.ring(0);
        assertThat(outputs()).containsExactly(new MachineOutput.EntropyWanted(8));
        assertThat(source.pending()).isEqualTo(8);
        source.fill(new byte[] {1, 2, 3, 4, 5, 6, 7, 8, 9});
        assertThat(driver.content(first)).containsExactly(1, 2, 3, 4, 5, 6, 7, 8);
        assertThat(driver.taken(0)).containsExactly(new Used(0, 8));
        assertThat(interrupt).isTrue();
        assertThat(outputs()).containsExactly(new MachineOutput.EntropyWanted(16));
        source.fill(new byte[] {1});
        assertThat(driver.taken(0)).containsExactly(new Used(1, 1));
        assertThat(source.pending()).isZero();
    }

    @Test
    void hugeBufferIsFilledInPart() {
        driver.add(0, new Buffer(GuestRam.BASE + (16 << 20), 16 << 20, true));
        driver.ring(0);
        assertThat(outputs()).containsExactly(new MachineOutput.EntropyWanted(EntropyDevice.BYTES_MAX));
    }

    @Test
    void answerAfterAResetIsIgnored() {
        Buffer buffer = driver.writable(8);
        driver.add(0, buffer);
        driver.ring(0);
        driver.start(1, VirtioDevice.FEATURE_VERSION_1);
        assertThat(source.pending()).isZero();
        source.fill(new byte[] {1, 2, 3, 4, 5, 6, 7, 8});
        assertThat(driver.content(buffer)).containsOnly(0);
        assertThat(driver.taken(0)).isEmpty();
    }

    @Test
    void noBytesAreNoAnswer() {
        assertThatThrownBy(() -> source.fill(new byte[0])).isInstanceOf(IllegalStateException.class);
    }
}
