package io.sosia.witness.claim;

import static io.sosia.witness.claim.PairState.PROTECTED;
import static io.sosia.witness.claim.PairState.SOLO;
import static io.sosia.witness.claim.PairState.STOPPED;
import static io.sosia.witness.claim.Samples.A;
import static io.sosia.witness.claim.Samples.B;
import static io.sosia.witness.claim.Samples.MEMBERS;
import static io.sosia.witness.claim.Samples.PAIR;
import static io.sosia.witness.claim.Samples.STRANGER;
import static io.sosia.witness.claim.Samples.WORD;
import static io.sosia.witness.claim.Samples.life;
import static io.sosia.witness.claim.Samples.nonce;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.sosia.witness.claim.ClaimCommand.ClaimSolo;
import io.sosia.witness.claim.ClaimCommand.ColdBoot;
import io.sosia.witness.claim.ClaimCommand.Initialise;
import io.sosia.witness.claim.ClaimCommand.Protect;
import io.sosia.witness.claim.ClaimCommand.Reinitialise;
import io.sosia.witness.claim.ClaimCommand.Start;
import io.sosia.witness.claim.ClaimCommand.Stop;
import io.sosia.witness.claim.ClaimResult.Granted;
import io.sosia.witness.claim.ClaimResult.Reason;
import io.sosia.witness.claim.ClaimResult.Refused;
import io.sosia.witness.claim.ClaimResult.TableFull;
import io.sosia.witness.claim.ClaimResult.UnknownPair;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/// The rules of the record, one by one. Lives: 1 is a's, 2 is b's, 3 is a's next.
class ClaimTableTest {
    private final ClaimTable table = new ClaimTable();
    private long nonces = 1_000;

    private Nonce fresh() {
        return nonce(nonces++);
    }

    private PairRecord granted(ClaimCommand command) {
        ClaimResult result = table.apply(command);
        assertThat(result).as("%s", command).isInstanceOf(Granted.class);
        return ((Granted) result).record();
    }

    private void refused(Reason reason, ClaimCommand command) {
        Optional<TableEntry> before = table.find(PAIR);
        ClaimResult result = table.apply(command);
        assertThat(result).as("%s", command).isEqualTo(new Refused(before.orElseThrow().record(), reason));
        assertThat(table.find(PAIR)).isEqualTo(before);
    }

    /// Birth, a's cold boot: (2, a, SOLO).
    private void solo() {
        granted(new Initialise(PAIR, MEMBERS, A, fresh()));
        granted(new ColdBoot(PAIR, new Expected(1, SOLO), A, life(1), fresh()));
    }

    /// And b's joining: (2, a, PROTECTED).
    private void protectedPair() {
        solo();
        granted(new Protect(PAIR, 2, A, life(1), life(2), fresh()));
    }

    private static void is(
            PairRecord record, long epoch, NodeName owner, PairState state, Map<NodeName, Incarnation> in) {
        assertThat(record.epoch()).isEqualTo(epoch);
        assertThat(record.owner()).isEqualTo(owner);
        assertThat(record.state()).isEqualTo(state);
        assertThat(record.inSync()).isEqualTo(in);
    }

    // Birth

    @Test
    void bornAtEpochOneSoloWithNobodyLive() {
        Initialise birth = new Initialise(PAIR, MEMBERS, A, fresh());
        PairRecord record = granted(birth);
        is(record, 1, A, SOLO, Map.of());
        assertThat(record.members()).isEqualTo(MEMBERS);
        assertThat(record.lastChange()).isEqualTo(birth);
    }

    @Test
    void bornOnlyOnce() {
        granted(new Initialise(PAIR, MEMBERS, A, fresh()));
        refused(Reason.PAIR_EXISTS, new Initialise(PAIR, MEMBERS, A, fresh()));
        refused(Reason.PAIR_EXISTS, new Initialise(PAIR, MEMBERS, B, fresh()));
    }

    @Test
    void nobodyClaimsANewbornWithoutColdBoot() {
        granted(new Initialise(PAIR, MEMBERS, A, fresh()));
        refused(Reason.NOT_IN_SYNC, new ClaimSolo(PAIR, new Expected(1, SOLO), A, life(1), fresh()));
        refused(Reason.NOT_IN_SYNC, new Protect(PAIR, 1, A, life(1), life(2), fresh()));
        refused(Reason.NOT_IN_SYNC, new Stop(PAIR, new Expected(1, SOLO), A, life(1), fresh()));
    }

    @Test
    void newbornBecomesProtectedByColdBootOfTheOwnerAndJoiningOfThePartner() {
        protectedPair();
        is(table.find(PAIR).orElseThrow().record(), 2, A, PROTECTED, Map.of(A, life(1), B, life(2)));
    }

    @Test
    void unknownPairIsSaidToBeUnknown() {
        assertThat(table.apply(new ClaimSolo(PAIR, new Expected(2, PROTECTED), A, life(1), fresh())))
                .isEqualTo(new UnknownPair(PAIR));
        assertThat(table.size()).isZero();
    }

    @Test
    void fullTableBearsNoMorePairs() {
        ClaimTable small = new ClaimTable(1);
        Initialise first = new Initialise(PAIR, MEMBERS, A, fresh());
        small.apply(first);
        PairId second = Samples.pair(2);
        assertThat(small.apply(new Initialise(second, MEMBERS, A, fresh()))).isEqualTo(new TableFull(second, 1));
        assertThat(small.apply(first)).isInstanceOf(Granted.class);
    }

    // Cold boot

    @Test
    void coldBootNamesTheNewIncarnationInTheNextEpoch() {
        protectedPair();
        PairRecord record = granted(new ColdBoot(PAIR, new Expected(2, PROTECTED), A, life(3), fresh()));
        is(record, 3, A, SOLO, Map.of(A, life(3)));
    }

    @Test
    void coldBootIsForTheRecordedOwnerOnly() {
        protectedPair();
        refused(Reason.NOT_OWNER, new ColdBoot(PAIR, new Expected(2, PROTECTED), B, life(4), fresh()));
        refused(Reason.NOT_A_MEMBER, new ColdBoot(PAIR, new Expected(2, PROTECTED), STRANGER, life(4), fresh()));
    }

    @Test
    void coldBootNeedsANewIncarnation() {
        protectedPair();
        refused(Reason.INCARNATION_NOT_NEW, new ColdBoot(PAIR, new Expected(2, PROTECTED), A, life(1), fresh()));
        refused(Reason.INCARNATION_NOT_NEW, new ColdBoot(PAIR, new Expected(2, PROTECTED), A, life(2), fresh()));
    }

    @Test
    void coldBootAndThePartnersClaimExcludeEachOther() {
        protectedPair();
        granted(new ColdBoot(PAIR, new Expected(2, PROTECTED), A, life(3), fresh()));
        refused(Reason.EPOCH_DIFFERS, new ClaimSolo(PAIR, new Expected(2, PROTECTED), B, life(2), fresh()));
    }

    @Test
    void formerLifeOfAColdBootedOwnerHasNoMoreSay() {
        protectedPair();
        granted(new ColdBoot(PAIR, new Expected(2, PROTECTED), A, life(3), fresh()));
        refused(Reason.NOT_IN_SYNC, new Protect(PAIR, 3, A, life(1), life(2), fresh()));
        refused(Reason.NOT_IN_SYNC, new ClaimSolo(PAIR, new Expected(3, SOLO), A, life(1), fresh()));
        refused(Reason.NOT_IN_SYNC, new Stop(PAIR, new Expected(3, SOLO), A, life(1), fresh()));
    }

    // Claims

    @Test
    void backupInSyncClaimsTheNextEpoch() {
        protectedPair();
        PairRecord record = granted(new ClaimSolo(PAIR, new Expected(2, PROTECTED), B, life(2), fresh()));
        is(record, 3, B, SOLO, Map.of(B, life(2)));
    }

    @Test
    void primaryThatLostItsBackupClaimsTheNextEpoch() {
        protectedPair();
        PairRecord record = granted(new ClaimSolo(PAIR, new Expected(2, PROTECTED), A, life(1), fresh()));
        is(record, 3, A, SOLO, Map.of(A, life(1)));
    }

    @Test
    void firstClaimWinsAndTheOtherIsRefused() {
        protectedPair();
        granted(new ClaimSolo(PAIR, new Expected(2, PROTECTED), B, life(2), fresh()));
        refused(Reason.EPOCH_DIFFERS, new ClaimSolo(PAIR, new Expected(2, PROTECTED), A, life(1), fresh()));
    }

    @Test
    void anotherLifeOfAMemberInSyncMayNotClaim() {
        protectedPair();
        refused(Reason.NOT_IN_SYNC, new ClaimSolo(PAIR, new Expected(2, PROTECTED), B, life(4), fresh()));
        refused(Reason.NOT_IN_SYNC, new ClaimSolo(PAIR, new Expected(2, PROTECTED), B, life(1), fresh()));
    }

    @Test
    void strangerMayNotClaim() {
        protectedPair();
        refused(Reason.NOT_A_MEMBER, new ClaimSolo(PAIR, new Expected(2, PROTECTED), STRANGER, life(2), fresh()));
    }

    @Test
    void partnerOfASoloOwnerMayNotClaim() {
        solo();
        refused(Reason.NOT_IN_SYNC, new ClaimSolo(PAIR, new Expected(2, SOLO), B, life(2), fresh()));
        refused(Reason.STATE_DIFFERS, new ClaimSolo(PAIR, new Expected(2, PROTECTED), B, life(2), fresh()));
    }

    @Test
    void soloOwnerMayClaimTheNextEpochAndThenALateProtectIsRefused() {
        solo();
        Protect late = new Protect(PAIR, 2, A, life(1), life(2), fresh());
        granted(new ClaimSolo(PAIR, new Expected(2, SOLO), A, life(1), fresh()));
        refused(Reason.EPOCH_DIFFERS, late);
    }

    // Becoming PROTECTED

    @Test
    void protectKeepsTheEpochAndNamesBothIncarnations() {
        solo();
        PairRecord record = granted(new Protect(PAIR, 2, A, life(1), life(2), fresh()));
        is(record, 2, A, PROTECTED, Map.of(A, life(1), B, life(2)));
    }

    @Test
    void onlyTheLivingOwnerProtects() {
        solo();
        refused(Reason.NOT_OWNER, new Protect(PAIR, 2, B, life(2), life(1), fresh()));
        refused(Reason.NOT_A_MEMBER, new Protect(PAIR, 2, STRANGER, life(2), life(1), fresh()));
        refused(Reason.NOT_IN_SYNC, new Protect(PAIR, 2, A, life(3), life(2), fresh()));
    }

    @Test
    void anotherBackupIsNamedOnlyInALaterEpoch() {
        protectedPair();
        refused(Reason.STATE_DIFFERS, new Protect(PAIR, 2, A, life(1), life(4), fresh()));
        granted(new ClaimSolo(PAIR, new Expected(2, PROTECTED), A, life(1), fresh()));
        PairRecord record = granted(new Protect(PAIR, 3, A, life(1), life(4), fresh()));
        is(record, 3, A, PROTECTED, Map.of(A, life(1), B, life(4)));
    }

    @Test
    void backupMayNotHaveTheOwnersIncarnation() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new Protect(PAIR, 2, A, life(1), life(1), fresh()))
                .withMessageContaining("both have incarnation");
    }

    // Ends on purpose

    @Test
    void powerOffOfTheOwnerStopsThePairInTheSameEpoch() {
        protectedPair();
        PairRecord record = granted(new Stop(PAIR, new Expected(2, PROTECTED), A, life(1), fresh()));
        is(record, 2, A, STOPPED, Map.of(A, life(1), B, life(2)));
    }

    @Test
    void soloOwnerStopsToo() {
        solo();
        is(granted(new Stop(PAIR, new Expected(2, SOLO), A, life(1), fresh())), 2, A, STOPPED, Map.of(A, life(1)));
    }

    @Test
    void onlyTheLivingOwnerStopsThePair() {
        protectedPair();
        refused(Reason.NOT_OWNER, new Stop(PAIR, new Expected(2, PROTECTED), B, life(2), fresh()));
        refused(Reason.NOT_IN_SYNC, new Stop(PAIR, new Expected(2, PROTECTED), A, life(3), fresh()));
    }

    @Test
    void nobodyGoesLiveAfterAStop() {
        protectedPair();
        granted(new Stop(PAIR, new Expected(2, PROTECTED), A, life(1), fresh()));
        refused(Reason.STATE_DIFFERS, new ClaimSolo(PAIR, new Expected(2, PROTECTED), B, life(2), fresh()));
        refused(Reason.STATE_DIFFERS, new ClaimSolo(PAIR, new Expected(2, PROTECTED), A, life(1), fresh()));
        refused(Reason.STATE_DIFFERS, new ColdBoot(PAIR, new Expected(2, PROTECTED), A, life(3), fresh()));
        refused(Reason.STATE_DIFFERS, new Protect(PAIR, 2, A, life(1), life(2), fresh()));
    }

    @Test
    void claimsThatExpectAStoppedPairCannotBeMade() {
        Expected stopped = new Expected(2, STOPPED);
        assertThatIllegalArgumentException().isThrownBy(() -> new ClaimSolo(PAIR, stopped, A, life(1), fresh()));
        assertThatIllegalArgumentException().isThrownBy(() -> new ColdBoot(PAIR, stopped, A, life(1), fresh()));
        assertThatIllegalArgumentException().isThrownBy(() -> new Stop(PAIR, stopped, A, life(1), fresh()));
    }

    @Test
    void stoppedPairIsStartedByItsOwnerOnly() {
        protectedPair();
        granted(new Stop(PAIR, new Expected(2, PROTECTED), A, life(1), fresh()));
        refused(Reason.NOT_OWNER, new Start(PAIR, 2, B, life(4), fresh()));
        refused(Reason.INCARNATION_NOT_NEW, new Start(PAIR, 2, A, life(1), fresh()));
        is(granted(new Start(PAIR, 2, A, life(3), fresh())), 3, A, SOLO, Map.of(A, life(3)));
    }

    @Test
    void startIsForStoppedPairsOnly() {
        protectedPair();
        refused(Reason.STATE_DIFFERS, new Start(PAIR, 2, A, life(3), fresh()));
    }

    // An operator's word

    @Test
    void overrideNamesAnotherOwnerWhoThenColdBoots() {
        solo();
        PairRecord record = granted(new ClaimCommand.Override(
                PAIR, new Expected(2, SOLO), B, Optional.empty(), 2, WORD, fresh()));
        is(record, 3, B, SOLO, Map.of());
        refused(Reason.NOT_OWNER, new ColdBoot(PAIR, new Expected(3, SOLO), A, life(3), fresh()));
        is(
                granted(new ColdBoot(PAIR, new Expected(3, SOLO), B, life(4), fresh())),
                4,
                B,
                SOLO,
                Map.of(B, life(4)));
    }

    @Test
    void overrideThatNamesALivingOwnerLetsItGoOnWithItsMemory() {
        protectedPair();
        granted(new ClaimSolo(PAIR, new Expected(2, PROTECTED), A, life(1), fresh()));
        granted(new ClaimCommand.Override(
                PAIR, new Expected(3, SOLO), B, Optional.of(life(2)), 1, WORD, fresh()));
        is(
                granted(new ClaimSolo(PAIR, new Expected(4, SOLO), B, life(2), fresh())),
                5,
                B,
                SOLO,
                Map.of(B, life(2)));
    }

    @Test
    void overrideGoesAboveEveryEpochAnybodyKnows() {
        solo();
        is(
                granted(new ClaimCommand.Override(
                        PAIR, new Expected(2, SOLO), A, Optional.empty(), 70, WORD, fresh())),
                71,
                A,
                SOLO,
                Map.of());
    }

    @Test
    void overrideIsACompareAndSetAmongMembersToo() {
        solo();
        refused(
                Reason.EPOCH_DIFFERS,
                new ClaimCommand.Override(PAIR, new Expected(1, SOLO), B, Optional.empty(), 9, WORD, fresh()));
        refused(
                Reason.STATE_DIFFERS,
                new ClaimCommand.Override(PAIR, new Expected(2, STOPPED), B, Optional.empty(), 9, WORD, fresh()));
        refused(
                Reason.NOT_A_MEMBER,
                new ClaimCommand.Override(PAIR, new Expected(2, SOLO), STRANGER, Optional.empty(), 9, WORD, fresh()));
    }

    @Test
    void operatorsOrdersAreKeptAfterLaterChanges() {
        solo();
        ClaimCommand order =
                new ClaimCommand.Override(PAIR, new Expected(2, SOLO), B, Optional.empty(), 2, WORD, fresh());
        granted(order);
        granted(new ColdBoot(PAIR, new Expected(3, SOLO), B, life(4), fresh()));
        assertThat(table.find(PAIR).orElseThrow().audit()).containsExactly(order);
    }

    @Test
    void onlyTheLastOrdersAreKept() {
        solo();
        ClaimCommand last = null;
        for (long epoch = 2; epoch < 2 + 3 * TableEntry.AUDIT_MAX; epoch++) {
            last = new ClaimCommand.Override(
                    PAIR, new Expected(epoch, SOLO), B, Optional.empty(), 1, WORD, fresh());
            granted(last);
        }
        assertThat(table.find(PAIR).orElseThrow().audit()).hasSize(TableEntry.AUDIT_MAX).last().isEqualTo(last);
    }

    @Test
    void reinitialisedAboveBothDurableEpochsSoloNeverProtected() {
        ClaimCommand order = new Reinitialise(PAIR, MEMBERS, B, Optional.of(life(2)), 41, WORD, fresh());
        is(granted(order), 42, B, SOLO, Map.of(B, life(2)));
        assertThat(table.find(PAIR).orElseThrow().audit()).containsExactly(order);
        refused(Reason.EPOCH_DIFFERS, new ClaimSolo(PAIR, new Expected(41, PROTECTED), A, life(1), fresh()));
        is(
                granted(new ClaimSolo(PAIR, new Expected(42, SOLO), B, life(2), fresh())),
                43,
                B,
                SOLO,
                Map.of(B, life(2)));
    }

    @Test
    void pairStillKnownIsNotReinitialised() {
        solo();
        refused(Reason.PAIR_EXISTS, new Reinitialise(PAIR, MEMBERS, B, Optional.empty(), 41, WORD, fresh()));
    }

    // Retries

    @Test
    void repeatedCommandIsGrantedAgainWithTheSameRecord() {
        protectedPair();
        ClaimCommand claim = new ClaimSolo(PAIR, new Expected(2, PROTECTED), B, life(2), fresh());
        PairRecord first = granted(claim);
        assertThat(granted(claim)).isEqualTo(first);
        assertThat(first.lastChange()).isEqualTo(claim);
    }

    @Test
    void repeatedCommandIsRefusedOnceTheRecordHasMovedOn() {
        protectedPair();
        ClaimCommand claim = new ClaimSolo(PAIR, new Expected(2, PROTECTED), B, life(2), fresh());
        granted(claim);
        granted(new Protect(PAIR, 3, B, life(2), life(3), fresh()));
        refused(Reason.EPOCH_DIFFERS, claim);
    }

    @Test
    void sameClaimUnderAnotherNonceIsAnotherClaim() {
        protectedPair();
        granted(new ClaimSolo(PAIR, new Expected(2, PROTECTED), B, life(2), fresh()));
        refused(Reason.EPOCH_DIFFERS, new ClaimSolo(PAIR, new Expected(2, PROTECTED), B, life(2), fresh()));
    }

    @Test
    void otherCommandUnderTheNonceOfTheLastChangeIsRefused() {
        solo();
        Nonce nonce = fresh();
        granted(new Protect(PAIR, 2, A, life(1), life(2), nonce));
        refused(Reason.NONCE_REUSED, new Protect(PAIR, 2, A, life(1), life(4), nonce));
        refused(Reason.NONCE_REUSED, new ClaimSolo(PAIR, new Expected(2, PROTECTED), B, life(2), nonce));
    }

    // Limits

    @Test
    void lastEpochHasNoNext() {
        PairRecord record =
                granted(new Reinitialise(PAIR, MEMBERS, A, Optional.empty(), Epoch.LAST - 1, WORD, fresh()));
        assertThat(record.epoch()).isEqualTo(Epoch.LAST);
        assertThatIllegalArgumentException().isThrownBy(record::asExpected);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new Reinitialise(PAIR, MEMBERS, A, Optional.empty(), Epoch.LAST, WORD, fresh()));
    }

    @Test
    void nodeNamesAreLabels() {
        for (String bad : new String[] {"", "A", "-a", ".a", "a_b", "a b", "ä", "a".repeat(64)}) {
            assertThatIllegalArgumentException().as(bad).isThrownBy(() -> new NodeName(bad));
        }
        assertThat(new NodeName("rack-3.b").value()).isEqualTo("rack-3.b");
    }

    @Test
    void operatorsWordsFitOnALine() {
        for (String bad : new String[] {"", " ", "two\nlines", "half \ud83d", "x".repeat(65)}) {
            assertThatIllegalArgumentException().as(bad).isThrownBy(() -> new OperatorWord(bad, "why", 0));
        }
        assertThat(new OperatorWord("ann \ud83d\ude00", "why", 0).operator()).hasSize(6);
    }
}
