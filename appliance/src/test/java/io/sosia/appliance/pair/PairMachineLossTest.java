package io.sosia.appliance.pair;

import static org.assertj.core.api.Assertions.assertThat;

import io.sosia.appliance.pair.PairAction.CloseLink;
import io.sosia.appliance.pair.PairAction.Finish;
import io.sosia.appliance.pair.PairAction.GateOpen;
import io.sosia.appliance.pair.PairAction.Submit;
import io.sosia.witness.claim.ClaimCommand;
import io.sosia.witness.claim.Nonce;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.Test;

/// The rules of a primary that loses its backup, and of its claim.
class PairMachineLossTest extends PairMachineRig {

    @Test
    void primaryWithoutItsBackupHoldsOutputUntilSoloIsGranted() {
        beProtected();
        List<PairAction> actions = tell(lost());
        assertThat(actions).hasSize(2).hasAtLeastOneElementOfType(CloseLink.class);
        ClaimCommand claim = claim(actions);
        assertThat(tell(new PairEvent.RecordRead(record()))).as("a mere read").isEmpty();
        assertThat(answer(claim)).containsExactly(new GateOpen(3));
        assertThat(state).isEqualTo(new NodeState.Solo(3));
    }

    @Test
    void backupThatLeavesMakesThePrimaryGoSoloAtOnce() {
        beProtected();
        answer(claim(tell(new PairEvent.PartnerLeaves("terminated"))));
        assertThat(state).isEqualTo(new NodeState.Solo(3));
    }

    @Test
    void claimIsRepeatedUnchangedUntilItIsAnswered() {
        beProtected();
        ClaimCommand claim = claim(tell(lost()));
        for (int i = 0; i < 50; i++) {
            tell(new PairEvent.WitnessSilent());
            List<PairAction> actions = after(SECOND);
            assertThat(actions.stream().filter(Submit.class::isInstance)).allMatch(new Submit(claim)::equals);
        }
        assertThat(claim(after(SECOND))).isEqualTo(claim);
    }

    @Test
    void primaryFreezesWhileTheWitnessIsSilentAndGoesOnWhenGranted() {
        beProtected();
        ClaimCommand claim = claim(tell(lost()));
        after(SECOND);
        assertThat(after(SECOND)).containsExactly(new PairAction.Pause());
        assertThat(state.word()).isEqualTo("FROZEN");
        assertThat(answer(claim)).containsExactly(new GateOpen(3), new PairAction.Resume());
    }

    @Test
    void grantOfAnotherClaimIsNotTakenForOnesOwn() {
        beProtected();
        tell(lost());
        assertThat(tell(new PairEvent.ClaimGranted(new Nonce(new UUID(5, 5)), record()))).isEmpty();
        assertThat(state).isInstanceOf(NodeState.Claiming.class);
    }

    @Test
    void refusedPrimaryHaltsAndItsGateStaysShut() {
        beFollowing();
        tell(lost());
        table.apply(claim(tell(new PairEvent.Drained())));
        rules = machine(A, A1);
        state = new NodeState.Protected(2, B1);
        List<PairAction> actions = answer(claim(tell(lost())));
        assertThat(actions).hasOnlyElementsOfTypes(CloseLink.class, Finish.class);
        assertThat(((Finish) actions.getLast()).outcome()).isEqualTo(Outcome.REJOIN);
        assertThat(state).isInstanceOf(NodeState.Halted.class);
        assertThat(tell(new PairEvent.ClaimGranted(new Nonce(new UUID(5, 5)), record()))).isEmpty();
    }
}
