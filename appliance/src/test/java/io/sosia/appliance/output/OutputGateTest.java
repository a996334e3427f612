package io.sosia.appliance.output;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import io.sosia.appliance.eventlog.LogPosition;
import io.sosia.appliance.eventlog.MarkedOutput;
import io.sosia.appliance.machine.port.MachineOutput;
import io.sosia.appliance.output.GateState.Basis;
import io.sosia.appliance.output.GateState.Commitment;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.UUID;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;

class OutputGateTest {
    private static final UUID BACKUP = new UUID(0, 77);
    private static final UUID EARLIER_LIFE = new UUID(0, 76);

    private final List<Integer> left = new ArrayList<>();
    private final OutputGate gate =
            new OutputGate(new GateLimits(5, 10_000), output -> left.add(number(output.output())));
    private long logEnd;

    private static int number(MachineOutput output) {
        return ((MachineOutput.FrameOut) output).frame()[0];
    }

    private static MachineOutput frame(int number) {
        byte[] frame = new byte[20];
        frame[0] = (byte) number;
        return new MachineOutput.FrameOut(frame);
    }

    private static LogPosition at(long seq) {
        return new LogPosition(3, seq);
    }

    private void say(int number) {
        logEnd = number;
        gate.hold(new MarkedOutput(frame(number), at(number)));
    }

    private boolean ack(long epoch, UUID incarnation, long seq) {
        return gate.ack(new Ack(epoch, incarnation, at(seq)), at(logEnd));
    }

    @Test
    void holdsReplyUntilBackupHasItsCause() {
        gate.startProtected(3, BACKUP);
        say(5);
        say(9);
        assertThat(left).isEmpty();
        ack(3, BACKUP, 4);
        assertThat(left).isEmpty();
        ack(3, BACKUP, 8);
        assertThat(left).containsExactly(5);
        ack(3, BACKUP, 9);
        assertThat(left).containsExactly(5, 9);
        assertThat(gate.releasedUpTo()).isEqualTo(at(9));
        assertThat(gate.releasedWithoutAck()).isEqualTo(LogPosition.START);
    }

    @Test
    void outputWhoseMarkIsAcknowledgedAlreadyLeavesAtOnce() {
        gate.startProtected(3, BACKUP);
        logEnd = 9;
        ack(3, BACKUP, 9);
        gate.hold(new MarkedOutput(frame(8), at(8)));
        assertThat(left).containsExactly(8);
    }

    @Test
    void ackOfTheBackupsEarlierLifeNeverCounts() {
        gate.startProtected(3, BACKUP);
        say(5);
        assertThat(ack(3, EARLIER_LIFE, 5)).isFalse();
        assertThat(left).isEmpty();
        assertThat(gate.acksRefused()).isEqualTo(1);
    }

    @Test
    void ackOfAnotherEpochNeverCounts() {
        gate.startProtected(3, BACKUP);
        say(5);
        assertThat(ack(2, BACKUP, 5)).isFalse();
        assertThat(ack(4, BACKUP, 5)).isFalse();
        assertThat(left).isEmpty();
    }

    @Test
    void ackOfEntriesThatDoNotExistNeverCounts() {
        gate.startProtected(3, BACKUP);
        say(5);
        assertThat(ack(3, BACKUP, 6)).isFalse();
        assertThat(left).isEmpty();
    }

    @Test
    void closedGateLetsNothingThrough() {
        say(1);
        gate.startProtected(3, BACKUP);
        gate.close("halted");
        assertThat(ack(3, BACKUP, 1)).isFalse();
        say(2);
        assertThat(left).isEmpty();
        assertThat(gate.discard()).isEqualTo(2);
        assertThat(gate.heldBytes()).isZero();
    }

    @Test
    void grantedSoloReleasesWhatWasHeldInOrderAndRemembersThatNobodyAcknowledgedIt() {
        gate.startProtected(3, BACKUP);
        say(1);
        say(2);
        gate.soloGranted(4);
        assertThat(left).containsExactly(1, 2);
        say(3);
        assertThat(left).containsExactly(1, 2, 3);
        assertThat(gate.releasedWithoutAck()).isEqualTo(at(3));
    }

    @Test
    void soloAtTheEpochThatSaysProtectedIsNoGrant() {
        gate.startProtected(3, BACKUP);
        assertThatIllegalStateException().isThrownBy(() -> gate.soloGranted(3));
        gate.close("silent");
        assertThatIllegalStateException().isThrownBy(() -> gate.soloGranted(3));
        gate.soloGranted(4);
    }

    @Test
    void protectedIsAskedForOnlyWhenTheBackupHasAllThatLeftWithoutIt() {
        gate.soloGranted(4);
        say(6);
        assertThat(gate.waitFor(BACKUP)).isEqualTo(at(6));
        say(7);
        assertThat(left).containsExactly(6);
        ack(4, BACKUP, 5);
        assertThat(gate.backupHasAllReleased()).isFalse();
        assertThatIllegalStateException().isThrownBy(gate::protectAsked);
        ack(4, BACKUP, 6);
        assertThat(gate.backupHasAllReleased()).isTrue();
        gate.protectAsked();
        assertThat(left).containsExactly(6);
        ack(4, BACKUP, 7);
        assertThat(left).containsExactly(6, 7);
        gate.protectAnswered(true);
        assertThat(gate.state()).isEqualTo(new GateState.Gated(4, BACKUP, Commitment.PROTECTED));
    }

    @Test
    void receiptsOfAnEarlierCandidateDoNotHelpTheNext() {
        gate.soloGranted(4);
        say(6);
        gate.waitFor(EARLIER_LIFE);
        ack(4, EARLIER_LIFE, 6);
        gate.backToSolo();
        gate.waitFor(BACKUP);
        assertThat(gate.backupHasAllReleased()).isFalse();
        assertThat(ack(4, EARLIER_LIFE, 6)).isFalse();
    }

    @Test
    void backupThatDiesBeforeProtectedIsAskedForLeavesSolo() {
        gate.soloGranted(4);
        gate.waitFor(BACKUP);
        say(2);
        assertThat(left).isEmpty();
        gate.backToSolo();
        assertThat(left).containsExactly(2);
        assertThat(gate.state()).isEqualTo(new GateState.Open(4, Basis.SOLO_GRANTED));
    }

    @Test
    void gateStaysOnWhileTheAnswerIsUnknownEvenIfTheBackupDies() {
        gate.soloGranted(4);
        gate.waitFor(BACKUP);
        gate.protectAsked();
        say(2);
        assertThatIllegalStateException().isThrownBy(gate::backToSolo);
        assertThatIllegalStateException().isThrownBy(() -> gate.soloGranted(4));
        assertThat(left).isEmpty();
        gate.soloGranted(5);
        assertThat(left).containsExactly(2);
    }

    @Test
    void definiteRefusalLeavesSolo() {
        gate.soloGranted(4);
        gate.waitFor(BACKUP);
        gate.protectAsked();
        gate.protectAnswered(false);
        gate.backToSolo();
        say(2);
        assertThat(left).containsExactly(2);
    }

    @Test
    void relianceIsFinalForItsEpoch() {
        gate.startProtected(3, BACKUP);
        say(1);
        gate.relied();
        assertThat(left).containsExactly(1);
        say(2);
        assertThat(ack(3, BACKUP, 2)).as("accepts no acks").isFalse();
        assertThat(gate.releasedWithoutAck()).isEqualTo(at(2));
        assertThatIllegalStateException().isThrownBy(() -> gate.waitFor(BACKUP));
        assertThatIllegalStateException().isThrownBy(() -> gate.soloGranted(3));
        gate.soloGranted(4);
        gate.waitFor(BACKUP);
    }

    @Test
    void onlyARenunciationUnderProtectedCanBeReliedOn() {
        gate.soloGranted(4);
        assertThatIllegalStateException().isThrownBy(gate::relied);
        gate.waitFor(BACKUP);
        assertThatIllegalStateException().isThrownBy(gate::relied);
    }

    @Test
    void fullGateSaysSoAndStillTakesWhatASliceProduced() {
        gate.startProtected(3, BACKUP);
        for (int i = 1; i <= 5; i++) {
            assertThat(gate.full()).isFalse();
            say(i);
        }
        assertThat(gate.full()).isTrue();
        say(6);
        ack(3, BACKUP, 6);
        assertThat(left).containsExactly(1, 2, 3, 4, 5, 6);
        assertThat(gate.full()).isFalse();
    }

    @Test
    void outputsOfOneMarkLeaveTogether() {
        gate.startProtected(3, BACKUP);
        logEnd = 4;
        gate.hold(new MarkedOutput(frame(1), at(4)));
        gate.hold(new MarkedOutput(frame(2), at(4)));
        ack(3, BACKUP, 4);
        assertThat(left).containsExactly(1, 2);
    }

    @Test
    void marksNeverGoBack() {
        gate.hold(new MarkedOutput(frame(1), at(4)));
        assertThatIllegalStateException().isThrownBy(() -> gate.hold(new MarkedOutput(frame(2), at(3))))
                .withMessage("output marked 3/3 after one marked 3/4");
    }

    /// Whatever is called in whatever order: an output leaves, once and in order, only while the gate is open or when
    /// the very backup waited for has acknowledged its mark at this epoch.
    @Property(tries = 2_000)
    void nothingEverLeavesWithoutItsReason(@ForAll long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        List<Integer> seen = new ArrayList<>();
        OutputGate[] self = new OutputGate[1];
        long[] ackedByWaitedFor = {0};
        self[0] = new OutputGate(new GateLimits(10, 10_000), output -> {
            int number = number(output.output());
            boolean reason = switch (self[0].state()) {
                case GateState.Closed _ -> false;
                case GateState.Open _ -> true;
                case GateState.Gated _ -> ackedByWaitedFor[0] >= number;
            };
            assertThat(reason).as("output %d left, seed %d", number, seed).isTrue();
            seen.add(number);
        });
        int said = 0;
        for (int i = 0; i < 60; i++) {
            try {
                switch (random.nextInt(10)) {
                    case 0, 1, 2 -> self[0].hold(new MarkedOutput(frame(++said), at(said)));
                    case 3, 4 -> {
                        UUID incarnation = new UUID(0, 1 + random.nextInt(2));
                        long epoch = random.nextInt(4);
                        long seq = random.nextInt(said + 3);
                        boolean counts = self[0].state() instanceof GateState.Gated(long e, UUID b, var _)
                                && e == epoch && b.equals(incarnation) && seq <= said;
                        if (counts) {
                            ackedByWaitedFor[0] = Math.max(ackedByWaitedFor[0], seq);
                        }
                        assertThat(self[0].ack(new Ack(epoch, incarnation, at(seq)), at(said))).isEqualTo(counts);
                    }
                    case 5 -> self[0].soloGranted(random.nextInt(5));
                    case 6 -> {
                        self[0].waitFor(new UUID(0, 1 + random.nextInt(2)));
                        ackedByWaitedFor[0] = 0;
                    }
                    case 7 -> self[0].protectAsked();
                    case 8 -> self[0].protectAnswered(random.nextBoolean());
                    default -> {
                        switch (random.nextInt(4)) {
                            case 0 -> self[0].backToSolo();
                            case 1 -> self[0].relied();
                            case 2 -> self[0].close("test");
                            default -> {
                                self[0].startProtected(random.nextInt(4), new UUID(0, 1 + random.nextInt(2)));
                                ackedByWaitedFor[0] = 0;
                            }
                        }
                    }
                }
            } catch (IllegalStateException e) {
                assertThat(e.getMessage()).contains("does not allow");
            }
        }
        for (int i = 0; i < seen.size(); i++) {
            assertThat(seen.get(i)).isEqualTo(i + 1);
        }
    }
}
