package io.sosia.appliance.channel;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.sosia.appliance.channel.ChannelEnd.Told;
import io.sosia.appliance.eventlog.LogBatch;
import io.sosia.appliance.eventlog.LogEntry;
import io.sosia.appliance.eventlog.LogPosition;
import io.sosia.appliance.machine.port.MachineInput;
import io.sosia.appliance.pair.PeerMessage;
import io.sosia.appliance.pair.PeerMessage.Envelope;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(240)
class PeerChannelTest {

    private final List<AutoCloseable> open = new ArrayList<>();

    @AfterEach
    void closeAll() throws Exception {
        for (AutoCloseable each : open.reversed()) {
            each.close();
        }
    }

    private ChannelEnd end(InetSocketAddress partner) {
        ChannelEnd end = new ChannelEnd(partner);
        open.add(end);
        return end;
    }

    private Socket connect(InetSocketAddress to) throws IOException {
        Socket socket = new Socket(to.getAddress(), to.getPort());
        socket.setSoTimeout(120_000);
        open.add(socket);
        return socket;
    }

    /// Dials `to` and says Hello.
    private ChannelEnd introduced(InetSocketAddress to) throws InterruptedException {
        ChannelEnd dialler = end(to);
        dialler.onLoop(dialler.channel()::dial);
        assertThat(dialler.next("a connection")).isInstanceOf(Told.Dialled.class);
        dialler.send(ChannelEnd.hello());
        return dialler;
    }

    private static byte[] frame(PeerMessage message) {
        ByteBuf out = Unpooled.buffer();
        PeerCodec.encode(new Envelope(3, ChannelEnd.SELF, ChannelEnd.OTHER, message), out);
        return ByteBufUtil.getBytes(out);
    }

    private static boolean closedByServer(Socket socket) throws IOException {
        try {
            return socket.getInputStream().read() < 0;
        } catch (java.net.SocketException e) {
            return true;
        }
    }

    private static LogBatch batch(long firstSeq, SplittableRandom random) {
        byte[] frame = new byte[14 + random.nextInt(3_000)];
        random.nextBytes(frame);
        return new LogBatch(new LogPosition(3, firstSeq), List.of(
                new LogEntry.Input(firstSeq, new MachineInput.FramesIn(List.of(frame))),
                new LogEntry.Progress(firstSeq + 1)));
    }

    private static byte[] payload(LogBatch batch) {
        LogEntry.Input input = (LogEntry.Input) batch.entries().getFirst();
        return ((MachineInput.FramesIn) input.input()).frames().getFirst();
    }

    @Test
    void carriesManyEntriesInOrderAndUnchanged() throws Exception {
        ChannelEnd server = end(ChannelEnd.anyPort());
        ChannelEnd client = introduced(server.listen());
        assertThat(server.nextMessage("Hello")).isEqualTo(ChannelEnd.hello());
        SplittableRandom random = new SplittableRandom(5);
        SplittableRandom same = new SplittableRandom(5);
        int batches = 5_000;
        client.onLoop(() -> {
            for (int i = 0; i < batches; i++) {
                client.channel().send(new Envelope(3, ChannelEnd.SELF, ChannelEnd.OTHER,
                        new PeerMessage.Log(batch(1 + 2 * i, random))));
            }
        });
        for (int i = 0; i < batches; i++) {
            LogBatch got = ((PeerMessage.Log) server.nextMessage("batch " + i)).batch();
            LogBatch expected = batch(1 + 2 * i, same);
            assertThat(got.first()).isEqualTo(expected.first());
            assertThat(payload(got)).isEqualTo(payload(expected));
        }
        // Receipts answer what arrived together, not each message.
        assertThat(server.completions()).isLessThan(batches);
        assertThat(client.channel().bytesSent()).isEqualTo(server.channel().bytesReceived());
    }

    @Test
    void carriesBothWays() throws Exception {
        ChannelEnd server = end(ChannelEnd.anyPort());
        ChannelEnd client = introduced(server.listen());
        server.nextMessage("Hello");
        server.send(new PeerMessage.Refusal("not now"));
        assertThat(client.nextMessage("a refusal")).isEqualTo(new PeerMessage.Refusal("not now"));
    }

    @Test
    void keepsDiallingUntilThePartnerListens() throws Exception {
        InetSocketAddress address;
        try (ServerSocket reserved = new ServerSocket(0, 1, ChannelEnd.anyPort().getAddress())) {
            address = (InetSocketAddress) reserved.getLocalSocketAddress();
        }
        ChannelEnd client = end(address);
        client.onLoop(client.channel()::dial);
        ChannelEnd server = end(ChannelEnd.anyPort());
        server.channel().listen(address);
        assertThat(client.next("a connection")).isInstanceOf(Told.Dialled.class);
    }

    @Test
    void noticesReset() throws Exception {
        ChannelEnd server = end(ChannelEnd.anyPort());
        Socket socket = connect(server.listen());
        socket.getOutputStream().write(frame(ChannelEnd.hello()));
        server.nextMessage("Hello");
        socket.setSoLinger(true, 0);
        socket.close();
        assertThat(server.nextLoss()).isNotEmpty();
    }

    @Test
    void sendsWhatWasSentBeforeClosing() throws Exception {
        ChannelEnd server = end(ChannelEnd.anyPort());
        ChannelEnd client = introduced(server.listen());
        server.nextMessage("Hello");
        client.onLoop(() -> {
            client.channel().send(new Envelope(3, ChannelEnd.SELF, ChannelEnd.OTHER, new PeerMessage.HandOver()));
            client.channel().close("done");
        });
        assertThat(server.nextMessage("the last word")).isEqualTo(new PeerMessage.HandOver());
        assertThat(server.nextLoss()).isEqualTo("closed by the partner");
        assertThat(client.told).as("what the end that closed was told").isEmpty();
    }

    @Test
    void badBytesEndTheLinkAndNothingAfterThemIsTaken() throws Exception {
        ChannelEnd server = end(ChannelEnd.anyPort());
        Socket socket = connect(server.listen());
        byte[] bad = frame(new PeerMessage.HandOver());
        bad[bad.length - 1] ^= 1;
        ByteBuf all = Unpooled.wrappedBuffer(frame(ChannelEnd.hello()), bad, frame(new PeerMessage.Stopped()));
        socket.getOutputStream().write(ByteBufUtil.getBytes(all));
        server.nextMessage("Hello");
        assertThat(server.nextLoss()).contains("bad bytes").contains("checksum");
        assertThat(closedByServer(socket)).isTrue();
    }

    @Test
    void oversizedFrameOfAPartnerEndsTheLink() throws Exception {
        ChannelEnd server = end(ChannelEnd.anyPort());
        Socket socket = connect(server.listen());
        socket.getOutputStream().write(frame(ChannelEnd.hello()));
        server.nextMessage("Hello");
        socket.getOutputStream().write(new byte[] {0x7f, 0, 0, 0, 1, 2, 3});
        assertThat(server.nextLoss()).contains("expected 45 to " + PeerCodec.FRAME_BYTES_MAX);
    }

    @Test
    void strangersAreDroppedAndCounted() throws Exception {
        ChannelEnd server = end(ChannelEnd.anyPort());
        InetSocketAddress address = server.listen();
        byte[][] words = {
            "GET / HTTP/1.1\r\n\r\n".getBytes(),
            frame(new PeerMessage.HandOver()),
            {0, 1, 0, 0, 1, 1, 1},
        };
        for (byte[] word : words) {
            Socket stranger = connect(address);
            stranger.getOutputStream().write(word);
            assertThat(closedByServer(stranger)).isTrue();
        }
        server.awaitDropped(words.length);
        assertThat(server.told).isEmpty();
    }

    @Test
    void whoSaysNothingIsClosed() throws Exception {
        ChannelEnd server = end(ChannelEnd.anyPort());
        Socket stranger = connect(server.listen());
        assertThat(closedByServer(stranger)).isTrue();
        server.awaitDropped(1);
    }

    @Test
    void strangersAreBoundedInNumber() throws Exception {
        ChannelEnd server = end(ChannelEnd.anyPort());
        InetSocketAddress address = server.listen();
        Socket oldest = connect(address);
        for (int i = 1; i < 8; i++) {
            connect(address);
        }
        Socket newest = connect(address);
        assertThat(closedByServer(oldest)).isTrue();
        server.awaitDropped(1);
        newest.getOutputStream().write(frame(ChannelEnd.hello()));
        assertThat(server.nextMessage("Hello")).isEqualTo(ChannelEnd.hello());
    }

    @Test
    void secondConnectionIsTurnedAwayWhileThereIsALink() throws Exception {
        ChannelEnd server = end(ChannelEnd.anyPort());
        InetSocketAddress address = server.listen();
        ChannelEnd first = introduced(address);
        server.nextMessage("Hello");
        ChannelEnd second = introduced(address);
        assertThat(second.nextLoss()).isEqualTo("closed by the partner");
        first.send(new PeerMessage.HandOver());
        assertThat(server.nextMessage("the first link's message")).isEqualTo(new PeerMessage.HandOver());
    }

    @Test
    void takesANewLinkAfterTheOldOneIsGone() throws Exception {
        ChannelEnd server = end(ChannelEnd.anyPort());
        InetSocketAddress address = server.listen();
        ChannelEnd first = introduced(address);
        server.nextMessage("Hello");
        first.onLoop(() -> first.channel().close("done"));
        server.nextLoss();
        introduced(address);
        assertThat(server.nextMessage("Hello of the second link")).isEqualTo(ChannelEnd.hello());
    }

    @Test
    void messageCutInTheMiddleNeverArrives() throws Exception {
        byte[] hello = frame(ChannelEnd.hello());
        byte[] message = frame(new PeerMessage.Leaving("going away"));
        for (int cut = 0; cut < message.length; cut += 7) {
            ChannelEnd server = end(ChannelEnd.anyPort());
            Socket socket = connect(server.listen());
            socket.getOutputStream().write(hello);
            socket.getOutputStream().write(message, 0, cut);
            socket.close();
            server.nextMessage("Hello");
            server.nextLoss();
            assertThat(server.told).as("told after the loss, cut at byte %d", cut).isEmpty();
        }
    }

    @Test
    void bytesOneByOneAreAMessageAllTheSame() throws Exception {
        ChannelEnd server = end(ChannelEnd.anyPort());
        Socket socket = connect(server.listen());
        socket.setTcpNoDelay(true);
        for (byte b : frame(ChannelEnd.hello())) {
            socket.getOutputStream().write(b);
            socket.getOutputStream().flush();
        }
        assertThat(server.nextMessage("Hello")).isEqualTo(ChannelEnd.hello());
    }
}
