package io.sosia.appliance.demo;

import io.sosia.appliance.control.ControlClient;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/// Follows the guest's console over both nodes of a pair: by offset, so no byte is shown twice when the other node
/// goes on.
public final class GuestConsole {

    /// More than a boot writes; what is older is forgotten.
    private static final int KEPT_CHARACTERS_MAX = 1 << 20;
    private static final int LINES_SHOWN = 10;

    private final StringBuilder text = new StringBuilder();
    private final List<Consumer<String>> onlookers = new ArrayList<>();
    private long offset;

    /// @param onlooker is shown every piece once
    public GuestConsole(Consumer<String> onlooker) {
        onlookers.add(onlooker);
    }

    /// @param onlooker is shown every piece from now on
    void alsoTell(Consumer<String> onlooker) {
        onlookers.add(onlooker);
    }

    /// Takes what a node has that is not known yet.
    ///
    /// @throws DemoException when bytes in between are gone
    public void pull(ControlClient node) throws DemoException {
        ControlClient.ConsolePiece piece;
        try {
            piece = node.console(offset);
        } catch (IOException notNow) {
            return;
        }
        if (piece.bytes().length == 0) {
            return;
        }
        if (piece.offset() != offset) {
            throw new DemoException("the guest's console goes on at byte " + piece.offset() + ", expected " + offset);
        }
        offset += piece.bytes().length;
        String more = new String(piece.bytes(), StandardCharsets.ISO_8859_1);
        text.append(more);
        text.delete(0, Math.max(0, text.length() - KEPT_CHARACTERS_MAX));
        onlookers.forEach(each -> each.accept(more));
    }

    /// All of it that is kept.
    public String text() {
        return text.toString();
    }

    /// How many bytes have been taken.
    public long offset() {
        return offset;
    }

    /// Waits until the guest writes a text, after what it had written at `fromOffset`.
    ///
    /// @throws DemoException when the node ends before, the guest says it has failed, or it does not come in time
    public void awaitText(String wanted, long fromOffset, NodeProcess node, Duration limit) throws DemoException {
        await("the guest says \"" + wanted + "\"", node, limit, () -> {
            String since = since(fromOffset);
            if (since.contains(wanted)) {
                return true;
            }
            if (since.contains("GUEST FAILED") || since.contains("Kernel panic")) {
                throw new DemoException("the guest has failed");
            }
            return false;
        });
    }

    /// Takes what the guest writes until a condition holds.
    ///
    /// @param what completes the sentence "waited N s and still not: ..."
    /// @throws DemoException when the node ends before, or it does not hold in time
    void await(String what, NodeProcess node, Duration limit, Patience.Condition condition) throws DemoException {
        try {
            Patience.await(what, limit, () -> {
                boolean alive = node.process().isAlive();
                pull(node.client());
                if (condition.holds()) {
                    return true;
                }
                if (!alive) {
                    throw new DemoException(node.process().name() + " has ended" + node.process().tail());
                }
                return false;
            });
        } catch (DemoException e) {
            throw new DemoException(e.getMessage() + lastLines(), e);
        }
    }

    private String since(long fromOffset) {
        long forgotten = offset - text.length();
        return text.substring((int) Math.clamp(fromOffset - forgotten, 0, text.length()));
    }

    private String lastLines() {
        List<String> lines = text.toString().lines().toList();
        if (lines.isEmpty()) {
            return "; it has written nothing yet";
        }
        String next = System.lineSeparator() + "    ";
        return System.lineSeparator() + "  the end of the guest's console:" + next
                + String.join(next, lines.subList(Math.max(0, lines.size() - LINES_SHOWN), lines.size()));
    }
}
