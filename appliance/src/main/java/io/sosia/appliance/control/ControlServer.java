package io.sosia.appliance.control;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.sosia.appliance.node.ConsoleLog;
import io.sosia.appliance.node.Node;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/// The local API of one node.
public final class ControlServer implements AutoCloseable {

    private static final ObjectMapper JSON = new ObjectMapper();
    private static final int CONSOLE_PIECE_BYTES = 64 << 10;
    private static final int TYPED_BYTES_MAX = 4 << 10;

    private final HttpServer server;
    private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
    private final Node node;

    private interface Answer {
        void give(HttpExchange exchange) throws IOException;
    }

    /// Begins to answer.
    ///
    /// @throws IOException when the address cannot be bound, naming it
    public ControlServer(InetSocketAddress address, Node node) throws IOException {
        this.node = node;
        try {
            server = HttpServer.create(new InetSocketAddress(address.getHostString(), address.getPort()), 16);
        } catch (IOException e) {
            throw new IOException("control: cannot listen on " + address.getHostString() + ":" + address.getPort() + ": "
                    + e.getMessage(), e);
        }
        server.setExecutor(threads);
        answer("/status", this::status);
        answer("/console", this::console);
        server.start();
    }

    private void answer(String path, Answer answer) {
        server.createContext(path, exchange -> {
            try (exchange) {
                if (exchange.getRequestURI().getPath().equals(path)) {
                    answer.give(exchange);
                } else {
                    send(exchange, 404, "text/plain", "there are /status and /console\n".getBytes(StandardCharsets.UTF_8));
                }
            }
        });
    }

    private void status(HttpExchange exchange) throws IOException {
        send(exchange, 200, "application/json", JSON.writeValueAsBytes(node.status()));
    }

    private void console(HttpExchange exchange) throws IOException {
        if (exchange.getRequestMethod().equals("POST")) {
            byte[] typed = exchange.getRequestBody().readNBytes(TYPED_BYTES_MAX);
            int taken = node.type(typed);
            send(exchange, taken == typed.length ? 200 : 503, "text/plain",
                    (taken + "\n").getBytes(StandardCharsets.UTF_8));
            return;
        }
        ConsoleLog.Piece piece = node.console().from(offset(exchange.getRequestURI().getQuery()), CONSOLE_PIECE_BYTES);
        exchange.getResponseHeaders().set("X-Console-Offset", Long.toString(piece.offset()));
        send(exchange, 200, "application/octet-stream", piece.bytes());
    }

    private static long offset(String query) {
        if (query == null || !query.matches("from=\\d{1,18}")) {
            return 0;
        }
        return Long.parseLong(query.substring("from=".length()));
    }

    private static void send(HttpExchange exchange, int code, String type, byte[] body) throws IOException {
        exchange.getResponseHeaders().set("Content-Type", type);
        exchange.sendResponseHeaders(code, body.length == 0 ? -1 : body.length);
        exchange.getResponseBody().write(body);
    }

    /// The address in use.
    public InetSocketAddress address() {
        return server.getAddress();
    }

    @Override
    public void close() {
        server.stop(0);
        threads.close();
    }
}
