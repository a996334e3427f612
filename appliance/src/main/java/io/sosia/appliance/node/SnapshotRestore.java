package io.sosia.appliance.node;

import io.sosia.appliance.config.ConfigException;
import io.sosia.appliance.machine.MachineSpec;
import io.sosia.appliance.machine.MachineSpec.Mac;
import io.sosia.appliance.snapshot.SnapshotFolder;
import io.sosia.appliance.snapshot.SnapshotHeader;
import io.sosia.disksync.export.ImageSum;
import io.sosia.witness.claim.Members;
import io.sosia.witness.claim.PairId;
import io.sosia.witness.claim.PairRecord;
import io.sosia.witness.claim.TableEntry;
import io.sosia.witness.client.ClaimService;
import io.sosia.witness.client.WitnessAnswer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.Optional;

/// Makes a node's folder hold what a snapshot holds, so that the pair's next life goes on from there.
public final class SnapshotRestore {

    private static final Duration DEADLINE = Duration.ofSeconds(30);

    private final SnapshotFolder from;
    private final NodeConfig config;
    private final boolean replace;

    private SnapshotRestore(SnapshotFolder from, NodeConfig config, boolean replace) {
        this.from = from;
        this.config = config;
        this.replace = replace;
    }

    /// Checks that snapshot and configuration belong together; nothing is changed.
    ///
    /// @param replace whether what the node's folder holds may be lost
    /// @throws ConfigException when the configuration is of another machine, or its folder must not be replaced
    /// @throws IOException     when there is no such snapshot
    public static SnapshotRestore of(Path folder, NodeConfig config, boolean replace) throws ConfigException, IOException {
        SnapshotFolder from = SnapshotFolder.open(folder);
        if (!replace && NodeHome.exists(config.state())) {
            throw new ConfigException(config.file() + ": " + config.state() + " already holds a node of a pair; --replace "
                    + "replaces it, and its disk is lost then");
        }
        checkMachine(from.header(), config);
        return new SnapshotRestore(from, config, replace);
    }

    private static void checkMachine(SnapshotHeader header, NodeConfig config) throws ConfigException {
        MachineParts parts = MachineParts.of(config.machine());
        if (parts.ramBytes() != header.machine().ramBytes()) {
            throw new ConfigException(config.file() + ": machine.ram is " + (parts.ramBytes() >> 20)
                    + " MiB, the snapshot's machine has " + (header.machine().ramBytes() >> 20) + " MiB");
        }
        if (parts.image().disk().isPresent() != header.disk().isPresent()) {
            throw new ConfigException(config.file() + ": its machine has " + (header.disk().isPresent() ? "no" : "a")
                    + " disk, unlike the snapshot's");
        }
        MachineSpec spec = parts.spec(header.diskBytes(), Mac.parse(header.machine().mac()), !config.uplink().equals("none"));
        if (!MachineParts.digest(spec).equals(header.machine().digest())) {
            throw new ConfigException(config.file() + ": its machine is built differently from the snapshot's (kernel, initrd, "
                    + "command line or network); use the configuration and the image that the pair had then");
        }
    }

    public SnapshotHeader header() {
        return from.header();
    }

    /// Bytes to be read once, to verify the snapshot.
    public long bytes() {
        return from.bytes();
    }

    /// Verifies the snapshot, asks the witness whether this node is the owner, then makes the folder; it is replaced whole.
    ///
    /// @throws ConfigException when this node has no certificate of the snapshot's pair
    /// @throws IOException when the snapshot is damaged, the witness refuses or is silent, or the folder cannot be written;
    ///                     it is as it was then
    public void carryOut(ImageSum.Progress verified) throws ConfigException, IOException {
        from.verify(verified);
        long epoch = checkOwner();
        Path state = config.state().toAbsolutePath().normalize();
        Path fresh = state.resolveSibling(state.getFileName() + ".restoring");
        NodeHome.deleteTree(fresh);
        try {
            NodeHome.restore(fresh, config.node(), from, epoch);
            put(fresh, state);
        } catch (IOException e) {
            NodeHome.deleteTree(fresh);
            throw e;
        }
    }

    private void put(Path fresh, Path state) throws IOException {
        Path old = state.resolveSibling(state.getFileName() + ".replaced");
        NodeHome.deleteTree(old);
        if (!Files.exists(state)) {
            Files.move(fresh, state, StandardCopyOption.ATOMIC_MOVE);
            return;
        }
        if (!replace && !isEmpty(state)) {
            throw new IOException(state + " is not empty; name a new folder, or --replace it");
        }
        try (NodeLock _ = NodeLock.take(state)) {
            Files.move(state, old, StandardCopyOption.ATOMIC_MOVE);
            Files.move(fresh, state, StandardCopyOption.ATOMIC_MOVE);
        }
        NodeHome.deleteTree(old);
    }

    private static boolean isEmpty(Path folder) throws IOException {
        try (var files = Files.list(folder)) {
            return files.findAny().isEmpty();
        }
    }

    /// @return the epoch of the record
    private long checkOwner() throws ConfigException, IOException {
        PairId pairId = PairId.parse(header().origin().pairId());
        Members members = Members.of(config.node(), config.partner());
        try (ClaimService witness = Arbitration.open(config, PairCertificates.open(config, pairId))) {
            return switch (witness.read(pairId, DEADLINE).join()) {
                case WitnessAnswer.Answered<Optional<TableEntry>>(Optional<TableEntry> entry) ->
                        checked(entry.map(TableEntry::record).orElseThrow(() -> new IOException(
                                "the witness does not know the snapshot's pair " + pairId)), members);
                case WitnessAnswer.Rejected<Optional<TableEntry>>(String why) -> throw new IOException("the witness: " + why);
                case WitnessAnswer.Unanswered<Optional<TableEntry>>(String why) -> throw Arbitration.silent(config, why);
            };
        }
    }

    private long checked(PairRecord record, Members members) throws IOException {
        if (!record.members().equals(members)) {
            throw new IOException("the snapshot's pair is of nodes " + record.members().first() + " and "
                    + record.members().second() + ", the configuration names " + members.first() + " and "
                    + members.second());
        }
        if (!record.owner().equals(config.node())) {
            throw new IOException("node " + config.node() + " is not the owner of the pair by the record, node "
                    + record.owner() + " is: restore there, with its configuration");
        }
        if (record.epoch() < header().point().last().epoch()) {
            throw new IOException("the witness's record is of epoch " + record.epoch() + ", the snapshot of a later one ("
                    + header().point().last().epoch() + "): it is not the witness this pair had then");
        }
        return record.epoch();
    }
}
