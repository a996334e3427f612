package io.sosia.appliance.node;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.sosia.appliance.pair.Outcome;
import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.util.Locale;
import java.util.Optional;

/// How a node's life ended; kept in its folder until the next one begins.
///
/// @param outcome what becomes of the node
/// @param state  the last state, in a word; [#BROKEN] after a broken invariant
/// @param reason what led to it
/// @param epoch  the last epoch the node took part in
/// @param step   steps of the machine, as last published
/// @param at     when, by this host's clock
public record Ending(Outcome outcome, String state, String reason, long epoch, long step, Instant at) {

    /// The state of a node that stopped at once because of a fault in itself.
    public static final String BROKEN = "BROKEN";

    private static final ObjectMapper JSON = new ObjectMapper();

    /// Whether it ended by a lost claim or a fault, as against on purpose.
    public boolean failed() {
        return !state.equals("STOPPED");
    }

    ObjectNode toJson() {
        return JSON.createObjectNode().put("outcome", outcome.name().toLowerCase(Locale.ROOT)).put("state", state).put("reason", reason)
                .put("epoch", epoch).put("step", step).put("at", at.toString());
    }

    /// What [#toJson] made; nothing when it is something else.
    static Optional<Ending> of(JsonNode json) {
        if (!json.path("state").isTextual() || !json.path("at").isTextual()) {
            return Optional.empty();
        }
        try {
            return Optional.of(new Ending(
                    Outcome.valueOf(json.path("outcome").asText().toUpperCase(Locale.ROOT)), json.path("state").asText(),
                    json.path("reason").asText(), json.path("epoch").asLong(), json.path("step").asLong(),
                    Instant.parse(json.path("at").asText())));
        } catch (DateTimeParseException | IllegalArgumentException e) {
            return Optional.empty();
        }
    }
}
