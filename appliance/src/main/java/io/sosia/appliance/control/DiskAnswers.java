package io.sosia.appliance.control;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.sun.net.httpserver.HttpExchange;
import io.sosia.appliance.control.ControlServer.Reply;
import io.sosia.appliance.node.DiskVerify;
import io.sosia.appliance.node.NodeDisk;
import io.sosia.disksync.store.DiskEvent;
import java.io.IOException;
import java.util.List;
import java.util.Optional;

/// The part of the local API that tells of a node's disk and looks after it.
final class DiskAnswers {
    static final String STATUS = "/disk";
    static final String HISTORY = "/disk/history";
    static final String VERIFY = "/disk/verify";
    static final String RESYNC = "/disk/resync";
    static final String WITHOUT_REPAIR = "repair=no";
    static final String EXTENT = "extent=";
    static final String RATE = "bytesPerSecond=";
    static final String FULL = "full=yes";

    private static final String JSON_TYPE = "application/json";
    private static final ObjectMapper JSON = new ObjectMapper();

    /// One line of a disk's history.
    ///
    /// @param at host time, ISO 8601
    record Event(long number, String at, String text) {}

    private DiskAnswers() {}

    static Reply to(HttpExchange exchange, Optional<NodeDisk> present) throws IOException {
        if (present.isEmpty()) {
            return Reply.text(409, "this machine has no disk");
        }
        NodeDisk disk = present.get();
        String asked = exchange.getRequestMethod() + " " + exchange.getRequestURI().getPath();
        String query = Optional.ofNullable(exchange.getRequestURI().getQuery()).orElse("");
        return switch (asked) {
            case "GET " + STATUS -> json(disk.report());
            case "GET " + HISTORY -> json(events(disk.history()));
            case "POST " + VERIFY -> verify(disk, query);
            case "DELETE " + VERIFY -> disk.cancelVerify() ? Reply.text(200, "cancelled")
                    : Reply.text(409, "nothing is being compared");
            case "POST " + RESYNC -> done(disk.resync(query.equals(FULL)));
            default -> Reply.text(405, "there are GET " + STATUS + " and " + HISTORY + ", POST and DELETE " + VERIFY
                    + ", POST " + RESYNC);
        };
    }

    private static Reply verify(NodeDisk disk, String query) {
        Optional<Long> extent = Optional.empty();
        Optional<Long> rate = Optional.empty();
        boolean repair = true;
        for (String each : query.isEmpty() ? new String[0] : query.split("&")) {
            if (each.equals(WITHOUT_REPAIR)) {
                repair = false;
            } else if (each.matches(EXTENT + "\\d{1,12}")) {
                extent = Optional.of(Long.parseLong(each.substring(EXTENT.length())));
            } else if (each.matches(RATE + "\\d{1,18}")) {
                rate = Optional.of(Long.parseLong(each.substring(RATE.length())));
            } else {
                return Reply.text(400, "?" + query + ": expected " + WITHOUT_REPAIR + ", " + EXTENT + "NUMBER or " + RATE
                        + "NUMBER, joined by &");
            }
        }
        return done(disk.verify(new DiskVerify.Request(extent, repair, rate)));
    }

    private static List<Event> events(List<DiskEvent> all) {
        return all.stream().map(each -> new Event(each.sequence(), each.at().toString(), each.text())).toList();
    }

    private static Reply done(String why) {
        return why.isEmpty() ? Reply.text(200, "begun") : Reply.text(409, why);
    }

    private static Reply json(Object value) throws IOException {
        return new Reply(200, JSON_TYPE, JSON.writeValueAsBytes(value));
    }
}
