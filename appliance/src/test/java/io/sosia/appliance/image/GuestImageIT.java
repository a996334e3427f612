package io.sosia.appliance.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// Builds the image (into the default place, where the other tests that boot it find it) and boots it on QEMU where
/// that is installed.
class GuestImageIT {

    private static final Duration BOOT_MAX = Duration.ofMinutes(15);

    /// The least that Debian's kernel boots with: it takes 30 MiB itself and 34 for the table of memory sections.
    private static final String RAM_MIB = "96";

    private static GuestImage image;

    @TempDir
    Path directory;

    @BeforeAll
    static void buildImage() throws Exception {
        image = new ImageBuilder(new QuietProgress())
                .build(new ImageBuilder.Request(GuestImage.defaultDirectory(), false, Optional.empty()));
    }

    @Test
    void isWhatItsManifestSays() throws IOException {
        image.verify();

        ImageManifest manifest = image.manifest().orElseThrow();
        assertThat(manifest.packages()).extracting(ImagePackage::name)
                .contains("redis-server", "nginx", "sqlite3", "dropbear-bin", "busybox-static")
                .anyMatch(name -> name.startsWith("linux-image-"));
        assertThat(image.disk()).hasValueSatisfying(disk -> assertThat(disk).hasSize(512L << 20));
    }

    @Test
    void givesTheSameBytesForTheSamePackages() throws Exception {
        GuestImage again = new ImageBuilder(new QuietProgress())
                .build(new ImageBuilder.Request(directory.resolve("again"), true, Optional.empty()));
        ImageManifest first = image.manifest().orElseThrow();
        ImageManifest second = again.manifest().orElseThrow();
        assumeThat(second.packages())
                .as("the archive has moved on since the default image")
                .isEqualTo(first.packages());

        assertThat(second).isEqualTo(first);
        again.verify();
    }

    @Test
    @Timeout(1_800)
    void bootsToReadyAndPowersOffWithACleanDisk() throws Exception {
        Path qemu = Path.of("/usr/bin/qemu-system-riscv64");
        assumeThat(qemu).as("QEMU is installed").isExecutable();
        Path disk = directory.resolve("disk");
        Files.copy(image.disk().orElseThrow(), disk);
        Files.setPosixFilePermissions(disk, PosixFilePermissions.fromString("rw-------"));

        // No network device: the guest must be ready all the same.
        Process guest = new ProcessBuilder(qemu.toString(), "-M", "virt", "-m", RAM_MIB, "-nographic", "-nic", "none",
                        "-kernel", image.kernel().toString(), "-initrd", image.initrd().orElseThrow().toString(),
                        "-append", image.commandLine(),
                        "-drive", "file=" + disk + ",format=raw,if=none,id=root",
                        "-device", "virtio-blk-device,drive=root")
                .redirectErrorStream(true)
                .start();
        List<String> console = new ArrayList<>();
        Thread limit = Thread.ofVirtual().start(() -> destroyAfter(guest, BOOT_MAX));
        try (BufferedReader out = guest.inputReader(StandardCharsets.UTF_8);
                OutputStream in = guest.getOutputStream()) {
            for (String line = out.readLine(); line != null; line = out.readLine()) {
                console.add(line);
                if (line.startsWith("GUEST READY")) {
                    String commands = "redis-cli set greeting hello; redis-cli get greeting; poweroff\n";
                    in.write(commands.getBytes(StandardCharsets.UTF_8));
                    in.flush();
                }
            }
            assertThat(guest.waitFor()).as(String.join("\n", console)).isZero();
        } finally {
            guest.destroyForcibly();
            limit.interrupt();
        }

        assertThat(console).as(String.join("\n", console))
                .contains("GUEST READY", "\"hello\"", "sosia: disk is clean")
                .anyMatch(line -> line.startsWith("sosia: no network (interface eth0: absent"))
                .anyMatch(line -> line.endsWith("reboot: Power down"));
        HostCommand.ofSystem("").run(HostCommand.Tool.E2FSCK, Map.of(), List.of("-f", "-n", disk.toString()));
        try (Stream<Path> left = Files.list(GuestImage.defaultDirectory().getParent())) {
            assertThat(left.map(each -> each.getFileName().toString()))
                    .noneMatch(name -> name.startsWith(GuestImage.defaultDirectory().getFileName() + "."));
        }
    }

    private static void destroyAfter(Process guest, Duration limit) {
        try {
            if (!guest.waitFor(limit)) {
                guest.destroyForcibly();
            }
        } catch (InterruptedException done) {
            Thread.currentThread().interrupt();
        }
    }
}
