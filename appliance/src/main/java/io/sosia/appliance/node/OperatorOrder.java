package io.sosia.appliance.node;

import io.sosia.appliance.config.ConfigException;
import io.sosia.appliance.eventlog.LogPosition;
import io.sosia.appliance.pair.PeerMessage.DiskStamp;
import io.sosia.disksync.store.DiskFormatException;
import io.sosia.disksync.store.DiskStore;
import io.sosia.witness.claim.ClaimCommand;
import io.sosia.witness.claim.ClaimResult;
import io.sosia.witness.claim.Incarnation;
import io.sosia.witness.claim.Members;
import io.sosia.witness.claim.NodeName;
import io.sosia.witness.claim.Nonce;
import io.sosia.witness.claim.OperatorWord;
import io.sosia.witness.claim.PairId;
import io.sosia.witness.claim.PairRecord;
import io.sosia.witness.claim.TableEntry;
import io.sosia.witness.client.ClaimService;
import io.sosia.witness.client.WitnessAnswer;
import java.io.IOException;
import java.net.ConnectException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;

/// An order that an operator can give against the rules: what it would write, and what it may cost. Nothing is written before
/// [#carryOut].
///
/// It names an owner, which still needs a grant of its own before it is live: no order lets a node serve without the witness.
public final class OperatorOrder {

    private static final Duration DEADLINE = Duration.ofSeconds(30);
    private static final int LISTENS_MILLIS = 2_000;

    private final NodeConfig owner;
    private final ClaimCommand command;
    private final List<String> warnings;

    private OperatorOrder(NodeConfig owner, ClaimCommand command, List<String> warnings) {
        this.owner = owner;
        this.command = command;
        this.warnings = List.copyOf(warnings);
    }

    /// What is known of the node that an order names.
    ///
    /// @param running      what it says of itself; empty when it does not run
    /// @param disk         what it says of its disk; empty when it does not run, does not say, or has none
    /// @param partnerIsOff whether the operator vouches that its partner does not run, where it cannot be seen from here
    public record Circumstances(Optional<NodeStatus> running, Optional<DiskReport> disk, boolean partnerIsOff) {}

    /// Makes a node the owner although the record names its partner. It cold-boots from its own disk.
    ///
    /// @param node  the node that is to go live
    /// @param known of it
    /// @throws IOException when that must not be, or the witness does not answer: why, and what can be done
    public static OperatorOrder override(NodeConfig node, Circumstances known, OperatorWord word) throws IOException {
        NodeHome home = NodeHome.open(node.state(), node.node());
        PairRecord record = recordOf(node, home).orElseThrow(() -> new IOException("the witness does not know pair " + home.pairId()
                + ": it has lost its storage, or is another; write the record anew with `sosia pair reinit`"));
        if (record.owner().equals(node.node())) {
            throw new IOException("node " + node.node() + " owns the pair already (" + record.summary()
                    + ") and goes live by itself; start it with `sosia appliance run`");
        }
        checkIdle(node, known.running());
        checkPartnerIsOff(node, known.partnerIsOff());
        checkBoots(node, home, known);
        List<String> warnings = new ArrayList<>(lacks(node, home, record));
        return new OperatorOrder(node, new ClaimCommand.Override(home.pairId(), record.asExpected(), node.node(), Optional.empty(),
                above(record, node, warnings), word, new Nonce(UUID.randomUUID())), warnings);
    }

    /// Where there is a record, it decides: this node's own memory only matters in case the witness has been put back to an old one.
    private static long above(PairRecord record, NodeConfig node, List<String> warnings) {
        try {
            return Math.max(record.epoch(), durableEpoch(node));
        } catch (IOException unknown) {
            warnings.add(unknown.getMessage() + ". The witness's record decides (" + record.summary() + ")");
            return record.epoch();
        }
    }

    /// Tells a witness that has lost its storage about a pair again: SOLO with one owner, above every epoch either node knows.
    ///
    /// @param owner        the node that is to be live; the one that runs, if one does
    /// @param known        of it
    /// @param partnerEpoch the last epoch the partner took part in; see [#durableEpoch]
    /// @throws IOException when that must not be, or the witness does not answer: why, and what can be done
    public static OperatorOrder reinitialise(NodeConfig owner, Circumstances known, long partnerEpoch, OperatorWord word)
            throws IOException {
        Optional<NodeStatus> running = known.running();
        NodeHome home = NodeHome.open(owner.state(), owner.node());
        Optional<PairRecord> standing = recordOf(owner, home);
        if (standing.isPresent()) {
            throw new IOException("the witness knows the pair (" + standing.get().summary() + "): it has lost nothing. To make another node "
                    + "the owner, use `sosia pair override`");
        }
        Optional<Incarnation> life = livingMemory(owner, running);
        List<String> warnings = new ArrayList<>();
        if (!running.map(status -> status.standing().isSurelyTheLiveOne()).orElse(false)) {
            checkPartnerIsOff(owner, known.partnerIsOff());
            warnings.add(mustBeOff(owner));
        }
        if (life.isPresent()) {
            warnings.add("node " + owner.node() + " goes on with its machine as it is; its partner is taken in afresh");
        } else {
            checkBoots(owner, home, known);
            warnings.add("node " + owner.node() + " boots the machine from its own disk: what only its partner holds is LOST");
            warnings.addAll(cautions(home));
        }
        long own = life.isPresent() ? running.orElseThrow().epoch() : durableEpoch(owner);
        if (partnerEpoch > own) {
            warnings.add("node " + owner.partner() + " last took part in epoch " + partnerEpoch + ", node " + owner.node() + " in epoch " + own
                    + ": what node " + owner.partner() + " wrote and answered alone since then is LOST; if its disk is there, name that node");
        }
        warnings.add("the witness's former storage must never run again: it would grant what it granted before");
        long above = Math.max(durableEpoch(owner), Math.max(partnerEpoch, running.map(NodeStatus::epoch).orElse(0L)));
        return new OperatorOrder(owner, new ClaimCommand.Reinitialise(home.pairId(), Members.of(owner.node(), owner.partner()),
                owner.node(), life, Math.max(above, 1), word, new Nonce(UUID.randomUUID())), warnings);
    }

    /// The last epoch a node is known to have claimed or taken part in, from all it has kept; 0 for none.
    ///
    /// @throws IOException when its folder holds no node, or that is not known any more, with what can be done
    public static long durableEpoch(NodeConfig node) throws IOException {
        NodeHome home = NodeHome.open(node.state(), node.node());
        long ended = NodeHome.ending(node.state()).map(Ending::epoch).orElse(0L);
        return Math.max(home.remembered().greatestEpoch(), Math.max(ended, stamp(home).position().epoch()));
    }

    /// One that cannot be read says as little as that of a run without an end.
    private static DiskStamp stamp(NodeHome home) {
        try {
            return home.stamp();
        } catch (IOException damaged) {
            return new DiskStamp("unknown", LogPosition.START, false);
        }
    }

    /// A running node that holds the machine's memory keeps it: the record has to name this very life.
    private static Optional<Incarnation> livingMemory(NodeConfig owner, Optional<NodeStatus> running) throws IOException {
        if (running.isEmpty()) {
            checkIdle(owner, running);
            return Optional.empty();
        }
        if (running.get().standing().livesOn()) {
            return Optional.of(new Incarnation(UUID.fromString(running.get().incarnation())));
        }
        checkIdle(owner, running);
        return Optional.empty();
    }

    private static void checkIdle(NodeConfig node, Optional<NodeStatus> running) throws IOException {
        Optional<Long> holder = NodeHome.holder(node.state());
        if (running.isEmpty() && holder.isPresent()) {
            throw new IOException("node " + node.node() + " runs as process " + holder.get() + ", but does not answer at "
                    + node.control().getHostString() + ":" + node.control().getPort() + ": end that process first");
        }
        if (running.isPresent() && !running.get().standing().isIdle()) {
            throw new IOException("node " + node.node() + " is " + running.get().state() + " (" + running.get().why()
                    + "): " + switch (running.get().role()) {
                        case "primary" -> running.get().steps() > 0 ? "it is live already" : "it waits for an answer of the witness; stop it, "
                                + "and give the order again";
                        case "backup" -> backup(running.get());
                        default -> "wait until it stands by";
                    });
        }
    }

    private static String backup(NodeStatus status) {
        return status.state().equals("DRAINING") && !status.renunciation().isEmpty()
                ? "it has renounced and does not claim, since its primary may be live; restart its primary, or, when that is off for good, "
                        + "stop this node and give the order again"
                : "it follows a primary, or is about to claim by itself; when its primary is dead and it still does not go live, look "
                        + "whether it reaches the witness";
    }

    /// A partner that is live goes on being live whatever the record says, until it looks at it. Only a host that answers, and refuses,
    /// shows that no node listens there; silence is what a cut link looks like too.
    private static void checkPartnerIsOff(NodeConfig node, boolean vouchedFor) throws IOException {
        InetSocketAddress address = new InetSocketAddress(
                node.partnerAddress().getHostString(), node.partnerAddress().getPort());
        try (Socket socket = new Socket()) {
            socket.connect(address, LISTENS_MILLIS);
        } catch (IOException notReached) {
            if (vouchedFor || isRefused(notReached)) {
                return;
            }
            throw new IOException("whether node " + node.partner() + " is off cannot be seen: nothing answers at " + address.getHostString()
                    + ":" + address.getPort() + " (" + reason(notReached) + "). A cut link looks the same, and if it still runs two nodes "
                    + "would be live at once. Look at its host; when it is off, or no node runs there, say --partner-is-off", notReached);
        }
        throw new IOException("node " + node.partner() + " listens at " + address.getHostString() + ":" + address.getPort()
                + ": two nodes would be live at once. If it is live, it is the one to serve; else stop it, or switch its host off, first");
    }

    /// There is no type for it: the host's own words are all there is.
    private static boolean isRefused(IOException failure) {
        return failure instanceof ConnectException && String.valueOf(failure.getMessage()).startsWith("Connection refused");
    }

    private static String reason(IOException failure) {
        return failure instanceof UnknownHostException ? "that name is not known" : String.valueOf(failure.getMessage());
    }

    /// A node that cannot boot would only halt as soon as it is the owner, and its partner's better disk would count no more.
    private static void checkBoots(NodeConfig node, NodeHome home, Circumstances known) throws IOException {
        if (!home.hasDisk()) {
            return;
        }
        if (known.running().isPresent() && known.disk().isEmpty()) {
            throw new IOException("node " + node.node() + " runs, but does not say how its disk is; ask again");
        }
        String why = known.disk().isPresent() ? known.disk().get().cannotBoot() : ofStoppedNode(node, home);
        if (!why.isEmpty()) {
            throw new IOException("node " + node.node() + " could not boot: its disk " + why + ". Start node " + node.partner()
                    + " and have the resync end; if that is lost, a snapshot can be restored here (`sosia snapshot restore`)");
        }
    }

    private static String ofStoppedNode(NodeConfig node, NodeHome home) throws IOException {
        try (DiskStore disk = DiskStore.open(home.diskFolder())) {
            return MachineDisk.cannotBoot(disk);
        } catch (DiskFormatException damaged) {
            throw new IOException("how the disk of node " + node.node() + " is cannot be seen: " + damaged.getMessage()
                    + ". Start the node, which mends what can be mended, and give the order again", damaged);
        }
    }

    private static List<String> lacks(NodeConfig node, NodeHome home, PairRecord record) {
        NodeName partner = node.partner();
        List<String> warnings = new ArrayList<>();
        warnings.add(mustBeOff(node));
        long last = Math.max(tookPart(home, record), stamp(home).position().epoch());
        if (last < record.epoch()) {
            warnings.add("node " + node.node() + " last took part in epoch " + last + ", the record is at epoch " + record.epoch()
                    + ": everything that was written and answered while node " + partner + " was alone since then is LOST");
        } else {
            warnings.add("node " + node.node() + " boots from its own disk: what was written since its last life ended, and all memory, "
                    + "is LOST, also what clients were told");
        }
        warnings.addAll(cautions(home));
        warnings.add("when node " + partner + " comes back, its disk is overwritten with this one");
        return warnings;
    }

    /// The last epoch this node surely has been live or a backup in. In that of a record that names its partner the owner, it may have asked to
    /// be, no more.
    private static long tookPart(NodeHome home, PairRecord record) {
        try {
            EpochFile.Memory memory = home.remembered();
            boolean refused = memory.role() == EpochFile.Role.PRIMARY && memory.epoch() == record.epoch();
            return refused ? memory.epoch() - 1 : memory.epoch();
        } catch (IOException unknown) {
            return 0;
        }
    }

    private static String mustBeOff(NodeConfig node) {
        return "node " + node.partner() + " must be off and stay off until node " + node.node()
                + " is live: one that still runs somewhere goes on serving, and there are two";
    }

    private static List<String> cautions(NodeHome home) {
        return stamp(home).clean() ? List.of() : List.of("its disk was in use when it was last seen: the guest's file system will repair itself as "
                + "after a power cut");
    }

    /// What it may cost, for the operator to read first; one sentence each.
    public List<String> warnings() {
        return warnings;
    }

    /// Writes the record, with the operator's word in it.
    ///
    /// @return the record that stands now
    /// @throws IOException when the witness refuses or does not answer
    public PairRecord carryOut() throws IOException {
        try (ClaimService witness = ask(owner, command.pairId())) {
            return switch (witness.submit(command, DEADLINE).join()) {
                case WitnessAnswer.Answered<ClaimResult>(ClaimResult.Granted(PairRecord record)) -> record;
                case WitnessAnswer.Answered<ClaimResult>(ClaimResult.Refused(PairRecord record, ClaimResult.Reason reason)) ->
                        throw new IOException("the witness refused (" + reason + "): the record has changed meanwhile, it says "
                                + record.summary() + "; look again whether the order is still wanted");
                case WitnessAnswer.Answered<ClaimResult>(ClaimResult other) -> throw new IOException("the witness refused: " + other);
                case WitnessAnswer.Rejected<ClaimResult>(String why) -> throw new IOException("the witness: " + why);
                case WitnessAnswer.Unanswered<ClaimResult>(String why) -> throw new IOException("the witness does not answer (" + why
                        + "): the order may or may not have been carried out; ask again what the record says");
            };
        }
    }

    private static ClaimService ask(NodeConfig node, PairId pairId) throws IOException {
        try {
            return Arbitration.open(node, PairCertificates.open(node, pairId));
        } catch (ConfigException e) {
            throw new IOException(e.getMessage(), e);
        }
    }

    private static Optional<PairRecord> recordOf(NodeConfig node, NodeHome home) throws IOException {
        try (ClaimService witness = ask(node, home.pairId())) {
            return switch (witness.read(home.pairId(), DEADLINE).join()) {
                case WitnessAnswer.Answered<Optional<TableEntry>>(Optional<TableEntry> entry) -> entry.map(TableEntry::record);
                case WitnessAnswer.Rejected<Optional<TableEntry>>(String why) -> throw new IOException("the witness: " + why);
                case WitnessAnswer.Unanswered<Optional<TableEntry>>(String why) -> throw Arbitration.lost(node, why);
            };
        }
    }
}
