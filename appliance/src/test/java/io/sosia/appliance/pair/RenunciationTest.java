package io.sosia.appliance.pair;

import static org.assertj.core.api.Assertions.assertThat;

import io.sosia.appliance.pair.NodeState.Claiming;
import io.sosia.appliance.pair.NodeState.Draining;
import io.sosia.appliance.pair.NodeState.Following;
import io.sosia.appliance.pair.NodeState.Protected;
import io.sosia.appliance.pair.PairAction.CloseLink;
import io.sosia.appliance.pair.PairAction.Finish;
import io.sosia.appliance.pair.PairAction.Pause;
import io.sosia.appliance.pair.PairAction.ReadRecord;
import io.sosia.appliance.pair.PairAction.Rely;
import io.sosia.appliance.pair.PairAction.Resume;
import io.sosia.appliance.pair.PairAction.Say;
import io.sosia.appliance.pair.PairAction.Submit;
import io.sosia.appliance.pair.PairAction.WriteRelied;
import io.sosia.appliance.pair.Renunciation.Granted;
import io.sosia.appliance.pair.Renunciation.Held;
import io.sosia.appliance.pair.Renunciation.Reliance;
import io.sosia.witness.claim.ClaimCommand;
import io.sosia.witness.claim.ClaimResult;
import io.sosia.witness.claim.ClaimTable;
import io.sosia.witness.claim.Expected;
import io.sosia.witness.claim.Incarnation;
import io.sosia.witness.claim.Members;
import io.sosia.witness.claim.NodeName;
import io.sosia.witness.claim.Nonce;
import io.sosia.witness.claim.PairId;
import io.sosia.witness.claim.PairRecord;
import io.sosia.witness.claim.PairState;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.Test;

/// Both nodes have lost the witness (architecture, "Renounce"); the rules one by one, in epoch 2.
class RenunciationTest {

    private static final PairId PAIR = new PairId(new UUID(7, 7));
    private static final NodeName A = new NodeName("a");
    private static final NodeName B = new NodeName("b");
    private static final Incarnation A1 = new Incarnation(new UUID(0, 1));
    private static final Incarnation B1 = new Incarnation(new UUID(0, 11));
    private static final long SECOND = 1_000_000_000L;

    private final PairMachine primary = new PairMachine(PairSettings.of(PAIR, A, B, A1));
    private final PairMachine backup = new PairMachine(PairSettings.of(PAIR, B, A, B1));
    private NodeState state = new Protected(2, B1);
    private long now;

    private List<PairAction> tell(PairMachine rules, PairEvent event) {
        PairMachine.Step step = rules.step(state, event, now);
        state = step.state();
        return step.actions();
    }

    private List<PairAction> after(PairMachine rules, long nanos, PairEvent event) {
        now += nanos;
        return tell(rules, event);
    }

    private static Held held(long number, long forgotten) {
        return new Held(number, forgotten, Held.NONE.askedNanos(), Reliance.NOT);
    }

    private Claiming claiming() {
        return (Claiming) state;
    }

    private void bePrimaryHolding(long number) {
        state = new Protected(2, B1, held(number, 0));
    }

    /// Its backup is lost, and the witness as well.
    private void beRelying() {
        bePrimaryHolding(1);
        tell(primary, new PairEvent.PartnerLost("silent"));
        tell(primary, new PairEvent.WitnessLost());
        tell(primary, new PairEvent.ReliedWritten(2));
        assertThat(state.word()).isEqualTo("RELYING");
    }

    @Test
    void primaryAsksOnlyWhenItHasLostTheWitnessAndNotAtEveryTick() {
        assertThat(tell(primary, new PairEvent.WitnessAnswers())).isEmpty();
        assertThat(tell(primary, new PairEvent.WitnessLost())).containsExactly(new Say(new PeerMessage.RenounceAsked()));
        assertThat(tell(primary, new PairEvent.WitnessLost())).isEmpty();
        assertThat(after(primary, SECOND, new PairEvent.WitnessLost())).hasSize(1);
        tell(primary, new PairEvent.Renounced(1));
        assertThat(after(primary, SECOND, new PairEvent.WitnessLost())).isEmpty();
    }

    @Test
    void backupRenouncesOnlyWhenItHasLostTheWitnessToo() {
        state = new Following(2, A1);
        assertThat(tell(backup, new PairEvent.RenounceAsked(false))).isEmpty();
        assertThat(tell(backup, new PairEvent.RenounceAsked(true))).containsExactly(new Say(new PeerMessage.Renounced(1)));
        assertThat(state.renunciation().summary()).isEqualTo("granted 1");
        assertThat(tell(backup, new PairEvent.RenounceAsked(true))).as("the same one again")
                .containsExactly(new Say(new PeerMessage.Renounced(1)));
    }

    @Test
    void backupTakesItBackOnlyWithTheWordOfItsPrimaryForThatVeryNumber() {
        state = new Following(2, A1, Granted.NONE.next());
        assertThat(tell(backup, new PairEvent.WitnessLost())).isEmpty();
        assertThat(tell(backup, new PairEvent.WitnessAnswers())).containsExactly(new Say(new PeerMessage.ReturnAsked(1)));
        assertThat(tell(backup, new PairEvent.WitnessAnswers())).as("asks in good time").isEmpty();
        tell(backup, new PairEvent.Forgotten(2));
        assertThat(state.renunciation().summary()).isEqualTo("granted 1");
        tell(backup, new PairEvent.Forgotten(1));
        assertThat(state.renunciation().summary()).isEmpty();
        assertThat(tell(backup, new PairEvent.RenounceAsked(true))).as("the next one has another number")
                .containsExactly(new Say(new PeerMessage.Renounced(2)));
        tell(backup, new PairEvent.Forgotten(1));
        assertThat(state.renunciation().summary()).isEqualTo("granted 2");
    }

    @Test
    void primaryForgetsBeforeItSaysSoAndNeverTakesThatOneAgain() {
        bePrimaryHolding(1);
        assertThat(tell(primary, new PairEvent.ReturnAsked(1))).containsExactly(new Say(new PeerMessage.Forgotten(1)));
        assertThat(state).isEqualTo(new Protected(2, B1, held(0, 1)));
        tell(primary, new PairEvent.Renounced(1));
        assertThat(state.renunciation().summary()).as("a late one").isEmpty();
        tell(primary, new PairEvent.Renounced(2));
        assertThat(state.renunciation().summary()).isEqualTo("held 2");
        assertThat(tell(primary, new PairEvent.ReturnAsked(1))).containsExactly(new Say(new PeerMessage.Forgotten(1)));
        assertThat(state.renunciation().summary()).as("an old question").isEqualTo("held 2");
    }

    @Test
    void outputLeavesOnlyWhenReliedIsDurable() {
        bePrimaryHolding(1);
        assertThat(tell(primary, new PairEvent.PartnerLost("silent")))
                .hasExactlyElementsOfTypes(CloseLink.class, Submit.class);
        assertThat(tell(primary, new PairEvent.WitnessAnswers())).as("the claim will be answered").isEmpty();
        assertThat(tell(primary, new PairEvent.WitnessLost())).containsExactly(new WriteRelied(2));
        assertThat(tell(primary, new PairEvent.WitnessLost())).isEmpty();
        assertThat(state.word()).isEqualTo("CLAIMING");
        assertThat(tell(primary, new PairEvent.ReliedWritten(2))).containsExactly(new Rely());
        assertThat(state.word()).isEqualTo("RELYING");
        assertThat(state.renunciation().summary()).isEqualTo("relied");
    }

    @Test
    void withoutARenunciationThePrimaryFreezes() {
        tell(primary, new PairEvent.PartnerLost("silent"));
        assertThat(tell(primary, new PairEvent.WitnessLost())).isEmpty();
        assertThat(after(primary, 2 * SECOND, new PairEvent.Tick())).containsExactly(new Pause());
        assertThat(tell(primary, new PairEvent.ReliedWritten(2))).isEmpty();
        assertThat(state.word()).isEqualTo("FROZEN");
    }

    @Test
    void frozenPrimaryResumesWhenItNoticesThatTheWitnessIsLost() {
        bePrimaryHolding(1);
        tell(primary, new PairEvent.PartnerLost("silent"));
        after(primary, 2 * SECOND, new PairEvent.Tick());
        assertThat(state.word()).isEqualTo("FROZEN");
        assertThat(tell(primary, new PairEvent.WitnessLost())).containsExactly(new WriteRelied(2));
        assertThat(tell(primary, new PairEvent.ReliedWritten(2))).containsExactly(new Rely(), new Resume());
        assertThat(after(primary, 10 * SECOND, new PairEvent.Tick())).as("goes on, and goes on asking")
                .hasExactlyElementsOfTypes(Submit.class);
    }

    @Test
    void whoReliesGivesNothingBack() {
        beRelying();
        Claiming before = claiming();
        assertThat(tell(primary, new PairEvent.ReturnAsked(1))).isEmpty();
        assertThat(state).isEqualTo(before);
    }

    @Test
    void onlyTheClaimLeadsOnFromReliance() {
        ClaimTable table = protectedTable();
        beRelying();
        ClaimCommand claim = claiming().command();
        PairRecord granted = ((ClaimResult.Granted) table.apply(claim)).record();
        assertThat(tell(primary, new PairEvent.ClaimGranted(claim.nonce(), granted)))
                .containsExactly(new PairAction.GateOpen(3));
        assertThat(state).isEqualTo(new NodeState.Solo(3));
    }

    @Test
    void anAnswerThatComesWhileReliedIsWrittenEndsTheMatter() {
        ClaimTable table = protectedTable();
        bePrimaryHolding(1);
        tell(primary, new PairEvent.PartnerLost("silent"));
        tell(primary, new PairEvent.WitnessLost());
        ClaimCommand claim = claiming().command();
        tell(primary, new PairEvent.ClaimGranted(claim.nonce(), ((ClaimResult.Granted) table.apply(claim)).record()));
        assertThat(tell(primary, new PairEvent.ReliedWritten(2))).isEmpty();
        assertThat(state).isEqualTo(new NodeState.Solo(3));
    }

    @Test
    void backupThatHasRenouncedDoesNotClaimAndEndsWhenTheRecordHasMovedOn() {
        ClaimTable table = protectedTable();
        state = new Following(2, A1, Granted.NONE.next());
        tell(backup, new PairEvent.PartnerLost("silent"));
        assertThat(tell(backup, new PairEvent.Drained())).containsExactly(new ReadRecord());
        assertThat(tell(backup, new PairEvent.RecordRead(record(table)))).isEmpty();
        assertThat(tell(backup, new PairEvent.Forgotten(1))).as("the link is closed for good").isEmpty();
        assertThat(after(backup, SECOND, new PairEvent.Drained())).containsExactly(new ReadRecord());
        assertThat(state).isInstanceOf(Draining.class);
        table.apply(new ClaimCommand.ClaimSolo(
                PAIR, new Expected(2, PairState.PROTECTED), A, A1, new Nonce(new UUID(1, 9))));
        assertThat(tell(backup, new PairEvent.RecordRead(record(table))))
                .hasExactlyElementsOfTypes(CloseLink.class, Finish.class);
    }

    @Test
    void whoIsHandedTheMachineHasItsRenunciationBack() {
        state = new Following(2, A1, Granted.NONE.next());
        tell(backup, new PairEvent.PartnerHandsOver());
        assertThat(tell(backup, new PairEvent.Drained())).hasExactlyElementsOfTypes(Submit.class);
    }

    @Test
    void restartedOwnerThatHadReliedDoesNotWaitForItsPartner() {
        ClaimTable table = protectedTable();
        Incarnation second = new Incarnation(new UUID(0, 2));
        PairSettings settings = PairSettings.of(PAIR, A, B, second);
        state = new NodeState.Reading(0, 0);
        tell(new PairMachine(settings, 1), new PairEvent.RecordRead(record(table)));
        assertThat(state).as("of another epoch").isInstanceOf(NodeState.Waiting.class);
        state = new NodeState.Reading(0, 0);
        tell(new PairMachine(settings, 2), new PairEvent.RecordRead(record(table)));
        assertThat(claiming().purpose()).isEqualTo(Purpose.COLD_BOOT);
    }

    private static PairRecord record(ClaimTable table) {
        return table.find(PAIR).orElseThrow().record();
    }

    /// PROTECTED in epoch 2, naming both lives.
    private static ClaimTable protectedTable() {
        ClaimTable table = new ClaimTable();
        table.apply(new ClaimCommand.Initialise(PAIR, Members.of(A, B), A, new Nonce(new UUID(0, 1))));
        table.apply(new ClaimCommand.ColdBoot(PAIR, record(table).asExpected(), A, A1, new Nonce(new UUID(0, 2))));
        table.apply(new ClaimCommand.Protect(PAIR, 2, A, A1, B1, new Nonce(new UUID(0, 3))));
        assertThat(record(table).state()).isEqualTo(PairState.PROTECTED);
        return table;
    }
}
