package io.sosia.appliance.cli;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.sosia.appliance.config.ConfigException;
import io.sosia.appliance.image.BuildProgress.Meter;
import io.sosia.appliance.node.NodeConfig;
import io.sosia.appliance.node.SnapshotRestore;
import io.sosia.appliance.snapshot.SnapshotHeader;
import java.io.IOException;
import java.nio.file.Path;
import java.time.temporal.ChronoUnit;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// `sosia snapshot restore`.
@Command(
        name = "restore",
        description = {
            "Makes a node's state folder hold the machine and the disk of a snapshot: the node's next start goes on from there "
                    + "instead of booting, alone at first; its partner is then taken in as usual and gets that disk and memory.",
            "The node has to be the pair's owner by the witness's record, and must not run; nor should its partner. All that "
                    + "has happened since the snapshot is undone. The configuration names the image the pair was made with.",
            "The guest finds itself at the moment of the snapshot; its clock then jumps once, to now. Connections that its peers "
                    + "have given up since are lost.",
            "The snapshot is verified first, and needs as much room once more beside the state folder. What the folder holds is "
                    + "replaced whole, and only at the end. The machine goes on from the snapshot once: after that the node is one like any other."
        },
        mixinStandardHelpOptions = true,
        footerHeading = "%nExamples:%n",
        footer = {
            "  sosia snapshot restore /backups/monday --config configs/node-a.yaml --replace",
            "  sosia appliance run --config configs/node-a.yaml",
            "%nExit status: 0 restored; 1 damaged, refused or failed (the reason is printed, and nothing has changed); 2 bad "
                    + "usage, or a configuration of another machine."
        })
public final class SnapshotRestoreCommand implements Callable<Integer> {

    @Parameters(paramLabel = "DIR", description = "A folder that `sosia snapshot save` has made.")
    private Path folder;

    @Option(names = "--config", required = true, paramLabel = "FILE", description = "The owner's configuration.")
    private Path file;

    @Option(names = "--replace", description = "The node's state folder may exist; what it holds is lost.")
    private boolean replace;

    @Option(names = "--json", description = "One JSON object at the end.")
    private boolean json;

    @Override
    public Integer call() {
        try {
            NodeConfig config = NodeConfig.read(file);
            SnapshotRestore restore = SnapshotRestore.of(folder, config, replace);
            boolean live = System.console() != null && System.console().isTerminal();
            try (Meter meter = new ConsoleProgress("snapshot", System.err, live).meter("verifying", restore.bytes())) {
                restore.carryOut(meter::at);
            }
            System.out.println(json ? json(restore.header(), config) : line(restore.header(), config));
            return 0;
        } catch (ConfigException e) {
            throw new CliException(CliException.BAD_INPUT, e.getMessage(), e);
        } catch (IOException e) {
            throw new CliException(CliException.FAILED, e.getMessage(), e);
        }
    }

    private static String line(SnapshotHeader header, NodeConfig config) {
        return "node " + config.node() + " in " + config.state() + " goes on from log position " + header.point().last() + ", "
                + header.savedAt().truncatedTo(ChronoUnit.SECONDS) + ", at its next start";
    }

    private static String json(SnapshotHeader header, NodeConfig config) throws IOException {
        ObjectMapper mapper = new ObjectMapper();
        return mapper.writeValueAsString(mapper.createObjectNode().put("node", config.node().value())
                .put("state", config.state().toString()).put("pairId", header.origin().pairId())
                .put("position", header.point().last().toString()).put("step", header.step())
                .put("savedAt", header.savedAt().toString()));
    }
}
