package io.sosia.appliance.cli;

import io.sosia.witness.server.WitnessConfig;
import io.sosia.witness.server.WitnessHealth;
import io.sosia.witness.server.WitnessServer;
import io.sosia.witness.server.WitnessStorageException;
import java.io.IOException;
import java.io.PrintWriter;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/// `sosia witness`: the third party of all pairs that name it.
@Command(
        name = "witness",
        description = "The third party that decides which node of a pair may be live.",
        mixinStandardHelpOptions = true,
        subcommands = {
            WitnessCommand.Init.class,
            WitnessCommand.Run.class,
            WitnessStatusCommand.class,
            WitnessMemberCommand.class
        })
public final class WitnessCommand implements Runnable {
    /// Exit status when the storage was not initialised, was already, is another witness's, or lost its memory.
    public static final int STORAGE_UNFIT = 3;

    private static final long CLOSE_SECONDS_MAX = 20;

    @CommandLine.Spec
    private CommandLine.Model.CommandSpec spec;

    @Override
    public void run() {
        throw new CommandLine.ParameterException(spec.commandLine(), "which command? There are: init, run, status, member");
    }

    /// `sosia witness init`.
    @Command(
            name = "init",
            description = {
                "Makes the storage of a new witness, which knows no pair yet. Once in a witness's life.",
                "A witness that lost its storage is initialised anew, and then each of its pairs.",
                "With --join: makes the storage of one more member of a witness that runs already, or of one in place",
                "of a member that lost its storage. Run it, then have it added: sosia witness member add.",
                "The member's certificate is made by the authority, if that is on this host; the first member makes the authority when",
                "there is neither it nor a certificate. See `sosia certs` for hosts without it."
            },
            mixinStandardHelpOptions = true,
            footerHeading = "%nExit status:%n",
            footer = "  1 when the storage cannot be written, 2 on a bad configuration, 3 when a witness is there already.")
    static final class Init implements Callable<Integer> {
        @CommandLine.Spec
        private CommandLine.Model.CommandSpec spec;

        @Option(names = "--config", required = true, paramLabel = "FILE", description = "See configs/witness.yaml.")
        private Path file;

        @Option(names = "--join", description = "It becomes a member of a witness there is.")
        private boolean join;

        @CommandLine.Mixin
        private CertsCommand.AuthorityOption authority;

        @Override
        public Integer call() {
            WitnessFile said = WitnessFile.read(file);
            WitnessConfig config = said.config();
            Diagnostics.gather();
            try {
                WitnessServer.checkNew(config);
                said.certify(authority.named(), !join);
                if (join) {
                    WitnessServer.initJoining(config);
                } else {
                    WitnessServer.init(config);
                }
            } catch (IOException failure) {
                throw failed(failure);
            }
            spec.commandLine()
                    .getOut()
                    .println("witness " + config.name() + " initialised in " + config.storage()
                            + "; start it with: sosia witness run --config " + file);
            return 0;
        }
    }

    /// `sosia witness run`.
    @Command(
            name = "run",
            description = "Runs a member of the witness until it is terminated. Prints one line when it answers or listens.",
            mixinStandardHelpOptions = true,
            footerHeading = "%nExit status:%n",
            footer = {
                "  1 when it cannot listen or ends by itself, 2 on a bad configuration, 3 when its storage was not",
                "  initialised or is not whole. SIGTERM and SIGINT stop it cleanly (143, 130)."
            })
    static final class Run implements Callable<Integer> {
        @CommandLine.Spec
        private CommandLine.Model.CommandSpec spec;

        @Option(names = "--config", required = true, paramLabel = "FILE", description = "See configs/witness.yaml.")
        private Path file;

        @Override
        public Integer call() {
            WitnessConfig config = WitnessFile.read(file).secured();
            Diagnostics.gather();
            try (WitnessServer server = WitnessServer.start(config)) {
                Thread onSignal = Thread.ofPlatform().unstarted(() -> closeInTime(server));
                Runtime.getRuntime().addShutdownHook(onSignal);
                PrintWriter out = spec.commandLine().getOut();
                InetSocketAddress address = server.address();
                out.println(line(server, address.getHostString() + ":" + address.getPort(), config));
                out.flush();
                String reason = server.ended().join();
                throw new CliException(
                        CliException.FAILED,
                        "witness " + config.name() + " ended by itself: " + reason + ". The lines above say why;"
                                + " put that right (is its disk full or failing?) and start it again");
            } catch (IOException failure) {
                throw failed(failure);
            }
        }

        private static String line(WitnessServer server, String address, WitnessConfig config) {
            WitnessHealth health = server.health();
            String who = "witness " + config.name();
            return switch (health.members()) {
                case 0 -> who + " listens on " + address + " and waits to be added: sosia witness member add "
                        + config.address();
                case 1 -> who + " ready on " + address + (config.credentials().isPresent() ? "" : " (NOT ENCRYPTED, tls: off)")
                        + ", pairs: " + health.pairs();
                default -> who + " listens on " + address + ", one of " + health.members() + " members";
            };
        }

        /// On its own thread and for a limited time: the thread that ends the process may be one `close` waits for.
        private static void closeInTime(WitnessServer server) {
            Thread closing = Thread.ofPlatform().daemon().start(server::close);
            try {
                closing.join(TimeUnit.SECONDS.toMillis(CLOSE_SECONDS_MAX));
            } catch (InterruptedException hurry) {
                Thread.currentThread().interrupt();
            }
        }
    }

    private static CliException failed(IOException failure) {
        int status = failure instanceof WitnessStorageException ? STORAGE_UNFIT : CliException.FAILED;
        return new CliException(status, failure.getMessage(), failure);
    }
}
