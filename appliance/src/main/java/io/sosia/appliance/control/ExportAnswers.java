package io.sosia.appliance.control;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.sun.net.httpserver.HttpExchange;
import io.sosia.appliance.control.ControlServer.Reply;
import io.sosia.appliance.node.DiskExports;
import io.sosia.appliance.node.ExportStatus;
import io.sosia.appliance.node.RefusedException;
import java.io.IOException;
import java.util.Optional;

/// The part of the local API that exports a backup's disk.
final class ExportAnswers {
    static final String PATH = "/disk/export";
    static final String JSON_TYPE = "application/json";

    private static final int BODY_BYTES_MAX = 4 << 10;
    private static final ObjectMapper JSON = new ObjectMapper();

    /// The body of a request that begins one.
    ///
    /// @param bind      where to serve NBD
    /// @param sideBytes what may be put aside; 0 for the usual amount
    record Begin(String bind, long sideBytes) {}

    private ExportAnswers() {}

    static Reply to(HttpExchange exchange, DiskExports exports) throws IOException, InterruptedException {
        String path = exchange.getRequestURI().getPath();
        String method = exchange.getRequestMethod();
        if (path.equals(PATH)) {
            return method.equals("POST") ? begin(exchange, exports) : ControlServer.otherMethod(exchange, "POST");
        }
        String id = path.substring(PATH.length() + 1);
        return switch (method) {
            case "PUT" -> status(exports.renew(id));
            case "DELETE" -> exports.end(id) ? Reply.text(200, "ended") : status(Optional.empty());
            default -> ControlServer.otherMethod(exchange, "PUT, DELETE");
        };
    }

    private static Reply begin(HttpExchange exchange, DiskExports exports) throws IOException, InterruptedException {
        // No web page of another origin can send that unasked.
        if (!JSON_TYPE.equals(exchange.getRequestHeaders().getFirst("Content-Type"))) {
            return Reply.text(415, "what to export has to come as " + JSON_TYPE);
        }
        byte[] body = exchange.getRequestBody().readNBytes(BODY_BYTES_MAX);
        try {
            Begin asked = JSON.readValue(body, Begin.class);
            if (asked.bind() == null) {
                return Reply.text(400, "expected {\"bind\": \"ADDRESS:PORT\", \"sideBytes\": NUMBER}");
            }
            return status(Optional.of(exports.start(asked.bind(), asked.sideBytes())));
        } catch (JsonProcessingException e) {
            return Reply.text(400, "expected {\"bind\": \"ADDRESS:PORT\", \"sideBytes\": NUMBER}");
        } catch (IllegalArgumentException e) {
            return Reply.text(400, e.getMessage());
        } catch (RefusedException e) {
            return Reply.text(409, e.getMessage());
        } catch (IOException e) {
            return Reply.text(500, e.getMessage());
        }
    }

    private static Reply status(Optional<ExportStatus> status) throws IOException {
        return status.isPresent() ? new Reply(200, JSON_TYPE, JSON.writeValueAsBytes(status.get()))
                : Reply.text(404, "there is no such export any more: it has ended, or the node has begun a new life");
    }
}
