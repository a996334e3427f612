package io.sosia.appliance.attach;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Semaphore;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(240)
class TapUplinkTest {
    private static final MacAddress GUEST = MacAddress.parse("52:54:00:12:34:56");

    /// Runs in a network namespace of its own: is a guest on a TAP interface and asks the kernel for its address by
    /// ARP.
    public static final class Main {
        public static void main(String[] arguments) throws Exception {
            Semaphore arrived = new Semaphore(0);
            FrameInbox inbox = new FrameInbox(256, arrived::release);
            TapUplink uplink = TapUplink.open("sosia0", inbox);
            if (uplink.send(request())) {
                throw new IllegalStateException("a frame was taken by an interface that is down");
            }
            ip("address", "add", "10.0.2.2/24", "dev", "sosia0");
            ip("link", "set", "sosia0", "up");
            uplink.sendTogether(List.of(request()));
            byte[] frame = null;
            while (frame == null || Announcement.arpSender(frame) != Passt.GATEWAY.bits()) {
                frame = inbox.poll();
                if (frame == null) {
                    arrived.acquire();
                }
            }
            try (TapUplink second = TapUplink.open("sosia0", inbox)) {
                throw new IllegalStateException("opened twice: " + second.describe());
            } catch (IOException e) {
                System.out.println("second: " + e.getMessage());
            }
            uplink.close();
            uplink.close();
            System.out.println("dropped " + uplink.droppedOutbound() + " up " + uplink.isUp());
            TapUplink.open("sosia0", inbox).close();
            System.out.println("answered by " + MacAddress.at(frame, EthernetFrame.SOURCE).isGroup());
        }

        private static byte[] request() {
            byte[] frame = new Announcement(GUEST, Optional.of(Passt.GUEST)).frames().get(1);
            EthernetFrame.put32(frame, EthernetFrame.HEADER_BYTES + 24, Passt.GATEWAY.bits());
            return frame;
        }

        private static void ip(String... arguments) throws Exception {
            List<String> command = new ArrayList<>(List.of("ip"));
            command.addAll(List.of(arguments));
            if (new ProcessBuilder(command).inheritIO().start().waitFor() != 0) {
                throw new IllegalStateException(command + " failed");
            }
        }
    }

    @Test
    void exchangesFramesWithTheKernel() throws Exception {
        assumeTrue(Files.isWritable(Path.of("/dev/net/tun")), "no access to /dev/net/tun");
        assumeTrue(ChildJvm.succeeds("unshare", "-rn", "ip", "link"), "no network namespaces for this user");
        List<String> command = new ArrayList<>(List.of("unshare", "-rn"));
        command.addAll(ChildJvm.command(Main.class));
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        try {
            String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            assertThat(process.waitFor()).as("%s", said).isZero();
            assertThat(said)
                    .contains("in use by another process")
                    .contains("dropped 1 up false")
                    .contains("answered by false");
        } finally {
            process.destroyForcibly();
        }
    }

    @Test
    void refusesAnImpossibleName() {
        FrameInbox inbox = new FrameInbox(1, () -> {});
        assertThatThrownBy(() -> TapUplink.open("an-interface-name-too-long", inbox))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("an-interface-name-too-long")
                .hasMessageContaining("15");
    }
}
