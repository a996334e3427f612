package io.sosia.witness.claim;

import io.sosia.witness.claim.ClaimCommand.ClaimSolo;
import io.sosia.witness.claim.ClaimCommand.ColdBoot;
import io.sosia.witness.claim.ClaimCommand.Initialise;
import io.sosia.witness.claim.ClaimCommand.Override;
import io.sosia.witness.claim.ClaimCommand.Protect;
import io.sosia.witness.claim.ClaimCommand.Reinitialise;
import io.sosia.witness.claim.ClaimCommand.Start;
import io.sosia.witness.claim.ClaimCommand.Stop;
import java.util.List;
import java.util.Optional;
import java.util.UUID;

/// Names, ids and commands that tests share. Ids are small numbers, so that a failure can be read.
public final class Samples {
    public static final PairId PAIR = pair(1);
    public static final NodeName A = new NodeName("a");
    public static final NodeName B = new NodeName("b");
    public static final NodeName STRANGER = new NodeName("c");
    public static final Members MEMBERS = Members.of(A, B);
    public static final OperatorWord WORD = new OperatorWord("ann", "b's host burnt down", 1_700_000_000_000L);

    private Samples() {}

    public static PairId pair(long number) {
        return new PairId(new UUID(0, number));
    }

    public static Incarnation life(long number) {
        return new Incarnation(new UUID(0xAL << 60, number));
    }

    public static Nonce nonce(long number) {
        return new Nonce(new UUID(0xEL << 60, number));
    }

    /// One command of every kind.
    public static List<ClaimCommand> oneOfEach() {
        return List.of(
                new Initialise(PAIR, MEMBERS, A, nonce(1)),
                new Reinitialise(PAIR, MEMBERS, B, Optional.of(life(2)), 41, WORD, nonce(2)),
                new ClaimSolo(PAIR, new Expected(3, PairState.PROTECTED), B, life(2), nonce(3)),
                new ColdBoot(PAIR, new Expected(4, PairState.SOLO), A, life(4), nonce(4)),
                new Start(PAIR, 5, A, life(5), nonce(5)),
                new Protect(PAIR, 6, A, life(1), life(2), nonce(6)),
                new Stop(PAIR, new Expected(7, PairState.PROTECTED), A, life(1), nonce(7)),
                new Override(PAIR, new Expected(8, PairState.STOPPED), B, Optional.empty(), 9, WORD, nonce(8)));
    }
}
