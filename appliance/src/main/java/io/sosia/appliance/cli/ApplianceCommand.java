package io.sosia.appliance.cli;

import io.sosia.appliance.config.ConfigException;
import io.sosia.appliance.control.ControlServer;
import io.sosia.appliance.node.Ending;
import io.sosia.appliance.node.Appliance;
import io.sosia.appliance.node.NodeConfig;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/// `sosia appliance`: one node of a pair.
@Command(
        name = "appliance",
        description = "Runs one node of a pair.",
        mixinStandardHelpOptions = true,
        subcommands = ApplianceCommand.Run.class)
public final class ApplianceCommand implements Runnable {

    @CommandLine.Spec
    private CommandLine.Model.CommandSpec spec;

    @Override
    public void run() {
        throw new CommandLine.ParameterException(spec.commandLine(), "which command? There is: run");
    }

    /// `sosia appliance run`.
    @Command(
            name = "run",
            description = {
                "Runs a node until the guest switches itself off or it is terminated. A node that loses its claim, or its "
                        + "primary before it is a backup, begins anew and is taken in by its partner while the guest runs.",
                "SIGTERM to a backup: it leaves, the primary goes on alone. SIGTERM to a primary with a backup: it hands "
                        + "over, without losing a request. SIGTERM to a node alone ends the machine."
            },
            mixinStandardHelpOptions = true,
            footerHeading = "%nExample:%n",
            footer = {
                "  sosia pair init --config configs/node-a.yaml --config configs/node-b.yaml",
                "  sosia appliance run --config configs/node-a.yaml",
                "%nExit status: 0 ended on purpose; 1 halted (a fault of its own; the reason is printed); 2 unusable "
                        + "configuration; 70 stopped at once by a fault in itself (see evidence/ in its state folder)."
            })
    static final class Run implements Callable<Integer> {

        @Option(names = "--config", required = true, paramLabel = "FILE", description = "The node's configuration.")
        private Path file;

        @Mixin
        private EngineOption engine;

        @Override
        public Integer call() {
            NodeConfig config;
            Appliance node;
            try {
                NodeConfig written = NodeConfig.read(file);
                config = engine.named().map(written::withEngine).orElse(written);
                node = Appliance.open(config);
            } catch (ConfigException | IOException e) {
                throw new CliException(CliException.BAD_INPUT, e.getMessage(), e);
            }
            Thread.setDefaultUncaughtExceptionHandler(node::uncaught);
            Termination termination = Termination.of(node);
            int status = CliException.FAILED;
            try {
                status = run(config, node);
                return status;
            } finally {
                termination.done(status);
            }
        }

        private static int run(NodeConfig config, Appliance node) {
            Ending end;
            try (node) {
                try (ControlServer control = new ControlServer(config.control(), node::node)) {
                    System.out.println("node " + config.node() + " runs; control at " + text(control.address())
                            + ", partner link at " + text(node.node().listening()));
                    end = node.run();
                } catch (IOException e) {
                    throw new CliException(CliException.BAD_INPUT, e.getMessage(), e);
                }
            } catch (IOException e) {
                throw new CliException(CliException.FAILED,
                        "the node's disk cannot be closed in order: " + e.getMessage(), e);
            }
            System.out.println("node " + config.node() + " has ended " + end.state() + ": " + end.reason());
            return end.failed() ? CliException.FAILED : 0;
        }

        private static String text(InetSocketAddress address) {
            return address.getAddress().getHostAddress() + ":" + address.getPort();
        }
    }
}
