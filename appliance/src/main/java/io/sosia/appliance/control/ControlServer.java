package io.sosia.appliance.control;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.sosia.appliance.node.ConsoleLog;
import io.sosia.appliance.node.Node;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.OptionalInt;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Semaphore;
import java.util.function.Supplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// The local API of one node.
///
/// Bounded in everything a client chooses: connections, requests under way, time to send one, length of what is typed,
/// length of a wait. A request that is none gets a status and one line; it never disturbs the node.
public final class ControlServer implements AutoCloseable {

    /// Requests under way at most; one more is answered 503.
    static final int REQUESTS_MAX = 16;
    /// Bytes typed by one request at most.
    static final int TYPED_BYTES_MAX = 4 << 10;
    /// Longest wait for console output that one request may ask for.
    static final int WAIT_MILLIS_MAX = 10_000;
    /// What a typing request has to say of its body: no web page of another origin can send that unasked.
    static final String TYPED = "application/octet-stream";

    private static final ObjectMapper JSON = new ObjectMapper();
    private static final int CONSOLE_PIECE_BYTES = 64 << 10;
    private static final Pattern CONSOLE_QUERY = Pattern.compile("from=(\\d{1,18})(?:&wait=(\\d{1,5}))?");

    static {
        // Read once by the JDK's server, before its first start.
        limit("jdk.httpserver.maxConnections", "64");
        limit("sun.net.httpserver.maxReqTime", "10");
        limit("sun.net.httpserver.maxRspTime", "30");
    }

    private final HttpServer server;
    private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
    private final Semaphore requests = new Semaphore(REQUESTS_MAX);
    private final Supplier<Node> node;

    private interface Answer {
        Reply to(HttpExchange exchange) throws IOException, InterruptedException;
    }

    record Reply(int code, String type, byte[] body) {
        static Reply text(int code, String line) {
            return new Reply(code, "text/plain; charset=utf-8", (line + "\n").getBytes(StandardCharsets.UTF_8));
        }
    }

    /// Begins to answer.
    ///
    /// @param node the present life of the node
    /// @throws IOException when the address cannot be bound, naming it
    public ControlServer(InetSocketAddress address, Supplier<Node> node) throws IOException {
        this.node = node;
        try {
            server = HttpServer.create(new InetSocketAddress(address.getHostString(), address.getPort()), 16);
        } catch (IOException e) {
            throw new IOException("control: cannot listen on " + address.getHostString() + ":" + address.getPort()
                    + ": " + e.getMessage(), e);
        }
        server.setExecutor(threads);
        server.createContext("/", exchange -> answer(exchange, this::route));
        server.start();
    }

    private static void limit(String property, String value) {
        if (System.getProperty(property) == null) {
            System.setProperty(property, value);
        }
    }

    private void answer(HttpExchange exchange, Answer answer) throws IOException {
        try (exchange) {
            if (!requests.tryAcquire()) {
                send(exchange, Reply.text(503, REQUESTS_MAX + " requests are under way, the most there may be"));
                return;
            }
            try {
                send(exchange, answer.to(exchange));
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            } finally {
                requests.release();
            }
        }
    }

    private Reply route(HttpExchange exchange) throws IOException, InterruptedException {
        String method = exchange.getRequestMethod();
        return switch (exchange.getRequestURI().getPath()) {
            case "/status" -> method.equals("GET")
                    ? new Reply(200, "application/json", JSON.writeValueAsBytes(node.get().status()))
                    : otherMethod(exchange, "GET");
            case "/console" -> switch (method) {
                case "GET" -> console(exchange);
                case "POST" -> type(exchange);
                default -> otherMethod(exchange, "GET, POST");
            };
            case DiskAnswers.STATUS, DiskAnswers.HISTORY, DiskAnswers.VERIFY, DiskAnswers.RESYNC ->
                    DiskAnswers.to(exchange, node.get().disk());
            case "/switchover" -> method.equals("POST") ? switchOver() : otherMethod(exchange, "POST");
            case String path when path.equals(ExportAnswers.PATH) || path.startsWith(ExportAnswers.PATH + "/") ->
                    ExportAnswers.to(exchange, node.get().exports());
            case String path when SnapshotAnswers.takes(path) -> SnapshotAnswers.to(exchange, node.get().snapshots());
            default -> Reply.text(404, "there are /status, /console and /switchover, /disk/export and /snapshot");
        };
    }

    static Reply otherMethod(HttpExchange exchange, String allowed) {
        exchange.getResponseHeaders().set("Allow", allowed);
        return Reply.text(405, exchange.getRequestURI().getPath() + " takes " + allowed);
    }

    private Reply console(HttpExchange exchange) throws InterruptedException {
        long from = 0;
        String query = exchange.getRequestURI().getQuery();
        if (query != null) {
            Matcher asked = CONSOLE_QUERY.matcher(query);
            if (!asked.matches()) {
                return Reply.text(400, "?" + query + ": expected ?from=OFFSET or ?from=OFFSET&wait=MILLIS");
            }
            from = Long.parseLong(asked.group(1));
            if (asked.group(2) != null) {
                node.get().console().await(from, Math.min(WAIT_MILLIS_MAX, Integer.parseInt(asked.group(2))));
            }
        }
        ConsoleLog.Piece piece = node.get().console().from(from, CONSOLE_PIECE_BYTES);
        exchange.getResponseHeaders().set("X-Console-Offset", Long.toString(piece.offset()));
        return new Reply(200, "application/octet-stream", piece.bytes());
    }

    private Reply type(HttpExchange exchange) throws IOException {
        if (!TYPED.equals(exchange.getRequestHeaders().getFirst("Content-Type"))) {
            return Reply.text(415, "what is typed has to come as " + TYPED);
        }
        byte[] typed = exchange.getRequestBody().readNBytes(TYPED_BYTES_MAX + 1);
        if (typed.length > TYPED_BYTES_MAX) {
            return Reply.text(413, "more than " + TYPED_BYTES_MAX + " bytes typed at once; nothing was taken");
        }
        OptionalInt taken = node.get().type(typed);
        if (taken.isEmpty()) {
            return Reply.text(409, "this node is not the primary; its partner's console takes what is typed");
        }
        return Reply.text(200, Integer.toString(taken.getAsInt()));
    }

    private Reply switchOver() {
        String why = node.get().switchOver();
        return why.isEmpty() ? Reply.text(200, "the partner becomes the primary") : Reply.text(409, why);
    }

    private static void send(HttpExchange exchange, Reply reply) throws IOException {
        exchange.getResponseHeaders().set("Content-Type", reply.type());
        // -1 says that there is no body; 0 would say that its length is not known yet.
        exchange.sendResponseHeaders(reply.code(), reply.body().length == 0 ? -1 : reply.body().length);
        if (reply.body().length > 0) {
            exchange.getResponseBody().write(reply.body());
        }
    }

    /// The address in use.
    public InetSocketAddress address() {
        return server.getAddress();
    }

    /// Answers no more; requests under way are given up.
    @Override
    public void close() {
        server.stop(0);
        threads.shutdownNow();
        threads.close();
    }
}
