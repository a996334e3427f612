package io.sosia.witness.server;

import io.sosia.witness.claim.NodeName;
import io.sosia.witness.client.WitnessAddress;
import io.sosia.witness.client.WitnessClient;
import io.sosia.witness.client.WitnessClientConfig;
import io.sosia.witness.client.WitnessMembership;
import io.sosia.witness.client.WitnessMembership.Asking;
import io.sosia.witness.identity.Credentials;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// A witness of three members over mutual TLS, each in a process of its own.
final class Trio implements AutoCloseable {
    /// How members that do not encrypt are asked; the trio's are asked by [#asking].
    static final Asking PATIENCE = new Asking(Duration.ofSeconds(60), Optional.empty());

    private final Path directory;
    private final KeyFolder keys;
    /// The first member's, which may claim for every pair.
    private final Optional<Credentials> credentials;
    private final int[] ports = new int[3];
    private final WitnessProcess[] processes = new WitnessProcess[3];
    private final int[] lives = new int[3];

    private Trio(Path directory) throws IOException, InterruptedException {
        this.directory = directory;
        this.keys = KeyFolder.make(directory.resolve("keys"), List.of(name(0), name(1), name(2)));
        this.credentials = Optional.of(keys.of(name(0)));
    }

    /// Founded by the first; the others added one by one.
    static Trio form(Path directory) throws IOException, InterruptedException {
        Trio trio = new Trio(directory);
        List<ServerSocket> taken = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            taken.add(new ServerSocket(0, 1, InetAddress.getLoopbackAddress()));
            trio.ports[i] = taken.get(i).getLocalPort();
        }
        for (ServerSocket socket : taken) {
            socket.close();
        }
        WitnessServer.init(trio.config(0));
        WitnessServer.initJoining(trio.config(1));
        WitnessServer.initJoining(trio.config(2));
        for (int i = 0; i < 3; i++) {
            trio.start(i);
            if (i > 0) {
                add(trio.address(0), trio.address(i), trio.asking());
            }
        }
        return trio;
    }

    private static NodeName name(int i) {
        return new NodeName("w" + (i + 1));
    }

    /// Adds a member; one that it has already a busy witness is asked to add once more.
    static WitnessMembership.View add(WitnessAddress through, WitnessAddress joining, Asking how) throws IOException {
        long deadline = System.nanoTime() + 3 * how.patience().toNanos();
        while (true) {
            try {
                return WitnessMembership.add(through, joining, how);
            } catch (IOException busy) {
                if (System.nanoTime() > deadline) {
                    throw busy;
                }
            }
        }
    }

    WitnessConfig config(int i) {
        return new WitnessConfig(name(i), "127.0.0.1", ports[i], storage(i));
    }

    Path storage(int i) {
        return directory.resolve("w" + (i + 1) + "-life" + lives[i]);
    }

    WitnessAddress address(int i) {
        return new WitnessAddress("127.0.0.1", ports[i]);
    }

    WitnessClient client() {
        return WitnessClient.open(new WitnessClientConfig(List.of(address(0), address(1), address(2)), credentials));
    }

    /// How the members are asked.
    Asking asking() {
        return new Asking(PATIENCE.patience(), credentials);
    }

    WitnessMembership.View ask(int i) throws IOException {
        return WitnessMembership.ask(address(i), asking());
    }

    /// Which of the three leads, once one does.
    int leader() throws IOException {
        for (long deadline = System.nanoTime() + PATIENCE.patience().toNanos(); System.nanoTime() < deadline; ) {
            for (int i = 0; i < 3; i++) {
                if (processes[i] != null && leads(i)) {
                    return i;
                }
            }
        }
        throw new IOException("nobody leads");
    }

    private boolean leads(int i) {
        try {
            return ask(i).role().equals("leader");
        } catch (IOException busy) {
            return false;
        }
    }

    void start(int i) throws IOException {
        processes[i] = WitnessProcess.start(name(i), storage(i), ports[i], Optional.of(keys));
    }

    /// SIGKILL.
    void kill(int i) throws InterruptedException {
        processes[i].kill();
        processes[i] = null;
    }

    /// From now on this member has another, empty storage. It must have been killed.
    void wipe(int i) {
        lives[i]++;
    }

    @Override
    public void close() throws InterruptedException {
        for (WitnessProcess process : processes) {
            if (process != null) {
                process.close();
            }
        }
    }
}
