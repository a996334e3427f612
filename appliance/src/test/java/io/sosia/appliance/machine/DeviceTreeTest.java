package io.sosia.appliance.machine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DeviceTreeTest {

    private static MachineSpec spec(long diskBytes, boolean network, byte[] initrd) {
        BootImage program = new BootImage.StaticElf(ByteBuffer.allocate(0), 0x8000_0000L,
                List.of(new BootImage.StaticElf.Segment(0x8000_0000L, 0x8000_0000L, 0, 0, 4096)));
        Optional<MachineSpec.Mac> mac = Optional.of(MachineSpec.Mac.parse("52:54:00:12:34:56")).filter(m -> network);
        return new MachineSpec(256 << 20, diskBytes, mac, program, ByteBuffer.wrap(initrd), "console=ttyS0 root=/dev/vda");
    }

    private static byte[] seed() {
        byte[] seed = new byte[32];
        for (int i = 0; i < seed.length; i++) {
            seed[i] = (byte) i;
        }
        return seed;
    }

    /// What the device tree compiler makes of some input, without a warning.
    private static byte[] compiled(byte[] input, String from, String to, Path directory)
            throws IOException, InterruptedException {
        Path file = Files.write(directory.resolve("input"), input);
        Path errors = directory.resolve("errors");
        Process dtc = new ProcessBuilder("dtc", "-I", from, "-O", to, file.toString())
                .redirectError(errors.toFile()).start();
        byte[] output = dtc.getInputStream().readAllBytes();
        assertThat(dtc.waitFor()).isZero();
        assertThat(Files.readString(errors)).as("warnings of dtc").isEmpty();
        return output;
    }

    private static String source(byte[] blob, Path directory) throws IOException, InterruptedException {
        return new String(compiled(blob, "dtb", "dts", directory), StandardCharsets.UTF_8);
    }

    private static boolean dtcIsInstalled() {
        return List.of(System.getenv("PATH").split(":")).stream().anyMatch(p -> Files.isExecutable(Path.of(p, "dtc")));
    }

    @Test
    void describesTheBoardAsTheCompilerReadsIt(@TempDir Path directory) throws Exception {
        assumeThat(dtcIsInstalled()).as("dtc is installed").isTrue();
        String text = source(DeviceTree.blob(spec(1 << 20, true, new byte[5000]), seed()), directory);
        byte[] golden = getClass().getResourceAsStream("board.dts").readAllBytes();
        // Through the same compiler: how it prints numbers depends on its version.
        assertThat(text).isEqualTo(source(compiled(golden, "dts", "dtb", directory), directory));
    }

    @Test
    void absentDevicesAreNotDescribed(@TempDir Path directory) throws Exception {
        assumeThat(dtcIsInstalled()).as("dtc is installed").isTrue();
        String text = source(DeviceTree.blob(spec(0, false, new byte[0]), seed()), directory);
        assertThat(text).contains("virtio_mmio@10003000").doesNotContain("virtio_mmio@10001000")
                .doesNotContain("virtio_mmio@10002000").doesNotContain("initrd");
    }

    @Test
    void longestTreeFitsItsPlace() {
        MachineSpec spec = spec(1 << 20, true, new byte[5000]);
        MachineSpec longest = new MachineSpec(spec.ramBytes(), spec.diskBytes(), spec.mac(), spec.boot(), spec.initrd(),
                "x".repeat(MachineSpec.COMMAND_LINE_BYTES_MAX));
        assertThat(DeviceTree.blob(longest, new byte[256]).length).isLessThan(BoardLayout.DEVICE_TREE_BYTES_MAX);
    }
}
