package io.sosia.appliance.cli;

import io.sosia.appliance.control.ControlClient;
import io.sosia.appliance.node.DiskReport;
import io.sosia.appliance.node.NodeConfig;
import io.sosia.appliance.node.NodeStatus;
import io.sosia.appliance.node.OperatorOrder;
import io.sosia.witness.claim.Epoch;
import io.sosia.witness.claim.OperatorWord;
import io.sosia.witness.claim.PairRecord;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.locks.LockSupport;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/// What an operator orders against the rules: `sosia pair override` and `sosia pair reinit`. Both first say what it may cost, and do
/// nothing without `--yes`.
abstract sealed class PairOrderCommand implements Callable<Integer> {

    @CommandLine.Spec
    private CommandLine.Model.CommandSpec spec;

    @Option(names = "--reason", required = true, paramLabel = "TEXT",
            description = "Why; kept with the pair's record and on the node for whoever looks into it later.")
    private String reason;

    @Option(names = "--operator", paramLabel = "NAME", defaultValue = "${sys:user.name}",
            description = "Who orders it (default: ${DEFAULT-VALUE}).")
    private String operator;

    @Option(names = "--partner-is-off",
            description = "You have seen that the partner does not run: its host is off, or no node runs there. Needed only where nothing "
                    + "answers at its address, since a cut link looks the same, and a node behind one may well be live.")
    private boolean partnerIsOff;

    @Option(names = "--yes", description = "Does it. Without this, only tells what would be done and what it may cost.")
    private boolean yes;

    /// Looks whether the order can be given.
    ///
    /// @throws IOException when it cannot be: why, and what can be done
    abstract OperatorOrder order(OperatorWord word) throws IOException;

    /// Done: what follows from it.
    abstract void done(PairRecord record, PrintWriter out);

    @Override
    public Integer call() {
        PrintWriter out = spec.commandLine().getOut();
        PrintWriter err = spec.commandLine().getErr();
        OperatorWord word;
        try {
            word = new OperatorWord(operator, reason, System.currentTimeMillis());
        } catch (IllegalArgumentException e) {
            throw new CommandLine.ParameterException(spec.commandLine(), e.getMessage(), e);
        }
        try {
            OperatorOrder order = order(word);
            err.println("*** AGAINST THE RULES ***");
            order.warnings().forEach(warning -> err.println("*** " + warning));
            err.flush();
            if (!yes) {
                throw new CliException(CliException.BAD_INPUT, "nothing was done; read the above, then say --yes");
            }
            PairRecord record = order.carryOut();
            out.println("the witness has recorded: " + record.summary() + ", on the word of " + word.operator() + " (" + word.reason() + ")");
            done(record, out);
            out.flush();
            return 0;
        } catch (IOException e) {
            throw new CliException(CliException.FAILED, e.getMessage(), e);
        }
    }

    /// What is known of the node the order names.
    final OperatorOrder.Circumstances known(NodeConfig config) {
        return new OperatorOrder.Circumstances(running(config), disk(config), partnerIsOff);
    }

    private static Optional<DiskReport> disk(NodeConfig config) {
        try (ControlClient client = new ControlClient(config.control())) {
            return Optional.of(client.disk());
        } catch (IOException offOrWithoutOne) {
            return Optional.empty();
        }
    }

    /// What the node of a configuration says of itself; empty when it does not run.
    private static Optional<NodeStatus> running(NodeConfig config) {
        try (ControlClient client = new ControlClient(config.control())) {
            return Optional.of(client.status());
        } catch (IOException off) {
            return Optional.empty();
        }
    }

    /// `sosia pair override`.
    @Command(
            name = "override",
            description = {
                "Makes this node the owner of the pair, although the record names its partner. For when the partner is lost for good, "
                        + "or for longer than the service can wait.",
                "The rules refuse this node because its disk may lack what was written and answered since it was last a backup; what "
                        + "that is, is said first. It boots the machine from its own disk. Give the order on its host.",
                "It is refused while the partner listens, and where nothing answers at its address, unless you have looked and say "
                        + "--partner-is-off: if only the link is cut, two nodes would serve at once until it heals, and then what the "
                        + "partner has written since is lost."
            },
            mixinStandardHelpOptions = true,
            sortOptions = false,
            footerHeading = "%nExample:%n",
            footer = {
                "  sosia pair override --config node-b.yaml --reason \"host a burnt down\"          (only tells)",
                "  sosia pair override --config node-b.yaml --reason \"host a burnt down\" --yes --partner-is-off",
                "%nExit status: 1 when it must not be, or the witness does not answer: it says why, and what can be done; 2 without --yes."
            })
    static final class OverrideOrder extends PairOrderCommand {

        @Option(names = "--config", required = true, paramLabel = "FILE", description = "The node that is to go live.")
        private Path file;

        @Override
        OperatorOrder order(OperatorWord word) throws IOException {
            NodeConfig config = ControlAddress.config(file);
            return OperatorOrder.override(config, known(config), word);
        }

        @Override
        void done(PairRecord record, PrintWriter out) {
            out.println("node " + record.owner() + " goes live as soon as it reads this; if it does not run: sosia appliance run --config "
                    + file);
        }
    }

    /// `sosia pair reinit`.
    @Command(
            name = "reinit",
            description = {
                "Tells a witness that has lost its storage about a pair again: SOLO, with the node of the first configuration as the "
                        + "owner, above every epoch either node knows. Name the node that runs, if one does: it goes on, and its partner is "
                        + "taken in afresh. A pair of whose nodes none runs boots from the disk of the one named.",
                "The epoch must be above the partner's too: give its configuration when it is on this host, else the epoch that "
                        + "`sosia status` or this command without --yes says on the other host."
            },
            mixinStandardHelpOptions = true,
            sortOptions = false,
            footerHeading = "%nExample:%n",
            footer = {
                "  sosia witness init --config witness.yaml && sosia witness run --config witness.yaml &",
                "  sosia pair reinit --config node-a.yaml --partner-epoch 7 --reason \"the witness's disk died\" --yes",
                "%nWhen the partner's host is lost and nobody knows: the owner's epoch and some thousands. Exit status as of override."
            })
    static final class ReinitOrder extends PairOrderCommand {

        private static final long WITNESS_FOUND_NANOS = 15_000_000_000L;
        private static final long RETRY_NANOS = 200_000_000;

        @Option(names = "--config", required = true, paramLabel = "FILE",
                description = "The node that is to be the owner; a second time for its partner, when it is on this host.")
        private List<Path> files;

        @Option(names = "--partner-epoch", paramLabel = "N", description = "The last epoch the partner took part in.")
        private Long partnerEpoch;

        @Override
        OperatorOrder order(OperatorWord word) throws IOException {
            NodeConfig owner = ControlAddress.config(files.getFirst());
            return OperatorOrder.reinitialise(owner, known(owner), partnerEpoch(owner), word);
        }

        private long partnerEpoch(NodeConfig owner) throws IOException {
            if (partnerEpoch != null && (partnerEpoch < 0 || partnerEpoch >= Epoch.LAST)) {
                throw new CliException(CliException.BAD_INPUT, "--partner-epoch " + partnerEpoch + " is not between 0 (it never took part) and "
                        + (Epoch.LAST - 1) + "; `sosia status` on its host says which it is");
            }
            if (partnerEpoch != null && files.size() == 1) {
                return partnerEpoch;
            }
            if (partnerEpoch != null || files.size() != 2) {
                throw new CliException(CliException.BAD_INPUT, "node " + owner.node() + " last took part in epoch "
                        + OperatorOrder.durableEpoch(owner) + ". Say the same of its partner: either a second --config FILE, or "
                        + "--partner-epoch N");
            }
            NodeConfig partner = ControlAddress.config(files.get(1));
            if (!partner.node().equals(owner.partner())) {
                throw new CliException(CliException.BAD_INPUT, files.get(1) + " is of node " + partner.node() + ", the partner of node "
                        + owner.node() + " is " + owner.partner());
            }
            return Math.max(OperatorOrder.durableEpoch(partner), running(partner).map(NodeStatus::epoch).orElse(0L));
        }

        @Override
        void done(PairRecord record, PrintWriter out) {
            NodeConfig owner = ControlAddress.config(files.getFirst());
            Optional<NodeStatus> status = running(owner);
            if (status.isEmpty()) {
                out.println("start node " + owner.node() + ": sosia appliance run --config " + files.getFirst());
            } else if (status.get().state().equals("PROTECTED")) {
                try (ControlClient client = new ControlClient(owner.control())) {
                    resync(client);
                    out.println("node " + owner.node() + " claims the record and takes its partner in afresh: sosia status --await PROTECTED");
                } catch (IOException notTold) {
                    out.println("node " + owner.node() + " takes the record over when its partner is restarted, and is not protected before: "
                            + notTold.getMessage());
                }
            }
        }

        /// A node that had lost the witness takes a moment to find it again.
        private static void resync(ControlClient client) throws IOException {
            long deadline = System.nanoTime() + WITNESS_FOUND_NANOS;
            while (true) {
                try {
                    client.resync(false);
                    return;
                } catch (IOException notYet) {
                    if (System.nanoTime() - deadline > 0) {
                        throw notYet;
                    }
                    LockSupport.parkNanos(RETRY_NANOS);
                }
            }
        }
    }
}
