package io.sosia.appliance.attach;

import static io.sosia.appliance.attach.StreamPeer.frame;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(240)
class FrameSwitchTest {
    private static final MacAddress GUEST = MacAddress.parse("52:54:00:12:34:56");
    private static final MacAddress OTHER = MacAddress.parse("52:54:00:00:00:02");
    private static final MacAddress WORLD = MacAddress.parse("52:55:0a:00:02:02");

    @TempDir
    private Path directory;

    private final List<AutoCloseable> open = new ArrayList<>();
    private final CompletableFuture<String> worldGone = new CompletableFuture<>();
    private FrameSwitch lan;
    private StreamPeer world;

    @AfterEach
    void closeAll() throws Exception {
        for (AutoCloseable closeable : open.reversed()) {
            closeable.close();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"unix", "tcp"})
    void sendsToTheOnePortWhereTheStationIs(String kind) throws Exception {
        start(kind, FrameLoss.none());
        StreamPeer first = join(GUEST);
        StreamPeer second = join(OTHER);

        world.send(frame(GUEST, WORLD, "for the guest"));
        world.send(frame(MacAddress.BROADCAST, WORLD, "for all"));

        assertThat(first.receiveText()).isEqualTo("for the guest");
        assertThat(first.receiveText()).isEqualTo("for all");
        assertThat(second.receiveText()).as("the other port saw only the broadcast").isEqualTo("for all");
    }

    @Test
    void floodsUnknownAndGroupAddressesToAllOthers() throws Exception {
        start("unix", FrameLoss.none());
        StreamPeer first = join(GUEST);
        StreamPeer second = join(OTHER);

        first.send(frame(MacAddress.parse("52:54:00:99:99:99"), GUEST, "who"));
        first.send(frame(MacAddress.parse("01:00:5e:00:00:01"), GUEST, "group"));

        for (StreamPeer peer : List.of(second, world)) {
            assertThat(peer.receiveText()).isEqualTo("who");
            assertThat(peer.receiveText()).isEqualTo("group");
        }
        second.send(frame(GUEST, OTHER, "back"));
        assertThat(first.receiveText()).as("nothing of its own came back").isEqualTo("back");
    }

    @Test
    void survivorTakesTheGuestsAddressOverWithOneFrame() throws Exception {
        start("unix", FrameLoss.none());
        StreamPeer primary = join(GUEST);
        StreamPeer backup = join(OTHER);

        for (byte[] announcement : new Announcement(GUEST, Optional.of(Passt.GUEST)).frames()) {
            backup.send(announcement);
        }
        for (int i = 0; i < 3; i++) {
            world.receive();
            primary.receive();
        }
        world.send(frame(GUEST, WORLD, "after"));
        world.send(frame(MacAddress.BROADCAST, WORLD, "end"));

        assertThat(backup.receiveText()).isEqualTo("after");
        assertThat(primary.receiveText()).isEqualTo("end");
        assertThat(lan.counters().moves()).isEqualTo(1);
    }

    @Test
    void forgetsAPortThatGoesAwayAndKeepsTheWayOutOpen() throws Exception {
        start("unix", FrameLoss.none());
        StreamPeer primary = join(GUEST);
        StreamPeer backup = join(OTHER);

        primary.close();
        // The switch has seen the end once the address is flooded again.
        String seen = "";
        for (int i = 0; !seen.equals("flooded"); i++) {
            world.send(frame(GUEST, WORLD, "flooded"));
            world.send(frame(OTHER, WORLD, "probe"));
            seen = backup.receiveText();
            assertThat(i).isLessThan(10_000);
        }
        StreamPeer back = join(GUEST);
        world.send(frame(GUEST, WORLD, "welcome back"));

        assertThat(back.receiveText()).isEqualTo("welcome back");
        assertThat(worldGone).isNotDone();
    }

    @Test
    void tellsWhenTheWayOutEnds() throws Exception {
        start("unix", FrameLoss.none());
        world.close();
        assertThat(worldGone.get(120, TimeUnit.SECONDS)).contains("closed");
    }

    @ParameterizedTest
    @ValueSource(ints = {-1, 0, 13, 65_536, Integer.MAX_VALUE, Integer.MIN_VALUE})
    void dropsAPeerWithAnImpossibleLengthAndNobodyElse(int length) throws Exception {
        start("unix", FrameLoss.none());
        StreamPeer good = join(GUEST);
        StreamPeer bad = join(OTHER);

        bad.sendRaw(ByteBuffer.allocate(4).putInt(length).array());

        assertThat(bad.ends()).isTrue();
        world.send(frame(GUEST, WORLD, "still here"));
        assertThat(good.receiveText()).isEqualTo("still here");
    }

    @Test
    void losesTheSameFramesForTheSameSeedBothWays() throws Exception {
        List<String> first = survivors(7);
        closeAll();
        open.clear();
        List<String> second = survivors(7);
        closeAll();
        open.clear();
        List<String> other = survivors(8);

        assertThat(first).isEqualTo(second).isNotEqualTo(other);
        assertThat(first).as("of 1000 frames at 5 percent").hasSizeBetween(920, 980);
    }

    private List<String> survivors(long seed) throws Exception {
        start("unix", new FrameLoss(5, seed, Optional.of(GUEST)));
        StreamPeer guest = join(OTHER);
        List<String> arrived = new ArrayList<>();
        for (int i = 0; i < 500; i++) {
            guest.send(frame(WORLD, GUEST, "out " + i));
        }
        guest.send(frame(WORLD, OTHER, "end"));
        for (String text = world.receiveText(); !text.equals("end"); text = world.receiveText()) {
            arrived.add(text);
        }
        for (int i = 0; i < 500; i++) {
            world.send(frame(GUEST, WORLD, "in " + i));
        }
        world.send(frame(OTHER, WORLD, "end"));
        for (String text = guest.receiveText(); !text.equals("end"); text = guest.receiveText()) {
            arrived.add(text);
        }
        assertThat(lan.counters().lost()).isEqualTo(1000 - arrived.size());
        return arrived;
    }

    @Test
    void dropsForAPeerThatDoesNotReadAndServesTheOthers() throws Exception {
        start("unix", FrameLoss.none());
        StreamPeer deaf = join(OTHER);
        StreamPeer good = join(GUEST);
        String large = "x".repeat(1400);

        int sent = 0;
        while (lan.counters().queueFull() == 0) {
            good.send(frame(OTHER, GUEST, large));
            assertThat(++sent).as("frames to a peer that does not read").isLessThan(100_000);
        }
        good.send(frame(WORLD, GUEST, "alive"));

        assertThat(world.receiveText()).isEqualTo("alive");
        assertThat(deaf.receiveText()).isEqualTo(large);
    }

    @Test
    void replacesASocketThatADeadProcessLeftAndNeverALiveOne() throws Exception {
        Path path = directory.resolve("lan");
        try (ServerSocketChannel dead = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            dead.bind(UnixDomainSocketAddress.of(path));
        }
        assertThat(path).exists();
        start("unix", FrameLoss.none());

        assertThatThrownBy(() -> FrameSwitch.start(lan.listening(), FrameLoss.none()))
                .isInstanceOf(IOException.class)
                .hasMessageContaining(path.toString())
                .hasMessageContaining("another process listens");
        lan.close();
        assertThat(path).doesNotExist();
    }

    @Test
    void refusesToReplaceAFileThatIsNoSocket() throws Exception {
        Path path = Files.writeString(directory.resolve("lan"), "precious");
        assertThatThrownBy(() -> FrameSwitch.start(new StreamAddress.Unix(path), FrameLoss.none()))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("not a socket");
        assertThat(path).hasContent("precious");
    }

    private void start(String kind, FrameLoss loss) throws IOException {
        StreamAddress listen = kind.equals("tcp")
                ? new StreamAddress.Tcp("127.0.0.1", 0)
                : new StreamAddress.Unix(directory.resolve("lan"));
        lan = FrameSwitch.start(listen, loss);
        open.add(lan);
        StreamAddress outside = new StreamAddress.Unix(directory.resolve("world"));
        try (ServerSocketChannel server = ServerSocketChannel.open(outside.family())) {
            server.bind(outside.resolve());
            SocketChannel near = SocketChannel.open(outside.resolve());
            world = new StreamPeer(server.accept());
            lan.attach(near, "world", worldGone::complete);
        }
        Files.delete(directory.resolve("world"));
        open.add(world);
    }

    /// Connects a station and returns once the switch knows it and it knows the world.
    private StreamPeer join(MacAddress station) throws IOException {
        StreamPeer peer = StreamPeer.connect(lan.listening());
        open.add(peer);
        peer.send(frame(WORLD, station, "hello"));
        while (!world.receiveText().equals("hello")) {
            // What was flooded while the station was unknown.
        }
        world.send(frame(station, WORLD, "hello back"));
        while (!peer.receiveText().equals("hello back")) {
            // As above.
        }
        return peer;
    }
}
