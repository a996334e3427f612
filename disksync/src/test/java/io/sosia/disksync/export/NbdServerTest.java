package io.sosia.disksync.export;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketException;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// The protocol byte by byte, with clients that keep to it and clients that do not.
@Timeout(300)
class NbdServerTest {
    private static final int SIZE = 64 << 20;
    private static final int FLAGS = 1 | 2 | 1 << 8;

    @TempDir
    private Path folder;
    private ExportedDisk disk;
    private NbdServer server;
    private final List<Client> clients = new ArrayList<>();

    /// The client's end, in plain Java.
    private static final class Client implements AutoCloseable {
        final Socket socket;
        final DataInputStream in;
        final DataOutputStream out;

        Client(NbdServer server) throws IOException {
            String uri = server.uri();
            socket = new Socket("127.0.0.1", Integer.parseInt(uri.substring(uri.lastIndexOf(':') + 1)));
            socket.setSoTimeout(120_000);
            in = new DataInputStream(socket.getInputStream());
            out = new DataOutputStream(socket.getOutputStream());
        }

        Client greet() throws IOException {
            assertThat(in.readLong()).isEqualTo(0x4e42444d41474943L);
            assertThat(in.readLong()).isEqualTo(0x49484156454f5054L);
            assertThat(in.readUnsignedShort()).isEqualTo(3);
            out.writeInt(3);
            return this;
        }

        void option(int option, byte[] data) throws IOException {
            out.writeLong(0x49484156454f5054L);
            out.writeInt(option);
            out.writeInt(data.length);
            out.write(data);
        }

        /// Expects a reply to `option` of `type`.
        byte[] reply(int option, int type) throws IOException {
            assertThat(in.readLong()).isEqualTo(0x3e889045565a9L);
            assertThat(in.readInt()).isEqualTo(option);
            assertThat(Integer.toHexString(in.readInt())).isEqualTo(Integer.toHexString(type));
            return in.readNBytes(in.readInt());
        }

        Client go(boolean structured) throws IOException {
            greet();
            if (structured) {
                option(8, new byte[0]);
                reply(8, 1);
                option(10, named("", 1, "base:allocation"));
                assertThat(reply(10, 4)).isEqualTo(concat(bytes(1), "base:allocation"));
                reply(10, 1);
            }
            option(7, new byte[6]);
            reply(7, 3);
            reply(7, 3);
            reply(7, 1);
            return this;
        }

        void request(int type, long cookie, long offset, int length) throws IOException {
            out.write(ByteBuffer.allocate(28).putInt(0x25609513).putShort((short) 0).putShort((short) type).putLong(cookie)
                    .putLong(offset).putInt(length).array());
        }

        void simple(long cookie, int error) throws IOException {
            assertThat(in.readInt()).isEqualTo(0x67446698);
            assertThat(in.readInt()).isEqualTo(error);
            assertThat(in.readLong()).isEqualTo(cookie);
        }

        void assertClosed() {
            assertThatThrownBy(() -> {
                in.readNBytes(1 << 20);
                in.readByte();
            }).isInstanceOfAny(EOFException.class, SocketException.class);
        }

        @Override
        public void close() throws IOException {
            socket.close();
        }
    }

    private static byte[] bytes(int number) {
        return ByteBuffer.allocate(4).putInt(number).array();
    }

    private static byte[] concat(byte[] head, String text) {
        byte[] tail = text.getBytes(StandardCharsets.US_ASCII);
        return ByteBuffer.allocate(head.length + tail.length).put(head).put(tail).array();
    }

    private static byte[] named(String name, int queries, String query) {
        byte[] head = concat(bytes(name.length()), name);
        ByteBuffer all = ByteBuffer.allocate(head.length + 8 + query.length()).put(head).putInt(queries);
        return all.putInt(query.length()).put(query.getBytes(StandardCharsets.US_ASCII)).array();
    }

    @BeforeEach
    void serve() throws IOException {
        disk = new ExportedDisk(folder.resolve("disk"), SIZE, SIZE / 4, 1 << 20, 1);
        server = new NbdServer(disk.view, new InetSocketAddress("127.0.0.1", 0), "disk of a test");
    }

    @AfterEach
    void end() throws IOException {
        for (Client client : clients) {
            client.close();
        }
        server.close();
        disk.close();
    }

    private Client client() throws IOException {
        Client client = new Client(server);
        clients.add(client);
        return client;
    }

    @Test
    void negotiatesNewstyle() throws IOException {
        Client client = client().greet();
        client.option(3, new byte[0]);
        assertThat(client.reply(3, 2)).isEqualTo(bytes(0));
        client.reply(3, 1);
        client.option(5, new byte[0]);
        client.reply(5, 0x80000001);
        client.option(9, named("", 1, "base:"));
        assertThat(client.reply(9, 4)).isEqualTo(concat(bytes(0), "base:allocation"));
        client.reply(9, 1);
        client.option(10, named("", 1, "base:allocation"));
        client.reply(10, 0x80000003);
        client.option(6, ByteBuffer.allocate(8).putInt(0).putShort((short) 1).putShort((short) 2).array());
        ByteBuffer export = ByteBuffer.wrap(client.reply(6, 3));
        assertThat(List.of((int) export.getShort(), (int) export.getLong(), (int) export.getShort()))
                .containsExactly(0, SIZE, FLAGS);
        ByteBuffer sizes = ByteBuffer.wrap(client.reply(6, 3));
        assertThat(List.of((int) sizes.getShort(), sizes.getInt(), sizes.getInt(), sizes.getInt()))
                .containsExactly(3, 512, 65_536, 32 << 20);
        assertThat(client.reply(6, 3)).isEqualTo(concat(new byte[] {0, 2}, "disk of a test"));
        client.reply(6, 1);
        client.option(2, new byte[0]);
        client.reply(2, 1);
        client.assertClosed();
    }

    @Test
    void servesAClientThatKnowsOnlyTheOldWayToChoose() throws IOException {
        Client client = client().greet();
        client.option(1, new byte[0]);
        assertThat(client.in.readLong()).isEqualTo(SIZE);
        assertThat(client.in.readUnsignedShort()).isEqualTo(FLAGS);
        // Several requests at once, one larger than a piece.
        client.request(0, 11, 512, 3 << 20);
        client.request(0, 12, SIZE - 512, 512);
        client.simple(11, 0);
        assertThat(client.in.readNBytes(3 << 20)).isEqualTo(disk.past(512, 3 << 20));
        client.simple(12, 0);
        assertThat(client.in.readNBytes(512)).isEqualTo(disk.past(SIZE - 512, 512));
        client.request(2, 13, 0, 0);
        client.assertClosed();
    }

    @Test
    void readsComeInChunksAndAllocationIsTold() throws IOException {
        Client client = client().go(true);
        client.request(0, 7, 4096, 300 << 10);
        int done = 0;
        boolean last = false;
        while (!last) {
            assertThat(client.in.readInt()).isEqualTo(0x668e33ef);
            last = client.in.readUnsignedShort() == 1;
            assertThat(client.in.readUnsignedShort()).isEqualTo(1);
            assertThat(client.in.readLong()).isEqualTo(7);
            int length = client.in.readInt() - 8;
            assertThat(client.in.readLong()).isEqualTo(4096 + done);
            assertThat(client.in.readNBytes(length)).isEqualTo(disk.past(4096 + done, length));
            done += length;
        }
        assertThat(done).isEqualTo(300 << 10);
        client.request(7, 8, 0, SIZE);
        assertThat(client.in.readInt()).isEqualTo(0x668e33ef);
        assertThat(client.in.readInt()).isEqualTo(1 << 16 | 5);
        assertThat(client.in.readLong()).isEqualTo(8);
        int runs = (client.in.readInt() - 4) / 8;
        assertThat(client.in.readInt()).isEqualTo(1);
        long covered = 0;
        for (int i = 0; i < runs; i++) {
            covered += client.in.readInt();
            assertThat(client.in.readInt()).isIn(0, 3);
        }
        assertThat(covered).isEqualTo(SIZE);
    }

    @Test
    void everythingThatWouldWriteIsRefusedAndTheConnectionGoesOn() throws IOException {
        Client client = client().go(false);
        client.request(1, 1, 0, 1 << 20);
        client.out.write(new byte[1 << 20]);
        client.simple(1, 1);
        client.request(4, 2, 0, 512);
        client.simple(2, 1);
        client.request(6, 3, 0, 512);
        client.simple(3, 1);
        client.request(0, 4, 0, 512);
        client.simple(4, 0);
        assertThat(client.in.readNBytes(512)).isEqualTo(disk.past(0, 512));
    }

    @Test
    void impossibleRequestsAreInvalid() throws IOException {
        Client client = client().go(false);
        long[][] impossible = {{0, SIZE, 512}, {0, -512, 512}, {0, 1, 512}, {0, 0, 0}, {0, 0, 1}, {0, 0, -1},
            {0, Long.MAX_VALUE - 511, 512}, {0, 0, (32 << 20) + 512}, {7, 0, 512}, {3, 0, 0}, {99, 0, 0}};
        for (int i = 0; i < impossible.length; i++) {
            client.request((int) impossible[i][0], i, impossible[i][1], (int) impossible[i][2]);
            client.simple(i, 22);
        }
    }

    @Test
    void clientThatBreaksTheProtocolIsDisconnectedAndNobodyElse() throws IOException {
        Client good = client().go(false);
        Client flags = client();
        flags.out.writeInt(0xff);
        flags.assertClosed();
        Client magic = client().greet();
        magic.out.write(new byte[64]);
        magic.assertClosed();
        Client large = client().greet();
        large.out.writeLong(0x49484156454f5054L);
        large.out.writeLong(7L << 32 | 0x7fffffff);
        large.reply(7, 0x80000009);
        large.assertClosed();
        Client cut = client().greet();
        cut.option(7, new byte[] {0x7f, -1, -1, -1, 0, 0});
        cut.reply(7, 0x80000003);
        cut.option(10, named("", -1, ""));
        cut.reply(10, 0x80000003);
        cut.option(7, named("other", 0, "").length > 0 ? concat(concat(bytes(5), "other"), "\0\0") : null);
        cut.reply(7, 0x80000006);
        Client request = client().go(true);
        request.out.write(new byte[28]);
        request.assertClosed();
        Client write = client().go(true);
        write.request(1, 1, 0, -1);
        write.assertClosed();
        Client options = client().greet();
        for (int i = 0; i < NbdNegotiation.OPTIONS_MAX; i++) {
            options.option(5, new byte[0]);
            options.reply(5, 0x80000001);
        }
        options.option(5, new byte[0]);
        options.assertClosed();

        good.request(0, 4, 0, 512);
        good.simple(4, 0);
        assertThat(good.in.readNBytes(512)).isEqualTo(disk.past(0, 512));
    }

    @Test
    void noiseNeverDisturbsTheServer() throws IOException {
        Random random = new Random(5);
        for (int i = 0; i < 100; i++) {
            try (Client client = new Client(server)) {
                byte[] noise = new byte[random.nextInt(2_000)];
                random.nextBytes(noise);
                if (i % 2 == 0) {
                    client.go(i % 4 == 0);
                }
                client.out.write(noise);
            } catch (SocketException closed) {
                // As it should be.
            }
        }
        Client client = client().go(false);
        client.request(0, 4, 0, 512);
        client.simple(4, 0);
    }

    @Test
    void clientThatDoesNotReadHoldsNobodyUpAndLittleMemory() throws IOException {
        for (int i = 0; i < 8; i++) {
            Client slow = client().go(true);
            for (int k = 0; k < 100; k++) {
                slow.request(0, k, 0, 32 << 20);
            }
        }
        Client client = client().go(false);
        client.request(0, 4, 0, 32 << 20);
        client.simple(4, 0);
        assertThat(client.in.readNBytes(32 << 20)).isEqualTo(disk.past(0, 32 << 20));
        assertThat(server.sentBytes()).as("the slow ones got what their sockets hold").isLessThan(8L * (32 << 20) + (32 << 20));
    }

    @Test
    void oneClientTooManyIsTurnedAway() throws IOException {
        for (int i = 0; i < NbdServer.CONNECTIONS_MAX; i++) {
            client().greet();
        }
        client().assertClosed();
    }

    @Test
    void endedViewIsAnErrorThatSaysWhy() throws IOException {
        Client client = client().go(true);
        disk.view.close();
        client.request(0, 9, 0, 512);
        assertThat(client.in.readInt()).isEqualTo(0x668e33ef);
        assertThat(client.in.readInt()).isEqualTo(1 << 16 | 0x8001);
        assertThat(client.in.readLong()).isEqualTo(9);
        client.in.readInt();
        assertThat(client.in.readInt()).isEqualTo(5);
        byte[] message = client.in.readNBytes(client.in.readUnsignedShort());
        assertThat(new String(message, StandardCharsets.UTF_8)).contains("closed");
    }

    @Test
    void unixSocketIsTheOwnersAloneAndGoesWithTheServer() throws IOException {
        Path path = folder.resolve("export.sock");
        try (NbdServer local = new NbdServer(disk.view, NbdAddress.parse("unix:" + path), "")) {
            assertThat(local.uri()).isEqualTo("nbd+unix:///?socket=" + path);
            assertThat(Files.getPosixFilePermissions(path)).hasSize(2);
            try (SocketChannel channel = SocketChannel.open(UnixDomainSocketAddress.of(path))) {
                ByteBuffer greeting = ByteBuffer.allocate(18);
                while (greeting.hasRemaining()) {
                    assertThat(channel.read(greeting)).isPositive();
                }
                assertThat(greeting.getLong(0)).isEqualTo(Nbd.MAGIC);
            }
        }
        assertThat(path).doesNotExist();
    }

    @Test
    void addressInUseIsNamed() {
        String taken = server.uri().substring("nbd://".length());
        assertThatThrownBy(() -> new NbdServer(disk.view, NbdAddress.parse(taken), "")).isInstanceOf(IOException.class)
                .hasMessageContaining(taken);
        assertThatThrownBy(() -> NbdAddress.parse("nowhere")).hasMessageContaining("expected ADDRESS:PORT or unix:PATH");
    }
}
