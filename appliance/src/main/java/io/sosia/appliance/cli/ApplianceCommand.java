package io.sosia.appliance.cli;

import io.sosia.appliance.config.ConfigException;
import io.sosia.appliance.control.ControlServer;
import io.sosia.appliance.node.Node;
import io.sosia.appliance.node.NodeConfig;
import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import picocli.CommandLine;
import picocli.CommandLine.Command;
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
                "Runs a node until the guest switches itself off, the node loses its claim, or it is terminated.",
                "SIGTERM to a backup: it leaves, the primary goes on alone. SIGTERM to a primary with a backup: it hands over, "
                        + "without losing a request. SIGTERM to a node alone ends the machine."
            },
            mixinStandardHelpOptions = true,
            footerHeading = "%nExample:%n",
            footer = {
                "  sosia pair init --config configs/node-a.yaml --config configs/node-b.yaml",
                "  sosia appliance run --config configs/node-a.yaml",
                "%nExit status: 0 the guest has switched itself off; 143 ended on SIGTERM; 1 halted (lost claim, fault; the reason is",
                "printed); 2 unusable configuration."
            })
    static final class Run implements Callable<Integer> {

        @Option(names = "--config", required = true, paramLabel = "FILE", description = "The node's configuration.")
        private Path file;

        @Override
        public Integer call() {
            CountDownLatch closed = new CountDownLatch(1);
            try {
                NodeConfig config = NodeConfig.read(file);
                try (Node node = Node.start(config); ControlServer control = new ControlServer(config.control(), node)) {
                    endOnTermination(node, closed);
                    System.out.println("node " + config.node() + " runs; control at "
                            + control.address().getAddress().getHostAddress() + ":" + control.address().getPort()
                            + ", partner link at " + config.listen().getHostString() + ":" + config.listen().getPort());
                    Node.Ending end = node.ending().join();
                    System.out.println("node " + config.node() + " has ended " + end.state() + ": " + end.reason());
                    return end.failed() ? CliException.FAILED : 0;
                }
            } catch (ConfigException | IOException e) {
                throw new CliException(CliException.BAD_INPUT, e.getMessage(), e);
            } finally {
                closed.countDown();
            }
        }

        /// On SIGTERM the node leaves or hands over before the process goes. One that has ended by itself has nothing to do.
        private static void endOnTermination(Node node, CountDownLatch closed) {
            Runtime.getRuntime().addShutdownHook(new Thread(() -> {
                if (closed.getCount() > 0) {
                    node.terminate();
                }
                try {
                    closed.await();
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                }
            }, "terminate"));
        }
    }
}
