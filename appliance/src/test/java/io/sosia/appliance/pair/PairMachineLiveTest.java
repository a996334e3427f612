package io.sosia.appliance.pair;

import static org.assertj.core.api.Assertions.assertThat;

import io.sosia.appliance.pair.PairAction.CloseLink;
import io.sosia.appliance.pair.PairAction.Finish;
import io.sosia.witness.claim.ClaimCommand;
import io.sosia.witness.claim.PairState;
import java.util.List;
import org.junit.jupiter.api.Test;

/// The rules of a backup that goes live, and of ends on purpose.
class PairMachineLiveTest extends PairMachineRig {

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
