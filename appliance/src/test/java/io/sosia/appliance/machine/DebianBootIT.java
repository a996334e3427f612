package io.sosia.appliance.machine;

import static org.assertj.core.api.Assertions.assertThat;

import io.sosia.appliance.image.GuestImage;
import io.sosia.appliance.image.PreparedImage;
import io.sosia.appliance.machine.port.MachineInput;
import io.sosia.appliance.machine.port.MachineOutput;
import io.sosia.appliance.machine.port.Stop;
import io.sosia.appliance.node.BootContent;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// The real guest on the bare machine, without clocks or threads around it.
@Timeout(1_800)
class DebianBootIT {

    private static final long BOOT_STEPS_MAX = 5_000_000_000L;
    private static final int SLICE = 500_000;

    private static MachineSpec spec;
    private static byte[] diskAtSnapshot;
    private static byte[] snapshot;

    @BeforeAll
    static void bootAndKeepASnapshot() throws Exception {
        GuestImage image = PreparedImage.provide();
        byte[] disk = Files.readAllBytes(image.disk().orElseThrow());
        spec = new MachineSpec(256 << 20, disk.length, Optional.of(MachineSpec.Mac.parse("52:54:00:12:34:56")),
                BootImage.parse("kernel", BootContent.read(image.kernel())),
                BootContent.read(image.initrd().orElseThrow()), image.commandLine());
        Machine machine = new Machine(spec);
        machine.apply(TestHost.powerOn());
        TestHost host = new TestHost(machine, disk);
        bootTo(host, "GUEST READY");
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        machine.save(bytes);
        snapshot = bytes.toByteArray();
        diskAtSnapshot = disk;
    }

    private static void bootTo(TestHost host, String text) {
        long end = host.machine.steps() + BOOT_STEPS_MAX;
        while (!host.console().contains(text)) {
            assertThat(host.machine.steps()).as("steps, with this on the console: %s", host.console()).isLessThan(end);
            assertThat(host.run(host.machine.steps() + 10 * SLICE)).as(host.console()).isEqualTo(Stop.REACHED);
        }
    }

    private static TestHost restored() throws IOException {
        Machine machine = Machine.restore(new ByteArrayInputStream(snapshot), spec);
        TestHost host = new TestHost(machine, diskAtSnapshot.clone());
        host.skipConsole();
        return host;
    }

    /// Types as fast as the UART takes it, and runs until the board stops.
    private static Stop type(TestHost host, String text) {
        byte[] bytes = text.getBytes(StandardCharsets.US_ASCII);
        int typed = 0;
        long end = host.machine.steps() + BOOT_STEPS_MAX;
        Stop stop = Stop.REACHED;
        while (stop == Stop.REACHED && host.machine.steps() < end) {
            int part = Math.min(host.machine.consoleRoom(), bytes.length - typed);
            if (part > 0) {
                host.machine.apply(new MachineInput.ConsoleIn(Arrays.copyOfRange(bytes, typed, typed + part)));
                typed += part;
            }
            stop = host.run(host.machine.steps() + SLICE);
        }
        return stop;
    }

    @Test
    void powersOffTheSameTwiceFromOneSnapshot() throws IOException {
        TestHost one = restored();
        TestHost other = restored();
        assertThat(type(one, "\npoweroff\n")).as(one.console()).isEqualTo(Stop.POWERED_OFF);
        assertThat(type(other, "\npoweroff\n")).isEqualTo(Stop.POWERED_OFF);
        assertThat(one.outputs).last().isEqualTo(new MachineOutput.PowerOff(false));
        assertThat(other.console()).isEqualTo(one.console());
        assertThat(other.machine.steps()).isEqualTo(one.machine.steps());
        assertThat(other.machine.digest()).isEqualTo(one.machine.digest());
        assertThat(Arrays.equals(one.disk, other.disk)).isTrue();
    }

    @Test
    void rebootsToReadyAgain() throws IOException {
        TestHost host = restored();
        assertThat(type(host, "\nreboot\n")).as(host.console()).isEqualTo(Stop.RESET);
        assertThat(host.outputs).last().isEqualTo(new MachineOutput.ResetRequested(false));
        host.machine.apply(TestHost.powerOn());
        bootTo(host, "GUEST READY");
    }

    @Test
    void answersOnTheNetwork() throws IOException {
        TestHost host = restored();
        assertThat(host.machine.frameRoom()).isGreaterThan(100);
        host.machine.apply(new MachineInput.FramesIn(List.of(arpRequest(), arpRequest())));
        host.run(host.machine.steps() + 40L * SLICE);
        assertThat(host.outputs).isNotEmpty().allSatisfy(output -> {
            byte[] frame = ((MachineOutput.FrameOut) output).frame();
            assertThat(Arrays.copyOfRange(frame, 6, 12)).isEqualTo(spec.mac().orElseThrow().bytes());
        });
    }

    /// Who has 10.0.2.15? Tell 10.0.2.2.
    private static byte[] arpRequest() {
        byte[] frame = new byte[42];
        Arrays.fill(frame, 0, 6, (byte) -1);
        byte[] rest = {2, 0, 0, 0, 0, 9, 8, 6, 0, 1, 8, 0, 6, 4, 0, 1,
            2, 0, 0, 0, 0, 9, 10, 0, 2, 2, 0, 0, 0, 0, 0, 0, 10, 0, 2, 15};
        System.arraycopy(rest, 0, frame, 6, rest.length);
        return frame;
    }
}
