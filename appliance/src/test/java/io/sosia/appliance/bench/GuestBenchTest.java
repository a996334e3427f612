package io.sosia.appliance.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.sosia.appliance.image.GuestImage;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(300)
class GuestBenchTest {

    private static final Duration LIMIT = Duration.ofSeconds(120);

    @TempDir
    private Path folder;

    /// A guest's stand-in: a shell that echoes what is typed, as a console does.
    private GuestProcess shell(String script) throws BenchException {
        return GuestProcess.start("stand-in", List.of("sh", "-c", script), folder.resolve("diagnostics"));
    }

    private static final String ECHOING = "echo GUEST READY; while read -r line; do echo \"$line\"; eval \"$line\"; done";

    @Test
    void commandEndsWhenTheGuestSaysSoAndNotWhenItsEchoDoes() throws Exception {
        Path file = folder.resolve("written");
        try (GuestProcess guest = shell(ECHOING)) {
            assertThat(guest.seconds(guest.await(BootBench.READY, LIMIT))).isPositive();
            guest.takeOver(LIMIT);
            assertThat(guest.run("echo done >" + file, LIMIT)).isPositive();
            assertThat(file).hasContent("done");
            assertThat(guest.run("rm " + file, LIMIT)).isPositive();
            assertThat(file).doesNotExist();
        }
    }

    @Test
    void cpuTimeCountsChildrenThatHaveEnded() throws BenchException {
        try (GuestProcess guest = shell(ECHOING)) {
            double before = guest.cpuSeconds();
            guest.run("sh -c 'i=0; while [ $i -lt 100000 ]; do i=$((i + 1)); done'", LIMIT);
            assertThat(guest.cpuSeconds()).isGreaterThan(before);
        }
    }

    @Test
    void guestThatFailsOrEndsIsToldWithItsLastWords() throws BenchException {
        try (GuestProcess guest = shell("echo booting; echo GUEST FAILED: redis; read -r line")) {
            assertThatThrownBy(() -> guest.await(BootBench.READY, LIMIT)).isInstanceOf(BenchException.class)
                    .hasMessageStartingWith("stand-in has failed before its guest said \"GUEST READY\"").hasMessageEndingWith("redis");
        }
        try (GuestProcess guest = shell("echo goodbye")) {
            assertThatThrownBy(() -> guest.await(BootBench.READY, LIMIT)).hasMessageContaining("has ended").hasMessageEndingWith("goodbye");
        }
    }

    @Test
    void qemuRecordsItsDiskAndNetworkAndOursOnlyWhatItIsTold() throws Exception {
        GuestImage image = new GuestImage(Files.createFile(folder.resolve("kernel")), Optional.of(folder.resolve("initrd")),
                Optional.of(folder.resolve("disk")), "console=ttyS0 quiet", Optional.empty());

        assertThat(command("qemu-record", image)).contains("driver=blkreplay,if=none,image=direct,id=replayed",
                "virtio-blk-device,drive=replayed", "filter-replay,id=replay,netdev=net", "console=ttyS0 quiet",
                "shift=0,rr=record,rrfile=" + folder.resolve("qemu.rr"));
        assertThat(command("qemu-icount", image)).contains("-icount", "shift=0", "virtio-blk-device,drive=direct")
                .noneMatch(word -> word.contains("replay"));
        assertThat(command("qemu-plain", image)).doesNotContain("-icount");
        assertThat(command("translator-record", image)).contains("machine", "run", "translator", "--record");
        assertThat(command("interpreter", image)).contains("interpreter").doesNotContain("--record");
    }

    private List<String> command(String name, GuestImage image) {
        return GuestPeer.named(List.of(name)).getFirst().command(image, folder, 0);
    }

    @Test
    void unknownPeersAreRefusedWithTheChoices() {
        assertThatThrownBy(() -> GuestPeer.named(List.of("kvm"))).isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith("no peer is called `kvm`; there are: interpreter, translator, ");
        assertThat(GuestPeer.named(List.of("qemu-plain", "interpreter"))).extracting(GuestPeer::name)
                .containsExactly("interpreter", "qemu-plain");
    }

    @Test
    void ratioIsTheMedianOfThePairs() {
        assertThat(BootBench.ratio(new double[] {1, 2, 9}, new double[] {2, 2, 3}).orElseThrow()).isCloseTo(1, within(1e-9));
        assertThat(BootBench.ratio(new double[] {1}, null)).isEmpty();
    }

    @Test
    void rowsHaveAValueForEachColumn() {
        var none = java.util.OptionalDouble.empty();
        assertThat(new BootBench.Row("translator", 1, 2, none, none, none).values()).hasSameSizeAs(BootBench.Row.COLUMNS);
        assertThat(new GuestBench.Row("sqlite", "translator", 1, 2, 3, "inserts", none, none, none).values())
                .hasSameSizeAs(GuestBench.Row.COLUMNS);
    }
}
