package io.sosia.appliance.demo;

import io.sosia.appliance.control.ControlClient;
import io.sosia.appliance.node.NodeStatus;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;

/// One node of a pair, running as a process, and its control API.
public final class NodeProcess {

    private final ChildProcess process;
    private final Path config;
    private final InetSocketAddress control;
    private final ControlClient client;

    NodeProcess(ChildProcess process, Path config, InetSocketAddress control) {
        this.process = process;
        this.config = config;
        this.control = control;
        this.client = new ControlClient(control);
    }

    public ChildProcess process() {
        return process;
    }

    /// Its configuration file, for `sosia status --config`.
    public Path config() {
        return config;
    }

    /// Where its control API listens.
    public InetSocketAddress control() {
        return control;
    }

    /// The node's control API.
    public ControlClient client() {
        return client;
    }

    /// Its status, or nothing when it does not answer now.
    public Optional<NodeStatus> status() {
        try {
            return Optional.of(client.status());
        } catch (IOException notNow) {
            return Optional.empty();
        }
    }

    /// Waits until it is in a state.
    ///
    /// @param state a word of `node.NodeStatus`, such as `SOLO`
    /// @return the status in which it was seen there
    /// @throws DemoException when it ends before, or does not get there in time
    public NodeStatus awaitState(String state, Duration limit) throws DemoException {
        NodeStatus[] seen = new NodeStatus[1];
        try {
            Patience.await(process.name() + " is " + state, limit, () -> {
                boolean alive = process.isAlive();
                Optional<NodeStatus> now = status();
                now.ifPresent(status -> seen[0] = status);
                if (!alive) {
                    throw new DemoException(process.name() + " has ended" + lastWord(seen[0]) + " before it was "
                            + state);
                }
                return now.isPresent() && now.get().state().equals(state);
            });
        } catch (DemoException e) {
            throw new DemoException(e.getMessage() + (process.isAlive() ? lastWord(seen[0]) : "") + process.tail(), e);
        }
        return seen[0];
    }

    /// Waits until its control API answers.
    ///
    /// @throws DemoException when it does not in time
    public NodeStatus awaitAnswer(Duration limit) throws DemoException {
        NodeStatus[] seen = new NodeStatus[1];
        Patience.await(process.name() + " answers at " + control, limit, () -> {
            status().ifPresent(status -> seen[0] = status);
            return seen[0] != null;
        });
        return seen[0];
    }

    private static String lastWord(NodeStatus seen) {
        return seen == null ? " (it never answered)" : " (it was last seen " + seen.state() + ": " + seen.why() + ")";
    }

    void close() {
        client.close();
    }
}
