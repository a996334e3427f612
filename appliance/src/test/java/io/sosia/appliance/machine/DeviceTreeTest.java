package io.sosia.appliance.machine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DeviceTreeTest {

    private static MachineSpec spec(long diskBytes, boolean network, byte[] initrd) {
        BootImage program = new BootImage.StaticElf(new byte[0], 0x8000_0000L,
                List.of(new BootImage.StaticElf.Segment(0x8000_0000L, 0, 0, 4096)));
        Optional<MachineSpec.Mac> mac = network ? Optional.of(MachineSpec.Mac.parse("52:54:00:12:34:56")) : Optional.empty();
        return new MachineSpec(256 << 20, diskBytes, mac, program, initrd, "console=ttyS0 root=/dev/vda");
    }

    private static byte[] seed() {
        byte[] seed = new byte[32];
        for (int i = 0; i < seed.length; i++) {
            seed[i] = (byte) i;
        }
        return seed;
    }

    private static String source(byte[] blob, Path directory) throws IOException, InterruptedException {
        Path file = Files.write(directory.resolve("tree.dtb"), blob);
        Path errors = directory.resolve("errors");
        Process dtc = new ProcessBuilder("dtc", "-I", "dtb", "-O", "dts", file.toString())
                .redirectError(errors.toFile()).start();
        String text = new String(dtc.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(dtc.waitFor()).isZero();
        assertThat(Files.readString(errors)).as("warnings of dtc").isEmpty();
        return text;
    }

    private static boolean dtcIsInstalled() {
        return List.of(System.getenv("PATH").split(":")).stream().anyMatch(p -> Files.isExecutable(Path.of(p, "dtc")));
    }

    @Test
    void describesTheBoardAsTheCompilerReadsIt(@TempDir Path directory) throws Exception {
        assumeThat(dtcIsInstalled()).as("dtc is installed").isTrue();
        String text = source(DeviceTree.blob(spec(1 << 20, true, new byte[5000]), seed()), directory);
        String golden = new String(getClass().getResourceAsStream("board.dts").readAllBytes(), StandardCharsets.UTF_8);
        assertThat(text).isEqualTo(golden);
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
