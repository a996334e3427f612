package io.sosia.appliance.node;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/// The nodes of a pair that a test runs in its own process, closed together.
final class RunningNodes implements AutoCloseable {

    private final PairFiles pair;
    private final List<Node> nodes = new ArrayList<>();

    RunningNodes(PairFiles pair) {
        this.pair = pair;
    }

    /// One that does not run yet.
    Node open(String name) throws Exception {
        Node node = Node.open(pair.config(name));
        nodes.add(node);
        return node;
    }

    Node start(String name) throws Exception {
        Node node = open(name);
        node.begin();
        return node;
    }

    /// All that were opened.
    List<Node> all() {
        return List.copyOf(nodes);
    }

    static void awaitState(Node node, String state) {
        PairFiles.await(state, () -> node.status().state().equals(state), node::status);
    }

    @Override
    public void close() throws IOException {
        for (Node node : nodes) {
            node.close();
        }
    }
}
