package io.sosia.appliance.control;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.sosia.appliance.node.DiskReport;
import io.sosia.appliance.node.DiskVerify;
import io.sosia.appliance.node.ExportStatus;
import io.sosia.appliance.node.NodeStatus;
import io.sosia.appliance.node.SnapshotStatus;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;

/// Asks a node's [ControlServer].
public final class ControlClient implements AutoCloseable {

    private static final ObjectMapper JSON = new ObjectMapper();
    private static final Duration PATIENCE = Duration.ofSeconds(5);
    private static final Duration EXPORT_PATIENCE = Duration.ofSeconds(60);
    private static final int OK = 200;
    private static final int BUSY = 503;
    private static final int NOT_THE_PRIMARY = 409;

    private final HttpClient http = HttpClient.newBuilder().connectTimeout(PATIENCE).build();
    private final String base;

    /// A piece of the guest's console.
    ///
    /// @param offset of the first byte in the machine's life
    public record ConsolePiece(long offset, byte[] bytes) {}

    public ControlClient(InetSocketAddress address) {
        base = "http://" + address.getHostString() + ":" + address.getPort();
    }

    /// @throws IOException when the node does not answer in five seconds
    public NodeStatus status() throws IOException {
        return JSON.readValue(get("/status", PATIENCE).body(), NodeStatus.class);
    }

    /// The status as the JSON the node sent.
    public String statusJson() throws IOException {
        return new String(get("/status", PATIENCE).body(), StandardCharsets.UTF_8);
    }

    /// Console bytes from `offset` on; none when there are no more yet.
    public ConsolePiece console(long offset) throws IOException {
        return console(offset, Duration.ZERO);
    }

    /// Console bytes from `offset` on; none when there were no more within `wait`.
    ///
    /// @param wait at most 10 s
    public ConsolePiece console(long offset, Duration wait) throws IOException {
        HttpResponse<byte[]> response = get(
                "/console?from=" + offset + (wait.isZero() ? "" : "&wait=" + wait.toMillis()), PATIENCE.plus(wait));
        return new ConsolePiece(response.headers().firstValueAsLong("X-Console-Offset").orElse(offset),
                response.body());
    }

    /// Types on the guest's console.
    ///
    /// @param bytes at most 4,096
    /// @return how many the guest's console had room for; empty when the node is not the primary
    /// @throws IOException when the node does not answer or takes no such request
    public OptionalInt type(byte[] bytes) throws IOException {
        HttpResponse<byte[]> response = send(HttpRequest.newBuilder(URI.create(base + "/console")).timeout(PATIENCE)
                .header("Content-Type", ControlServer.TYPED)
                .POST(HttpRequest.BodyPublishers.ofByteArray(bytes)).build());
        if (response.statusCode() == NOT_THE_PRIMARY) {
            return OptionalInt.empty();
        }
        String text = checked(response, "/console");
        try {
            return OptionalInt.of(Integer.parseInt(text));
        } catch (NumberFormatException e) {
            throw new IOException(base + " answers `" + text + "`, expected a number", e);
        }
    }

    /// Has a backup export its disk as it is now; see [#renewExport].
    ///
    /// @param bind      where it serves NBD: `ADDRESS:PORT` or `unix:PATH`
    /// @param sideBytes old content it may put aside, in bytes; 0 for the usual amount
    /// @throws ControlRefusedException when it does not, with its reason
    /// @throws IOException             when it does not answer
    public ExportStatus beginExport(String bind, long sideBytes) throws IOException {
        byte[] body = JSON.writeValueAsBytes(new ExportAnswers.Begin(bind, sideBytes));
        return JSON.readValue(taken(HttpRequest.newBuilder(URI.create(base + ExportAnswers.PATH)).timeout(EXPORT_PATIENCE)
                .header("Content-Type", ExportAnswers.JSON_TYPE)
                .POST(HttpRequest.BodyPublishers.ofByteArray(body))), ExportStatus.class);
    }

    /// How an export stands. Ask at least every second: it ends when nobody has asked for 5 s.
    ///
    /// @throws ControlRefusedException when there is no such export any more
    /// @throws IOException             when the node does not answer, which may be better the next time
    public ExportStatus renewExport(String id) throws IOException {
        return JSON.readValue(taken(HttpRequest.newBuilder(URI.create(base + ExportAnswers.PATH + "/" + id)).timeout(PATIENCE)
                .PUT(HttpRequest.BodyPublishers.noBody())), ExportStatus.class);
    }

    /// Ends an export; does nothing when it has ended already.
    public void endExport(String id) throws IOException {
        send(HttpRequest.newBuilder(URI.create(base + ExportAnswers.PATH + "/" + id)).timeout(EXPORT_PATIENCE).DELETE().build());
    }

    /// Has a backup save machine and disk as they are at one place in the log; see [#renewSnapshot].
    ///
    /// @param folder absolute path on the node's host
    /// @throws ControlRefusedException when it does not, with its reason
    /// @throws IOException             when it does not answer
    public SnapshotStatus beginSnapshot(String folder) throws IOException {
        byte[] body = JSON.writeValueAsBytes(new SnapshotAnswers.Begin(folder));
        return JSON.readValue(taken(HttpRequest.newBuilder(URI.create(base + SnapshotAnswers.PATH)).timeout(PATIENCE)
                .header("Content-Type", SnapshotAnswers.JSON_TYPE)
                .POST(HttpRequest.BodyPublishers.ofByteArray(body))), SnapshotStatus.class);
    }

    /// How a snapshot stands. Ask at least every second: it is given up when nobody has asked for 10 s.
    ///
    /// @throws ControlRefusedException when there is no such snapshot any more
    /// @throws IOException             when the node does not answer, which may be better the next time
    public SnapshotStatus renewSnapshot(String id) throws IOException {
        return JSON.readValue(taken(HttpRequest.newBuilder(URI.create(base + SnapshotAnswers.PATH + "/" + id))
                .timeout(PATIENCE).PUT(HttpRequest.BodyPublishers.noBody())), SnapshotStatus.class);
    }

    /// Gives a snapshot up; does nothing when it is done.
    public void endSnapshot(String id) throws IOException {
        send(HttpRequest.newBuilder(URI.create(base + SnapshotAnswers.PATH + "/" + id)).timeout(EXPORT_PATIENCE).DELETE().build());
    }

    /// What the node says of its disk.
    ///
    /// @throws ControlRefusedException when it has none
    public DiskReport disk() throws IOException {
        return JSON.readValue(diskJson(), DiskReport.class);
    }

    /// As [#disk], as the node sent it.
    public byte[] diskJson() throws IOException {
        return ask(DiskAnswers.STATUS, "GET");
    }

    /// A line of a disk's history.
    ///
    /// @param at host time, ISO 8601
    public record HistoryLine(long number, String at, String text) {}

    /// What has happened to the node's disk, oldest first.
    public List<HistoryLine> diskHistory() throws IOException {
        return List.of(JSON.readValue(diskHistoryJson(), HistoryLine[].class));
    }

    /// As [#diskHistory], as the node sent it.
    public byte[] diskHistoryJson() throws IOException {
        return ask(DiskAnswers.HISTORY, "GET");
    }

    /// Has a primary compare its disk with its backup's; [#disk] tells how far it is.
    ///
    /// @throws ControlRefusedException when it does not, with its reason
    public void beginVerify(DiskVerify.Request request) throws IOException {
        List<String> query = new ArrayList<>();
        if (!request.repair()) {
            query.add(DiskAnswers.WITHOUT_REPAIR);
        }
        request.extent().ifPresent(extent -> query.add(DiskAnswers.EXTENT + extent));
        request.bytesPerSecond().ifPresent(rate -> query.add(DiskAnswers.RATE + rate));
        ask(DiskAnswers.VERIFY + (query.isEmpty() ? "" : "?" + String.join("&", query)), "POST");
    }

    /// Gives it up.
    ///
    /// @throws ControlRefusedException when nothing is being compared
    public void cancelVerify() throws IOException {
        ask(DiskAnswers.VERIFY, "DELETE");
    }

    /// Has a primary take its partner in afresh.
    ///
    /// @param full whether everything is sent although less would do
    /// @throws ControlRefusedException when it does not, with its reason
    public void resync(boolean full) throws IOException {
        ask(DiskAnswers.RESYNC + (full ? "?" + DiskAnswers.FULL : ""), "POST");
    }

    /// Has a primary hand over to its backup and become the backup.
    ///
    /// @throws ControlRefusedException when it does not, with its reason
    public void switchOver() throws IOException {
        ask("/switchover", "POST");
    }

    private byte[] ask(String path, String method) throws IOException {
        return taken(HttpRequest.newBuilder(URI.create(base + path)).timeout(PATIENCE)
                .method(method, HttpRequest.BodyPublishers.noBody()));
    }

    private byte[] taken(HttpRequest.Builder request) throws IOException {
        HttpResponse<byte[]> response = send(request.build());
        String line = new String(response.body(), StandardCharsets.UTF_8).strip();
        return switch (response.statusCode()) {
            case OK -> response.body();
            case BUSY -> throw new IOException(line);
            default -> throw new ControlRefusedException(response.statusCode(), line);
        };
    }

    private HttpResponse<byte[]> get(String path, Duration patience) throws IOException {
        HttpResponse<byte[]> response =
                send(HttpRequest.newBuilder(URI.create(base + path)).timeout(patience).GET().build());
        checked(response, path);
        return response;
    }

    private String checked(HttpResponse<byte[]> response, String path) throws IOException {
        if (response.statusCode() != OK) {
            throw new IOException(base + path + " answers " + response.statusCode() + ": "
                    + new String(response.body(), StandardCharsets.UTF_8).strip());
        }
        return response.headers().firstValue("Content-Type").orElse("").startsWith("text/")
                ? new String(response.body(), StandardCharsets.UTF_8).strip() : "";
    }

    private HttpResponse<byte[]> send(HttpRequest request) throws IOException {
        try {
            return http.send(request, HttpResponse.BodyHandlers.ofByteArray());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted while asking " + base, e);
        }
    }

    /// Ends questions under way.
    @Override
    public void close() {
        http.shutdownNow();
    }
}
