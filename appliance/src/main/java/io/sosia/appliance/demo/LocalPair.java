package io.sosia.appliance.demo;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.List;

/// Two nodes, `a` (the owner) and `b`, on this host, each a process of its own.
public final class LocalPair {

    /// What a node needs beside what lies outside the heap, the guest's RAM and decoded code: log buffers, console.
    private static final int HEAP_MIB = 768;
    /// Two nodes, a witness and a client share this host's processors, so a node may stand still for longer than one
    /// on a host of its own. A process that dies is noticed at once all the same: the kernel closes its connections.
    private static final int SILENCE_MILLIS = 10_000;

    private final LocalSite site;
    private final String prefix;
    private final int linkA;
    private final int linkB;
    private final int controlA;
    private final int controlB;
    private int lives;
    private NodeProcess a;
    private NodeProcess b;

    LocalPair(LocalSite site, String prefix) throws DemoException {
        this.site = site;
        this.prefix = prefix;
        try {
            List<Integer> ports = FreePorts.find(4);
            linkA = ports.get(0);
            linkB = ports.get(1);
            controlA = ports.get(2);
            controlB = ports.get(3);
        } catch (IOException e) {
            throw new DemoException(e.getMessage(), e);
        }
    }

    /// Registers the pair with the witness and makes both nodes' folders.
    void initialise() throws DemoException {
        Path configA = configure("a", linkA, "b", linkB, controlA);
        Path configB = configure("b", linkB, "a", linkA, controlB);
        site.launch(prefix + "pair-init", HEAP_MIB, List.of("pair", "init", "--config", configA.toString(),
                "--config", configB.toString())).awaitSuccess(LocalSite.COMMAND_LIMIT);
    }

    /// The configuration of a node, `a` or `b`.
    Path configuration(String node) {
        return site.setup().folder().resolve(prefix + "node-" + node + ".yaml");
    }

    private Path configure(String node, int listen, String partner, int partnerListen, int control)
            throws DemoException {
        return site.write(prefix + "node-" + node + ".yaml", """
                node: %s
                partner:
                  name: %s
                  address: 127.0.0.1:%d
                listen: 127.0.0.1:%d
                state: %snode-%s
                tls: tls/%s%s
                witness: [%s]
                machine:
                  image: default
                  ram: %s
                network:
                  uplink: %s
                control: 127.0.0.1:%d
                backupReads: %s
                engine: %s
                failure:
                  silenceMillis: %d
                """.formatted(node, partner, partnerListen, listen, prefix, node, prefix, node, site.witnessAddress(),
                        site.setup().ram(), site.uplink(), control, site.setup().backupReads(),
                        site.setup().engine().word(), SILENCE_MILLIS));
    }

    /// Starts both nodes.
    ///
    /// @throws DemoException when one cannot be started
    public void start() throws DemoException {
        a = startNode("a", controlA);
        b = startNode("b", controlB);
    }

    /// Starts a node again whose process has ended: its next life.
    ///
    /// @throws DemoException when it cannot be started
    public NodeProcess restart(NodeProcess ended) throws DemoException {
        ended.close();
        if (ended == a) {
            a = startNode("a", controlA);
            return a;
        }
        b = startNode("b", controlB);
        return b;
    }

    /// The file that holds a node's disk.
    public Path disk(NodeProcess node) {
        return site.setup().folder().resolve(prefix + "node-" + (node == a ? "a" : "b")).resolve("disk/data.img");
    }

    private NodeProcess startNode(String node, int control) throws DemoException {
        lives++;
        Path config = site.setup().folder().resolve(prefix + "node-" + node + ".yaml");
        String name = prefix + "node-" + node + (lives <= 2 ? "" : "-life" + lives);
        ChildProcess process = site.launch(name, HEAP_MIB,
                List.of("appliance", "run", "--config", config.toString()));
        return new NodeProcess(process, config, new InetSocketAddress("127.0.0.1", control));
    }

    /// The owner: the primary at first.
    public NodeProcess a() {
        return a;
    }

    /// The other: the backup at first.
    public NodeProcess b() {
        return b;
    }

    /// Kills both nodes.
    void close() {
        for (NodeProcess node : new NodeProcess[] {a, b}) {
            if (node != null) {
                node.process().end();
                node.close();
            }
        }
    }
}
