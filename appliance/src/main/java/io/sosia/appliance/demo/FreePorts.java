package io.sosia.appliance.demo;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;

/// Finds TCP ports of this host's loopback that nobody uses.
///
/// They are below the range that Linux hands out by itself, so that no outgoing connection takes one in the moment
/// before the process it was chosen for listens there, and random, so that two demos hardly ever choose the same.
final class FreePorts {

    private static final int LOWEST = 12_000;
    private static final int HIGHEST = 32_000;
    private static final int ATTEMPTS = 1_000;

    private FreePorts() {}

    /// @return so many different ports
    /// @throws IOException when there are none
    static List<Integer> find(int count) throws IOException {
        List<ServerSocket> held = new ArrayList<>();
        try {
            for (int attempt = 0; attempt < ATTEMPTS && held.size() < count; attempt++) {
                ServerSocket socket = new ServerSocket();
                try {
                    int port = ThreadLocalRandom.current().nextInt(LOWEST, HIGHEST);
                    socket.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
                    held.add(socket);
                } catch (IOException busy) {
                    socket.close();
                }
            }
            if (held.size() < count) {
                throw new IOException("no " + count + " free TCP ports from " + LOWEST + " to " + HIGHEST
                        + " on this host");
            }
            return held.stream().map(ServerSocket::getLocalPort).toList();
        } finally {
            for (ServerSocket socket : held) {
                socket.close();
            }
        }
    }
}
