package io.sosia.appliance.pair;

import io.sosia.appliance.clone.ClonePart;
import io.sosia.appliance.eventlog.LogBatch;
import io.sosia.appliance.eventlog.LogPosition;
import io.sosia.appliance.eventlog.MarkedOutput;
import io.sosia.appliance.machine.port.MachineOutput;
import io.sosia.appliance.output.Ack;
import io.sosia.appliance.output.GateLimits;
import io.sosia.appliance.output.GateState;
import io.sosia.appliance.output.OutputGate;
import io.sosia.appliance.pair.PeerMessage.Envelope;
import io.sosia.appliance.pair.PeerMessage.Hello;
import io.sosia.witness.claim.Incarnation;
import io.sosia.witness.claim.Nonce;
import io.sosia.witness.claim.PairRecord;
import java.util.Optional;

/// One node's side of the pair protocol: carries messages, answers and ticks to the [PairMachine], its actions to the
/// [PairEnvironment], and keeps the output gate between them. Pure and single-threaded: time is an argument,
/// everything else that happens is a call. A node runs it on its event loop; the simulation runs it as it is.
public final class PairCore {

    /// What a node tells of itself once.
    ///
    /// @param settings      names, incarnation and patience
    /// @param timing        failure detection
    /// @param machine       digest of how the machine is built; both nodes' must be equal
    /// @param gateLimits    how much output is held before the machine waits
    /// @param logBytesMax   log sent and not acknowledged, in bytes, before the machine waits
    /// @param reliedEpoch   the last epoch for which an earlier life of this node wrote RELIED; 0 for none
    public record Setup(PairSettings settings, LinkTiming timing, String machine, GateLimits gateLimits, long logBytesMax,
            long reliedEpoch) {}

    /// Failure detection.
    ///
    /// @param heartbeatNanos time between two heartbeats
    /// @param silenceNanos   a partner not heard of for this long is suspected
    /// @param redialNanos    pause before a refused node offers itself again
    public record LinkTiming(long heartbeatNanos, long silenceNanos, long redialNanos) {
        public LinkTiming {
            if (heartbeatNanos <= 0 || silenceNanos < 2 * heartbeatNanos || redialNanos <= 0) {
                throw new IllegalArgumentException("heartbeat every " + heartbeatNanos + " ns with silence after "
                        + silenceNanos + " ns: silence has to be two heartbeats at least");
            }
        }

        /// A partner is suspected after `silenceNanos`, with eight heartbeats in that time.
        public static LinkTiming suspectAfter(long silenceNanos) {
            return new LinkTiming(silenceNanos / 8, silenceNanos, 2 * silenceNanos);
        }
    }

    private static final int UNJOINED_PATIENCE = 10;
    /// A partner being taken in has caught up when it executes so close behind.
    private static final long CAUGHT_UP_NANOS = 150_000_000;
    /// And is given up when it does not come so close in this time.
    private static final long CATCH_UP_NANOS_MAX = 120_000_000_000L;

    private final Setup setup;
    private final PairMachine rules;
    private final PairEnvironment environment;
    private final OutputGate gate;
    private final Incarnation self;

    private NodeState state = new NodeState.Reading(0, 0);
    private PeerMessage.DiskStamp disk;

    private boolean linked;
    private long linkEpoch;
    private Optional<Incarnation> partner = Optional.empty();
    private Optional<PairEvent.PartnerOffers> offer = Optional.empty();
    private long heardNanos;
    private long beatNanos;
    private long tickedNanos;
    private long redialAtNanos = Long.MAX_VALUE;

    private final SentLog sent = new SentLog();
    private long cutNanos;

    private Optional<PeerMessage.Invitation> invitation = Optional.empty();
    private boolean assembled;
    private LogPosition received = LogPosition.START;
    private LogPosition ackedBack = LogPosition.START;
    private long executedStep;
    private long executedStepTold;
    private LogPosition durable = LogPosition.START;
    private LogPosition partnerDurable = LogPosition.START;

    private boolean powerOffReleased;
    private boolean drained;
    private long stands;
    private Optional<LogPosition> standsAt = Optional.empty();
    private long foreignMessages;

    /// @param disk what this node's disk holds when it starts
    public PairCore(Setup setup, PeerMessage.DiskStamp disk, PairEnvironment environment) {
        this.setup = setup;
        this.disk = disk;
        this.environment = environment;
        this.rules = new PairMachine(setup.settings(), setup.reliedEpoch());
        this.self = setup.settings().incarnation();
        this.gate = new OutputGate(setup.gateLimits(), this::release);
    }

    /// The node's first call.
    public void begin(long now) {
        heardNanos = now;
        beatNanos = now;
        tickedNanos = now;
        take(rules.begin(now), now);
    }

    /// Time passes; to be called several times per heartbeat.
    public void tick(long now) {
        if (now - tickedNanos > setup.timing().silenceNanos() / 2) {
            // This very process stood still: what the partner sent meanwhile has not been read yet.
            heardNanos = now;
        }
        tickedNanos = now;
        tell(new PairEvent.Tick(), now);
        tell(environment.witnessAnswers() ? new PairEvent.WitnessAnswers() : new PairEvent.WitnessLost(), now);
        if (powerOffReleased) {
            tell(new PairEvent.PowerOffReleased(), now);
        }
        if (drained) {
            tell(new PairEvent.Drained(), now);
        }
        tellIfHandedOver(now);
        if (offer.isPresent()) {
            tell(offer.get(), now);
        }
        tellOfTaking(now);
        if (!disk.clean()) {
            tell(new PairEvent.CannotBeJoined(
                    "this node's disk is that of a run without an end, no partner's can be equal"), now);
        }
        if (linked && now - heardNanos > patienceNanos()) {
            loseLink("silent for " + (now - heardNanos) / 1_000_000 + " ms", now);
        }
        if (now >= redialAtNanos && state instanceof NodeState.Standby) {
            redialAtNanos = Long.MAX_VALUE;
            environment.dial();
        }
        acknowledge(true);
        beat(now);
    }

    /// How close to us the partner is that we take in.
    private void tellOfTaking(long now) {
        if (!(state instanceof NodeState.Taking) || !sent.streaming()) {
            return;
        }
        sent.at(executedStep, now);
        boolean gated = state instanceof NodeState.Taking taking && taking.phase() == NodeState.Taking.Phase.GATED;
        if (!gated && sent.unackedBytes() > setup.logBytesMax()) {
            tell(new PairEvent.CloneFailed("the partner leaves too much of the log without a receipt"), now);
            return;
        }
        if (!gated && now - cutNanos > CATCH_UP_NANOS_MAX) {
            tell(new PairEvent.CloneFailed("the partner has not caught up within " + CATCH_UP_NANOS_MAX / 1_000_000_000 + " s"),
                    now);
            return;
        }
        if (sent.followedWithin(CAUGHT_UP_NANOS, now)) {
            tell(new PairEvent.PartnerCaughtUp(), now);
        }
        if (gate.backupHasAllReleased()) {
            tell(new PairEvent.PartnerHoldsAllReleased(), now);
        }
    }

    /// How long the partner may be silent: where no output waits for it, nothing hangs on a quick suspicion.
    private long patienceNanos() {
        boolean joined = switch (state) {
            case NodeState.Protected _, NodeState.Following _, NodeState.HandingOver _ -> true;
            case NodeState.Taking taking -> taking.phase() == NodeState.Taking.Phase.GATED;
            case NodeState.Claiming claiming -> claiming.purpose() == Purpose.PROTECT_LIVE;
            case NodeState.Syncing syncing -> syncing.restored();
            case NodeState.Reading _, NodeState.Waiting _, NodeState.Alone _, NodeState.Solo _, NodeState.Standby _,
                 NodeState.Draining _, NodeState.Stopped _, NodeState.Halted _ -> false;
        };
        return joined ? setup.timing().silenceNanos() : UNJOINED_PATIENCE * setup.timing().silenceNanos();
    }

    private void beat(long now) {
        if (partner.isEmpty() || now - beatNanos < setup.timing().heartbeatNanos()) {
            return;
        }
        beatNanos = now;
        send(new PeerMessage.Heartbeat(now, executedStep, durable));
    }

    // The link.

    /// Our dialling has reached the partner.
    public void dialled(long now) {
        if (!(state instanceof NodeState.Standby)) {
            environment.closeLink("connected while " + state.word());
            return;
        }
        linkUp(now);
        linkEpoch = 0;
        environment.send(new Envelope(0, self, PeerMessage.NOBODY,
                new Hello(setup.settings().pairId(), setup.settings().node(), setup.machine(), disk)));
    }

    /// Somebody has dialled and said Hello. The node takes one link at a time: the channel turns others away before
    /// they get here.
    public void offered(Incarnation sender, Hello hello, long now) {
        if (linked) {
            // A second introduction on the same link: nothing that a partner of ours says.
            foreignMessages++;
            return;
        }
        linkUp(now);
        partner = Optional.of(sender);
        linkEpoch = state.epoch();
        String foreign = foreign(hello);
        if (!foreign.isEmpty()) {
            foreignMessages++;
            send(new PeerMessage.Refusal(foreign));
            dropLink(foreign);
            return;
        }
        offer = Optional.of(offer(sender, hello));
        tell(offer.get(), now);
    }

    private void linkUp(long now) {
        linked = true;
        heardNanos = now;
        beatNanos = now;
        partner = Optional.empty();
        offer = Optional.empty();
    }

    private String foreign(Hello hello) {
        if (!hello.pairId().equals(setup.settings().pairId())) {
            return "it belongs to pair " + hello.pairId() + ", this is pair " + setup.settings().pairId();
        }
        if (!hello.node().equals(setup.settings().partner())) {
            return "it calls itself " + hello.node() + ", expected " + setup.settings().partner();
        }
        return "";
    }

    private PairEvent.PartnerOffers offer(Incarnation sender, Hello hello) {
        if (!hello.machine().equals(setup.machine())) {
            return new PairEvent.PartnerOffers(sender, PairEvent.Fit.UNFIT,
                    "its machine is built differently (kernel, initrd, command line, RAM or devices)");
        }
        if (hello.disk().clean() && disk.clean() && hello.disk().equals(disk)) {
            return new PairEvent.PartnerOffers(sender, PairEvent.Fit.EQUAL, "");
        }
        return new PairEvent.PartnerOffers(sender, PairEvent.Fit.BY_CLONE,
                "its disk does not hold the same bytes (" + hello.disk() + ", here " + disk + ")");
    }

    /// Bytes have arrived on the link: a sign of life.
    public void heard(long now) {
        heardNanos = now;
    }

    /// One message has arrived. What is not of this epoch and these lives is dropped.
    public void received(Envelope envelope, long now) {
        heardNanos = now;
        switch (envelope.message()) {
            case Hello hello -> offered(envelope.sender(), hello, now);
            case PeerMessage.Welcome(LogPosition start) -> welcomed(envelope, start, now);
            case PeerMessage.Invitation invitation -> invited(envelope, invitation, now);
            case PeerMessage.Refusal(String reason) -> refused(envelope, reason, now);
            case PeerMessage.Log _, PeerMessage.Ack _, PeerMessage.Heartbeat _, PeerMessage.HeartbeatReply _,
                 PeerMessage.Leaving _, PeerMessage.HandOver _, PeerMessage.Stopped _, PeerMessage.Clone _,
                 PeerMessage.Confirmation _, PeerMessage.OfDisk _, PeerMessage.OfRenunciation _ -> {
                if (waitsForWelcome(envelope)) {
                    answerWhileWaiting(envelope);
                } else if (envelope.epoch() != linkEpoch || !envelope.addressee().equals(self)
                        || !partner.equals(Optional.of(envelope.sender()))) {
                    foreignMessages++;
                } else {
                    known(envelope.message(), now);
                }
            }
        }
    }

    private boolean waitsForWelcome(Envelope envelope) {
        return linked && partner.isEmpty() && state instanceof NodeState.Standby && envelope.addressee().equals(self);
    }

    /// The owner may have to wait for the witness before it can welcome us, longer than it would bear silence.
    private void answerWhileWaiting(Envelope envelope) {
        if (envelope.message() instanceof PeerMessage.Heartbeat(long sent, long _, LogPosition _)) {
            environment.send(new Envelope(envelope.epoch(), self, envelope.sender(),
                    new PeerMessage.HeartbeatReply(sent, executedStep)));
        }
    }

    private void welcomed(Envelope envelope, LogPosition start, long now) {
        if (isForNobodyWaiting(envelope)) {
            return;
        }
        if (!start.equals(new LogPosition(envelope.epoch(), 0))) {
            loseLink("welcomed at log position " + start + ", expected " + new LogPosition(envelope.epoch(), 0), now);
            return;
        }
        takenBy(envelope, start);
        tell(new PairEvent.Welcomed(envelope.epoch(), envelope.sender()), now);
    }

    private void invited(Envelope envelope, PeerMessage.Invitation with, long now) {
        if (isForNobodyWaiting(envelope)) {
            return;
        }
        takenBy(envelope, new LogPosition(envelope.epoch(), 0));
        invitation = Optional.of(with);
        tell(new PairEvent.Invited(envelope.epoch(), envelope.sender()), now);
    }

    /// An answer to our Hello counts only while we wait for one.
    private boolean isForNobodyWaiting(Envelope envelope) {
        boolean foreign = !(state instanceof NodeState.Standby) || !linked || !envelope.addressee().equals(self);
        foreignMessages += foreign ? 1 : 0;
        return foreign;
    }

    private void takenBy(Envelope envelope, LogPosition start) {
        partner = Optional.of(envelope.sender());
        linkEpoch = envelope.epoch();
        received = start;
        ackedBack = start;
    }

    private void refused(Envelope envelope, String reason, long now) {
        if (!(state instanceof NodeState.Standby) || !envelope.addressee().equals(self)) {
            foreignMessages++;
            return;
        }
        tell(new PairEvent.Refused(reason), now);
        dropLink("refused");
        redialAtNanos = now + setup.timing().redialNanos();
    }

    private void known(PeerMessage message, long now) {
        switch (message) {
            case PeerMessage.Log(LogBatch batch) -> logged(batch, now);
            case PeerMessage.Ack(LogPosition got, long step, LogPosition durableThere) ->
                    acknowledged(got, step, durableThere);
            case PeerMessage.Heartbeat(long _, long _, LogPosition durableThere) -> {
                // A sign of life, and both sides give it by themselves.
                partnerDurable = durableThere.reaches(partnerDurable) ? durableThere : partnerDurable;
            }
            case PeerMessage.HeartbeatReply _ -> { }
            case PeerMessage.OfDisk ofDisk -> environment.ofDisk(ofDisk);
            case PeerMessage.OfRenunciation renunciation -> tell(heardOf(renunciation), now);
            case PeerMessage.Leaving(String reason) -> {
                tell(new PairEvent.PartnerLeaves(reason), now);
                dropLink(reason);
            }
            case PeerMessage.HandOver() -> tell(new PairEvent.PartnerHandsOver(), now);
            case PeerMessage.Stopped() -> tell(new PairEvent.PartnerStopped(), now);
            case PeerMessage.Clone(ClonePart part) -> assemble(part);
            case PeerMessage.Confirmation() -> tell(new PairEvent.Confirmed(linkEpoch), now);
            case Hello _, PeerMessage.Welcome _, PeerMessage.Invitation _, PeerMessage.Refusal _ ->
                    throw new IllegalStateException("handled before: " + message);
        }
    }

    private PairEvent heardOf(PeerMessage.OfRenunciation message) {
        return switch (message) {
            case PeerMessage.RenounceAsked() -> new PairEvent.RenounceAsked(!environment.witnessAnswers());
            case PeerMessage.Renounced(long number) -> new PairEvent.Renounced(number);
            case PeerMessage.ReturnAsked(long number) -> new PairEvent.ReturnAsked(number);
            case PeerMessage.Forgotten(long number) -> new PairEvent.Forgotten(number);
        };
    }

    private void assemble(ClonePart part) {
        if (!(state instanceof NodeState.Syncing) || assembled) {
            foreignMessages++;
            return;
        }
        if (part instanceof ClonePart.Cut cut) {
            assembled = true;
            received = cut.point().last();
            ackedBack = received;
        }
        environment.assemble(part);
    }

    private void logged(LogBatch batch, long now) {
        boolean follows = state instanceof NodeState.Following || state instanceof NodeState.Syncing && assembled;
        if (!follows) {
            foreignMessages++;
            return;
        }
        if (!batch.first().equals(received.next())) {
            loseLink("the log goes on with entry " + batch.first() + ", expected " + received.next(), now);
            return;
        }
        received = batch.last();
        environment.deliver(batch);
    }

    private void acknowledged(LogPosition got, long step, LogPosition durableThere) {
        boolean counts = gate.state() instanceof GateState.Gated
                ? gate.ack(new Ack(linkEpoch, partner.orElseThrow().value(), got), sent.recorded())
                : state instanceof NodeState.Taking && sent.streaming() && sent.recorded().reaches(got);
        if (counts) {
            sent.acknowledged(got, step, durableThere);
        }
    }

    /// All that had arrived on the link has been given to [#received]: one receipt answers it.
    public void readComplete() {
        acknowledge(false);
    }

    private void acknowledge(boolean evenIfOnlyExecuted) {
        boolean acknowledges = state instanceof NodeState.Following
                || state instanceof NodeState.Syncing syncing && syncing.restored();
        if (!acknowledges || !linked) {
            return;
        }
        boolean news = received.compareTo(ackedBack) > 0;
        if (news || evenIfOnlyExecuted && executedStep > executedStepTold) {
            ackedBack = received;
            executedStepTold = executedStep;
            send(new PeerMessage.Ack(received, executedStep, durable));
        }
    }

    /// The link is gone, or could not be made.
    public void linkLost(String reason, long now) {
        if (linked) {
            dropped();
            lost(reason, now);
        }
    }

    private void loseLink(String reason, long now) {
        dropLink(reason);
        lost(reason, now);
    }

    private void lost(String reason, long now) {
        if (state instanceof NodeState.Standby) {
            redialAtNanos = now + setup.timing().redialNanos() / 4;
        }
        tell(new PairEvent.PartnerLost(reason), now);
    }

    private void dropLink(String reason) {
        if (linked) {
            dropped();
            environment.closeLink(reason);
        }
    }

    private void dropped() {
        linked = false;
        partner = Optional.empty();
        offer = Optional.empty();
        sent.end();
        partnerDurable = LogPosition.START;
    }

    private void send(PeerMessage message) {
        if (linked && partner.isPresent()) {
            environment.send(new Envelope(linkEpoch, self, partner.get(), message));
        }
    }

    // The witness.

    public void recordRead(PairRecord record, long now) {
        tell(new PairEvent.RecordRead(record), now);
    }

    public void recordUnknown(long now) {
        tell(new PairEvent.RecordUnknown(), now);
    }

    public void claimGranted(Nonce nonce, PairRecord record, long now) {
        tell(new PairEvent.ClaimGranted(nonce, record), now);
    }

    public void claimRefused(Nonce nonce, String reason, long now) {
        tell(new PairEvent.ClaimRefused(nonce, reason), now);
    }

    public void claimOverruled(Nonce nonce, PairRecord record, long now) {
        tell(new PairEvent.Overruled(nonce, record), now);
    }

    public void witnessSilent(long now) {
        tell(new PairEvent.WitnessSilent(), now);
    }

    /// RELIED of this epoch is durable on this node, after [PairEnvironment#writeRelied].
    public void reliedWritten(long epoch, long now) {
        tell(new PairEvent.ReliedWritten(epoch), now);
    }

    // The own machine.

    /// The recorder has written these entries; they go to the backup, if there is one.
    ///
    /// @param bytes what they are counted as in the bounded buffer
    public void recorded(LogBatch batch, long bytes) {
        if (sent.record(batch, bytes)) {
            send(new PeerMessage.Log(batch));
        }
    }

    /// The machine has produced an external output; its mark is among the entries recorded before.
    public void produced(MarkedOutput output) {
        gate.hold(output);
    }

    /// Where the partner finds our disk; its memory follows as [#clonePart]s. The answer to [PairEnvironment#beginClone].
    public void invite(PeerMessage.Invitation to) {
        if (state instanceof NodeState.Taking) {
            send(to);
        }
    }

    /// A part of what the partner is sent; the log follows behind a [ClonePart.Cut].
    public void clonePart(ClonePart part, long now) {
        if (!(state instanceof NodeState.Taking)) {
            return;
        }
        send(new PeerMessage.Clone(part));
        if (part instanceof ClonePart.Cut cut) {
            sent.begin(cut.point().last());
            cutNanos = now;
            tell(new PairEvent.CloneSent(), now);
        }
    }

    /// The partner cannot be given our disk or memory.
    public void cloneFailed(String reason, long now) {
        tell(new PairEvent.CloneFailed(reason), now);
    }

    /// All that [PairEnvironment#join] waits for is here and durable.
    public void restored(long now) {
        tell(new PairEvent.Restored(), now);
    }

    /// The operator wants the backup to be taken in afresh. Without the witness the primary could not go on alone after that, and what
    /// protects it now would be given away for nothing.
    ///
    /// @return why that cannot be; empty when it begins
    public String letGo(String reason, long now) {
        if (!(state instanceof NodeState.Protected)) {
            return "this node is " + state.word() + ", and has no backup to take in afresh";
        }
        if (witnessIsLost()) {
            return "the witness does not answer both nodes: without it this node could not go on alone. Ask again when `sosia status` "
                    + "says on both that it is reached";
        }
        tell(new PairEvent.LetGo(reason), now);
        return "";
    }

    /// A renunciation is held as long as either node has not reached the witness since.
    private boolean witnessIsLost() {
        return !state.renunciation().summary().isEmpty() || !environment.witnessAnswers();
    }

    /// The operator wants the partner to be the primary.
    ///
    /// @return why that cannot be; empty when it begins
    public String switchOver(long now) {
        if (!(state instanceof NodeState.Protected)) {
            return state.isPrimary()
                    ? "there is no backup to hand over to: this node is " + state.word()
                    : "this node is " + state.word() + ", not the primary; ask the other one";
        }
        if (witnessIsLost()) {
            return "the witness does not answer both nodes: the partner could not take over";
        }
        tell(new PairEvent.SwitchOver(), now);
        return "";
    }

    /// Whether the machine has to wait: too much log without receipt, or too much output held.
    public boolean congested() {
        boolean waitsForReceipts = gate.state() instanceof GateState.Gated;
        return waitsForReceipts && sent.unackedBytes() > setup.logBytesMax() || gate.full();
    }

    /// How far the own machine is, and up to where its disk is durable.
    public void executed(long step, LogPosition durableHere) {
        executedStep = step;
        durable = durableHere;
    }

    /// The replayer has done all it was given and its disk is durable, after [PairEnvironment#drain].
    public void drained(long now) {
        drained = true;
        tell(new PairEvent.Drained(), now);
    }

    /// The machine stands as it was asked to, and its last entry, at this position, has been recorded.
    ///
    /// @param number of the [PairEnvironment#stopAtMark] that this answers; an earlier one's answer means nothing any more
    public void machineStands(long number, LogPosition last, long now) {
        if (number == stands) {
            standsAt = Optional.of(last);
            tellIfHandedOver(now);
        }
    }

    private void tellIfHandedOver(long now) {
        if (standsAt.isPresent() && gate.acked().reaches(standsAt.get())) {
            tell(new PairEvent.HandedOver(), now);
        }
    }

    /// This node cannot go on.
    public void fault(String reason, long now) {
        tell(new PairEvent.LocalFault(reason), now);
    }

    /// The operator asks this node to end.
    public void terminate(long now) {
        tell(new PairEvent.Terminate(), now);
    }

    private void release(MarkedOutput output) {
        if (output.output() instanceof MachineOutput.PowerOff) {
            powerOffReleased = true;
        }
        environment.release(output);
    }

    // What it looks like from outside.

    public NodeState state() {
        return state;
    }

    public OutputGate gate() {
        return gate;
    }

    public boolean linked() {
        return linked;
    }

    /// On a primary: the step its backup has executed.
    public long backupStep() {
        return sent.executedStep();
    }

    /// The log position up to which the partner's disk is durable, as far as it has said.
    public LogPosition partnerDurable() {
        return sent.durable().reaches(partnerDurable) ? sent.durable() : partnerDurable;
    }

    /// Tells the partner something of the disks, if there is one: what is lost on the way is asked for again.
    public void tellOfDisk(PeerMessage.OfDisk message) {
        send(message);
    }

    /// On a backup: the last entry received.
    public LogPosition received() {
        return received;
    }

    /// Messages dropped because they were not of this epoch and these lives.
    public long foreignMessages() {
        return foreignMessages;
    }

    // Events in, actions out.

    private void tell(PairEvent event, long now) {
        take(rules.step(state, event, now), now);
    }

    private void take(PairMachine.Step step, long now) {
        NodeState before = state;
        state = step.state();
        if (before.getClass() != state.getClass() || !step.reason().isEmpty()) {
            environment.transition(before, state, step.reason());
        }
        for (PairAction action : step.actions()) {
            carryOut(action, now);
        }
    }

    private void carryOut(PairAction action, long now) {
        switch (action) {
            case PairAction.ReadRecord() -> environment.readRecord();
            case PairAction.Submit(var command) -> environment.submit(command);
            case PairAction.Dial() -> environment.dial();
            case PairAction.CloseLink(String reason) -> dropLink(reason);
            case PairAction.Welcome(long epoch, Incarnation _) -> {
                offer = Optional.empty();
                linkEpoch = epoch;
                LogPosition start = new LogPosition(epoch, 0);
                sent.begin(start);
                send(new PeerMessage.Welcome(start));
            }
            case PairAction.Invite(long epoch, Incarnation backup) -> {
                offer = Optional.empty();
                linkEpoch = epoch;
                environment.beginClone(epoch, backup);
            }
            case PairAction.AbandonClone(String reason) -> {
                sent.end();
                environment.abandonClone(reason);
            }
            case PairAction.WaitForBackup(Incarnation backup) -> {
                gate.waitFor(backup.value());
                // What this very life has acknowledged before counts as well: an idle guest gives it nothing new to say.
                gate.ack(new Ack(linkEpoch, backup.value(), sent.received()), sent.recorded());
            }
            case PairAction.BackToSolo() -> gate.backToSolo();
            case PairAction.AskProtection() -> gate.protectAsked();
            case PairAction.ProtectionGranted() -> gate.protectAnswered(true);
            case PairAction.Confirm() -> send(new PeerMessage.Confirmation());
            case PairAction.Join(long epoch) -> {
                stain();
                environment.join(epoch, invitation.orElseThrow());
            }
            case PairAction.Refuse(String reason) -> {
                send(new PeerMessage.Refusal(reason));
                offer = Optional.empty();
            }
            case PairAction.GateByAcks(long epoch, Incarnation backup) -> {
                offer = Optional.empty();
                gate.startProtected(epoch, backup.value());
            }
            case PairAction.GateOpen(long epoch) -> gate.soloGranted(epoch);
            case PairAction.StartMachine(long epoch) -> {
                stain();
                environment.startMachine(epoch);
            }
            case PairAction.Follow(long epoch) -> {
                stain();
                environment.follow(epoch);
            }
            case PairAction.Drain() -> environment.drain();
            case PairAction.GoLive(long epoch) -> {
                drained = false;
                gate.soloGranted(epoch);
                environment.goLive(epoch);
            }
            case PairAction.Say(PeerMessage.OfRenunciation message) -> send(message);
            case PairAction.WriteRelied(long epoch) -> environment.writeRelied(epoch);
            case PairAction.Rely() -> gate.relied();
            case PairAction.Pause() -> environment.pause();
            case PairAction.Resume() -> environment.resume();
            case PairAction.StopAtMark() -> {
                standsAt = Optional.empty();
                environment.stopAtMark(++stands);
            }
            case PairAction.SendHandOver() -> send(new PeerMessage.HandOver());
            case PairAction.SendStopped() -> send(new PeerMessage.Stopped());
            case PairAction.SendLeaving(String reason) -> send(new PeerMessage.Leaving(reason));
            case PairAction.Finish(Outcome outcome, String reason) -> {
                gate.close(reason);
                environment.finish(outcome, reason);
            }
        }
    }

    /// From now on the disk is that of a run without an end.
    private void stain() {
        disk = new PeerMessage.DiskStamp(disk.content(), disk.position(), false);
    }
}
