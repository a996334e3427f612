package io.sosia.appliance.pair;

import io.sosia.witness.claim.ClaimCommand;
import io.sosia.witness.claim.ClaimResult;
import io.sosia.witness.claim.ClaimTable;
import io.sosia.witness.claim.PairId;
import io.sosia.witness.claim.PairRecord;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.function.Supplier;

/// The witness, a real claim table, behind a network: calls take time, and requests or answers may be lost or late.
/// The caller is told of silence after [#DEADLINE_NANOS]; its request may still be carried out afterwards.
final class SimWitness {

    /// What becomes of the calls of one host.
    enum Path { WELL, REQUESTS_LOST, ANSWERS_LOST, LATE }

    static final long DEADLINE_NANOS = 300_000_000;

    private final Timeline timeline;
    private final SplittableRandom random;
    private final PairId pairId;
    private final Sabotage sabotage;
    private ClaimTable table = new ClaimTable();
    private final List<PairRecord> history = new ArrayList<>();

    SimWitness(Timeline timeline, SplittableRandom random, Sabotage sabotage, ClaimCommand.Initialise birth) {
        this.timeline = timeline;
        this.random = random;
        this.sabotage = sabotage;
        this.pairId = birth.pairId();
        history.add(((ClaimResult.Granted) table.apply(birth)).record());
    }

    /// From now on it knows nothing of the pair.
    void loseStorage() {
        timeline.trace("witness: loses its storage");
        table = new ClaimTable();
    }

    /// Whether it has a record of the pair.
    boolean known() {
        return table.find(pairId).isPresent();
    }

    /// What an operator orders.
    ///
    /// @return the record that it has written; empty when it was refused
    Optional<PairRecord> order(ClaimCommand order) {
        if (!(table.apply(order) instanceof ClaimResult.Granted(PairRecord record))) {
            timeline.trace("witness: refuses " + order);
            return Optional.empty();
        }
        timeline.trace("witness: " + record.summary() + ", on an operator's word");
        history.add(record);
        return Optional.of(record);
    }

    /// All records there have been, oldest first.
    List<PairRecord> history() {
        return history;
    }

    /// The last of them, also while it is lost.
    PairRecord record() {
        return history.getLast();
    }

    void read(SimNode node) {
        call(node, () -> {
            var found = table.find(pairId);
            return () -> found.ifPresentOrElse(
                    entry -> node.core.recordRead(entry.record(), timeline.now()),
                    () -> node.core.recordUnknown(timeline.now()));
        });
    }

    void submit(SimNode node, ClaimCommand claim) {
        call(node, () -> {
            ClaimResult result = table.apply(claim);
            return switch (result) {
                case ClaimResult.Granted(PairRecord record) -> {
                    if (!record.equals(record())) {
                        timeline.trace("witness: " + record.summary());
                        history.add(record);
                    }
                    yield () -> node.core.claimGranted(claim.nonce(), record, timeline.now());
                }
                case ClaimResult.Refused(PairRecord record, ClaimResult.Reason _)
                        when sabotage == Sabotage.STALE_BACKUP_PROMOTED && claim instanceof ClaimCommand.ClaimSolo solo
                                && record.owner().equals(node.host.partner().name) -> {
                    PairRecord wrong = SimNode.imagined(solo, record.epoch() + 1);
                    yield () -> {
                        history.add(wrong);
                        node.core.claimGranted(claim.nonce(), wrong, timeline.now());
                    };
                }
                case ClaimResult.Refused(PairRecord record, ClaimResult.Reason _)
                        when record.lastChange().operatorWord().isPresent() ->
                    () -> node.core.claimOverruled(claim.nonce(), record, timeline.now());
                case ClaimResult.Refused(PairRecord record, ClaimResult.Reason reason) ->
                    () -> node.core.claimRefused(claim.nonce(), reason + ", " + record.summary(), timeline.now());
                case ClaimResult.UnknownPair _ -> () -> node.core.witnessSilent(timeline.now());
                case ClaimResult.TableFull _ -> throw new IllegalStateException("got " + result);
            };
        });
    }

    private void call(SimNode node, Supplier<Runnable> operation) {
        boolean[] answered = new boolean[1];
        timeline.in(DEADLINE_NANOS, node, () -> {
            if (!answered[0]) {
                answered[0] = true;
                node.core.witnessSilent(timeline.now());
            }
        });
        Path path = node.host.witnessPath;
        if (path == Path.REQUESTS_LOST) {
            return;
        }
        timeline.in(delay(path), () -> {
            Runnable answer = operation.get();
            if (node.host.witnessPath != Path.ANSWERS_LOST && path != Path.ANSWERS_LOST) {
                timeline.in(delay(Path.WELL), node, () -> {
                    if (!answered[0]) {
                        answered[0] = true;
                        answer.run();
                    }
                });
            }
        });
    }

    private long delay(Path path) {
        return 1_000_000 + random.nextLong(path == Path.LATE ? 3_000_000_000L : 15_000_000L);
    }
}
