package io.sosia.appliance.pair;

import static org.assertj.core.api.Assertions.assertThat;

import io.sosia.appliance.pair.PairAction.Finish;
import io.sosia.appliance.pair.PairAction.GateOpen;
import io.sosia.appliance.pair.PairAction.Refuse;
import io.sosia.appliance.pair.PairAction.Submit;
import io.sosia.witness.claim.ClaimCommand;
import io.sosia.witness.claim.PairState;
import java.util.List;
import org.junit.jupiter.api.Test;

/// The rules of a node that starts, and of a primary that takes in a partner with the same disk.
class PairMachineStartTest extends PairMachineRig {

    @Test
    void ownerOfASoloRecordColdBootsAsANewIncarnation() {
        become(A, A1);
        ClaimCommand claim = claim(read());
        assertThat(claim).isInstanceOf(ClaimCommand.ColdBoot.class);
        assertThat(answer(claim)).isEmpty();
        assertThat(state).isEqualTo(new NodeState.Alone(2, now + 30 * SECOND));
        assertThat(record().namesInSync(A, A1)).isTrue();
    }

    @Test
    void otherNodeDialsAndNeverClaims() {
        become(B, B1);
        assertThat(read()).containsExactly(new PairAction.Dial());
        for (int i = 0; i < 20; i++) {
            assertThat(after(5 * SECOND)).containsExactly(new PairAction.ReadRecord());
            assertThat(read()).isEmpty();
        }
    }

    @Test
    void claimOfAnEarlierLifeGrantedLateMakesAStandbyNodeBootAsOwner() {
        beFollowing();
        tell(lost());
        ClaimCommand onItsWay = claim(tell(new PairEvent.Drained()));
        become(B, B2);
        assertThat(read()).containsExactly(new PairAction.Dial());
        table.apply(onItsWay);
        assertThat(after(5 * SECOND)).containsExactly(new PairAction.ReadRecord());
        ClaimCommand claim = claim(read());
        assertThat(claim).isInstanceOf(ClaimCommand.ColdBoot.class);
        answer(claim);
        assertThat(state).isInstanceOf(NodeState.Alone.class);
    }

    @Test
    void nodeOfAnUnknownPairNeverServes() {
        become(A, A1);
        assertThat(tell(new PairEvent.RecordUnknown()).getLast()).isInstanceOf(Finish.class);
        assertThat(state).isInstanceOf(NodeState.Halted.class);
    }

    @Test
    void ownerWaitsForAPartnerThatMayBeAboutToClaim() {
        beProtected();
        become(A, A2);
        assertThat(read()).isEmpty();
        assertThat(after(29 * SECOND)).containsExactly(new PairAction.ReadRecord());
        assertThat(read()).isEmpty();
        assertThat(claim(after(SECOND))).isInstanceOf(ClaimCommand.ColdBoot.class);
    }

    @Test
    void ownerWaitsNoLongerForALifeThatIsOver() {
        beProtected();
        become(A, A2);
        read();
        assertThat(offer(B1)).as("that very life").isEmpty();
        assertThat(claim(offer(B2))).isInstanceOf(ClaimCommand.ColdBoot.class);
    }

    @Test
    void ownerThatWaitsStandsBackWhenItsPartnerHasClaimed() {
        beFollowing();
        tell(lost());
        ClaimCommand promotion = claim(tell(new PairEvent.Drained()));
        become(A, A2);
        read();
        table.apply(promotion);
        assertThat(read()).containsExactly(new PairAction.Dial());
        assertThat(state).isInstanceOf(NodeState.Standby.class);
    }

    @Test
    void stoppedPairIsStartedByItsOwner() {
        beProtected();
        answer(claim(tell(new PairEvent.PowerOffReleased())));
        become(A, A2);
        assertThat(claim(read())).isInstanceOf(ClaimCommand.Start.class);
        become(B, B2);
        assertThat(read()).containsExactly(new PairAction.Dial());
    }

    @Test
    void refusedColdBootReadsAgain() {
        become(A, A1);
        ClaimCommand first = claim(read());
        become(A, A2);
        ClaimCommand second = claim(read());
        table.apply(first);
        assertThat(answer(second)).containsExactly(new PairAction.ReadRecord());
        assertThat(claim(read())).isInstanceOf(ClaimCommand.ColdBoot.class).isNotEqualTo(second);
    }

    @Test
    void coldBootsThatExpectDifferentRecordsAreDifferentClaims() {
        beAlone();
        ClaimCommand lateProtect = claim(offer(B1));
        become(A, A2);
        ClaimCommand first = claim(read());
        table.apply(lateProtect);
        answer(first);
        read();
        ClaimCommand second = claim(after(30 * SECOND));
        assertThat(second.nonce()).isNotEqualTo(first.nonce());
        assertThat(tell(new PairEvent.ClaimRefused(first.nonce(), "a late answer to the first"))).isEmpty();
        assertThat(state).isInstanceOf(NodeState.Claiming.class);
        answer(second);
        assertThat(state).isInstanceOf(NodeState.Alone.class);
    }

    // Taking the partner in.

    @Test
    void gateIsOnBeforeProtectionIsAskedFor() {
        beAlone();
        assertThat(offer(B1).getFirst()).isEqualTo(new PairAction.GateByAcks(2, B1));
    }

    @Test
    void backupIsWelcomedBeforeTheMachineStarts() {
        beAlone();
        assertThat(answer(claim(offer(B1))))
                .containsExactly(new PairAction.Welcome(2, B1), new PairAction.StartMachine(2));
        assertThat(record().state()).isEqualTo(PairState.PROTECTED);
    }

    @Test
    void machineStartsAloneWhenThePartnerHasAnotherDiskAndThenTakesItIn() {
        beAlone();
        assertThat(offerToBeCloned(B1)).containsExactly(new GateOpen(2), new PairAction.StartMachine(2));
        assertThat(offerToBeCloned(B1)).containsExactly(new PairAction.Invite(2, B1));
        assertThat(state.word()).isEqualTo("SYNCING");
    }

    @Test
    void partnerWithAnotherMachineIsRefused() {
        beSolo();
        assertThat(tell(new PairEvent.PartnerOffers(B2, PairEvent.Fit.UNFIT, "more RAM")))
                .containsExactly(new Refuse("more RAM"));
        assertThat(state).isEqualTo(new NodeState.Solo(3));
    }

    @Test
    void machineStartsAloneWhenNobodyComes() {
        beAlone();
        assertThat(after(29 * SECOND)).isEmpty();
        assertThat(after(SECOND)).containsExactly(new GateOpen(2), new PairAction.StartMachine(2));
    }

    @Test
    void machineThatNobodyCanJoinWaitsForNobody() {
        beAlone();
        assertThat(tell(new PairEvent.CannotBeJoined("disk")))
                .containsExactly(new GateOpen(2), new PairAction.StartMachine(2));
        assertThat(tell(new PairEvent.CannotBeJoined("disk"))).isEmpty();
    }

    @Test
    void backupLostWhileProtectionIsAskedForIsNotWelcomed() {
        beAlone();
        ClaimCommand protect = claim(offer(B1));
        assertThat(tell(lost())).isEmpty();
        List<PairAction> actions = answer(protect);
        assertThat(actions).contains(new PairAction.StartMachine(2)).hasAtLeastOneElementOfType(Submit.class)
                .doesNotHaveAnyElementsOfTypes(PairAction.Welcome.class, GateOpen.class);
        assertThat(state).isInstanceOf(NodeState.Claiming.class);
    }

    @Test
    void nobodyIsTakenInBesideABackup() {
        beProtected();
        assertThat(offer(B2)).hasOnlyElementsOfType(Refuse.class);
    }
}
