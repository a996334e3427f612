package io.sosia.appliance.node;

import io.sosia.appliance.config.ConfigException;
import io.sosia.appliance.tls.Tls;
import io.sosia.witness.claim.ClaimCommand;
import io.sosia.witness.claim.ClaimResult;
import io.sosia.witness.claim.Members;
import io.sosia.witness.claim.NodeName;
import io.sosia.witness.claim.Nonce;
import io.sosia.witness.claim.PairId;
import io.sosia.witness.claim.PairRecord;
import io.sosia.witness.claim.TableEntry;
import io.sosia.witness.client.ClaimService;
import io.sosia.witness.client.WitnessAnswer;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.function.Consumer;
import java.util.stream.Collectors;

/// The birth of a pair: the witness's record at epoch 1 and a folder for each node given.
public final class PairBirth {

    private static final Duration DEADLINE = Duration.ofSeconds(30);

    private final PairCertificates certificates;
    private final boolean joins;
    private final List<NodeConfig> configs;

    private PairBirth(PairCertificates certificates, boolean joins, List<NodeConfig> configs) {
        this.certificates = certificates;
        this.joins = joins;
        this.configs = List.copyOf(configs);
    }

    /// A new pair; the first configuration's node owns it.
    ///
    /// @param authority the folder of who issues the nodes' certificates; looked for beside theirs when empty
    /// @throws ConfigException when the configurations do not belong together, or there are no certificates to be had
    public static PairBirth of(List<NodeConfig> configs, Optional<Path> authority) throws ConfigException {
        checkTogether(configs);
        return new PairBirth(PairCertificates.of(configs, authority, Optional.empty()), false, configs);
    }

    /// A node of a pair that was born on another host.
    ///
    /// @throws ConfigException as above
    public static PairBirth joining(PairId pairId, List<NodeConfig> configs, Optional<Path> authority) throws ConfigException {
        checkTogether(configs);
        return new PairBirth(PairCertificates.of(configs, authority, Optional.of(pairId)), true, configs);
    }

    private static void checkTogether(List<NodeConfig> configs) throws ConfigException {
        if (configs.size() > 2) {
            throw new ConfigException("a pair has two nodes, " + configs.size() + " configurations were given");
        }
        for (NodeConfig config : configs) {
            if (NodeHome.exists(config.state())) {
                throw new ConfigException(config.file() + ": " + config.state() + " already holds a node of a pair; to start "
                        + "over, remove that folder first" + config.tls().map(tls -> ", and " + tls + " with its certificate").orElse(""));
            }
        }
        if (configs.size() == 2) {
            NodeConfig one = configs.get(0);
            NodeConfig other = configs.get(1);
            if (!one.partner().equals(other.node()) || !other.partner().equals(one.node())) {
                throw new ConfigException(one.file() + " and " + other.file() + ": node " + one.node() + " with partner "
                        + one.partner() + " and node " + other.node() + " with partner " + other.partner()
                        + " are no pair; each must name the other");
            }
            if (one.state().equals(other.state())) {
                throw new ConfigException(one.file() + " and " + other.file() + ": both nodes keep their state in "
                        + one.state() + "; give each its own folder");
            }
        }
    }

    public PairId pairId() {
        return certificates.pairId();
    }

    /// Issues the certificates, asks the witness, then makes the folders; says each step done.
    ///
    /// @throws ConfigException when the machine's parts cannot be used
    /// @throws IOException when the witness refuses or does not answer, or a folder cannot be written
    public void carryOut(Consumer<String> done) throws ConfigException, IOException {
        NodeConfig first = configs.getFirst();
        for (NodeConfig config : configs) {
            MachineParts.of(config.machine());
        }
        certificates.issue(done);
        PairId pairId = pairId();
        Optional<Tls> tls = PairCertificates.open(first, pairId);
        try (ClaimService witness = Arbitration.open(first, tls)) {
            Members members = Members.of(first.node(), first.partner());
            if (joins) {
                checkKnown(witness, members);
            } else {
                register(witness, members, first.node());
            }
        }
        done.accept("pair " + pairId + (joins ? " is known to the witness" : " is registered with the witness, owner "
                + first.node()));
        for (NodeConfig config : configs) {
            MachineParts parts = MachineParts.of(config.machine());
            NodeHome.create(config.state(), pairId, config.node(), parts.image().disk(), parts.diskContent());
            done.accept("node " + config.node() + " keeps its state in " + config.state());
        }
    }

    private void register(ClaimService witness, Members members, NodeName owner) throws IOException {
        ClaimCommand birth = new ClaimCommand.Initialise(pairId(), members, owner, new Nonce(UUID.randomUUID()));
        switch (witness.submit(birth, DEADLINE).join()) {
            case WitnessAnswer.Answered<ClaimResult>(ClaimResult.Granted _) -> { }
            case WitnessAnswer.Answered<ClaimResult>(ClaimResult.Refused(PairRecord record, ClaimResult.Reason reason))
                    when reason == ClaimResult.Reason.PAIR_EXISTS ->
                    throw new IOException("pair " + pairId() + ", which the certificates in place name, is registered already ("
                            + record.summary() + "). For a new pair, remove their folders first: " + configs.stream()
                                    .map(config -> config.tls().map(Path::toString).orElse("none"))
                                    .collect(Collectors.joining(", ")));
            case WitnessAnswer.Answered<ClaimResult>(ClaimResult other) ->
                    throw new IOException("the witness did not register the pair: " + other);
            case WitnessAnswer.Rejected<ClaimResult>(String why) -> throw new IOException("the witness: " + why);
            case WitnessAnswer.Unanswered<ClaimResult>(String why) -> throw Arbitration.silent(configs.getFirst(), why);
        }
    }

    private void checkKnown(ClaimService witness, Members members) throws IOException {
        switch (witness.read(pairId(), DEADLINE).join()) {
            case WitnessAnswer.Answered<Optional<TableEntry>>(Optional<TableEntry> entry) -> {
                if (entry.isEmpty()) {
                    throw new IOException("the witness does not know pair " + pairId()
                            + "; run `sosia pair init` on the owner's host first and give the id it prints");
                }
                if (!entry.get().record().members().equals(members)) {
                    throw new IOException("pair " + pairId() + " is of nodes " + entry.get().record().members().first() + " and "
                            + entry.get().record().members().second() + ", the configuration names " + members.first()
                            + " and " + members.second());
                }
            }
            case WitnessAnswer.Rejected<Optional<TableEntry>>(String why) -> throw new IOException("the witness: " + why);
            case WitnessAnswer.Unanswered<Optional<TableEntry>>(String why) -> throw Arbitration.silent(configs.getFirst(), why);
        }
    }
}
