package io.sosia.appliance.attach;

import static io.sosia.appliance.attach.StreamPeer.frame;
import static io.sosia.appliance.attach.StreamPeer.payload;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Semaphore;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(240)
class StreamUplinkTest {
    private static final MacAddress GUEST = MacAddress.parse("52:54:00:12:34:56");
    private static final MacAddress WORLD = MacAddress.parse("52:55:0a:00:02:02");

    @TempDir
    private Path directory;

    private final Semaphore arrived = new Semaphore(0);
    private final Semaphore up = new Semaphore(0);
    private final FrameInbox inbox = new FrameInbox(256, arrived::release);

    @ParameterizedTest
    @ValueSource(strings = {"unix", "tcp"})
    void carriesFramesBothWays(String kind) throws Exception {
        try (ServerSocketChannel server = listen(kind);
                StreamUplink uplink = StreamUplink.connect(address(kind, server), inbox, up::release);
                StreamPeer peer = new StreamPeer(server.accept())) {
            up.acquire();
            assertThat(uplink.isUp()).isTrue();
            assertThat(uplink.send(frame(WORLD, GUEST, "out"))).isTrue();
            assertThat(peer.receiveText()).isEqualTo("out");

            peer.send(frame(GUEST, WORLD, "in"));
            arrived.acquire();
            assertThat(payload(inbox.poll())).isEqualTo("in");
        }
    }

    @Test
    void sendsTogetherInOrderWhateverFitsTheQueue() throws Exception {
        try (ServerSocketChannel server = listen("unix");
                StreamUplink uplink = StreamUplink.connect(address("unix", server), inbox, up::release);
                StreamPeer peer = new StreamPeer(server.accept())) {
            up.acquire();
            List<byte[]> frames = IntStream.range(0, 3000)
                    .mapToObj(i -> frame(WORLD, GUEST, i + " " + "x".repeat(1000)))
                    .toList();
            assertThat(uplink.sendTogether(frames)).isEqualTo(3000);
            for (int i = 0; i < 3000; i++) {
                assertThat(peer.receiveText()).startsWith(i + " x");
            }
            assertThat(uplink.droppedOutbound()).isZero();
        }
    }

    @Test
    void dropsAndCountsWhenThePeerDoesNotRead() throws Exception {
        try (ServerSocketChannel server = listen("unix");
                StreamUplink uplink = StreamUplink.connect(address("unix", server), inbox, up::release);
                StreamPeer peer = new StreamPeer(server.accept())) {
            up.acquire();
            int sent = 0;
            while (uplink.send(frame(WORLD, GUEST, "x".repeat(1400)))) {
                assertThat(++sent).isLessThan(100_000);
            }
            assertThat(uplink.droppedOutbound()).isEqualTo(1);
            for (int i = 0; i < sent; i++) {
                peer.receive();
            }
            assertThat(uplink.send(frame(WORLD, GUEST, "room again"))).isTrue();
            assertThat(peer.receiveText()).isEqualTo("room again");
        }
    }

    @Test
    void connectsAgainWhenThePeerComesBack() throws Exception {
        Path path = directory.resolve("s");
        StreamAddress address = new StreamAddress.Unix(path);
        try (StreamUplink uplink = StreamUplink.connect(address, inbox, up::release)) {
            assertThat(uplink.send(frame(WORLD, GUEST, "nobody there"))).isFalse();
            for (int life = 0; life < 3; life++) {
                try (StreamPeer peer = accepted(path)) {
                    up.acquire();
                    uplink.send(frame(WORLD, GUEST, "life " + life));
                    assertThat(peer.receiveText()).isEqualTo("life " + life);
                }
            }
            assertThat(uplink.droppedOutbound()).isEqualTo(1);
        }
    }

    @Test
    void dropsAConnectionWithAnImpossibleLengthAndMakesANewOne() throws Exception {
        try (ServerSocketChannel server = listen("unix");
                StreamUplink uplink = StreamUplink.connect(address("unix", server), inbox, up::release)) {
            try (StreamPeer bad = new StreamPeer(server.accept())) {
                bad.send(frame(GUEST, WORLD, "good"));
                bad.sendRaw(ByteBuffer.allocate(4).putInt(1_000_000).array());
                assertThat(bad.ends()).isTrue();
            }
            try (StreamPeer good = new StreamPeer(server.accept())) {
                up.acquire(2);
                uplink.send(frame(WORLD, GUEST, "out"));
                assertThat(good.receiveText()).isEqualTo("out");
            }
            assertThat(payload(inbox.poll())).isEqualTo("good");
            assertThat(inbox.isEmpty()).isTrue();
        }
    }

    @Test
    void dropsIncomingFramesWhenTheInboxIsFull() throws Exception {
        FrameInbox small = new FrameInbox(2, arrived::release);
        try (ServerSocketChannel server = listen("unix");
                SocketChannel near = SocketChannel.open(address("unix", server).resolve());
                StreamPeer peer = new StreamPeer(server.accept());
                StreamUplink uplink = StreamUplink.over(near, "given", small)) {
            // One write: one read on the other side, so all three are offered before anything is taken.
            ByteBuffer three = ByteBuffer.allocate(3 * 19);
            for (String text : List.of("1", "2", "3")) {
                byte[] frame = frame(GUEST, WORLD, text);
                three.putInt(frame.length).put(frame);
            }
            peer.sendRaw(three.array());
            peer.channel.shutdownOutput();
            assertThat(peer.ends()).as("uplink read to the end and closed").isTrue();

            List<byte[]> frames = new ArrayList<>();
            assertThat(small.drainTo(frames, 10)).isEqualTo(2);
            assertThat(frames).extracting(StreamPeer::payload).containsExactly("1", "2");
            assertThat(small.dropped()).isEqualTo(1);
            assertThat(arrived.availablePermits()).as("one signal for one burst").isEqualTo(1);
            assertThat(uplink.send(frame(WORLD, GUEST, "late"))).isFalse();
        }
    }

    @Test
    void closesWhileItHasNoPeer() throws Exception {
        StreamUplink uplink = StreamUplink.connect(new StreamAddress.Unix(directory.resolve("none")), inbox,
                up::release);
        uplink.close();
        uplink.close();
        assertThat(uplink.isUp()).isFalse();
    }

    /// Listens for one connection only: the uplink finds nobody from the end of this one until the next call.
    private StreamPeer accepted(Path path) throws IOException {
        try (ServerSocketChannel server = listen("unix")) {
            return new StreamPeer(server.accept());
        } finally {
            Files.delete(path);
        }
    }

    private ServerSocketChannel listen(String kind) throws IOException {
        StreamAddress address = kind.equals("tcp")
                ? new StreamAddress.Tcp("127.0.0.1", 0)
                : new StreamAddress.Unix(directory.resolve("s"));
        return ServerSocketChannel.open(address.family()).bind(address.resolve());
    }

    private StreamAddress address(String kind, ServerSocketChannel server) throws IOException {
        return kind.equals("tcp")
                ? new StreamAddress.Tcp("127.0.0.1", server.socket().getLocalPort())
                : new StreamAddress.Unix(directory.resolve("s"));
    }
}
