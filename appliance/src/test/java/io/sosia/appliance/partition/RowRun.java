package io.sosia.appliance.partition;

import io.sosia.appliance.node.NodeStatus;
import io.sosia.appliance.partition.Row.Outcome;
import io.sosia.appliance.partition.Step.Place;
import io.sosia.witness.claim.PairState;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import java.util.regex.Pattern;

/// Carries out one row on a pair that is PROTECTED, and leaves it so.
final class RowRun {

    /// Answers of the one that serves before it is believed.
    private static final long ANSWERS_MIN = 10;
    /// Rounds of the outside without an answer before it is believed that nobody serves.
    private static final long SILENT_ROUNDS = 50;

    private final Lab lab;
    private final Row row;
    private final String primary;
    private final String backup;
    private final long epoch;
    private final int primaryHadSaid;
    private final int backupHadSaid;

    /// What was seen.
    ///
    /// @param what        in words
    /// @param nanos       from the last thing done to the states and, where somebody serves, its first answer
    record Seen(String what, long nanos) {}

    /// @param outcome of the fault
    /// @param healed  of its healing
    record Result(Seen outcome, Seen healed) {}

    RowRun(Lab lab, Row row) throws IOException {
        this.lab = lab;
        this.row = row;
        lab.await("a PROTECTED pair", () -> primaryNow().isPresent(), this::states);
        primary = primaryNow().orElseThrow();
        backup = Lab.partnerOf(primary);
        epoch = lab.record().orElseThrow().epoch();
        primaryHadSaid = lab.said(primary).length();
        backupHadSaid = lab.said(backup).length();
    }

    private Optional<String> primaryNow() {
        return Lab.NODES.stream().filter(node -> lab.state(node).equals("PROTECTED")
                && lab.state(Lab.partnerOf(node)).equals("READY")).findFirst();
    }

    Result run() throws Exception {
        long errorsBefore = lab.outside().diskErrors();
        lab.await("the guest answers", answering(primary, ANSWERS_MIN)::reached, this::states);
        Seen outcome = part(row.steps(), row.outcome());
        Seen healed = part(row.healing(), row.healed());
        boolean errorsExpected = row.steps().stream().anyMatch(Step.AwaitDiskError.class::isInstance);
        if (!errorsExpected && lab.outside().diskErrors() != errorsBefore) {
            throw new AssertionError("the guest was told of a disk error");
        }
        return new Result(outcome, healed);
    }

    private Seen part(List<Step> steps, List<Outcome> expected) throws Exception {
        long[] answersBefore = {lab.outside().answers(primary), lab.outside().answers(backup)};
        long begin = System.nanoTime();
        for (Step step : steps) {
            begin = step.changes() ? System.nanoTime() : begin;
            carryOut(step);
        }
        Outcome[] seen = new Outcome[1];
        lab.await("one of " + expected, () -> {
            noContradiction();
            seen[0] = expected.stream().filter(this::matches).findFirst().orElse(null);
            return seen[0] != null;
        }, this::states);
        seen[0].serves().ifPresent(place -> {
            long before = answersBefore[place == Place.PRIMARY ? 0 : 1];
            lab.await("an answer of " + node(place), () -> lab.outside().answers(node(place)) > before, this::states);
        });
        long nanos = System.nanoTime() - begin;
        stays(seen[0]);
        return new Seen(lab.state(primary) + ", " + lab.state(backup)
                + seen[0].serves().map(place -> ", " + place.name().toLowerCase() + " serves").orElse(", nobody serves"), nanos);
    }

    private boolean matches(Outcome outcome) {
        return lab.state(primary).matches(outcome.primary()) && lab.state(backup).matches(outcome.backup());
    }

    private void noContradiction() {
        lab.outside().contradiction().ifPresent(what -> {
            throw new AssertionError(what);
        });
    }

    /// Whoever serves goes on doing so, alone; where nobody does, nobody begins to.
    private void stays(Outcome outcome) {
        Answering ofPrimary = answering(primary, outcome.serves().filter(Place.PRIMARY::equals).isPresent() ? ANSWERS_MIN : 0);
        Answering ofBackup = answering(backup, outcome.serves().filter(Place.BACKUP::equals).isPresent() ? ANSWERS_MIN : 0);
        long rounds = lab.outside().rounds();
        lab.await("it stays so: " + outcome, () -> ofPrimary.reached() && ofBackup.reached()
                && (outcome.serves().isPresent() || lab.outside().rounds() - rounds > SILENT_ROUNDS), this::states);
        if (!matches(outcome)) {
            throw new AssertionError("expected it to stay " + outcome + ", but it became " + states());
        }
        ofPrimary.checkSilence();
        ofBackup.checkSilence();
        noContradiction();
    }

    /// Answers expected of a node from now on: at least so many, or none at all.
    private final class Answering {
        private final String node;
        private final long before;
        private final long min;

        Answering(String node, long min) {
            this.node = node;
            this.min = min;
            this.before = lab.outside().answers(node);
        }

        boolean reached() {
            return lab.outside().answers(node) - before >= min;
        }

        void checkSilence() {
            if (min == 0 && lab.outside().answers(node) != before) {
                throw new AssertionError(node + " has answered although it should not serve: " + states());
            }
        }
    }

    private Answering answering(String node, long min) {
        return new Answering(node, min);
    }

    private String node(Place place) {
        return switch (place) {
            case PRIMARY -> primary;
            case BACKUP -> backup;
            case ARBITER -> throw new IllegalArgumentException("the arbiter is no node");
        };
    }

    private void carryOut(Step step) throws Exception {
        switch (step) {
            case Step.Kill(Place place) when place == Place.ARBITER -> lab.arbiter().stop();
            case Step.Kill(Place place) -> lab.kill(node(place));
            case Step.PowerLoss() -> lab.powerLoss();
            case Step.Start(Place place) when place == Place.ARBITER -> lab.arbiter().start();
            case Step.Start(Place place) -> lab.startUnlessAlive(node(place));
            case Step.Cut(Place from, Place to) when to == Place.ARBITER -> lab.arbiter().cut(node(from), true);
            case Step.Cut(Place from, Place to) when from == Place.ARBITER -> lab.arbiter().cut(node(to), false);
            case Step.Cut(Place from, Place to) -> lab.network().cut(node(from), node(to));
            case Step.Heal(Place one, Place other) when other == Place.ARBITER -> lab.arbiter().heal(node(one));
            case Step.Heal(Place one, Place other) -> {
                lab.network().heal(node(one), node(other));
                lab.network().heal(node(other), node(one));
            }
            case Step.LoseStorage() -> lab.arbiter().loseStorage();
            case Step.Order(String command, Place owner) -> lab.order(command, node(owner));
            case Step.FillDisk(Place place) -> lab.fillDisk(node(place));
            case Step.EmptyDisk(Place place) -> lab.emptyDisk(node(place));
            case Step.RefuseWrites(Place place) when place == Place.ARBITER -> lab.arbiter().refuseWrites(true);
            case Step.RefuseWrites(Place place) -> lab.refuseWrites(node(place), true);
            case Step.TakeWrites(Place place) when place == Place.ARBITER -> lab.arbiter().refuseWrites(false);
            case Step.TakeWrites(Place place) -> lab.refuseWrites(node(place), false);
            case Step.Await(Place place, String state) -> await(place + " becomes " + state,
                    () -> lab.state(node(place)).matches(state));
            case Step.AwaitAlarm(Place place, boolean raised) -> await("alarm of " + place + " " + raised, () ->
                    lab.outside().status(node(place)).map(NodeStatus::witnessReachable).equals(Optional.of(!raised)));
            case Step.AwaitRenunciation(boolean held) -> await("a renunciation " + (held ? "held" : "given back"), () ->
                    lab.outside().status(primary).filter(status -> status.renunciation().startsWith("held") == held).isPresent());
            case Step.AwaitProtection() -> await("a record of a later epoch that says PROTECTED", () -> lab.record()
                    .filter(record -> record.epoch() > epoch && record.state() == PairState.PROTECTED).isPresent());
            case Step.AwaitGrant(Place place) -> await("a grant to " + place, () -> lab.record().filter(record ->
                    record.owner().value().equals(node(place)) && record.state() == PairState.SOLO).isPresent());
            case Step.AwaitDiskError() -> {
                long before = lab.outside().diskErrors();
                await("a disk error in the guest", () -> lab.outside().diskErrors() > before);
            }
            case Step.AwaitWords(Place place, String expression) -> await(place + " says " + expression,
                    () -> Pattern.compile(expression).matcher(saidInThisRow(place)).find());
            case Step.NewRun() -> lab.outside().beginNewRun();
        }
    }

    private void await(String what, BooleanSupplier so) {
        lab.await(what, () -> {
            noContradiction();
            return so.getAsBoolean();
        }, this::states);
    }

    private String saidInThisRow(Place place) {
        try {
            return lab.said(node(place)).substring(place == Place.PRIMARY ? primaryHadSaid : backupHadSaid);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private String states() {
        return Lab.NODES.stream().map(node -> node + " " + lab.state(node)).toList() + ", record " + lab.record();
    }
}
