package io.sosia.witness.claim;

import io.sosia.witness.claim.ClaimCommand.Birth;
import io.sosia.witness.claim.ClaimCommand.Change;
import io.sosia.witness.claim.ClaimCommand.ClaimSolo;
import io.sosia.witness.claim.ClaimCommand.ColdBoot;
import io.sosia.witness.claim.ClaimCommand.Initialise;

import io.sosia.witness.claim.ClaimCommand.Protect;
import io.sosia.witness.claim.ClaimCommand.Reinitialise;
import io.sosia.witness.claim.ClaimCommand.Start;
import io.sosia.witness.claim.ClaimCommand.Stop;
import io.sosia.witness.claim.ClaimResult.Granted;
import io.sosia.witness.claim.ClaimResult.Reason;
import io.sosia.witness.claim.ClaimResult.Refused;
import io.sosia.witness.claim.ClaimResult.TableFull;
import io.sosia.witness.claim.ClaimResult.UnknownPair;
import java.util.Collection;
import java.util.Collections;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;

/// All pairs of one witness and the rules by which their records change.
///
/// Two things hold for ever, whatever commands arrive: of two different records of a pair the later one has the greater
/// epoch, or the same epoch, the same owner and a later state; and within an epoch there is one owner only.
///
/// Not safe for use from several threads: its one writer guards it.
public final class ClaimTable {
    /// The most pairs a table holds: at under 1 KiB each, a snapshot stays below 64 MiB.
    public static final int PAIRS_MAX = 65_536;

    private final int pairsMax;
    private final TreeMap<PairId, TableEntry> pairs = new TreeMap<>();

    /// An empty table.
    public ClaimTable() {
        this(PAIRS_MAX);
    }

    /// An empty table for at most so many pairs.
    ClaimTable(int pairsMax) {
        this.pairsMax = pairsMax;
    }

    /// The table with these entries, as `entries` once gave them.
    ///
    /// @throws IllegalArgumentException when a pair occurs twice or there are more than `PAIRS_MAX`
    public static ClaimTable of(Collection<TableEntry> entries) {
        if (entries.size() > PAIRS_MAX) {
            throw new IllegalArgumentException(entries.size() + " pairs, the limit is " + PAIRS_MAX);
        }
        ClaimTable table = new ClaimTable();
        for (TableEntry entry : entries) {
            PairId pairId = entry.record().pairId();
            if (table.pairs.put(pairId, entry) != null) {
                throw new IllegalArgumentException("pair " + pairId + " occurs twice");
            }
        }
        return table;
    }

    /// All pairs, in the order of their ids: the table's whole state.
    public Collection<TableEntry> entries() {
        return Collections.unmodifiableCollection(pairs.values());
    }

    /// The number of pairs.
    public int size() {
        return pairs.size();
    }

    /// What the table holds of the pair, if it knows it.
    public Optional<TableEntry> find(PairId pairId) {
        return Optional.ofNullable(pairs.get(pairId));
    }

    /// Carries out one command. Anything but a first `Granted` leaves the table as it was.
    public ClaimResult apply(ClaimCommand command) {
        TableEntry entry = pairs.get(command.pairId());
        if (entry == null) {
            return switch (command) {
                case Birth birth -> giveBirth(birth);
                case Change change -> new UnknownPair(change.pairId());
            };
        }
        PairRecord record = entry.record();
        if (record.lastChange().equals(command)) {
            return new Granted(record);
        }
        if (record.nonce().equals(command.nonce())) {
            return new Refused(record, Reason.NONCE_REUSED);
        }
        return switch (command) {
            case Birth _ -> new Refused(record, Reason.PAIR_EXISTS);
            case Change change -> {
                Optional<Reason> objection = objection(record, change);
                yield objection.isPresent()
                        ? new Refused(record, objection.get())
                        : replace(entry, successor(record, change));
            }
        };
    }

    private ClaimResult giveBirth(Birth birth) {
        if (pairs.size() >= pairsMax) {
            return new TableFull(birth.pairId(), pairsMax);
        }
        PairRecord record = switch (birth) {
            case Initialise c -> new PairRecord(
                    c.pairId(), c.members(), Epoch.FIRST, c.owner(), PairState.SOLO, nobody(), c);
            case Reinitialise c -> new PairRecord(
                    c.pairId(),
                    c.members(),
                    c.aboveEpoch() + 1,
                    c.owner(),
                    PairState.SOLO,
                    atMost(c.owner(), c.ownerIncarnation()),
                    c);
        };
        pairs.put(record.pairId(), TableEntry.born(record));
        return new Granted(record);
    }

    private ClaimResult replace(TableEntry entry, PairRecord next) {
        PairRecord last = entry.record();
        boolean later = next.epoch() > last.epoch()
                || next.epoch() == last.epoch()
                        && next.owner().equals(last.owner())
                        && next.state().compareTo(last.state()) > 0;
        if (!later) {
            throw new IllegalStateException("pair " + last.pairId() + ": expected a record after " + last.summary()
                    + ", got " + next.summary());
        }
        pairs.put(next.pairId(), entry.replacedBy(next));
        return new Granted(next);
    }

    /// Why the change must not be made; empty when it may.
    private static Optional<Reason> objection(PairRecord record, Change change) {
        if (change.expected().epoch() != record.epoch()) {
            return Optional.of(Reason.EPOCH_DIFFERS);
        }
        if (change.expected().state() != record.state()) {
            return Optional.of(Reason.STATE_DIFFERS);
        }
        return switch (change) {
            case ClaimSolo c -> unlessMember(record, c.node())
                    .or(() -> when(!record.namesInSync(c.node(), c.incarnation()), Reason.NOT_IN_SYNC));
            case ColdBoot c -> unlessNewLifeOfOwner(record, c.node(), c.incarnation());
            case Start c -> unlessNewLifeOfOwner(record, c.node(), c.incarnation());
            case Protect c -> unlessLivingOwner(record, c.owner(), c.ownerIncarnation());
            case Stop c -> unlessLivingOwner(record, c.owner(), c.incarnation());
            case ClaimCommand.Override c -> unlessMember(record, c.owner());
        };
    }

    private static Optional<Reason> unlessMember(PairRecord record, NodeName node) {
        return when(!record.members().has(node), Reason.NOT_A_MEMBER);
    }

    private static Optional<Reason> unlessOwner(PairRecord record, NodeName node) {
        return unlessMember(record, node).or(() -> when(!record.owner().equals(node), Reason.NOT_OWNER));
    }

    private static Optional<Reason> unlessLivingOwner(PairRecord record, NodeName node, Incarnation incarnation) {
        return unlessOwner(record, node)
                .or(() -> when(!record.namesInSync(node, incarnation), Reason.NOT_IN_SYNC));
    }

    private static Optional<Reason> unlessNewLifeOfOwner(PairRecord record, NodeName node, Incarnation incarnation) {
        return unlessOwner(record, node)
                .or(() -> when(record.inSync().containsValue(incarnation), Reason.INCARNATION_NOT_NEW));
    }

    private static Optional<Reason> when(boolean objected, Reason reason) {
        return objected ? Optional.of(reason) : Optional.empty();
    }

    /// The record a change without objection leads to.
    private static PairRecord successor(PairRecord record, Change change) {
        return switch (change) {
            case ClaimSolo c -> solo(record, c, c.node(), c.incarnation());
            case ColdBoot c -> solo(record, c, c.node(), c.incarnation());
            case Start c -> solo(record, c, c.node(), c.incarnation());
            case Protect c -> {
                SortedMap<NodeName, Incarnation> both = new TreeMap<>(record.inSync());
                both.put(record.members().partnerOf(c.owner()), c.backupIncarnation());
                yield new PairRecord(
                        c.pairId(), record.members(), record.epoch(), c.owner(), PairState.PROTECTED, both, c);
            }
            case Stop c -> new PairRecord(
                    c.pairId(), record.members(), record.epoch(), c.owner(), PairState.STOPPED, record.inSync(), c);
            case ClaimCommand.Override c -> new PairRecord(
                    c.pairId(),
                    record.members(),
                    c.nextEpoch(),
                    c.owner(),
                    PairState.SOLO,
                    atMost(c.owner(), c.ownerIncarnation()),
                    c);
        };
    }

    private static PairRecord solo(PairRecord record, Change change, NodeName owner, Incarnation incarnation) {
        return new PairRecord(
                record.pairId(),
                record.members(),
                record.epoch() + 1,
                owner,
                PairState.SOLO,
                atMost(owner, Optional.of(incarnation)),
                change);
    }

    private static SortedMap<NodeName, Incarnation> nobody() {
        return Collections.emptySortedMap();
    }

    private static SortedMap<NodeName, Incarnation> atMost(NodeName owner, Optional<Incarnation> incarnation) {
        SortedMap<NodeName, Incarnation> inSync = new TreeMap<>();
        incarnation.ifPresent(living -> inSync.put(owner, living));
        return inSync;
    }
}
