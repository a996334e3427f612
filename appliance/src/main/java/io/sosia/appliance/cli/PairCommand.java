package io.sosia.appliance.cli;

import io.sosia.appliance.config.ConfigException;
import io.sosia.appliance.node.NodeConfig;
import io.sosia.appliance.node.PairBirth;
import io.sosia.witness.claim.PairId;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/// `sosia pair`: what concerns both nodes.
@Command(
        name = "pair",
        description = "Gives birth to a pair; orders against the rules, when they leave nobody to serve.",
        mixinStandardHelpOptions = true,
        subcommands = {PairCommand.Init.class, PairOrderCommand.OverrideOrder.class, PairOrderCommand.ReinitOrder.class})
public final class PairCommand implements Runnable {

    @CommandLine.Spec
    private CommandLine.Model.CommandSpec spec;

    @Override
    public void run() {
        throw new CommandLine.ParameterException(spec.commandLine(), "which command? There are: init, override, reinit");
    }

    /// `sosia pair init`.
    @Command(
            name = "init",
            description = {
                "Registers a pair with its witness and makes the nodes' folders, each with its own copy of the disk image.",
                "The node of the first configuration owns the pair: its first start waits for the partner and then runs the "
                        + "machine on both.",
                "Where the authority is at hand it issues the nodes' certificates, too. Elsewhere they have to be there already "
                        + "(see `sosia certs`), and say which pair it is."
            },
            mixinStandardHelpOptions = true,
            footerHeading = "%nBoth nodes on this host:%n",
            footer = {
                "  sosia pair init --config configs/node-a.yaml --config configs/node-b.yaml",
                "%nNodes on two hosts:",
                "  on the owner's:   sosia pair init --config node-a.yaml         (prints the pair's id)",
                "  on the other:     sosia pair init --config node-b.yaml --pair ID",
                "%nThe witness has to run. Exit status: 1 when it does not answer or refuses; 2 on unusable configuration."
            })
    static final class Init implements Callable<Integer> {

        @Option(names = "--config", required = true, paramLabel = "FILE",
                description = "A node's configuration; twice for both nodes on this host.")
        private List<Path> files;

        @Option(names = "--pair", paramLabel = "ID",
                description = "Joins a node to a pair that was initialised on another host.")
        private UUID pair;

        @CommandLine.Mixin
        private CertsCommand.AuthorityOption authority;

        @Override
        public Integer call() {
            List<NodeConfig> configs = new ArrayList<>();
            try {
                for (Path file : files) {
                    configs.add(NodeConfig.read(file));
                }
                PairBirth birth = pair == null ? PairBirth.of(configs, authority.named())
                        : PairBirth.joining(new PairId(pair), configs, authority.named());
                birth.carryOut(step -> System.out.println(step));
                if (pair == null && configs.size() == 1) {
                    System.out.println("on the other host: sosia pair init --config FILE --pair " + birth.pairId());
                }
                return 0;
            } catch (ConfigException e) {
                throw new CliException(CliException.BAD_INPUT, e.getMessage(), e);
            } catch (IOException e) {
                throw new CliException(CliException.FAILED, e.getMessage(), e);
            }
        }
    }
}
