package io.sosia.appliance.cli;

import io.sosia.appliance.tls.Authority;
import io.sosia.appliance.tls.Tls;
import io.sosia.witness.claim.NodeName;
import io.sosia.witness.claim.PairId;
import io.sosia.witness.identity.Identity;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// `sosia certs`: who may call himself a node or a witness.
@Command(
        name = "certs",
        description = {
            "Makes the certificates by which nodes and witnesses know each other: a private authority, and one folder per member "
                    + "with its key, its certificate and whom it believes.",
            "`sosia witness init` and `sosia pair init` do this by themselves where the authority is on the same host. For members on "
                    + "hosts of their own: issue here, copy each folder to where its member's configuration says `tls`, and keep the "
                    + "authority's folder to yourself."
        },
        mixinStandardHelpOptions = true,
        subcommands = {CertsCommand.Init.class, CertsCommand.Issue.class, CertsCommand.Renew.class},
        footerHeading = "%nA witness and a pair on three hosts:%n",
        footer = {
            "  sosia certs init ca",
            "  sosia certs issue --authority ca --witness w1 --to out/w1",
            "  sosia certs issue --authority ca --node a --to out/a               (prints the pair's id)",
            "  sosia certs issue --authority ca --node b --pair ID --to out/b",
            "%nExit status: 1 when a file is missing, damaged or cannot be written; 2 bad usage."
        })
public final class CertsCommand implements Runnable {

    @CommandLine.Spec
    private CommandLine.Model.CommandSpec spec;

    @Override
    public void run() {
        throw new CommandLine.ParameterException(spec.commandLine(), "which command? There is: "
                + String.join(", ", spec.subcommands().keySet()));
    }

    /// Where the authority is.
    static final class AuthorityOption {
        @Option(names = "--authority", paramLabel = "DIR",
                description = "The authority's folder; `authority` beside the member's when left out.")
        private Path folder;

        /// @param member a member's folder
        Path beside(Path member) {
            return folder != null ? folder : Authority.besideMember(member);
        }

        Optional<Path> named() {
            return Optional.ofNullable(folder);
        }
    }

    /// How long a certificate holds.
    static final class DaysOption {
        @Option(names = "--days", paramLabel = "N", defaultValue = "730",
                description = "How long the certificate holds, 1 to 7300 (${DEFAULT-VALUE}).")
        private int days;

        Duration validity() {
            if (days < 1 || days > Authority.VALIDITY_MAX.toDays()) {
                throw new CliException(CliException.BAD_INPUT,
                        "--days " + days + ": expected 1 to " + Authority.VALIDITY_MAX.toDays());
            }
            return Duration.ofDays(days);
        }
    }

    private static CliException failed(IOException failure) {
        return new CliException(CliException.FAILED, failure.getMessage(), failure);
    }

    /// `sosia certs init`.
    @Command(
            name = "init",
            description = "Makes a new authority: its key and its own certificate, in one file. Whoever has that file can make members.",
            mixinStandardHelpOptions = true)
    static final class Init implements Callable<Integer> {
        @CommandLine.Spec
        private CommandLine.Model.CommandSpec spec;

        @Parameters(paramLabel = "DIR", description = "The authority's folder; made when it is not there.")
        private Path folder;

        @Override
        public Integer call() {
            try {
                Authority.create(folder);
            } catch (IOException e) {
                throw failed(e);
            }
            spec.commandLine().getOut().println("authority made in " + folder);
            return 0;
        }
    }

    /// `sosia certs issue`.
    @Command(
            name = "issue",
            description = "Makes a new key and certificate for a member, in place of the same member's in its folder, if there are any.",
            mixinStandardHelpOptions = true)
    static final class Issue implements Callable<Integer> {
        @CommandLine.Spec
        private CommandLine.Model.CommandSpec spec;

        @CommandLine.Mixin
        private AuthorityOption authority;

        @CommandLine.Mixin
        private DaysOption days;

        @ArgGroup(exclusive = true, multiplicity = "1")
        private Member member;

        @Option(names = "--pair", paramLabel = "ID", description = "The node's pair; when left out, that of the certificate in its "
                + "folder, or else a new id, for `sosia pair init`.")
        private UUID pair;

        @Option(names = "--to", required = true, paramLabel = "DIR",
                description = "The member's folder, which its configuration names under `tls`.")
        private Path folder;

        /// Whom to make it for.
        static final class Member {
            @Option(names = "--node", paramLabel = "NAME", description = "A node of a pair.")
            private String node;

            @Option(names = "--witness", paramLabel = "NAME", description = "A member of the witness.")
            private String witness;
        }

        @Override
        public Integer call() {
            Duration validity = days.validity();
            try {
                Identity identity = identity();
                Instant until = Authority.open(authority.beside(folder)).issue(identity, validity, folder);
                spec.commandLine().getOut().println(identity + ": certificate in " + folder + ", good until " + until);
            } catch (IOException e) {
                throw failed(e);
            }
            return 0;
        }

        private Identity identity() throws IOException {
            try {
                if (member.witness != null && pair != null) {
                    throw new IllegalArgumentException("a witness is of no pair: --pair goes with --node");
                }
                return member.witness != null ? new Identity.OfWitness(new NodeName(member.witness))
                        : new Identity.OfNode(pair == null ? pairThere() : new PairId(pair), new NodeName(member.node));
            } catch (IllegalArgumentException e) {
                throw new CliException(CliException.BAD_INPUT, e.getMessage(), e);
            }
        }

        /// A node stays in its pair.
        private PairId pairThere() throws IOException {
            return Tls.named(folder).orElse(null) instanceof Identity.OfNode(PairId there, var _) ? there : new PairId(UUID.randomUUID());
        }
    }

    /// `sosia certs renew`.
    @Command(
            name = "renew",
            description = {
                "Makes new keys and certificates that name the same members as those in their folders.",
                "A member that runs uses them for its next connections, a second later, without being restarted. Connections there are stay."
            },
            mixinStandardHelpOptions = true)
    static final class Renew implements Callable<Integer> {
        @CommandLine.Spec
        private CommandLine.Model.CommandSpec spec;

        @CommandLine.Mixin
        private AuthorityOption authority;

        @CommandLine.Mixin
        private DaysOption days;

        @Parameters(paramLabel = "DIR", arity = "1..*", description = "Members' folders, or copies of them.")
        private List<Path> folders;

        @Override
        public Integer call() {
            PrintWriter out = spec.commandLine().getOut();
            Duration validity = days.validity();
            for (Path folder : folders) {
                try {
                    Authority by = Authority.open(authority.beside(folder));
                    Identity identity = Tls.open(folder).identity();
                    by.checkIssued(folder);
                    Instant until = by.issue(identity, validity, folder);
                    out.println(identity + ": new certificate in " + folder + ", good until " + until);
                    out.flush();
                } catch (IOException e) {
                    throw failed(e);
                }
            }
            return 0;
        }
    }
}
