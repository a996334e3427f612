package io.sosia.appliance.control;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.sosia.appliance.node.NodeStatus;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;

/// Asks a node's [ControlServer].
public final class ControlClient implements AutoCloseable {

    private static final ObjectMapper JSON = new ObjectMapper();
    private static final Duration PATIENCE = Duration.ofSeconds(2);

    private final HttpClient http = HttpClient.newBuilder().connectTimeout(PATIENCE).build();
    private final String base;

    /// A piece of the guest's console.
    ///
    /// @param offset of the first byte in the machine's life
    public record ConsolePiece(long offset, byte[] bytes) {}

    public ControlClient(InetSocketAddress address) {
        base = "http://" + address.getHostString() + ":" + address.getPort();
    }

    /// @throws IOException when the node does not answer in two seconds
    public NodeStatus status() throws IOException {
        return JSON.readValue(get("/status").body(), NodeStatus.class);
    }

    /// The status as the JSON the node sent.
    public String statusJson() throws IOException {
        return new String(get("/status").body(), java.nio.charset.StandardCharsets.UTF_8);
    }

    /// Console bytes from `offset` on; none when there are no more yet.
    public ConsolePiece console(long offset) throws IOException {
        HttpResponse<byte[]> response = get("/console?from=" + offset);
        return new ConsolePiece(response.headers().firstValueAsLong("X-Console-Offset").orElse(offset), response.body());
    }

    private HttpResponse<byte[]> get(String path) throws IOException {
        return send(HttpRequest.newBuilder(URI.create(base + path)).timeout(PATIENCE).GET().build());
    }

    /// Types on the guest's console.
    ///
    /// @throws IOException when the node does not answer or could not take all of it
    public void type(byte[] bytes) throws IOException {
        HttpResponse<byte[]> response = send(HttpRequest.newBuilder(URI.create(base + "/console")).timeout(PATIENCE)
                .POST(HttpRequest.BodyPublishers.ofByteArray(bytes)).build());
        if (response.statusCode() != 200) {
            throw new IOException("the guest's console takes no more input now");
        }
    }

    private HttpResponse<byte[]> send(HttpRequest request) throws IOException {
        try {
            return http.send(request, HttpResponse.BodyHandlers.ofByteArray());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted while asking " + base, e);
        }
    }

    @Override
    public void close() {
        http.shutdownNow();
    }
}
