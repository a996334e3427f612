package io.sosia.appliance.pair;

import static org.assertj.core.api.Assertions.assertThat;

import io.sosia.appliance.pair.PairAction.CloseLink;
import io.sosia.appliance.pair.PairAction.Finish;
import io.sosia.appliance.pair.PairAction.GateOpen;
import io.sosia.appliance.pair.PairAction.Refuse;
import io.sosia.appliance.pair.PairAction.Submit;
import io.sosia.witness.claim.ClaimCommand;
import io.sosia.witness.claim.ClaimResult;
import io.sosia.witness.claim.ClaimTable;
import io.sosia.witness.claim.Expected;
import io.sosia.witness.claim.Incarnation;
import io.sosia.witness.claim.Members;
import io.sosia.witness.claim.NodeName;
import io.sosia.witness.claim.Nonce;
import io.sosia.witness.claim.OperatorWord;
import io.sosia.witness.claim.PairId;
import io.sosia.witness.claim.PairRecord;
import io.sosia.witness.claim.PairState;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.junit.jupiter.api.Test;

/// The rules one by one; records come from a real claim table.
class PairMachineTest {

    private static final PairId PAIR = new PairId(new UUID(7, 7));
    private static final NodeName A = new NodeName("a");
    private static final NodeName B = new NodeName("b");
    private static final Incarnation A1 = life(1);
    private static final Incarnation A2 = life(2);
    private static final Incarnation B1 = life(11);
    private static final Incarnation B2 = life(12);
    private static final long SECOND = 1_000_000_000L;

    private static final OperatorWord WORD = new OperatorWord("ada", "the witness burnt down", 1);

    private ClaimTable table = new ClaimTable();
    private PairMachine rules = machine(A, A1);
    private NodeState state;
    private long now;

    PairMachineTest() {
        table.apply(new ClaimCommand.Initialise(PAIR, Members.of(A, B), A, new Nonce(new UUID(0, 1))));
    }

    private static Incarnation life(int number) {
        return new Incarnation(new UUID(0, number));
    }

    private static PairMachine machine(NodeName self, Incarnation life) {
        return new PairMachine(PairSettings.of(PAIR, self, self.equals(A) ? B : A, life));
    }

    private void become(NodeName self, Incarnation life) {
        rules = machine(self, life);
        assertThat(take(rules.begin(now))).containsExactly(new PairAction.ReadRecord());
    }

    private List<PairAction> take(PairMachine.Step step) {
        state = step.state();
        return step.actions();
    }

    private List<PairAction> tell(PairEvent event) {
        return take(rules.step(state, event, now));
    }

    private List<PairAction> after(long nanos) {
        now += nanos;
        return tell(new PairEvent.Tick());
    }

    private PairRecord record() {
        return table.find(PAIR).orElseThrow().record();
    }

    private List<PairAction> read() {
        return tell(new PairEvent.RecordRead(record()));
    }

    private static ClaimCommand claim(List<PairAction> actions) {
        assertThat(actions.getLast()).isInstanceOf(Submit.class);
        return ((Submit) actions.getLast()).claim();
    }

    /// The witness carries the claim out and its answer arrives.
    private List<PairAction> answer(ClaimCommand claim) {
        return switch (table.apply(claim)) {
            case ClaimResult.Granted(PairRecord granted) -> tell(new PairEvent.ClaimGranted(claim.nonce(), granted));
            case ClaimResult.Refused(PairRecord record, ClaimResult.Reason _) when record.lastChange().operatorWord().isPresent() ->
                    tell(new PairEvent.Overruled(claim.nonce(), record));
            case ClaimResult.Refused(PairRecord _, ClaimResult.Reason reason) ->
                    tell(new PairEvent.ClaimRefused(claim.nonce(), reason.name()));
            case ClaimResult.UnknownPair _, ClaimResult.TableFull _ -> throw new AssertionError("the pair is known");
        };
    }

    private List<PairAction> offer(Incarnation partner) {
        return tell(new PairEvent.PartnerOffers(partner, PairEvent.Fit.EQUAL, ""));
    }

    private List<PairAction> offerToBeCloned(Incarnation partner) {
        return tell(new PairEvent.PartnerOffers(partner, PairEvent.Fit.BY_CLONE, "its disk is another"));
    }

    private void beSolo() {
        beProtected();
        answer(claim(tell(lost())));
        assertThat(state).isEqualTo(new NodeState.Solo(3));
    }

    /// The partner has been sent everything and has caught up; output waits for its receipts.
    private void beGated() {
        beSolo();
        offerToBeCloned(B2);
        assertThat(tell(new PairEvent.CloneSent())).isEmpty();
        assertThat(tell(new PairEvent.PartnerCaughtUp())).containsExactly(new PairAction.WaitForBackup(B2));
    }

    private void beSyncing() {
        beSolo();
        become(B, B2);
        read();
    }

    private void beAlone() {
        become(A, A1);
        answer(claim(read()));
        assertThat(state).isInstanceOf(NodeState.Alone.class);
    }

    private void beProtected() {
        beAlone();
        answer(claim(offer(B1)));
        assertThat(state).isEqualTo(new NodeState.Protected(2, B1));
    }

    private void beFollowing() {
        beProtected();
        become(B, B1);
        read();
        assertThat(tell(new PairEvent.Welcomed(2, A1))).containsExactly(new PairAction.Follow(2));
    }

    private static PairEvent lost() {
        return new PairEvent.PartnerLost("silent");
    }

    // Starting.

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

    // Taking the partner in while the machine runs ("Becoming PROTECTED").

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

    // Losing the backup.

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

    /// The witness has lost its storage; an operator has told it about the pair again.
    private void reinitialise(NodeName owner, Incarnation life, long aboveEpoch) {
        table = new ClaimTable();
        table.apply(new ClaimCommand.Reinitialise(PAIR, Members.of(A, B), owner, Optional.of(life), aboveEpoch, WORD,
                new Nonce(new UUID(0, 77))));
    }

    @Test
    void primaryWhoseRecordWasWrittenAnewTakesItOverWithItsMachine() {
        beProtected();
        ClaimCommand old = claim(tell(lost()));
        after(3 * SECOND);
        assertThat(state.word()).isEqualTo("FROZEN");
        reinitialise(A, A1, 8);
        ClaimCommand again = claim(answer(old));
        assertThat(again.nonce()).isNotEqualTo(old.nonce());
        assertThat(answer(again)).containsExactly(new GateOpen(10), new PairAction.Resume());
        assertThat(state).isEqualTo(new NodeState.Solo(10));
    }

    @Test
    void drainedBackupWhoseRecordWasWrittenAnewGoesLiveWithItsMemory() {
        beFollowing();
        tell(lost());
        ClaimCommand old = claim(tell(new PairEvent.Drained()));
        reinitialise(B, B1, 2);
        assertThat(answer(claim(answer(old)))).containsExactly(new PairAction.GoLive(4));
        assertThat(state).isEqualTo(new NodeState.Solo(4));
    }

    @Test
    void primaryThatAskedForProtectionOfALostRecordPartsWithItsBackupAndGoesOnAlone() {
        beGated();
        ClaimCommand protect = claim(tell(new PairEvent.PartnerHoldsAllReleased()));
        reinitialise(A, A1, 5);
        List<PairAction> actions = answer(protect);
        assertThat(actions).hasOnlyElementsOfTypes(CloseLink.class, PairAction.AbandonClone.class, Submit.class);
        assertThat(answer(claim(actions))).containsExactly(new GateOpen(7));
        assertThat(state).isEqualTo(new NodeState.Solo(7));
    }

    @Test
    void powerOffOfARunWhoseRecordWasWrittenAnewIsRecorded() {
        beSolo();
        ClaimCommand stop = claim(tell(new PairEvent.PowerOffReleased()));
        reinitialise(A, A1, 3);
        answer(claim(answer(stop)));
        assertThat(record().state()).isEqualTo(PairState.STOPPED);
        assertThat(state).isInstanceOf(NodeState.Stopped.class);
    }

    @Test
    void soloNodeWhoseRecordWasWrittenAnewTakesItOverWithItsMachine() {
        beSolo();
        reinitialise(A, A1, 8);
        assertThat(after(5 * SECOND)).containsExactly(new PairAction.ReadRecord());
        assertThat(answer(claim(read()))).containsExactly(new GateOpen(10));
        assertThat(state).isEqualTo(new NodeState.Solo(10));
    }

    @Test
    void soloNodeGivesUpWhenItFindsThatAnOperatorHasNamedItsPartner() {
        beSolo();
        PairRecord before = record();
        override(B);
        assertThat(after(5 * SECOND)).containsExactly(new PairAction.ReadRecord());
        assertThat(tell(new PairEvent.RecordRead(before))).as("a question of long ago").isEmpty();
        assertThat(state).isInstanceOf(NodeState.Solo.class);
        assertThat(after(SECOND / 100)).as("not at every tick").isEmpty();
        List<PairAction> actions = read();
        assertThat(actions).hasOnlyElementsOfTypes(CloseLink.class, Finish.class);
        assertThat(((Finish) actions.getLast()).outcome()).isEqualTo(Outcome.REJOIN);
        assertThat(state).isInstanceOf(NodeState.Halted.class);
    }

    private void override(NodeName owner) {
        table.apply(new ClaimCommand.Override(PAIR, record().asExpected(), owner, Optional.empty(), record().epoch(), WORD,
                new Nonce(new UUID(0, 78))));
    }

    @Test
    void primaryThatHandsOverKeepsTheMachineThatAnOperatorHasNamed() {
        beProtected();
        tell(new PairEvent.SwitchOver());
        tell(new PairEvent.HandedOver());
        tell(lost());
        reinitialise(A, A1, 2);
        List<PairAction> actions = read();
        assertThat(actions).hasExactlyElementsOfTypes(CloseLink.class, Submit.class, PairAction.Resume.class);
        assertThat(answer(((Submit) actions.get(1)).claim())).containsExactly(new GateOpen(4));
        assertThat(state).isEqualTo(new NodeState.Solo(4));
    }

    @Test
    void whoeverIsNotTheOneTheOperatorNamedGivesUp() {
        beFollowing();
        tell(lost());
        ClaimCommand claim = claim(tell(new PairEvent.Drained()));
        reinitialise(A, A1, 2);
        assertThat(answer(claim)).hasOnlyElementsOfTypes(CloseLink.class, Finish.class);
        assertThat(state).isInstanceOf(NodeState.Halted.class);
    }

    @Test
    void anotherLifeOfTheOneTheOperatorNamedGivesUp() {
        beFollowing();
        tell(lost());
        ClaimCommand claim = claim(tell(new PairEvent.Drained()));
        reinitialise(B, B2, 2);
        assertThat(answer(claim)).hasOnlyElementsOfTypes(CloseLink.class, Finish.class);
    }

    @Test
    void coldBootThatWasOverruledReadsAgainEvenIfItsLifeIsNamed() {
        become(A, A1);
        ClaimCommand boot = claim(read());
        reinitialise(A, A1, 4);
        assertThat(answer(boot)).containsExactly(new PairAction.ReadRecord());
    }

    @Test
    void nodeThatAnOperatorNamesBootsThoughItWasNotTheOwner() {
        beSolo();
        become(B, B2);
        read();
        assertThat(state).isInstanceOf(NodeState.Standby.class);
        override(B);
        ClaimCommand boot = claim(read());
        assertThat(boot).isInstanceOf(ClaimCommand.ColdBoot.class);
        answer(boot);
        assertThat(state).isInstanceOf(NodeState.Alone.class);
    }

    @Test
    void claimantTakesNobodyIn() {
        beProtected();
        tell(lost());
        assertThat(offer(B2)).hasOnlyElementsOfType(Refuse.class);
    }

    // Going live.

    @Test
    void backupClosesTheLinkBeforeItDrains() {
        beFollowing();
        assertThat(tell(lost())).containsExactly(new CloseLink("silent"), new PairAction.Drain());
    }

    @Test
    void backupClaimsOnlyWhenItHasDrained() {
        beFollowing();
        tell(lost());
        for (int i = 0; i < 100; i++) {
            assertThat(after(SECOND)).isEmpty();
        }
        ClaimCommand claim = claim(tell(new PairEvent.Drained()));
        assertThat(answer(claim)).containsExactly(new PairAction.GoLive(3));
        assertThat(record().owner()).isEqualTo(B);
    }

    @Test
    void backupThatHasClaimedNeverFollowsAgain() {
        beFollowing();
        tell(lost());
        tell(new PairEvent.Drained());
        assertThat(tell(new PairEvent.Welcomed(2, A1))).isEmpty();
        assertThat(tell(new PairEvent.Drained())).isEmpty();
        assertThat(state).isInstanceOf(NodeState.Claiming.class);
    }

    @Test
    void backupWhoseClaimIsRefusedHalts() {
        beProtected();
        table.apply(claim(tell(lost())));
        become(B, B1);
        state = new NodeState.Following(2, A1);
        tell(lost());
        answer(claim(tell(new PairEvent.Drained())));
        assertThat(state).isInstanceOf(NodeState.Halted.class);
    }

    @Test
    void backupFrozenForWantOfTheWitnessKeepsAsking() {
        beFollowing();
        tell(lost());
        ClaimCommand claim = claim(tell(new PairEvent.Drained()));
        assertThat(after(2 * SECOND)).isEmpty();
        assertThat(state.word()).isEqualTo("FROZEN");
        assertThat(claim(after(SECOND))).isEqualTo(claim);
    }

    @Test
    void backupThatCannotGoOnLeaves() {
        beFollowing();
        assertThat(tell(new PairEvent.LocalFault("diverged")))
                .containsExactly(new PairAction.SendLeaving("diverged"), new Finish(Outcome.REJOIN, "diverged"));
        assertThat(tell(lost())).isEmpty();
    }

    @Test
    void backupWithAFaultWhileItDrainsNeverClaims() {
        beFollowing();
        tell(lost());
        tell(new PairEvent.LocalFault("own disk failed"));
        assertThat(tell(new PairEvent.Drained())).isEmpty();
        assertThat(state).isInstanceOf(NodeState.Halted.class);
    }

    // Ends on purpose.

    @Test
    void powerOffIsRecordedBeforeThePartnerIsTold() {
        beProtected();
        ClaimCommand stop = claim(tell(new PairEvent.PowerOffReleased()));
        assertThat(stop).isInstanceOf(ClaimCommand.Stop.class);
        assertThat(answer(stop)).startsWith(new PairAction.SendStopped());
        assertThat(record().state()).isEqualTo(PairState.STOPPED);
    }

    @Test
    void nobodyGoesLiveAfterTheEndOfTheRun() {
        beFollowing();
        assertThat(tell(new PairEvent.PartnerStopped())).contains(new PairAction.Drain());
        tell(new PairEvent.Drained());
        assertThat(state).isInstanceOf(NodeState.Stopped.class);
    }

    @Test
    void terminatedPrimaryHandsOverWhenAllItsLogIsAcknowledged() {
        beProtected();
        assertThat(tell(new PairEvent.Terminate())).containsExactly(new PairAction.StopAtMark());
        assertThat(after(SECOND)).isEmpty();
        assertThat(tell(new PairEvent.HandedOver()))
                .containsExactly(new PairAction.SendHandOver(), new Finish(Outcome.ENDED, "terminated"));
    }

    @Test
    void primaryWithAFaultHandsOverAndHalts() {
        beProtected();
        tell(new PairEvent.LocalFault("disk failed"));
        tell(new PairEvent.HandedOver());
        assertThat(state).isEqualTo(new NodeState.Halted(2, "disk failed"));
    }

    @Test
    void handOverEndsWithoutAClaimWhenTheBackupIsLostOrSilent() {
        beProtected();
        tell(new PairEvent.Terminate());
        assertThat(tell(lost())).hasOnlyElementsOfTypes(CloseLink.class, Finish.class);
        state = new NodeState.Protected(2, B1);
        tell(new PairEvent.Terminate());
        assertThat(after(10 * SECOND)).hasOnlyElementsOfTypes(CloseLink.class, Finish.class);
    }

    @Test
    void backupGoesLiveWhenItsPrimaryHandsOver() {
        beFollowing();
        tell(new PairEvent.PartnerHandsOver());
        answer(claim(tell(new PairEvent.Drained())));
        assertThat(state).isEqualTo(new NodeState.Solo(3));
    }

    @Test
    void terminatedBackupLeaves() {
        beFollowing();
        assertThat(tell(new PairEvent.Terminate())).startsWith(new PairAction.SendLeaving("terminated"));
    }

    @Test
    void endedNodeDoesNothingMore() {
        beProtected();
        for (NodeState end : List.of(new NodeState.Stopped(2, "x"), new NodeState.Halted(2, "x"))) {
            state = end;
            for (PairEvent event : List.of(lost(), new PairEvent.Terminate(), new PairEvent.Drained(),
                    new PairEvent.PowerOffReleased(), new PairEvent.PartnerHandsOver(),
                    new PairEvent.RecordRead(record()))) {
                assertThat(tell(event)).isEmpty();
                assertThat(state).isEqualTo(end);
            }
        }
    }
}
