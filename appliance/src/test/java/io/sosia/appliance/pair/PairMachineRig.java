package io.sosia.appliance.pair;

import static org.assertj.core.api.Assertions.assertThat;

import io.sosia.appliance.pair.PairAction.Submit;
import io.sosia.witness.claim.ClaimCommand;
import io.sosia.witness.claim.ClaimResult;
import io.sosia.witness.claim.ClaimTable;
import io.sosia.witness.claim.Incarnation;
import io.sosia.witness.claim.Members;
import io.sosia.witness.claim.NodeName;
import io.sosia.witness.claim.Nonce;
import io.sosia.witness.claim.OperatorWord;
import io.sosia.witness.claim.PairId;
import io.sosia.witness.claim.PairRecord;
import java.util.List;
import java.util.UUID;

/// A state machine at work, whose records come from a real claim table; tests of its rules begin with one.
abstract class PairMachineRig {

    static final PairId PAIR = new PairId(new UUID(7, 7));
    static final NodeName A = new NodeName("a");
    static final NodeName B = new NodeName("b");
    static final Incarnation A1 = life(1);
    static final Incarnation A2 = life(2);
    static final Incarnation B1 = life(11);
    static final Incarnation B2 = life(12);
    static final long SECOND = 1_000_000_000L;

    static final OperatorWord WORD = new OperatorWord("ada", "the witness burnt down", 1);

    ClaimTable table = new ClaimTable();
    PairMachine rules = machine(A, A1);
    NodeState state;
    long now;

    PairMachineRig() {
        table.apply(new ClaimCommand.Initialise(PAIR, Members.of(A, B), A, new Nonce(new UUID(0, 1))));
    }

    static Incarnation life(int number) {
        return new Incarnation(new UUID(0, number));
    }

    static PairMachine machine(NodeName self, Incarnation life) {
        return new PairMachine(PairSettings.of(PAIR, self, self.equals(A) ? B : A, life));
    }

    void become(NodeName self, Incarnation life) {
        rules = machine(self, life);
        assertThat(take(rules.begin(now))).containsExactly(new PairAction.ReadRecord());
    }

    List<PairAction> take(PairMachine.Step step) {
        state = step.state();
        return step.actions();
    }

    List<PairAction> tell(PairEvent event) {
        return take(rules.step(state, event, now));
    }

    List<PairAction> after(long nanos) {
        now += nanos;
        return tell(new PairEvent.Tick());
    }

    PairRecord record() {
        return table.find(PAIR).orElseThrow().record();
    }

    List<PairAction> read() {
        return tell(new PairEvent.RecordRead(record()));
    }

    static ClaimCommand claim(List<PairAction> actions) {
        assertThat(actions.getLast()).isInstanceOf(Submit.class);
        return ((Submit) actions.getLast()).claim();
    }

    /// The witness carries the claim out and its answer arrives.
    List<PairAction> answer(ClaimCommand claim) {
        return switch (table.apply(claim)) {
            case ClaimResult.Granted(PairRecord granted) -> tell(new PairEvent.ClaimGranted(claim.nonce(), granted));
            case ClaimResult.Refused(PairRecord record, ClaimResult.Reason _) when record.lastChange().operatorWord().isPresent() ->
                    tell(new PairEvent.Overruled(claim.nonce(), record));
            case ClaimResult.Refused(PairRecord _, ClaimResult.Reason reason) ->
                    tell(new PairEvent.ClaimRefused(claim.nonce(), reason.name()));
            case ClaimResult.UnknownPair _, ClaimResult.TableFull _ -> throw new AssertionError("the pair is known");
        };
    }

    List<PairAction> offer(Incarnation partner) {
        return tell(new PairEvent.PartnerOffers(partner, PairEvent.Fit.EQUAL, ""));
    }

    List<PairAction> offerToBeCloned(Incarnation partner) {
        return tell(new PairEvent.PartnerOffers(partner, PairEvent.Fit.BY_CLONE, "its disk is another"));
    }

    void beSolo() {
        beProtected();
        answer(claim(tell(lost())));
        assertThat(state).isEqualTo(new NodeState.Solo(3));
    }

    /// The partner has been sent everything and has caught up; output waits for its receipts.
    void beGated() {
        beSolo();
        offerToBeCloned(B2);
        assertThat(tell(new PairEvent.CloneSent())).isEmpty();
        assertThat(tell(new PairEvent.PartnerCaughtUp())).containsExactly(new PairAction.WaitForBackup(B2));
    }

    void beSyncing() {
        beSolo();
        become(B, B2);
        read();
    }

    void beAlone() {
        become(A, A1);
        answer(claim(read()));
        assertThat(state).isInstanceOf(NodeState.Alone.class);
    }

    void beProtected() {
        beAlone();
        answer(claim(offer(B1)));
        assertThat(state).isEqualTo(new NodeState.Protected(2, B1));
    }

    void beFollowing() {
        beProtected();
        become(B, B1);
        read();
        assertThat(tell(new PairEvent.Welcomed(2, A1))).containsExactly(new PairAction.Follow(2));
    }

    static PairEvent lost() {
        return new PairEvent.PartnerLost("silent");
    }
}
