package io.sosia.appliance.demo;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.List;

/// Answers one connection's commands with lines written beforehand, then closes it.
final class ScriptedRedis implements AutoCloseable {

    private final ServerSocket server;

    ScriptedRedis(List<String> replies) throws IOException {
        server = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
        Thread.ofVirtual().start(() -> answer(replies));
    }

    int port() {
        return server.getLocalPort();
    }

    private void answer(List<String> replies) {
        try (Socket client = server.accept();
                BufferedReader in = new BufferedReader(new InputStreamReader(client.getInputStream(),
                        StandardCharsets.US_ASCII))) {
            OutputStream out = client.getOutputStream();
            for (String reply : replies) {
                if (in.readLine() == null) {
                    return;
                }
                out.write((reply + "\r\n").getBytes(StandardCharsets.US_ASCII));
                out.flush();
            }
        } catch (IOException clientGone) {
            // The test says what it makes of that.
        }
    }

    @Override
    public void close() throws IOException {
        server.close();
    }
}
