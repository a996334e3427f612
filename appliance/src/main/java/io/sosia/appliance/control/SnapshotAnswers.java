package io.sosia.appliance.control;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.sun.net.httpserver.HttpExchange;
import io.sosia.appliance.control.ControlServer.Reply;
import io.sosia.appliance.node.RefusedException;
import io.sosia.appliance.node.SnapshotStatus;
import io.sosia.appliance.node.Snapshots;
import java.io.IOException;
import java.util.Optional;

/// The part of the local API that saves snapshots of a backup.
final class SnapshotAnswers {
    static final String PATH = "/snapshot";
    static final String JSON_TYPE = "application/json";

    private static final int BODY_BYTES_MAX = 16 << 10;
    private static final String EXPECTED = "expected {\"folder\": \"/ABSOLUTE/PATH\"}";
    private static final ObjectMapper JSON = new ObjectMapper();

    /// The body of a request that begins one.
    ///
    /// @param folder absolute, on the node's host
    record Begin(String folder) {}

    private SnapshotAnswers() {}

    static boolean takes(String path) {
        return path.equals(PATH) || path.startsWith(PATH + "/");
    }

    static Reply to(HttpExchange exchange, Snapshots snapshots) throws IOException, InterruptedException {
        String path = exchange.getRequestURI().getPath();
        String method = exchange.getRequestMethod();
        if (path.equals(PATH)) {
            return method.equals("POST") ? begin(exchange, snapshots) : ControlServer.otherMethod(exchange, "POST");
        }
        String id = path.substring(PATH.length() + 1);
        return switch (method) {
            case "PUT" -> status(snapshots.renew(id));
            case "DELETE" -> snapshots.end(id) ? Reply.text(200, "given up, unless it was done") : status(Optional.empty());
            default -> ControlServer.otherMethod(exchange, "PUT, DELETE");
        };
    }

    private static Reply begin(HttpExchange exchange, Snapshots snapshots) throws IOException, InterruptedException {
        // No web page of another origin can send that unasked.
        if (!JSON_TYPE.equals(exchange.getRequestHeaders().getFirst("Content-Type"))) {
            return Reply.text(415, "what to save has to come as " + JSON_TYPE);
        }
        byte[] body = exchange.getRequestBody().readNBytes(BODY_BYTES_MAX);
        try {
            Begin asked = JSON.readValue(body, Begin.class);
            return asked == null || asked.folder() == null ? Reply.text(400, EXPECTED)
                    : status(Optional.of(snapshots.start(asked.folder())));
        } catch (JsonProcessingException e) {
            return Reply.text(400, EXPECTED);
        } catch (IllegalArgumentException e) {
            return Reply.text(400, e.getMessage());
        } catch (RefusedException e) {
            return Reply.text(409, e.getMessage());
        }
    }

    private static Reply status(Optional<SnapshotStatus> status) throws IOException {
        return status.isPresent() ? new Reply(200, JSON_TYPE, JSON.writeValueAsBytes(status.get()))
                : Reply.text(404, "there is no such snapshot under way any more: the node has begun a new life, or another one");
    }
}
