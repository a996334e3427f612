package io.sosia.appliance.machine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sosia.appliance.machine.memory.GuestRam;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class MachineSpecTest {

    private static final long MIB = 1 << 20;

    private static MachineSpec spec(long ramBytes, long diskBytes, long kernelBytes, int initrdBytes,
            String commandLine) {
        BootImage kernel = new BootImage.StaticElf(ByteBuffer.allocate(0), GuestRam.BASE,
                List.of(new BootImage.StaticElf.Segment(GuestRam.BASE, GuestRam.BASE, 0, 0, kernelBytes)));
        return new MachineSpec(ramBytes, diskBytes, Optional.empty(), kernel, ByteBuffer.allocate(initrdBytes), commandLine);
    }

    private static void assertRefused(Runnable build, String... words) {
        assertThatThrownBy(build::run).isInstanceOf(IllegalArgumentException.class).hasMessageContainingAll(words)
                .hasMessageNotContaining("\n");
    }

    @Test
    void ramIsFrom64MibToWhatAnArrayHolds() {
        assertThat(spec(64 * MIB, 0, 4, 0, "").ramBytes()).isEqualTo(64 * MIB);
        assertThat(spec(GuestRam.SIZE_MAX, 0, 4, 0, "").ramBytes()).isEqualTo(GuestRam.SIZE_MAX);
        assertRefused(() -> spec(62 * MIB, 0, 4, 0, ""), "64 to 2046 MiB");
        assertRefused(() -> spec(65 * MIB, 0, 4, 0, ""), "multiple of 2 MiB");
        assertRefused(() -> spec(4096 * MIB, 0, 4, 0, ""), "2046");
    }

    @Test
    void kernelInitrdAndDeviceTreeMustFit() {
        assertThat(spec(64 * MIB, 0, 32 * MIB, (int) (31 * MIB), "")).isNotNull();
        assertRefused(() -> spec(64 * MIB, 0, 32 * MIB, (int) (32 * MIB), ""), "64 MiB is too small");
        assertRefused(() -> spec(64 * MIB, 0, 64 * MIB, 0, ""), "too small");
    }

    @Test
    void disksHoldWholeSectors() {
        assertRefused(() -> spec(64 * MIB, 100, 4, 0, ""), "multiple of 512");
        assertRefused(() -> spec(64 * MIB, -512, 4, 0, ""), "-512");
    }

    @Test
    void commandLineHasALimit() {
        assertThat(spec(64 * MIB, 0, 4, 0, "x".repeat(1023)).commandLine()).hasSize(1023);
        assertRefused(() -> spec(64 * MIB, 0, 4, 0, "x".repeat(1024)), "1024", "1023");
        assertRefused(() -> spec(64 * MIB, 0, 4, 0, "a\0b"), "zero");
    }

    @Test
    void macIsOfOneStation() {
        MachineSpec.Mac mac = MachineSpec.Mac.parse("52:54:00:aB:cd:ef");
        assertThat(mac).hasToString("52:54:00:ab:cd:ef");
        assertThat(mac.bytes()).containsExactly(0x52, 0x54, 0, 0xab, 0xcd, 0xef);
        assertRefused(() -> MachineSpec.Mac.parse("52:54:00:12:34"), "52:54:00:12:34'", "six");
        assertRefused(() -> MachineSpec.Mac.parse("53:54:00:12:34:56"), "one station");
        assertRefused(() -> MachineSpec.Mac.parse("00:00:00:00:00:00"), "one station");
    }
}
