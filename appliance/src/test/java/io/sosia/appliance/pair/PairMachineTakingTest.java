package io.sosia.appliance.pair;

import static org.assertj.core.api.Assertions.assertThat;

import io.sosia.appliance.pair.PairAction.CloseLink;
import io.sosia.appliance.pair.PairAction.Finish;
import io.sosia.appliance.pair.PairAction.GateOpen;
import io.sosia.appliance.pair.PairAction.Submit;
import io.sosia.witness.claim.ClaimCommand;
import io.sosia.witness.claim.Expected;
import io.sosia.witness.claim.Nonce;
import io.sosia.witness.claim.PairState;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.Test;

/// The rules of becoming PROTECTED while the machine runs, on both sides, and of handing a machine over that runs on.
class PairMachineTakingTest extends PairMachineRig {

    @Test
    void protectionIsAskedForOnlyWithTheGateOnAndAllReleasedAcknowledged() {
        beSolo();
        assertThat(offerToBeCloned(B2)).containsExactly(new PairAction.Invite(3, B2));
        for (PairEvent early : List.of(new PairEvent.PartnerCaughtUp(), new PairEvent.PartnerHoldsAllReleased())) {
            assertThat(tell(early)).isEmpty();
        }
        tell(new PairEvent.CloneSent());
        assertThat(tell(new PairEvent.PartnerHoldsAllReleased())).isEmpty();
        assertThat(tell(new PairEvent.PartnerCaughtUp())).containsExactly(new PairAction.WaitForBackup(B2));
        List<PairAction> actions = tell(new PairEvent.PartnerHoldsAllReleased());
        assertThat(actions).startsWith(new PairAction.AskProtection());
        assertThat(answer(claim(actions)))
                .containsExactly(new PairAction.ProtectionGranted(), new PairAction.Confirm());
        assertThat(state).isEqualTo(new NodeState.Protected(3, B2));
        assertThat(record().namesInSync(B, B2)).isTrue();
    }

    @Test
    void partnerLostBeforeProtectionIsAskedForLeavesThePrimaryAlone() {
        beSolo();
        offerToBeCloned(B2);
        assertThat(tell(lost())).containsExactly(new PairAction.AbandonClone("silent"));
        assertThat(state).isEqualTo(new NodeState.Solo(3));
        offerToBeCloned(B2);
        assertThat(tell(new PairEvent.CloneFailed("the disk cannot be read"))).containsExactly(
                new CloseLink("the disk cannot be read"), new PairAction.AbandonClone("the disk cannot be read"));
    }

    @Test
    void gateOpensAgainWhenThePartnerIsLostBeforeProtectionIsAskedFor() {
        beGated();
        assertThat(tell(lost())).containsExactly(new PairAction.AbandonClone("silent"), new PairAction.BackToSolo());
    }

    @Test
    void gateStaysOnWhileTheAnswerIsOutEvenIfThePartnerDies() {
        beGated();
        ClaimCommand protect = claim(tell(new PairEvent.PartnerHoldsAllReleased()));
        assertThat(tell(lost())).containsExactly(new PairAction.AbandonClone("silent"));
        assertThat(tell(lost())).isEmpty();
        List<PairAction> actions = answer(protect);
        assertThat(actions).startsWith(new PairAction.ProtectionGranted())
                .doesNotHaveAnyElementsOfTypes(GateOpen.class, PairAction.Confirm.class);
        assertThat(answer(claim(actions))).containsExactly(new GateOpen(4));
    }

    @Test
    void machineRunsOnWhileTheWitnessIsSilentAsLongAsThePartnerAcknowledges() {
        beGated();
        ClaimCommand protect = claim(tell(new PairEvent.PartnerHoldsAllReleased()));
        for (int i = 0; i < 10; i++) {
            assertThat(after(SECOND)).containsExactly(new Submit(protect));
        }
        tell(lost());
        assertThat(after(SECOND)).containsExactly(new PairAction.Pause());
        List<PairAction> actions = answer(protect);
        assertThat(actions).contains(new PairAction.Resume());
        assertThat(answer(claim(actions))).containsExactly(new GateOpen(4));
    }

    @Test
    void joinerFollowsOnlyWhenTheRecordNamesIt() {
        beSyncing();
        assertThat(tell(new PairEvent.Invited(3, A1))).containsExactly(new PairAction.Join(3));
        assertThat(tell(new PairEvent.Confirmed(3))).as("before it has anything").isEmpty();
        assertThat(state).isInstanceOf(NodeState.Syncing.class);
        assertThat(tell(new PairEvent.Restored())).isEmpty();
        tell(new PairEvent.Confirmed(3));
        assertThat(state).isEqualTo(new NodeState.Following(3, A1));
    }

    @Test
    void joinerThatLosesItsSourceBeginsANewLife() {
        beSyncing();
        tell(new PairEvent.Invited(3, A1));
        assertThat(tell(lost()).getLast()).isEqualTo(
                new Finish(Outcome.REJOIN, "the primary was lost before all was here: silent"));
        assertThat(state).isInstanceOf(NodeState.Halted.class);
    }

    @Test
    void joinerThatHasAllReadsTheRecordBeforeItClaims() {
        beSyncing();
        tell(new PairEvent.Invited(3, A1));
        tell(new PairEvent.Restored());
        assertThat(tell(lost())).containsExactly(new CloseLink("silent"), new PairAction.Drain());
        assertThat(tell(new PairEvent.Drained())).as("a claim that nobody has seen a record for could come true late")
                .containsExactly(new PairAction.ReadRecord());
        assertThat(tell(new PairEvent.Drained())).isEmpty();
        now += SECOND;
        assertThat(tell(new PairEvent.Drained())).containsExactly(new PairAction.ReadRecord());
        assertThat(read()).as("it may be an answer to a question of long ago").containsExactly(new PairAction.ReadRecord());
        assertThat(read().getLast()).isInstanceOf(Finish.class);
        assertThat(record().owner()).isEqualTo(A);
        assertThat(state).isInstanceOf(NodeState.Halted.class);
    }

    @Test
    void joinerThatTheRecordNamesGoesLiveThoughNobodyHasToldIt() {
        beSyncing();
        tell(new PairEvent.Invited(3, A1));
        tell(new PairEvent.Restored());
        table.apply(new ClaimCommand.Protect(PAIR, 3, A, A1, B2, new Nonce(new UUID(4, 4))));
        tell(lost());
        tell(new PairEvent.Drained());
        assertThat(read()).isEmpty();
        assertThat(answer(claim(tell(new PairEvent.Drained())))).containsExactly(new PairAction.GoLive(4));
        assertThat(record().owner()).isEqualTo(B);
    }

    @Test
    void primaryThatIsAskedToHandsOverAndComesBackAsAJoiner() {
        beProtected();
        assertThat(tell(new PairEvent.SwitchOver())).containsExactly(new PairAction.StopAtMark());
        assertThat(tell(new PairEvent.HandedOver()))
                .containsExactly(new PairAction.SendHandOver(), new PairAction.ReadRecord());
        assertThat(tell(new PairEvent.HandedOver())).as("once").isEmpty();
        assertThat(tell(lost())).as("the backup closes the link to go live").isEmpty();
        assertThat(read()).as("the record has not moved on").isEmpty();
        assertThat(after(SECOND)).containsExactly(new PairAction.ReadRecord());
        table.apply(new ClaimCommand.ClaimSolo(
                PAIR, new Expected(2, PairState.PROTECTED), B, B1, new Nonce(new UUID(3, 3))));
        assertThat(read()).containsExactly(new Finish(Outcome.REJOIN, "switchover"));
        assertThat(state).isEqualTo(new NodeState.Stopped(2, "switchover"));
    }

    @Test
    void machineRunsOnWhenTheBackupDoesNotAcknowledgeInTime() {
        beProtected();
        tell(new PairEvent.SwitchOver());
        assertThat(after(10 * SECOND)).containsExactly(new PairAction.Resume());
        assertThat(state).isEqualTo(new NodeState.Protected(2, B1));
    }

    @Test
    void machineRunsOnWithAClaimWhenTheBackupIsLostDuringASwitchover() {
        beProtected();
        tell(new PairEvent.SwitchOver());
        assertThat(tell(lost())).hasExactlyElementsOfTypes(CloseLink.class, Submit.class, PairAction.Resume.class);
        assertThat(((NodeState.Claiming) state).purpose()).isEqualTo(Purpose.GO_SOLO);
    }

    @Test
    void machineRunsOnWithAClaimWhenTheRecordDoesNotMoveOn() {
        beProtected();
        tell(new PairEvent.SwitchOver());
        tell(new PairEvent.HandedOver());
        tell(lost());
        List<PairAction> actions = after(10 * SECOND);
        assertThat(actions).hasExactlyElementsOfTypes(CloseLink.class, Submit.class, PairAction.Resume.class);
        ClaimCommand claim = ((Submit) actions.get(1)).claim();
        assertThat(answer(claim)).containsExactly(new GateOpen(3));
    }

    @Test
    void whoIsTerminatedDuringASwitchoverEnds() {
        beProtected();
        tell(new PairEvent.SwitchOver());
        tell(new PairEvent.HandedOver());
        assertThat(tell(new PairEvent.Terminate())).containsExactly(new Finish(Outcome.ENDED, "terminated"));
    }

    @Test
    void primaryThatIsToTakeItsBackupInAfreshKeepsTheLinkUntilSoloIsGranted() {
        beProtected();
        List<PairAction> actions = tell(new PairEvent.LetGo("a resync was asked for"));
        assertThat(actions).as("the claim alone").hasSize(1);
        assertThat(answer(claim(actions))).hasSize(2).hasAtLeastOneElementOfType(CloseLink.class).contains(new GateOpen(3));
        assertThat(state).isEqualTo(new NodeState.Solo(3));
    }

    @Test
    void resyncIsAskedOnlyOfAPrimaryWithABackup() {
        beFollowing();
        assertThat(tell(new PairEvent.LetGo("a resync was asked for"))).isEmpty();
    }
}
