package io.sosia.appliance.pair;

import static org.assertj.core.api.Assertions.assertThat;

import io.sosia.appliance.pair.PairAction.CloseLink;
import io.sosia.appliance.pair.PairAction.Finish;
import io.sosia.appliance.pair.PairAction.GateOpen;
import io.sosia.appliance.pair.PairAction.Refuse;
import io.sosia.appliance.pair.PairAction.Submit;
import io.sosia.witness.claim.ClaimCommand;
import io.sosia.witness.claim.ClaimTable;
import io.sosia.witness.claim.Incarnation;
import io.sosia.witness.claim.Members;
import io.sosia.witness.claim.NodeName;
import io.sosia.witness.claim.Nonce;
import io.sosia.witness.claim.PairRecord;
import io.sosia.witness.claim.PairState;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.junit.jupiter.api.Test;

/// The rules of nodes whose record an operator has written: anew, or over what it said.
class PairMachineOrderTest extends PairMachineRig {

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
}
