package io.sosia.appliance.control;

import io.sosia.appliance.node.NodeStatus;
import java.io.IOException;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.function.Consumer;

/// Follows the guest's console over the nodes of a pair: reads whichever is the primary, by offset, so that nothing is
/// shown twice or left out when the other one goes on; typing goes to the primary.
///
/// Threads: one pulls, one types.
public final class ConsoleFollower {

    /// What is shown of the past when nothing is said about it, in bytes.
    public static final long PAST_BYTES = 4_096;

    private final List<ControlClient> nodes;
    private final Consumer<byte[]> shown;
    private volatile Optional<ControlClient> primary = Optional.empty();
    private boolean placed;
    private long offset;
    private long missed;

    /// @param nodes one or both nodes of a pair
    /// @param all   whether to begin with everything the node has kept, or with the last [#PAST_BYTES] bytes
    /// @param shown takes each piece once, in order
    public ConsoleFollower(List<ControlClient> nodes, boolean all, Consumer<byte[]> shown) {
        this.nodes = List.copyOf(nodes);
        this.shown = shown;
        this.placed = all;
    }

    /// Shows what is new on the primary's console, after waiting for it no longer than `wait`.
    ///
    /// @return whether a primary has answered
    public boolean pull(Duration wait) {
        if (primary.isEmpty()) {
            elect();
        }
        if (primary.isEmpty()) {
            return false;
        }
        try {
            ControlClient.ConsolePiece piece = primary.get().console(offset, wait);
            if (piece.bytes().length == 0) {
                // Quiet, or not the primary any more.
                primary = Optional.empty();
                return true;
            }
            missed += Math.max(0, piece.offset() - offset);
            offset = piece.offset() + piece.bytes().length;
            shown.accept(piece.bytes());
            return true;
        } catch (IOException gone) {
            primary = Optional.empty();
            return false;
        }
    }

    /// Of two that call themselves primary the one with the later epoch is: the other's claim is about to be refused.
    private void elect() {
        long epoch = -1;
        for (ControlClient node : nodes) {
            try {
                NodeStatus status = node.status();
                if (status.role().equals("primary") && status.epoch() > epoch) {
                    epoch = status.epoch();
                    primary = Optional.of(node);
                    if (!placed) {
                        offset = Math.max(0, status.consoleBytes() - PAST_BYTES);
                    }
                }
            } catch (IOException notNow) {
                // The other one may answer.
            }
        }
        placed |= primary.isPresent();
    }

    /// Types on the primary's console.
    ///
    /// @return what was not taken and may be tried again: all when there is no primary now. After a failed request
    ///     nothing is, although it may be lost, as on a serial line: typed twice would be worse
    public byte[] type(byte[] bytes) {
        Optional<ControlClient> to = primary;
        if (to.isEmpty()) {
            return bytes;
        }
        try {
            OptionalInt taken = to.get().type(bytes);
            return taken.isEmpty() ? bytes : Arrays.copyOfRange(bytes, taken.getAsInt(), bytes.length);
        } catch (IOException unknown) {
            return new byte[0];
        }
    }

    /// Bytes the nodes had forgotten before they could be shown.
    public long missed() {
        return missed;
    }

    /// Offset after the last byte shown.
    public long offset() {
        return offset;
    }
}
