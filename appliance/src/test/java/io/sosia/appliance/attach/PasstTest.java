package io.sosia.appliance.attach;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(240)
class PasstTest {
    private static final MacAddress GUEST = MacAddress.parse("52:54:00:12:34:56");

    @Test
    void answersForTheGatewayAndForwardsAFreePortToTheGuest() throws Exception {
        assumeInstalled();
        try (Passt passt = Passt.start(List.of(PortForward.parse("0:6379")));
                StreamPeer guest = new StreamPeer(passt.channel())) {
            guest.send(arpRequest(Passt.GATEWAY));
            byte[] answer = guest.receive();
            assertThat(Announcement.arpSender(answer)).isEqualTo(Passt.GATEWAY.bits());
            assertThat(MacAddress.at(answer, EthernetFrame.SOURCE)).isEqualTo(Passt.GATEWAY_MAC);

            PortForward taken = passt.forwards().getFirst();
            assertThat(taken.hostPort()).isPositive();
            assertThat(taken.guestPort()).isEqualTo(6379);
            try (Socket client = new Socket(InetAddress.getByName("127.0.0.1"), taken.hostPort())) {
                TcpSegment syn = nextSegment(guest);
                assertThat(syn.flags() & 0x3f).isEqualTo(TcpSegment.SYN);
                assertThat(syn.ports() & 0xffff).isEqualTo(6379);
                assertThat((int) syn.addresses()).isEqualTo(Passt.GUEST.bits());
                assertThat((int) (syn.addresses() >>> 32)).isEqualTo(Passt.GATEWAY.bits());
                assertThat(client.isConnected()).isTrue();
            }
        }
    }

    @Test
    void endsWithItsConnection() throws Exception {
        assumeInstalled();
        try (Passt passt = Passt.start(List.of())) {
            List<ProcessHandle> all = processes(passt);
            passt.channel().close();
            awaitEnd(all);
            assertThat(passt.isAlive()).isFalse();
        }
    }

    @Test
    void endsWhenItsKeeperLosesUsBeforeAnyConnection(@TempDir Path directory) throws Exception {
        // A program in passt's place that listens to nobody and would run on.
        Path program = program(directory, "#!/bin/sh\necho $$ > " + directory + "/pid.new\nmv " + directory
                + "/pid.new " + directory
                + "/pid\nexec sleep 1000\n");
        Thread starter = Thread.ofPlatform().start(() -> {
            try {
                Passt.start(program.getFileName().toString(), List.of(), directory.toString()).close();
            } catch (IOException expected) {
                // Interrupted below: stands for our death, the pipe closes the same way.
            }
        });
        Path pid = directory.resolve("pid");
        while (!Files.exists(pid)) {
            Thread.onSpinWait();
        }
        ProcessHandle child = ProcessHandle.of(Long.parseLong(Files.readString(pid).strip())).orElseThrow();
        starter.interrupt();
        starter.join();
        awaitEnd(List.of(child));
    }

    @Test
    void leavesNothingBehindWhenClosed() throws Exception {
        assumeInstalled();
        Passt passt = Passt.start(List.of());
        List<ProcessHandle> all = processes(passt);
        Path directory = passt.directory();
        assertThat(directory).exists();
        passt.close();
        passt.close();
        assertThat(directory).doesNotExist();
        awaitEnd(all);
    }

    @Test
    void namesABusyHostPort() throws Exception {
        assumeInstalled();
        try (ServerSocket busy = new ServerSocket(0, 1, InetAddress.getByName("127.0.0.1"))) {
            PortForward forward = new PortForward(Ipv4Address.LOOPBACK, busy.getLocalPort(), 80);
            assertThatThrownBy(() -> Passt.start(List.of(forward)))
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining("127.0.0.1:" + busy.getLocalPort())
                    .hasMessageContaining("in use")
                    .hasMessageContaining("give 0");
        }
    }

    @Test
    void namesAPortThatPasstItselfCouldNotBind(@TempDir Path directory) throws Exception {
        Path program = program(
                directory,
                "#!/bin/sh\necho \"Failed to bind any port for '-t 127.0.0.1/1234:80'\" >&2\nexit 1\n");
        assertThatThrownBy(() -> Passt.start(program.getFileName().toString(), List.of(), directory.toString()))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("127.0.0.1:1234");
    }

    @Test
    void passesOnWhatPasstComplainsOf(@TempDir Path directory) throws Exception {
        Path program = program(directory,
                "#!/bin/sh\necho 'Failed to send 3 bytes to syslog' >&2\necho 'No can do' >&2\nexit 3\n");
        assertThatThrownBy(() -> Passt.start(program.getFileName().toString(), List.of(), directory.toString()))
                .isInstanceOf(IOException.class)
                .hasMessage("passt ended with status 3: No can do");
    }

    @Test
    void namesTheMissingProgramAndTheRemedy(@TempDir Path directory) {
        assertThatThrownBy(() -> Passt.start("passt", List.of(), directory.toString()))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("'passt'")
                .hasMessageContaining("apt-get install passt");
    }

    /// The measured claim of [OutboundFlows]: without the repeated acknowledgement passt waits 2 s.
    @Test
    void repeatsLostDataAtOnceOnARepeatedAcknowledgement() throws Exception {
        assumeInstalled();
        assertPrompt(PasstTest::millisUntilRepeated);
    }

    private static long millisUntilRepeated() throws Exception {
        try (Passt passt = Passt.start(List.of(PortForward.parse("0:6379")));
                StreamPeer guest = new StreamPeer(passt.channel());
                Socket client = new Socket(InetAddress.getByName("127.0.0.1"), passt.forwards().getFirst()
                        .hostPort())) {
            client.setTcpNoDelay(true);
            OutboundFlows flows = new OutboundFlows();
            FakeServer server = new FakeServer(guest, flows);
            server.accept(nextSegment(guest));

            client.getOutputStream().write("INCR\n".getBytes(StandardCharsets.US_ASCII));
            server.reply(nextData(guest), ":1\n");
            assertThat(client.getInputStream().readNBytes(3)).asString(StandardCharsets.US_ASCII).isEqualTo(":1\n");

            client.getOutputStream().write("INCR\n".getBytes(StandardCharsets.US_ASCII));
            TcpSegment lost = nextData(guest);
            long beganNanos = System.nanoTime();
            guest.sendRaw(StreamBytes.of(flows.goLiveFrames()));
            TcpSegment again = nextData(guest);
            long tookMillis = (System.nanoTime() - beganNanos) / 1_000_000;

            assertThat(again.sequence()).isEqualTo(lost.sequence());
            assertThat(again.payloadBytes()).isEqualTo(5);
            return tookMillis;
        }
    }

    @Test
    void survivorOnTheSwitchGetsWhatThePrimaryTookToItsGrave(@TempDir Path directory) throws Exception {
        assumeInstalled();
        assertPrompt(() -> millisUntilTheSurvivorGetsIt(directory));
    }

    private static long millisUntilTheSurvivorGetsIt(Path directory) throws Exception {
        Semaphore up = new Semaphore(0);
        Semaphore arrived = new Semaphore(0);
        FrameInbox inbox = new FrameInbox(256, arrived::release);
        try (Passt passt = Passt.start(List.of(PortForward.parse("0:6379")));
                FrameSwitch lan = FrameSwitch.start(new StreamAddress.Unix(directory.resolve("lan")), FrameLoss.none());
                StreamUplink backup = StreamUplink.connect(lan.listening(), inbox, up::release);
                StreamPeer primary = StreamPeer.connect(lan.listening());
                Socket client = new Socket(InetAddress.getByName("127.0.0.1"), passt.forwards().getFirst()
                        .hostPort())) {
            up.acquire();
            lan.attach(passt.channel(), "passt", _ -> {});
            client.setTcpNoDelay(true);
            OutboundFlows flows = new OutboundFlows();
            FakeServer server = new FakeServer(primary, flows);
            server.accept(nextSegment(primary));
            client.getOutputStream().write("INCR\n".getBytes(StandardCharsets.US_ASCII));
            server.reply(nextData(primary), ":1\n");
            client.getInputStream().readNBytes(3);
            client.getOutputStream().write("INCR\n".getBytes(StandardCharsets.US_ASCII));
            TcpSegment lost = nextData(primary);
            primary.close();
            inbox.clear();
            arrived.drainPermits();

            long beganNanos = System.nanoTime();
            assertThat(backup.sendTogether(flows.goLiveFrames())).isEqualTo(6);
            TcpSegment again = null;
            while (again == null || again.payloadBytes() == 0) {
                byte[] frame = inbox.poll();
                if (frame == null) {
                    arrived.acquire();
                } else {
                    again = TcpSegment.in(frame);
                }
            }
            long tookMillis = (System.nanoTime() - beganNanos) / 1_000_000;
            assertThat(again.sequence()).isEqualTo(lost.sequence());
            return tookMillis;
        }
    }

    /// At once, not after 2 s: a busy host may hold up any of a few tries, but not make one faster.
    private static void assertPrompt(Callable<Long> measurement) throws Exception {
        List<Long> millis = new ArrayList<>();
        while (millis.isEmpty() || millis.getLast() >= 1_500 && millis.size() < 5) {
            millis.add(measurement.call());
        }
        assertThat(millis.getLast()).as("milliseconds until passt repeated, tries: %s", millis).isLessThan(1_500);
    }

    /// A guest's side of one TCP connection: window and scale as Linux chooses them.
    private static final class FakeServer {
        private final StreamPeer guest;
        private final OutboundFlows flows;
        private int sequence = 1000;

        FakeServer(StreamPeer guest, OutboundFlows flows) {
            this.guest = guest;
            this.flows = flows;
        }

        void accept(TcpSegment syn) throws IOException {
            byte[] options = {2, 4, 5, (byte) 0xb4, 1, 3, 3, 7};
            emit(TcpFrames.segment(TcpFrames.reverse(syn), sequence, syn.sequence() + 1,
                    TcpSegment.SYN | TcpSegment.ACK, 64_240, options, ""));
            sequence++;
        }

        void reply(TcpSegment data, String text) throws IOException {
            int acknowledged = data.sequence() + data.payloadBytes();
            emit(TcpFrames.segment(TcpFrames.reverse(data), sequence, acknowledged, TcpSegment.ACK | 0x08, 502,
                    new byte[0], text));
            sequence += text.length();
        }

        private void emit(byte[] frame) throws IOException {
            flows.observe(frame);
            guest.send(frame);
        }
    }

    private static byte[] arpRequest(Ipv4Address target) {
        byte[] frame = new Announcement(GUEST, Optional.of(Passt.GUEST)).frames().get(1);
        EthernetFrame.put32(frame, EthernetFrame.HEADER_BYTES + 24, target.bits());
        return frame;
    }

    private static TcpSegment nextSegment(StreamPeer guest) throws IOException {
        while (true) {
            byte[] frame = guest.receive();
            if (EthernetFrame.unsigned16(frame, EthernetFrame.TYPE) == EthernetFrame.TYPE_IPV4) {
                TcpSegment segment = TcpSegment.in(frame);
                if (segment != null) {
                    return segment;
                }
            }
        }
    }

    private static TcpSegment nextData(StreamPeer guest) throws IOException {
        TcpSegment segment = nextSegment(guest);
        while (segment.payloadBytes() == 0) {
            segment = nextSegment(guest);
        }
        return segment;
    }

    private static Path program(Path directory, String text) throws IOException {
        Path program = Files.writeString(directory.resolve("program"), text);
        assertThat(program.toFile().setExecutable(true)).isTrue();
        return program;
    }

    private static List<ProcessHandle> processes(Passt passt) {
        List<ProcessHandle> all = new ArrayList<>();
        all.add(passt.keeper());
        passt.keeper().descendants().forEach(all::add);
        assertThat(all).as("keeper and passt").hasSizeGreaterThan(1);
        return all;
    }

    private static void awaitEnd(List<ProcessHandle> processes) throws Exception {
        for (ProcessHandle process : processes) {
            process.onExit().get(120, TimeUnit.SECONDS);
        }
    }

    private static void assumeInstalled() {
        assumeTrue(
                Stream.of(System.getenv("PATH").split(":"))
                        .anyMatch(directory -> Files.isExecutable(Path.of(directory, "passt"))),
                "passt is not installed");
    }
}
