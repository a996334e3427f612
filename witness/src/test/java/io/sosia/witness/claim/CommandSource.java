package io.sosia.witness.claim;

import static io.sosia.witness.claim.Samples.A;
import static io.sosia.witness.claim.Samples.B;
import static io.sosia.witness.claim.Samples.MEMBERS;
import static io.sosia.witness.claim.Samples.STRANGER;
import static io.sosia.witness.claim.Samples.WORD;

import io.sosia.witness.claim.ClaimCommand.ClaimSolo;
import io.sosia.witness.claim.ClaimCommand.ColdBoot;
import io.sosia.witness.claim.ClaimCommand.Initialise;
import io.sosia.witness.claim.ClaimCommand.Protect;
import io.sosia.witness.claim.ClaimCommand.Reinitialise;
import io.sosia.witness.claim.ClaimCommand.Start;
import io.sosia.witness.claim.ClaimCommand.Stop;
import java.util.Optional;
import java.util.Random;

/// Draws commands that often fit the record as it is, and as often do not.
public final class CommandSource {
    private final Random random;
    private long nonces = 1;

    public CommandSource(long seed) {
        this.random = new Random(seed);
    }

    public int below(int bound) {
        return random.nextInt(bound);
    }

    /// @param record the record that stands, if any
    public ClaimCommand next(PairId pairId, Optional<PairRecord> record) {
        Nonce nonce = Samples.nonce(random.nextInt(20) == 0 ? random.nextLong(nonces) : nonces++);
        NodeName node = node(record);
        Incarnation life = life(node, record);
        return switch (random.nextInt(record.isEmpty() ? 2 : 12)) {
            case 0 -> new Initialise(pairId, MEMBERS, random.nextBoolean() ? A : B, nonce);
            case 1 -> new Reinitialise(
                    pairId, MEMBERS, random.nextBoolean() ? A : B, maybe(life), epoch(record), WORD, nonce);
            case 2, 3, 4 -> new ClaimSolo(pairId, live(record), node, life, nonce);
            case 5 -> new ColdBoot(pairId, live(record), node, anyLife(), nonce);
            case 6 -> new Start(pairId, epoch(record), node, anyLife(), nonce);
            case 7, 8, 9 -> new Protect(pairId, epoch(record), node, life, otherThan(life), nonce);
            case 10 -> new Stop(pairId, live(record), node, life, nonce);
            default -> new ClaimCommand.Override(
                    pairId, expected(record), node, maybe(life), epoch(record), WORD, nonce);
        };
    }

    private NodeName node(Optional<PairRecord> record) {
        int draw = random.nextInt(8);
        return draw == 0 ? STRANGER : draw < 3 ? A : draw < 5 ? B : record.map(PairRecord::owner).orElse(A);
    }

    private Incarnation anyLife() {
        return Samples.life(random.nextInt(8));
    }

    private Incarnation life(NodeName node, Optional<PairRecord> record) {
        return random.nextInt(4) == 0
                ? anyLife()
                : record.flatMap(r -> r.incarnationOf(node)).orElseGet(this::anyLife);
    }

    private Incarnation otherThan(Incarnation life) {
        Incarnation other = anyLife();
        return other.equals(life) ? Samples.life(99) : other;
    }

    private Optional<Incarnation> maybe(Incarnation life) {
        return random.nextBoolean() ? Optional.of(life) : Optional.empty();
    }

    private long epoch(Optional<PairRecord> record) {
        long now = record.map(PairRecord::epoch).orElse(1L);
        return random.nextInt(5) == 0 ? Math.max(1, now - 2 + random.nextInt(5)) : now;
    }

    private Expected expected(Optional<PairRecord> record) {
        PairState[] states = PairState.values();
        PairState state = random.nextInt(5) == 0 || record.isEmpty()
                ? states[random.nextInt(states.length)]
                : record.get().state();
        return new Expected(epoch(record), state);
    }

    private Expected live(Optional<PairRecord> record) {
        Expected expected = expected(record);
        return expected.state() == PairState.STOPPED ? new Expected(expected.epoch(), PairState.PROTECTED) : expected;
    }
}
