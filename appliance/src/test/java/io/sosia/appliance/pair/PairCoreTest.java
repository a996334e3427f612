package io.sosia.appliance.pair;

import static org.assertj.core.api.Assertions.assertThat;

import io.sosia.appliance.clone.ClonePart;
import io.sosia.appliance.eventlog.LogBatch;
import io.sosia.appliance.eventlog.LogEntry;
import io.sosia.appliance.eventlog.LogPosition;
import io.sosia.appliance.eventlog.MarkedOutput;
import io.sosia.appliance.eventlog.OutputTotals;
import io.sosia.appliance.eventlog.RunPoint;
import io.sosia.appliance.machine.port.MachineOutput;
import io.sosia.appliance.output.GateLimits;
import io.sosia.appliance.output.GateState;
import io.sosia.appliance.pair.PairCore.LinkTiming;
import io.sosia.appliance.pair.PeerMessage.DiskStamp;
import io.sosia.appliance.pair.PeerMessage.Envelope;
import io.sosia.appliance.pair.PeerMessage.Hello;
import io.sosia.witness.claim.ClaimCommand;
import io.sosia.witness.claim.ClaimResult;
import io.sosia.witness.claim.ClaimTable;
import io.sosia.witness.claim.Incarnation;
import io.sosia.witness.claim.Members;
import io.sosia.witness.claim.NodeName;
import io.sosia.witness.claim.Nonce;
import io.sosia.witness.claim.PairId;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.Test;

/// Two cores whose link and witness answer at once; what a core has done for it is written down.
class PairCoreTest {

    private static final PairId PAIR = new PairId(new UUID(7, 7));
    private static final NodeName A = new NodeName("a");
    private static final NodeName B = new NodeName("b");
    private static final Incarnation A1 = new Incarnation(new UUID(0, 1));
    private static final Incarnation B1 = new Incarnation(new UUID(0, 11));
    private static final Incarnation B0 = new Incarnation(new UUID(0, 10));
    private static final DiskStamp CLEAN = new DiskStamp("image", LogPosition.START, true);
    private static final long MILLI = 1_000_000L;

    private final ClaimTable table = new ClaimTable();
    private long now = 1;

    /// What one core has had done.
    private final class Node implements PairEnvironment {
        private final List<String> done = new ArrayList<>();
        private final List<Envelope> sent = new ArrayList<>();
        private final List<ClaimCommand> claims = new ArrayList<>();
        private final PairCore core;
        private int released;
        private boolean witnessAnswers = true;

        Node(NodeName self, Incarnation life) {
            core = new PairCore(new PairCore.Setup(PairSettings.of(PAIR, self, self.equals(A) ? B : A, life),
                    LinkTiming.suspectAfter(800 * MILLI), "machine", GateLimits.DEFAULT, 1_000, 0), CLEAN, this);
            core.begin(now);
        }

        Node readRecordNow() {
            core.recordRead(table.find(PAIR).orElseThrow().record(), now);
            return this;
        }

        void grantAll() {
            List<ClaimCommand> asked = List.copyOf(claims);
            claims.clear();
            for (ClaimCommand claim : asked) {
                core.claimGranted(claim.nonce(), ((ClaimResult.Granted) table.apply(claim)).record(), now);
            }
        }

        PeerMessage lastSent() {
            return sent.getLast().message();
        }

        @Override
        public void dial() {
            done.add("dial");
        }

        @Override
        public void closeLink(String reason) {
            done.add("close: " + reason);
        }

        @Override
        public void send(Envelope envelope) {
            sent.add(envelope);
        }

        @Override
        public void readRecord() {}

        @Override
        public void submit(ClaimCommand claim) {
            claims.add(claim);
        }

        @Override
        public boolean witnessAnswers() {
            return witnessAnswers;
        }

        @Override
        public void writeRelied(long epoch) {
            done.add("relied " + epoch);
        }

        @Override
        public void startMachine(long epoch) {
            done.add("start " + epoch);
        }

        @Override
        public void follow(long epoch) {
            done.add("follow " + epoch);
        }

        @Override
        public void deliver(LogBatch batch) {
            done.add("deliver " + batch.first());
        }

        @Override
        public void beginClone(long epoch, Incarnation backup) {
            done.add("clone for " + backup);
        }

        @Override
        public void abandonClone(String reason) {
            done.add("abandon: " + reason);
        }

        @Override
        public void join(long epoch, PeerMessage.Invitation invitation) {
            done.add("join " + epoch);
        }

        @Override
        public void assemble(ClonePart part) {
            done.add("assemble " + part.getClass().getSimpleName());
        }

        @Override
        public void ofDisk(PeerMessage.OfDisk message) {
            done.add("of disk");
        }

        @Override
        public void drain() {
            done.add("drain");
        }

        @Override
        public void goLive(long epoch) {
            done.add("live " + epoch);
        }

        @Override
        public void pause() {}

        @Override
        public void resume() {
            done.add("resume");
        }

        @Override
        public void stopAtMark(long number) {
            done.add("stop at mark");
        }

        @Override
        public void release(MarkedOutput output) {
            released++;
        }

        @Override
        public void finish(Outcome outcome, String reason) {
            done.add("finish");
        }

        @Override
        public void transition(NodeState from, NodeState to, String reason) {}
    }

    PairCoreTest() {
        table.apply(new ClaimCommand.Initialise(PAIR, Members.of(A, B), A, new Nonce(new UUID(0, 1))));
    }

    private static Hello hello(NodeName node, DiskStamp disk) {
        return new Hello(PAIR, node, "machine", disk);
    }

    private void fromB(Node a, long epoch, Incarnation sender, PeerMessage message) {
        a.core.received(new Envelope(epoch, sender, A1, message), now);
    }

    private Node alone() {
        Node a = new Node(A, A1).readRecordNow();
        a.grantAll();
        return a;
    }

    private Node protectedPrimary() {
        Node a = alone();
        a.core.received(new Envelope(0, B1, PeerMessage.NOBODY, hello(B, CLEAN)), now);
        a.grantAll();
        assertThat(a.core.state()).isInstanceOf(NodeState.Protected.class);
        return a;
    }

    private Node backup() {
        protectedPrimary();
        Node b = new Node(B, B1).readRecordNow();
        b.core.dialled(now);
        b.core.received(new Envelope(2, A1, B1, new PeerMessage.Welcome(new LogPosition(2, 0))), now);
        assertThat(b.core.state()).isInstanceOf(NodeState.Following.class);
        return b;
    }

    private static LogBatch batch(long first, int entries) {
        List<LogEntry> list = new ArrayList<>();
        for (int i = 0; i < entries; i++) {
            list.add(new LogEntry.Mark(first + i, OutputTotals.NONE));
        }
        return new LogBatch(new LogPosition(2, first), list);
    }

    private static MarkedOutput output(long seq) {
        return new MarkedOutput(new MachineOutput.FrameOut(new byte[20]), new LogPosition(2, seq));
    }

    private static PeerMessage ack(long seq) {
        return new PeerMessage.Ack(new LogPosition(2, seq), 0, new LogPosition(2, seq));
    }

    @Test
    void outputLeavesWithTheReceiptOfItsMark() {
        Node a = protectedPrimary();
        a.core.recorded(batch(1, 3), 300);
        a.core.produced(output(2));
        fromB(a, 2, B1, ack(1));
        assertThat(a.released).isZero();
        fromB(a, 2, B1, ack(2));
        assertThat(a.released).isEqualTo(1);
    }

    @Test
    void receiptsOfOtherLivesEpochsAndAddresseesDoNotCount() {
        Node a = protectedPrimary();
        a.core.recorded(batch(1, 3), 300);
        a.core.produced(output(2));
        fromB(a, 2, B0, ack(3));
        fromB(a, 1, B1, ack(3));
        a.core.received(new Envelope(2, B1, B0, ack(3)), now);
        assertThat(a.released).isZero();
        assertThat(a.core.foreignMessages()).isEqualTo(3);
    }

    @Test
    void receiptOfWhatWasNeverWrittenDoesNotCount() {
        Node a = protectedPrimary();
        a.core.recorded(batch(1, 1), 100);
        a.core.produced(output(1));
        fromB(a, 2, B1, ack(2));
        assertThat(a.released).isZero();
    }

    @Test
    void lostBackupsOutputLeavesOnlyWhenSoloIsGranted() {
        Node a = protectedPrimary();
        a.core.recorded(batch(1, 1), 100);
        a.core.produced(output(1));
        a.core.linkLost("reset", now);
        assertThat(a.released).isZero();
        a.grantAll();
        assertThat(a.released).isEqualTo(1);
    }

    @Test
    void haltedNodesGateIsClosed() {
        Node a = protectedPrimary();
        a.core.linkLost("reset", now);
        a.core.claimRefused(a.claims.getLast().nonce(), "EPOCH_DIFFERS", now);
        assertThat(a.done).contains("finish");
        assertThat(a.core.gate().state()).isInstanceOf(io.sosia.appliance.output.GateState.Closed.class);
    }

    @Test
    void machineWaitsWhenTooMuchLogIsNotAcknowledged() {
        Node a = protectedPrimary();
        a.core.recorded(batch(1, 1), 900);
        assertThat(a.core.congested()).isFalse();
        a.core.recorded(batch(2, 1), 900);
        assertThat(a.core.congested()).isTrue();
        fromB(a, 2, B1, ack(1));
        assertThat(a.core.congested()).isFalse();
    }

    private static final DiskStamp LATER = new DiskStamp("image", new LogPosition(1, 40), true);
    private static final PeerMessage.Invitation INVITATION =
            new PeerMessage.Invitation(0, new UUID(9, 9), "image");

    private static ClonePart.Cut cutAt(long seq) {
        return new ClonePart.Cut(new RunPoint(new LogPosition(2, seq), OutputTotals.NONE, 1), 0);
    }

    /// Runs alone, has sent output without receipts, and is copying itself to B.
    private Node taking() {
        Node a = alone();
        a.core.received(new Envelope(0, B1, PeerMessage.NOBODY, hello(B, LATER)), now);
        a.core.recorded(batch(1, 3), 100);
        a.core.produced(output(3));
        assertThat(a.released).isEqualTo(1);
        a.core.tick(now);
        assertThat(a.done).contains("start 2", "clone for " + B1);
        a.core.invite(INVITATION);
        assertThat(a.lastSent()).isEqualTo(INVITATION);
        return a;
    }

    @Test
    void partnerWithAnotherDiskIsTakenInWhileTheMachineRuns() {
        Node a = taking();
        a.core.recorded(batch(4, 1), 100);
        assertThat(a.lastSent()).as("before the cut nobody gets the log").isEqualTo(INVITATION);
        a.core.clonePart(cutAt(4), now);
        a.core.executed(100, LogPosition.START);
        a.core.recorded(batch(5, 1), 100);
        assertThat(a.lastSent()).isInstanceOf(PeerMessage.Log.class);
        a.core.produced(output(5));
        assertThat(a.released).as("still alone").isEqualTo(2);
        a.core.tick(now);
        assertThat(a.core.gate().state()).isInstanceOf(GateState.Open.class);

        fromB(a, 2, B1, new PeerMessage.Ack(new LogPosition(2, 4), 100, LogPosition.START));
        a.core.tick(now);
        assertThat(a.core.gate().state()).isInstanceOf(GateState.Gated.class);
        assertThat(a.claims).as("what has left at 5 is not acknowledged yet").isEmpty();
        fromB(a, 2, B1, new PeerMessage.Ack(new LogPosition(2, 5), 100, LogPosition.START));
        a.core.tick(now);
        assertThat(a.claims).hasSize(1);
        a.core.recorded(batch(6, 1), 100);
        a.core.produced(output(6));
        assertThat(a.released).as("gated while the claim is out").isEqualTo(2);
        a.grantAll();
        assertThat(a.lastSent()).isEqualTo(new PeerMessage.Confirmation());
        fromB(a, 2, B1, new PeerMessage.Ack(new LogPosition(2, 6), 100, LogPosition.START));
        assertThat(a.released).isEqualTo(3);
        assertThat(a.core.state()).isEqualTo(new NodeState.Protected(2, B1));
    }

    @Test
    void receiptsGivenBeforeTheGateWasOnCountWhenTheGuestIsIdle() {
        Node a = taking();
        a.core.clonePart(cutAt(3), now);
        a.core.recorded(batch(4, 1), 100);
        a.core.produced(output(4));
        fromB(a, 2, B1, new PeerMessage.Ack(new LogPosition(2, 4), 100, LogPosition.START));
        a.core.tick(now);
        assertThat(a.claims).as("nothing more will come from an idle guest").hasSize(1);
    }

    @Test
    void partnerThatIsLostWhileItIsTakenInCostsNothing() {
        Node a = taking();
        a.core.clonePart(cutAt(3), now);
        fromB(a, 2, B1, new PeerMessage.Ack(new LogPosition(2, 3), 100, LogPosition.START));
        a.core.linkLost("reset", now);
        assertThat(a.done).contains("abandon: reset");
        assertThat(a.core.state()).isEqualTo(new NodeState.Solo(2));
        a.core.recorded(batch(4, 1), 100);
        a.core.produced(output(4));
        assertThat(a.released).isEqualTo(2);
        assertThat(a.core.congested()).isFalse();
    }

    @Test
    void joinerAcknowledgesOnlyWhenAllIsHere() {
        Node b = new Node(B, B1).readRecordNow();
        b.core.dialled(now);
        b.core.received(new Envelope(2, A1, B1, INVITATION), now);
        assertThat(b.done).contains("join 2");
        int said = b.sent.size();
        b.core.received(new Envelope(2, A1, B1, new PeerMessage.Clone(cutAt(3))), now);
        b.core.received(new Envelope(2, A1, B1, new PeerMessage.Log(batch(4, 2))), now);
        b.core.readComplete();
        assertThat(b.done).contains("assemble Cut", "deliver 2/4");
        assertThat(b.sent).hasSize(said);
        b.core.restored(now);
        b.core.tick(now);
        assertThat(b.lastSent()).isInstanceOf(PeerMessage.Ack.class)
                .extracting(message -> ((PeerMessage.Ack) message).received()).isEqualTo(new LogPosition(2, 5));
        b.core.received(new Envelope(2, A1, B1, new PeerMessage.Confirmation()), now);
        assertThat(b.core.state()).isEqualTo(new NodeState.Following(2, A1));
    }

    @Test
    void partsOfACloneAreForNobodyWhoIsNotJoining() {
        Node b = backup();
        long before = b.core.foreignMessages();
        b.core.received(new Envelope(2, A1, B1, new PeerMessage.Clone(cutAt(0))), now);
        assertThat(b.done).noneMatch(what -> what.startsWith("assemble"));
        assertThat(b.core.foreignMessages()).isEqualTo(before + 1);
    }

    @Test
    void nodeOfAnotherPairIsTurnedAwayAndChangesNothing() {
        Node a = alone();
        Hello foreign = new Hello(new PairId(new UUID(8, 8)), B, "machine", CLEAN);
        a.core.received(new Envelope(0, B1, PeerMessage.NOBODY, foreign), now);
        assertThat(a.lastSent()).isInstanceOf(PeerMessage.Refusal.class);
        assertThat(a.core.linked()).isFalse();
        assertThat(a.core.state()).isInstanceOf(NodeState.Alone.class);
    }

    @Test
    void secondHelloOnALinkIsDropped() {
        Node a = protectedPrimary();
        a.core.received(new Envelope(0, B1, PeerMessage.NOBODY, hello(B, CLEAN)), now);
        assertThat(a.core.state()).isInstanceOf(NodeState.Protected.class);
        assertThat(a.core.foreignMessages()).isEqualTo(1);
    }

    @Test
    void partnerThatComesBeforeTheWitnessAnswersIsTakenInAfterwards() {
        Node a = new Node(A, A1);
        a.core.received(new Envelope(0, B1, PeerMessage.NOBODY, hello(B, CLEAN)), now);
        a.core.tick(now);
        assertThat(a.sent).as("neither welcomed nor refused").isEmpty();
        a.readRecordNow().grantAll();
        a.core.tick(now);
        a.grantAll();
        assertThat(a.lastSent()).isEqualTo(new PeerMessage.Welcome(new LogPosition(2, 0)));
        assertThat(a.core.state()).isEqualTo(new NodeState.Protected(2, B1));
    }

    @Test
    void answersHeartbeatsWhileItWaitsToBeWelcomed() {
        Node b = new Node(B, B1).readRecordNow();
        b.core.dialled(now);
        b.core.received(new Envelope(2, A1, B1, new PeerMessage.Heartbeat(5, 0, LogPosition.START)), now);
        assertThat(b.sent.getLast()).isEqualTo(new Envelope(2, B1, A1, new PeerMessage.HeartbeatReply(5, 0)));
    }

    @Test
    void welcomeAtAPlaceWhereNoLogStartsEndsTheLink() {
        Node b = new Node(B, B1).readRecordNow();
        b.core.dialled(now);
        b.core.received(new Envelope(2, A1, B1, new PeerMessage.Welcome(new LogPosition(2, 5))), now);
        assertThat(b.core.state()).isInstanceOf(NodeState.Standby.class);
        assertThat(b.core.linked()).isFalse();
    }

    @Test
    void oneReceiptAnswersAllThatArrivedTogether() {
        Node b = backup();
        b.core.received(new Envelope(2, A1, B1, new PeerMessage.Log(batch(1, 3))), now);
        b.core.received(new Envelope(2, A1, B1, new PeerMessage.Log(batch(4, 2))), now);
        int before = b.sent.size();
        b.core.readComplete();
        b.core.readComplete();
        assertThat(b.sent).hasSize(before + 1);
        assertThat(((PeerMessage.Ack) b.lastSent()).received()).isEqualTo(new LogPosition(2, 5));
    }

    @Test
    void gapInTheLogEndsTheLink() {
        Node b = backup();
        b.core.received(new Envelope(2, A1, B1, new PeerMessage.Log(batch(2, 1))), now);
        assertThat(b.done).doesNotContain("deliver 2/2").endsWith("drain");
        assertThat(b.core.received()).isEqualTo(new LogPosition(2, 0));
    }

    @Test
    void nothingIsTakenOrAcknowledgedAfterTheDrainHasBegun() {
        Node b = backup();
        b.core.received(new Envelope(2, A1, B1, new PeerMessage.Log(batch(1, 1))), now);
        b.core.linkLost("reset", now);
        int sent = b.sent.size();
        b.core.received(new Envelope(2, A1, B1, new PeerMessage.Log(batch(2, 1))), now);
        b.core.readComplete();
        b.core.tick(now + 100 * MILLI);
        assertThat(b.sent).hasSize(sent);
        assertThat(b.done).doesNotContain("deliver 2/2");
        assertThat(b.core.received()).isEqualTo(new LogPosition(2, 1));
    }

    @Test
    void silentPartnerIsSuspected() {
        Node b = backup();
        for (int i = 0; i < 9 && b.core.linked(); i++) {
            now += 100 * MILLI;
            b.core.tick(now);
        }
        assertThat(b.core.state()).isInstanceOf(NodeState.Draining.class);
        assertThat(b.done).contains("close: silent for 900 ms");
    }

    @Test
    void nodeThatStoodStillItselfDoesNotSuspectItsPartner() {
        Node b = backup();
        now += 60_000 * MILLI;
        b.core.tick(now);
        assertThat(b.core.state()).isInstanceOf(NodeState.Following.class);
    }

    @Test
    void allLogIsAcknowledgedBeforeTheHandOverIsSent() {
        Node a = protectedPrimary();
        a.core.recorded(batch(1, 2), 200);
        a.core.terminate(now);
        assertThat(a.done).contains("stop at mark");
        a.core.machineStands(1, new LogPosition(2, 2), now);
        fromB(a, 2, B1, ack(1));
        a.core.tick(now);
        assertThat(a.lastSent()).isNotInstanceOf(PeerMessage.HandOver.class);
        fromB(a, 2, B1, ack(2));
        a.core.tick(now);
        assertThat(a.lastSent()).isInstanceOf(PeerMessage.HandOver.class);
        assertThat(a.done).endsWith("finish");
    }

    @Test
    void machineThatRunsOnIsHandedOverOnlyWhenItStandsAgain() {
        Node a = protectedPrimary();
        assertThat(a.core.switchOver(now)).isEmpty();
        a.core.recorded(batch(1, 2), 200);
        now += 11_000 * MILLI;
        a.core.heard(now);
        a.core.tick(now);
        assertThat(a.core.state()).isInstanceOf(NodeState.Protected.class);
        assertThat(a.done).endsWith("resume");
        a.core.machineStands(1, new LogPosition(2, 2), now);
        fromB(a, 2, B1, ack(2));
        assertThat(a.core.switchOver(now)).isEmpty();
        a.core.tick(now);
        assertThat(a.core.state()).as("it does not stand yet")
                .isInstanceOfSatisfying(NodeState.HandingOver.class, s -> assertThat(s.told()).isFalse());
        a.core.machineStands(2, new LogPosition(2, 2), now);
        assertThat(a.core.state())
                .isInstanceOfSatisfying(NodeState.HandingOver.class, s -> assertThat(s.told()).isTrue());
    }

    @Test
    void noSwitchoverWhileThePartnerCouldNotClaim() {
        Node a = protectedPrimary();
        a.witnessAnswers = false;
        assertThat(a.core.switchOver(now)).contains("witness");
        a.core.tick(now);
        assertThat(a.lastSent()).isInstanceOf(PeerMessage.RenounceAsked.class);
        fromB(a, 2, B1, new PeerMessage.Renounced(1));
        a.witnessAnswers = true;
        assertThat(a.core.switchOver(now)).as("not taken back yet").contains("witness");
        fromB(a, 2, B1, new PeerMessage.ReturnAsked(1));
        assertThat(a.lastSent()).isEqualTo(new PeerMessage.Forgotten(1));
        assertThat(a.core.switchOver(now)).isEmpty();
    }

    @Test
    void backupIsNotLetGoWhileThePrimaryCouldNotGoOnAlone() {
        Node a = protectedPrimary();
        a.witnessAnswers = false;
        assertThat(a.core.letGo("a resync was asked for", now)).contains("witness");
        a.core.tick(now);
        fromB(a, 2, B1, new PeerMessage.Renounced(1));
        a.witnessAnswers = true;
        assertThat(a.core.letGo("a resync was asked for", now)).as("not taken back yet").contains("witness");
        assertThat(a.core.state()).isInstanceOf(NodeState.Protected.class);
        fromB(a, 2, B1, new PeerMessage.ReturnAsked(1));
        assertThat(a.core.letGo("a resync was asked for", now)).isEmpty();
        assertThat(a.core.state()).isInstanceOf(NodeState.Claiming.class);
        assertThat(a.core.letGo("a resync was asked for", now)).contains("no backup");
    }

    @Test
    void relyingPrimaryLetsOutputLeaveAndCountsNoReceipts() {
        Node a = protectedPrimary();
        a.witnessAnswers = false;
        a.core.tick(now);
        fromB(a, 2, B1, new PeerMessage.Renounced(1));
        a.core.recorded(batch(1, 1), 100);
        a.core.produced(output(1));
        a.core.linkLost("reset", now);
        a.core.tick(now);
        assertThat(a.done).endsWith("relied 2");
        assertThat(a.released).isZero();
        a.core.reliedWritten(2, now);
        assertThat(a.released).isEqualTo(1);
        assertThat(a.core.gate().state()).isEqualTo(new GateState.Open(2, GateState.Basis.RELIED));
        a.core.produced(output(2));
        assertThat(a.released).isEqualTo(2);
        a.grantAll();
        assertThat(a.core.state()).isEqualTo(new NodeState.Solo(3));
    }

    @Test
    void releasedPowerOffIsToldUntilItIsRecorded() {
        Node a = protectedPrimary();
        a.core.recorded(batch(1, 1), 100);
        a.core.produced(new MarkedOutput(new MachineOutput.PowerOff(false), new LogPosition(2, 1)));
        fromB(a, 2, B1, ack(1));
        a.core.tick(now + 10 * MILLI);
        assertThat(a.claims.getLast()).isInstanceOf(ClaimCommand.Stop.class);
        a.grantAll();
        assertThat(a.lastSent()).isInstanceOf(PeerMessage.Stopped.class);
    }
}
