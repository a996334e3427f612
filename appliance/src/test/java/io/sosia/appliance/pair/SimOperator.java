package io.sosia.appliance.pair;

import io.sosia.witness.claim.ClaimCommand;
import io.sosia.witness.claim.Incarnation;
import io.sosia.witness.claim.Nonce;
import io.sosia.witness.claim.OperatorWord;
import io.sosia.witness.claim.PairRecord;
import java.util.Comparator;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.UUID;
import java.util.stream.Stream;

/// Somebody who gives orders against the rules, as `sosia pair override` and `sosia pair reinit` let them: looks at both nodes and at the
/// record, and some time later what was decided reaches the witness.
final class SimOperator {

    private static final long MILLI = 1_000_000L;

    private final PairSimulation world;
    private final SplittableRandom random;
    private long orders;

    SimOperator(PairSimulation world, SplittableRandom random) {
        this.world = world;
        this.random = random;
    }

    private Standing standing(SimNode node) {
        return Standing.of(node.core.state(), node.machine.steps(), node.core.linked());
    }

    /// What a node says; nothing while it stands still.
    private Optional<Standing> says(SimHost host) {
        return Optional.ofNullable(host.node()).filter(node -> !node.stopped()).map(this::standing);
    }

    /// It does not run, or ends by itself as soon as it has read that the witness does not know it.
    private boolean off(SimHost host) {
        return host.node() == null || !world.witness.known() && host.node().core.state() instanceof NodeState.Reading;
    }

    private boolean idle(SimHost host) {
        return off(host) || says(host).map(Standing::isIdle).orElse(false) || world.sabotage == Sabotage.ORDER_NAMES_ANYBODY;
    }

    /// Makes a node the owner, unless that must not be.
    ///
    /// @param vouched whether the operator says that its partner is off, right or wrong
    void override(SimHost owner, boolean vouched) {
        if (!world.witness.known() || world.calm()) {
            return;
        }
        PairRecord record = world.witness.record();
        if (record.owner().equals(owner.name) || !idle(owner) || !vouched && !off(owner.partner())) {
            return;
        }
        world.seen("order: override decided");
        long above = Math.max(record.epoch(), owner.epoch);
        world.timeline.in(random.nextLong(400) * MILLI, () -> {
            // While the faults last; afterwards it is known who has to come back.
            if (!world.calm() && world.witness.known()) {
                var expected = world.sabotage == Sabotage.ORDER_UNCOMPARED ? world.witness.record().asExpected() : record.asExpected();
                write(new ClaimCommand.Override(PairSimulation.PAIR, expected, owner.name, Optional.empty(),
                        Math.max(above, expected.epoch()), word(), nonce()), Optional.empty(), vouched);
            }
        });
    }

    /// The witness has lost its storage: tries until it knows the pair again.
    void reinitialise() {
        world.timeline.in((600 + random.nextLong(1_200)) * MILLI, () -> {
            if (!world.witness.known()) {
                if (!names(world.hosts[0]) && !names(world.hosts[1])) {
                    makeRoom();
                }
                reinitialise();
            }
        });
    }

    /// Names this node, if that may be.
    private boolean names(SimHost owner) {
        SimHost partner = owner.partner();
        Optional<Standing> standing = says(owner);
        boolean livesOn = standing.map(Standing::livesOn).orElse(false);
        boolean newest = world.sabotage == Sabotage.REINIT_NAMES_AN_OLDER_LIFE || partner.epoch <= owner.epoch;
        // The host of the newer disk may be lost for good.
        boolean boots = off(partner) && idle(owner) && (newest || random.nextInt(8) == 0);
        boolean may = boots || newest && livesOn && (standing.get().isSurelyTheLiveOne() || off(partner));
        if (!may) {
            return false;
        }
        Optional<Incarnation> life = livesOn ? Optional.of(owner.node().incarnation) : Optional.empty();
        long above = world.sabotage == Sabotage.REINIT_FORGETS_AN_EPOCH ? owner.epoch : Math.max(owner.epoch, partner.epoch);
        world.timeline.in(random.nextLong(100) * MILLI, () -> {
            write(new ClaimCommand.Reinitialise(PairSimulation.PAIR, PairSimulation.MEMBERS, owner.name, life, Math.max(above, 1), word(),
                    nonce()), life, false);
            haveBackupTakenInAfresh(owner);
        });
        return true;
    }

    /// A primary that goes on with its backup does not notice that the record was written anew.
    private void haveBackupTakenInAfresh(SimHost owner) {
        SimNode node = owner.node();
        PairRecord record = world.witness.record();
        boolean needed = node != null && record.namesInSync(owner.name, node.incarnation)
                && record.lastChange().operatorWord().isPresent();
        if (needed) {
            node.core.letGo("the record was written anew", world.timeline.now());
            world.timeline.in(200 * MILLI, () -> haveBackupTakenInAfresh(owner));
        }
    }

    /// Ends whoever waits for an answer that cannot come, or stands in the way of naming its partner; rather one without a machine.
    private void makeRoom() {
        Stream.of(world.hosts).filter(this::mayEnd).min(Comparator.comparing(host -> says(host).orElseThrow().livesOn())).ifPresent(host -> {
            SimNode node = host.node();
            world.timeline.trace("operator ends " + node);
            world.timeline.in(0, node, () -> node.core.terminate(world.timeline.now()));
        });
    }

    private boolean mayEnd(SimHost host) {
        Optional<Standing> standing = says(host);
        if (standing.isEmpty() || off(host) || says(host.partner()).map(Standing::isSurelyTheLiveOne).orElse(false)) {
            return false;
        }
        boolean waits = !standing.get().livesOn() && !standing.get().isIdle();
        return waits || host.partner().epoch >= host.epoch;
    }

    private void write(ClaimCommand order, Optional<Incarnation> life, boolean vouched) {
        world.witness.order(order).ifPresent(record -> {
            world.seen("order: " + order.getClass().getSimpleName() + (life.isPresent() ? " of a life" : ""));
            world.checks.ordered(record);
            boolean maybeWrong = vouched && world.sabotage != Sabotage.ORDER_ON_A_LIE;
            for (SimHost host : world.hosts) {
                if (host.node() != null && !life.equals(Optional.of(host.node().incarnation))) {
                    world.checks.overruled(host.node(), record, maybeWrong, world.timeline.now());
                }
            }
        });
    }

    private static OperatorWord word() {
        return new OperatorWord("ada", "a fire", 1);
    }

    private Nonce nonce() {
        return new Nonce(new UUID(99, ++orders));
    }
}
