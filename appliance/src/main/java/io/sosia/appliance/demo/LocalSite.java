package io.sosia.appliance.demo;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.sosia.appliance.engine.EngineKind;
import io.sosia.appliance.image.GuestImage;
import io.sosia.appliance.node.ByteSize;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/// A witness and a user-mode network on this host, as processes, and after them pairs, one at a time.
///
/// Everything is in one folder: configurations, the nodes' state, and under `logs/` what each process printed and
/// reported.
public final class LocalSite implements AutoCloseable {

    /// What the pairs of a site have in common.
    ///
    /// @param folder      where everything goes; made when it is not there
    /// @param ram         of the guest, like `256M`
    /// @param backupReads `local` or `logged`
    /// @param dropPercent share of frames that the network loses on purpose
    /// @param engine      of both nodes
    public record Setup(Path folder, String ram, String backupReads, double dropPercent, EngineKind engine) {

        /// @throws IllegalArgumentException naming what is out of range
        public Setup {
            folder = folder.toAbsolutePath().normalize();
            check(ram, backupReads, dropPercent);
        }

        static void check(String ram, String backupReads, double dropPercent) {
            GuestImage.checkBuiltRam(ByteSize.parse(ram));
            if (!backupReads.equals("local") && !backupReads.equals("logged")) {
                throw new IllegalArgumentException("backup reads are `local` or `logged`, got `" + backupReads + "`");
            }
            if (!(dropPercent >= 0 && dropPercent <= 100)) {
                throw new IllegalArgumentException("a share is from 0 % to 100 %, got " + dropPercent);
            }
        }

        Path logs() {
            return folder.resolve("logs");
        }
    }

    /// Where the guest's services answer on this host's loopback.
    public record PublishedPorts(int redis, int ssh, int http) {}

    static final Duration COMMAND_LIMIT = Duration.ofSeconds(120);
    private static final int SMALL_HEAP_MIB = 256;
    private static final int REDIS = 6379;
    private static final int SSH = 22;
    private static final int HTTP = 80;

    private final Setup setup;
    private final String witnessAddress;
    private final String uplink;
    private final List<ChildProcess> children = new ArrayList<>();
    private ChildProcess witness;
    private ChildProcess network;
    private PublishedPorts ports;
    private LocalPair pair;
    private int pairs;
    private boolean closed;

    private LocalSite(Setup setup, int witnessPort) {
        this.setup = setup;
        this.witnessAddress = "127.0.0.1:" + witnessPort;
        this.uplink = "unix:" + setup.folder().resolve("lan");
    }

    /// Makes a site in its folder. Nothing runs yet, so that the caller can arrange for [#close] first.
    ///
    /// @throws DemoException when the folder cannot be used or no ports are free
    public static LocalSite in(Setup setup) throws DemoException {
        try {
            Files.createDirectories(setup.logs());
            return new LocalSite(setup, FreePorts.find(1).getFirst());
        } catch (IOException e) {
            throw new DemoException("the folder " + setup.folder() + " cannot be used: " + e.getMessage(), e);
        }
    }

    /// Starts witness and network and waits until both are ready.
    ///
    /// @throws DemoException when one does not come up, with the tail of its diagnostics
    public void start() throws DemoException {
        Path config = write("witness.yaml", """
                name: w1
                listen: %s
                storage: witness
                """.formatted(witnessAddress));
        network = launch("network", SMALL_HEAP_MIB, List.of("network", "run", "--listen", uplink,
                "--publish", "0:" + REDIS, "0:" + SSH, "0:" + HTTP,
                "--drop", String.format(Locale.ROOT, "%s", setup.dropPercent())));
        launch("witness-init", SMALL_HEAP_MIB, List.of("witness", "init", "--config", config.toString()))
                .awaitSuccess(COMMAND_LIMIT);
        witness = launch("witness", SMALL_HEAP_MIB, List.of("witness", "run", "--config", config.toString()));
        ports = published(network.awaitLine("\"ready\":true", COMMAND_LIMIT));
        witness.awaitLine("ready on", COMMAND_LIMIT);
    }

    private static PublishedPorts published(String readyLine) throws DemoException {
        try {
            JsonNode publish = new ObjectMapper().readTree(readyLine).path("publish");
            int[] host = new int[3];
            for (JsonNode port : publish) {
                switch (port.path("guestPort").asInt()) {
                    case REDIS -> host[0] = port.path("hostPort").asInt();
                    case SSH -> host[1] = port.path("hostPort").asInt();
                    case HTTP -> host[2] = port.path("hostPort").asInt();
                    default -> throw new DemoException("the network published a port nobody asked for: " + readyLine);
                }
            }
            return new PublishedPorts(host[0], host[1], host[2]);
        } catch (JsonProcessingException e) {
            throw new DemoException("the network's ready line is no JSON: " + readyLine, e);
        }
    }

    /// Gives birth to a new pair on this site, with disks of its own. A pair before it is ended first.
    ///
    /// @throws DemoException when it cannot be initialised
    public LocalPair newPair() throws DemoException {
        synchronized (this) {
            if (pair != null) {
                pair.close();
            }
            pairs++;
            pair = new LocalPair(this, pairs == 1 ? "" : "pair" + pairs + "-");
        }
        pair.initialise();
        return pair;
    }

    /// Starts a process that belongs to this site.
    synchronized ChildProcess launch(String name, int heapMiB, List<String> arguments) throws DemoException {
        if (closed) {
            throw new DemoException("the demo is being ended");
        }
        ChildProcess child = ChildProcess.start(name, setup.logs(), heapMiB, arguments);
        children.add(child);
        return child;
    }

    /// Writes a configuration file into the folder.
    Path write(String name, String content) throws DemoException {
        Path file = setup.folder().resolve(name);
        try {
            return Files.writeString(file, content, StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new DemoException(file + " cannot be written: " + e.getMessage(), e);
        }
    }

    Setup setup() {
        return setup;
    }

    /// Where the witness listens, `host:port`.
    public String witnessAddress() {
        return witnessAddress;
    }

    /// Where nodes find the network, for `network.uplink`.
    String uplink() {
        return uplink;
    }

    /// Where the guest's services answer.
    public PublishedPorts ports() {
        return ports;
    }

    public ChildProcess witness() {
        return witness;
    }

    public ChildProcess network() {
        return network;
    }

    /// Ends every process of the site; none is left when it returns. The folder stays.
    @Override
    public synchronized void close() {
        closed = true;
        if (pair != null) {
            pair.close();
        }
        for (ChildProcess child : children) {
            if (child == network) {
                // passt has a folder of its own to remove.
                child.endPolitely();
            } else {
                child.end();
            }
        }
    }
}
