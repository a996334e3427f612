package io.sosia.appliance.pair;

import io.sosia.appliance.pair.PairAction.AbandonClone;
import io.sosia.appliance.pair.PairAction.AskProtection;
import io.sosia.appliance.pair.PairAction.BackToSolo;
import io.sosia.appliance.pair.PairAction.CloseLink;
import io.sosia.appliance.pair.PairAction.Confirm;
import io.sosia.appliance.pair.PairAction.Dial;
import io.sosia.appliance.pair.PairAction.Drain;
import io.sosia.appliance.pair.PairAction.Finish;
import io.sosia.appliance.pair.PairAction.Follow;
import io.sosia.appliance.pair.PairAction.GateByAcks;
import io.sosia.appliance.pair.PairAction.GateOpen;
import io.sosia.appliance.pair.PairAction.GoLive;
import io.sosia.appliance.pair.PairAction.Invite;
import io.sosia.appliance.pair.PairAction.Join;
import io.sosia.appliance.pair.PairAction.Pause;
import io.sosia.appliance.pair.PairAction.ProtectionGranted;
import io.sosia.appliance.pair.PairAction.ReadRecord;
import io.sosia.appliance.pair.PairAction.Refuse;
import io.sosia.appliance.pair.PairAction.Resume;
import io.sosia.appliance.pair.PairAction.SendHandOver;
import io.sosia.appliance.pair.PairAction.SendLeaving;
import io.sosia.appliance.pair.PairAction.SendStopped;
import io.sosia.appliance.pair.PairAction.StartMachine;
import io.sosia.appliance.pair.PairAction.StopAtMark;
import io.sosia.appliance.pair.PairAction.Submit;
import io.sosia.appliance.pair.PairAction.WaitForBackup;
import io.sosia.appliance.pair.PairAction.Welcome;
import io.sosia.appliance.pair.NodeState.Alone;
import io.sosia.appliance.pair.NodeState.Claiming;
import io.sosia.appliance.pair.NodeState.Draining;
import io.sosia.appliance.pair.NodeState.Following;
import io.sosia.appliance.pair.NodeState.Halted;
import io.sosia.appliance.pair.NodeState.HandingOver;
import io.sosia.appliance.pair.NodeState.Protected;
import io.sosia.appliance.pair.NodeState.Reading;
import io.sosia.appliance.pair.NodeState.Solo;
import io.sosia.appliance.pair.NodeState.Standby;
import io.sosia.appliance.pair.NodeState.Stopped;
import io.sosia.appliance.pair.NodeState.Syncing;
import io.sosia.appliance.pair.NodeState.Taking;
import io.sosia.appliance.pair.NodeState.Taking.Phase;
import io.sosia.appliance.pair.NodeState.Waiting;
import io.sosia.witness.claim.ClaimCommand;
import io.sosia.witness.claim.Expected;
import io.sosia.witness.claim.Incarnation;
import io.sosia.witness.claim.Nonce;
import io.sosia.witness.claim.PairRecord;
import io.sosia.witness.claim.PairState;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;

/// The rules of who is live, one node's side: `step(state, event, now) -> (state, actions, reason)`.
///
/// Safety rests on the witness's compare-and-sets and on incarnations, never on time: time only decides when to ask.
/// A claim once sent is repeated until it is granted or refused; meanwhile the node takes nothing else on.
public final class PairMachine {

    /// What one event leads to. `reason` is set when the state's kind has changed, or something is worth a line of diagnostics.
    public record Step(NodeState state, List<PairAction> actions, String reason) {
        static Step stay(NodeState state, PairAction... actions) {
            return new Step(state, List.of(actions), "");
        }

        static Step to(NodeState state, String reason, PairAction... actions) {
            return new Step(state, List.of(actions), reason);
        }
    }

    private static final String GUEST_OFF = "the guest has switched itself off";
    private static final String TAKEN = "there is a backup already";

    /// A node that stands by, or is live alone, asks the witness this many times less often than one that cannot go on without an answer.
    private static final int STANDBY_RETRIES = 5;

    private static final long LONG_AGO = Long.MIN_VALUE / 2;

    private final PairSettings settings;
    private final RenunciationRules renunciation;
    private final long reliedEpoch;

    public PairMachine(PairSettings settings) {
        this(settings, 0);
    }

    /// @param reliedEpoch the last epoch for which an earlier life of this node wrote RELIED; 0 for none
    public PairMachine(PairSettings settings, long reliedEpoch) {
        this.settings = settings;
        this.renunciation = new RenunciationRules(settings);
        this.reliedEpoch = reliedEpoch;
    }

    /// A node's first step: asks the witness where the pair stands.
    public Step begin(long now) {
        return Step.stay(new Reading(0, now), new ReadRecord());
    }

    /// What `event` leads to in `state` at `now` (any clock that does not go back, in nanoseconds).
    public Step step(NodeState state, PairEvent event, long now) {
        return switch (state) {
            case Reading s -> reading(s, event, now);
            case Waiting s -> waiting(s, event, now);
            case Claiming s -> claiming(s, event, now);
            case Alone s -> alone(s, event, now);
            case Protected s -> inProtected(s, event, now);
            case Solo s -> solo(s, event, now);
            case Taking s -> taking(s, event, now);
            case Standby s -> standby(s, event, now);
            case Syncing s -> syncing(s, event);
            case Following s -> following(s, event, now);
            case Draining s -> draining(s, event, now);
            case HandingOver s -> handingOver(s, event, now);
            case Stopped s -> Step.stay(s);
            case Halted s -> Step.stay(s);
        };
    }

    private Step reading(Reading s, PairEvent event, long now) {
        return switch (event) {
            case PairEvent.RecordRead(PairRecord record) -> start(record, now);
            case PairEvent.RecordUnknown() -> halt(s.epoch(),
                    "the witness does not know this pair: run `sosia pair init` first, or `sosia pair reinit` if the witness lost it");
            case PairEvent.Tick() when now - s.askedNanos() >= settings.witnessRetryNanos() ->
                    Step.stay(new Reading(s.epoch(), now), new ReadRecord());
            case PairEvent.LocalFault(String reason) -> halt(s.epoch(), reason);
            case PairEvent.Terminate() -> stop(s.epoch(), "terminated");
            // A partner that offers itself waits as we do: refused, it would stay away for many times an answer's time.
            default -> Step.stay(s);
        };
    }

    /// Where a node without memory of a run stands by the record.
    private Step start(PairRecord record, long now) {
        if (!record.owner().equals(settings.node())) {
            return Step.to(new Standby(record.epoch(), "not the owner", now),
                    "the record's owner is " + record.owner(), new Dial());
        }
        if (record.state() == PairState.PROTECTED && record.epoch() == reliedEpoch) {
            return coldBoot(record, now, "owner by the record, and the partner has renounced");
        }
        Optional<Incarnation> partner = record.incarnationOf(settings.partner());
        if (record.state() == PairState.PROTECTED && partner.isPresent()) {
            return Step.to(new Waiting(record, partner.get(), now + settings.partnerGraceNanos(), now),
                    "the partner was in sync and may be about to claim");
        }
        return coldBoot(record, now, "owner by the record" + (onTheWordOf(record).isEmpty() ? "" : ", " + onTheWordOf(record)));
    }

    private Step waiting(Waiting s, PairEvent event, long now) {
        return switch (event) {
            case PairEvent.RecordRead(PairRecord record) when !record.equals(s.record()) -> start(record, now);
            case PairEvent.PartnerOffers o when !o.incarnation().equals(s.partner()) ->
                    coldBoot(s.record(), now, "the partner's life that was in sync is over");
            case PairEvent.Tick() when now >= s.untilNanos() -> coldBoot(s.record(), now, "the partner did not come");
            case PairEvent.Tick() when now - s.askedNanos() >= settings.witnessRetryNanos() ->
                    Step.stay(new Waiting(s.record(), s.partner(), s.untilNanos(), now), new ReadRecord());
            case PairEvent.LocalFault(String reason) -> halt(s.epoch(), reason);
            case PairEvent.Terminate() -> stop(s.epoch(), "terminated");
            default -> Step.stay(s);
        };
    }

    private Step claiming(Claiming s, PairEvent event, long now) {
        Nonce ours = s.command().nonce();
        return switch (event) {
            case PairEvent.ClaimGranted(Nonce nonce, PairRecord record) when nonce.equals(ours) ->
                    granted(s, record, now);
            case PairEvent.ClaimRefused(Nonce nonce, String reason) when nonce.equals(ours) -> refused(s, reason, now);
            case PairEvent.Overruled(Nonce nonce, PairRecord record) when nonce.equals(ours) -> overruled(s, record, now);
            case PairEvent.Tick() -> repeat(s, now);
            case PairEvent.PartnerLost(String reason) -> claimWithoutPartner(s, reason);
            case PairEvent.PartnerLeaves(String reason) -> claimWithoutPartner(s, reason);
            case PairEvent.CloneFailed(String reason) when s.purpose() == Purpose.PROTECT_LIVE -> {
                Step alone = claimWithoutPartner(s, reason);
                List<PairAction> actions = new ArrayList<>(List.of(new CloseLink(reason)));
                actions.addAll(alone.actions());
                yield new Step(alone.state(), List.copyOf(actions), alone.reason());
            }
            case PairEvent.OfRenunciation e -> renunciation.inClaiming(s, e);
            case PairEvent.PartnerOffers o when s.purpose() != Purpose.COLD_BOOT && s.purpose() != Purpose.PROTECT ->
                    Step.stay(s, new Refuse("a claim is with the witness"));
            case PairEvent.LocalFault(String reason) -> halt(s.epoch(), reason);
            case PairEvent.Terminate() -> stop(s.epoch(), "terminated while claiming");
            default -> Step.stay(s);
        };
    }

    private static Step claimWithoutPartner(Claiming s, String reason) {
        return s.purpose() == Purpose.PROTECT_LIVE && !s.partnerGone()
                ? Step.stay(s.withoutPartner(), new AbandonClone(reason))
                : Step.stay(s.withoutPartner());
    }

    /// Sends the outstanding claim again, and freezes a primary whose claim stays without an answer; not one whose output a
    /// partner's receipts let out, or its renunciation.
    private Step repeat(Claiming s, long now) {
        boolean hasPartner = s.purpose() == Purpose.PROTECT_LIVE || s.purpose() == Purpose.LET_GO;
        boolean goesOn = hasPartner && !s.partnerGone() || s.relied();
        if (!s.frozen() && !goesOn && now - s.sinceNanos() >= settings.freezeNanos()) {
            return Step.to(s.inFrost(), "the claim has no answer",
                    s.purpose().machineRuns() ? new PairAction[] {new Pause()} : new PairAction[0]);
        }
        if (now - s.askedNanos() < settings.witnessRetryNanos()) {
            return Step.stay(s);
        }
        return Step.stay(s.askedAgain(now), new Submit(s.command()));
    }

    private Step granted(Claiming s, PairRecord record, long now) {
        long epoch = record.epoch();
        return switch (s.purpose()) {
            case COLD_BOOT -> Step.to(new Alone(epoch, now + settings.partnerGraceNanos()), "cold boot granted");
            case PROTECT -> protectedNow(s, epoch, now);
            case PROTECT_LIVE -> protectedLive(s, epoch, now);
            case GO_SOLO -> s.frozen()
                    ? Step.to(new Solo(epoch), "SOLO granted", new GateOpen(epoch), new Resume())
                    : Step.to(new Solo(epoch), "SOLO granted", new GateOpen(epoch));
            case LET_GO -> {
                List<PairAction> actions = new ArrayList<>(List.of(
                        new CloseLink("the backup is to be taken in afresh"), new GateOpen(epoch)));
                if (s.frozen()) {
                    actions.add(new Resume());
                }
                yield new Step(new Solo(epoch), List.copyOf(actions), "SOLO granted");
            }
            case PROMOTE -> Step.to(new Solo(epoch), "SOLO granted", new GoLive(epoch));
            case STOP -> Step.to(new Stopped(epoch, GUEST_OFF), "end of the run recorded",
                    new SendStopped(), new Finish(Outcome.ENDED, GUEST_OFF));
        };
    }

    private Step protectedNow(Claiming s, long epoch, long now) {
        Incarnation backup = ((ClaimCommand.Protect) s.command()).backupIncarnation();
        Protected here = new Protected(epoch, backup);
        if (!s.partnerGone()) {
            return Step.to(here, "protection granted", new Welcome(epoch, backup), new StartMachine(epoch));
        }
        // The record names a backup that is gone, and nothing has run in this epoch yet.
        Step solo = goSolo(here, "the backup was lost while it was being taken in", now);
        List<PairAction> actions = new ArrayList<>(solo.actions());
        actions.add(new StartMachine(epoch));
        return new Step(solo.state(), List.copyOf(actions), solo.reason());
    }

    private Step protectedLive(Claiming s, long epoch, long now) {
        Protected here = new Protected(epoch, ((ClaimCommand.Protect) s.command()).backupIncarnation());
        if (!s.partnerGone()) {
            return Step.to(here, "protection granted", new ProtectionGranted(), new Confirm());
        }
        Step solo = goSolo(here, "the backup was lost while it was being taken in", now);
        List<PairAction> actions = new ArrayList<>(List.of(new ProtectionGranted()));
        if (s.frozen()) {
            actions.add(new Resume());
        }
        actions.addAll(solo.actions());
        return new Step(solo.state(), List.copyOf(actions), solo.reason());
    }

    private Step refused(Claiming s, String reason, long now) {
        String lost = "the witness refused " + s.purpose() + " at epoch " + s.epoch() + ": " + reason;
        if (s.purpose() == Purpose.COLD_BOOT) {
            // Nothing runs here yet, and the record has moved on (a claim of an earlier life can be granted late).
            return Step.to(new Reading(s.epoch(), now), lost, new ReadRecord());
        }
        return rejoin(s.epoch(), lost);
    }

    /// An operator has written the record anew. One that names this very life, alone, is taken over by a claim of our own that expects
    /// it; any other is a refusal.
    private Step overruled(Claiming s, PairRecord record, long now) {
        if (!writtenForUs(record) || !s.purpose().holdsMemory()) {
            return refused(s, onTheWordOf(record) + ", the record says " + record.summary(), now);
        }
        if (s.purpose() == Purpose.STOP) {
            return endRun(record.asExpected(), now);
        }
        List<PairAction> actions = new ArrayList<>();
        Purpose purpose = s.purpose();
        if (purpose == Purpose.PROTECT_LIVE) {
            purpose = Purpose.GO_SOLO;
            if (!s.partnerGone()) {
                actions.addAll(List.of(new CloseLink(onTheWordOf(record)), new AbandonClone(onTheWordOf(record))));
            }
        }
        ClaimCommand claim = claimSolo(purpose, record.asExpected());
        actions.add(new Submit(claim));
        return new Step(new Claiming(s.epoch(), purpose, claim, now, now, s.partnerGone(), s.frozen(), s.held()), List.copyOf(actions),
                onTheWordOf(record));
    }

    /// Whether a record names this very life, alone.
    private boolean writtenForUs(PairRecord record) {
        return record.state() == PairState.SOLO && record.owner().equals(settings.node())
                && record.namesInSync(settings.node(), settings.incarnation());
    }

    /// Whose order wrote the record; empty when none did.
    private static String onTheWordOf(PairRecord record) {
        return record.lastChange().operatorWord()
                .map(word -> "on the word of " + word.operator() + " (" + word.reason() + ")").orElse("");
    }

    private Step alone(Alone s, PairEvent event, long now) {
        return switch (event) {
            case PairEvent.PartnerOffers(Incarnation partner, PairEvent.Fit fit, String _)
                    when fit == PairEvent.Fit.EQUAL -> claim(Purpose.PROTECT, s.epoch(), claimProtection(s.epoch(), partner), now,
                            "the partner is here with the same disk", new GateByAcks(s.epoch(), partner));
            // It stays on the line: once the machine runs it is taken in, or told why not.
            case PairEvent.PartnerOffers(Incarnation _, PairEvent.Fit _, String difference) -> startAlone(s, difference);
            case PairEvent.CannotBeJoined(String why) -> startAlone(s, why);
            case PairEvent.Tick() when now >= s.untilNanos() -> startAlone(s, "the partner did not come");
            case PairEvent.LocalFault(String reason) -> halt(s.epoch(), reason);
            case PairEvent.Terminate() -> stop(s.epoch(), "terminated");
            default -> Step.stay(s);
        };
    }

    private static Step startAlone(Alone s, String reason) {
        return Step.to(new Solo(s.epoch()), reason, new GateOpen(s.epoch()), new StartMachine(s.epoch()));
    }

    private Step inProtected(Protected s, PairEvent event, long now) {
        return switch (event) {
            case PairEvent.PartnerLost(String reason) -> goSolo(s, reason, now);
            case PairEvent.PartnerLeaves(String reason) -> goSolo(s, "the backup leaves: " + reason, now);
            // The link stays until the grant: a backup that saw it close could claim sooner, and the roles would change.
            case PairEvent.LetGo(String reason) ->
                    holding(s.held(), claim(Purpose.LET_GO, s.epoch(), claimSolo(Purpose.LET_GO, s.epoch()), now, reason));
            // Something the guest was told just before the grant arrived here.
            case PairEvent.CloneFailed(String reason) -> goSolo(s, reason, now);
            case PairEvent.PowerOffReleased() ->
                    holding(s.held(), endRun(new Expected(s.epoch(), PairState.PROTECTED), now));
            case PairEvent.OfRenunciation e -> renunciation.inProtected(s, e, now);
            case PairEvent.PartnerOffers o -> Step.stay(s, new Refuse(TAKEN));
            case PairEvent.LocalFault(String reason) -> handOver(s, Outcome.FAILED, reason, now);
            case PairEvent.SwitchOver() -> handOver(s, Outcome.REJOIN, "switchover", now);
            case PairEvent.Terminate() -> handOver(s, Outcome.ENDED, "terminated", now);
            default -> Step.stay(s);
        };
    }

    private Step goSolo(Protected s, String reason, long now) {
        return holding(s.held(), claim(Purpose.GO_SOLO, s.epoch(), claimSolo(Purpose.GO_SOLO, s.epoch()), now, reason,
                new CloseLink(reason)));
    }

    /// The claim of a primary that holds its backup's renunciation.
    private static Step holding(Renunciation.Held held, Step claim) {
        return new Step(((Claiming) claim.state()).with(held), claim.actions(), claim.reason());
    }

    private Step handOver(Protected s, Outcome outcome, String reason, long now) {
        return Step.to(new HandingOver(s.epoch(), s.backup(), outcome, reason, now + settings.handOverNanos(), s.held(), false, now),
                reason, new StopAtMark());
    }

    private Step handingOver(HandingOver s, PairEvent event, long now) {
        boolean livesOn = s.outcome() == Outcome.REJOIN;
        return switch (event) {
            case PairEvent.HandedOver() when !livesOn -> handedOver(s, new SendHandOver());
            case PairEvent.HandedOver() when !s.told() -> Step.to(s.tells(now), "the backup has all of the log and is to go live",
                    new SendHandOver(), new ReadRecord());
            case PairEvent.RecordRead(PairRecord record) when s.told() && record.epoch() > s.epoch() ->
                    writtenForUs(record) ? keepsMachine(s, record, now) : handedOver(s);
            case PairEvent.Tick() when now >= s.untilNanos() -> notHandedOver(s, s.told(),
                    s.told() ? "the backup did not go live in time" : "the backup did not acknowledge the log in time", now);
            case PairEvent.Tick() when s.told() && now - s.askedNanos() >= settings.witnessRetryNanos() ->
                    Step.stay(s.asked(now), new ReadRecord());
            // Once told, it closes the link to go live: only the record says whether it does.
            case PairEvent.PartnerLost(String reason) when !s.told() ->
                    notHandedOver(s, true, "the backup was lost: " + reason, now);
            case PairEvent.PartnerLeaves(String reason) -> notHandedOver(s, true, "the backup left: " + reason, now);
            case PairEvent.OfRenunciation e -> renunciation.inHandingOver(s, e);
            case PairEvent.LocalFault(String reason) when livesOn -> endsAs(s.endingAs(Outcome.FAILED, reason));
            case PairEvent.Terminate() when livesOn -> endsAs(s.endingAs(Outcome.ENDED, "terminated"));
            default -> Step.stay(s);
        };
    }

    /// A node that ends anyway waits for no record.
    private static Step endsAs(HandingOver s) {
        return s.told() ? handedOver(s) : Step.stay(s);
    }

    private static Step handedOver(HandingOver s, PairAction... before) {
        List<PairAction> actions = new ArrayList<>(List.of(before));
        actions.add(new Finish(s.outcome(), s.reason()));
        return new Step(s.outcome() == Outcome.FAILED ? new Halted(s.epoch(), s.reason()) : new Stopped(s.epoch(), s.reason()),
                List.copyOf(actions), "handed over");
    }

    /// It was not the backup that moved the record on, but an operator, who named the life that is here.
    private Step keepsMachine(HandingOver s, PairRecord record, long now) {
        String reason = onTheWordOf(record);
        Step claim = claim(Purpose.GO_SOLO, s.epoch(), claimSolo(Purpose.GO_SOLO, record.asExpected()), now, reason, new CloseLink(reason));
        return runningOn(holding(s.held(), claim));
    }

    private static Step runningOn(Step claim) {
        List<PairAction> actions = new ArrayList<>(claim.actions());
        actions.add(new Resume());
        return new Step(claim.state(), List.copyOf(actions), claim.reason());
    }

    /// Who lives on runs on: with its backup, if that is still there and knows of nothing, or else with a claim of its own.
    private Step notHandedOver(HandingOver s, boolean withoutBackup, String why, long now) {
        String reason = s.reason() + ", but " + why;
        if (s.outcome() != Outcome.REJOIN) {
            return halt(s.epoch(), reason);
        }
        Protected again = new Protected(s.epoch(), s.backup(), s.held());
        if (!withoutBackup) {
            return Step.to(again, reason, new Resume());
        }
        return runningOn(goSolo(again, reason, now));
    }

    private Step solo(Solo s, PairEvent event, long now) {
        return switch (event) {
            case PairEvent.PowerOffReleased() -> endRun(new Expected(s.epoch(), PairState.SOLO), now);
            case PairEvent.PartnerOffers(Incarnation _, PairEvent.Fit fit, String difference)
                    when fit == PairEvent.Fit.UNFIT -> Step.stay(s, new Refuse(difference));
            case PairEvent.PartnerOffers(Incarnation partner, PairEvent.Fit _, String _) -> Step.to(
                    new Taking(s.epoch(), partner, Phase.COPYING), "the partner is here and needs disk and memory",
                    new Invite(s.epoch(), partner));
            case PairEvent.Tick() when now - s.askedNanos() >= STANDBY_RETRIES * settings.witnessRetryNanos() ->
                    Step.stay(new Solo(s.epoch(), now), new ReadRecord());
            case PairEvent.RecordRead(PairRecord record) when record.epoch() > s.epoch() -> superseded(s, record, now);
            case PairEvent.LocalFault(String reason) -> halt(s.epoch(), reason);
            case PairEvent.Terminate() -> stop(s.epoch(), "terminated without a backup: the machine ends here");
            default -> Step.stay(s);
        };
    }

    /// Only an operator's order moves the record on without us: one that names this very life is taken over by a claim of our own,
    /// behind any other somebody else is live, or about to be. An answer to a question of long ago has no later epoch.
    private Step superseded(Solo s, PairRecord record, long now) {
        return writtenForUs(record)
                ? claim(Purpose.GO_SOLO, s.epoch(), claimSolo(Purpose.GO_SOLO, record.asExpected()), now, onTheWordOf(record))
                : rejoin(s.epoch(), "the record has moved on without this node: " + record.summary()
                        + (onTheWordOf(record).isEmpty() ? "" : ", " + onTheWordOf(record)));
    }

    private Step taking(Taking s, PairEvent event, long now) {
        return switch (event) {
            case PairEvent.PartnerLost(String reason) -> notTaken(s, reason);
            case PairEvent.PartnerLeaves(String reason) -> notTaken(s, "the partner leaves: " + reason);
            case PairEvent.CloneFailed(String reason) -> notTaken(s, reason, new CloseLink(reason));
            case PairEvent.CloneSent() when s.phase() == Phase.COPYING ->
                    Step.stay(new Taking(s.epoch(), s.backup(), Phase.FOLLOWED));
            case PairEvent.PartnerCaughtUp() when s.phase() == Phase.FOLLOWED ->
                    Step.stay(new Taking(s.epoch(), s.backup(), Phase.GATED), new WaitForBackup(s.backup()));
            case PairEvent.PartnerHoldsAllReleased() when s.phase() == Phase.GATED ->
                    claim(Purpose.PROTECT_LIVE, s.epoch(), claimProtection(s.epoch(), s.backup()), now,
                            "the partner has disk, memory and log", new AskProtection());
            case PairEvent.PowerOffReleased() -> {
                Step solo = notTaken(s, GUEST_OFF, new CloseLink(GUEST_OFF));
                Step end = endRun(new Expected(s.epoch(), PairState.SOLO), now);
                List<PairAction> actions = new ArrayList<>(solo.actions());
                actions.addAll(end.actions());
                yield new Step(end.state(), List.copyOf(actions), end.reason());
            }
            case PairEvent.LocalFault(String reason) -> halt(s.epoch(), reason);
            case PairEvent.Terminate() -> stop(s.epoch(), "terminated without a backup: the machine ends here");
            default -> Step.stay(s);
        };
    }

    private static Step notTaken(Taking s, String reason, PairAction... before) {
        List<PairAction> actions = new ArrayList<>(List.of(before));
        actions.add(new AbandonClone(reason));
        if (s.phase() == Phase.GATED) {
            actions.add(new BackToSolo());
        }
        return new Step(new Solo(s.epoch()), List.copyOf(actions), "the partner was not taken in: " + reason);
    }

    private Step standby(Standby s, PairEvent event, long now) {
        return switch (event) {
            case PairEvent.Welcomed(long epoch, Incarnation primary) ->
                    Step.to(new Following(epoch, primary), "taken in by the primary", new Follow(epoch));
            case PairEvent.Invited(long epoch, Incarnation primary) -> Step.to(new Syncing(epoch, primary, false),
                    "the primary sends its disk and memory", new Join(epoch));
            case PairEvent.Refused(String reason) -> Step.stay(new Standby(s.epoch(), reason, s.askedNanos()));
            case PairEvent.RecordRead(PairRecord record) when record.owner().equals(settings.node()) -> {
                Step owner = start(record, now);
                List<PairAction> actions = new ArrayList<>(List.of(new CloseLink("this node is the owner")));
                actions.addAll(owner.actions());
                yield new Step(owner.state(), List.copyOf(actions), owner.reason());
            }
            case PairEvent.Tick() when now - s.askedNanos() >= STANDBY_RETRIES * settings.witnessRetryNanos() ->
                    Step.stay(new Standby(s.epoch(), s.why(), now), new ReadRecord());
            case PairEvent.PartnerOffers o -> Step.stay(s, new Refuse("this node is not the owner either"));
            case PairEvent.LocalFault(String reason) -> halt(s.epoch(), reason);
            case PairEvent.Terminate() -> stop(s.epoch(), "terminated");
            default -> Step.stay(s);
        };
    }

    private Step syncing(Syncing s, PairEvent event) {
        return switch (event) {
            case PairEvent.Restored() -> Step.stay(new Syncing(s.epoch(), s.primary(), true));
            case PairEvent.Confirmed(long _) when s.restored() ->
                    Step.to(new Following(s.epoch(), s.primary()), "in sync by the record");
            case PairEvent.PartnerLost(String reason) -> sourceLost(s, reason);
            case PairEvent.PartnerLeaves(String reason) -> sourceLost(s, reason);
            case PairEvent.LocalFault(String reason) -> leave(s.epoch(), reason);
            case PairEvent.Terminate() -> Step.to(new Stopped(s.epoch(), "terminated"), "terminated",
                    new SendLeaving("terminated"), new Finish(Outcome.ENDED, "terminated"));
            default -> Step.stay(s);
        };
    }

    /// Its memory is that of a run which goes on elsewhere. But with all of it here, the record may name us in sync already.
    private static Step sourceLost(Syncing s, String reason) {
        return s.restored()
                ? Step.to(new Draining(s.epoch(), true, Renunciation.Granted.NONE, false, 0, reason, LONG_AGO), reason, new CloseLink(reason),
                        new Drain())
                : rejoin(s.epoch(), "the primary was lost before all was here: " + reason);
    }

    private Step following(Following s, PairEvent event, long now) {
        return switch (event) {
            case PairEvent.PartnerLost(String reason) -> drain(s, true, reason);
            case PairEvent.PartnerLeaves(String reason) -> drain(s, true, reason);
            // With these words the primary has forgotten every renunciation of ours.
            case PairEvent.PartnerHandsOver() ->
                    drain(s.with(s.granted().takenBack()), true, "the primary hands over");
            case PairEvent.PartnerStopped() -> drain(s, false, GUEST_OFF);
            case PairEvent.OfRenunciation e -> renunciation.inFollowing(s, e, now);
            case PairEvent.LocalFault(String reason) -> leave(s.epoch(), reason);
            case PairEvent.Terminate() -> Step.to(new Stopped(s.epoch(), "terminated"), "terminated",
                    new SendLeaving("terminated"), new Finish(Outcome.ENDED, "terminated"));
            default -> Step.stay(s);
        };
    }

    private static Step drain(Following s, boolean promote, String reason) {
        return Step.to(new Draining(s.epoch(), promote, s.granted(), true, 0, reason, LONG_AGO),
                promote && s.granted().outstanding() ? reason + ", and this node has renounced" : reason, new CloseLink(reason), new Drain());
    }

    private Step draining(Draining s, PairEvent event, long now) {
        return switch (event) {
            case PairEvent.Drained() when s.promote() && (s.renounced() || !s.named()) ->
                    now - s.askedNanos() >= settings.witnessRetryNanos()
                            ? Step.stay(s.asked(now), new ReadRecord()) : Step.stay(s);
            case PairEvent.RecordRead(PairRecord record) when s.promote() && s.renounced() -> movedOn(s, record)
                    ? rejoin(s.epoch(), "the record has moved on, and this node had renounced: " + s.reason())
                    : Step.stay(s);
            case PairEvent.RecordRead(PairRecord record) when s.promote() && !s.named() -> named(s, record, now);
            case PairEvent.Drained() when s.promote() ->
                    claim(Purpose.PROMOTE, s.epoch(), claimSolo(Purpose.PROMOTE, s.epoch()), now, "drained");
            case PairEvent.Drained() -> stop(s.epoch(), s.reason());
            case PairEvent.LocalFault(String reason) -> rejoin(s.epoch(), reason);
            case PairEvent.Terminate() -> stop(s.epoch(), "terminated while draining");
            default -> Step.stay(s);
        };
    }

    /// Whether the record says that the run goes on elsewhere, or is over. It may be an answer to a question of long ago.
    private static boolean movedOn(Draining s, PairRecord record) {
        return record.epoch() > s.epoch() || record.epoch() == s.epoch() && record.state() == PairState.STOPPED;
    }

    /// An answer that does not name us may be one to a question of long ago: it counts from the second on.
    private Step named(Draining s, PairRecord record, long now) {
        if (namesUs(record, s.epoch())) {
            return Step.stay(s.knownAsNamed());
        }
        return s.denials() == 0
                ? Step.stay(s.denied(now), new ReadRecord())
                : rejoin(s.epoch(), "the primary was lost before the record named this node in sync: " + s.reason());
    }

    private boolean namesUs(PairRecord record, long epoch) {
        return record.epoch() == epoch && record.state() == PairState.PROTECTED
                && record.namesInSync(settings.node(), settings.incarnation());
    }

    private Step coldBoot(PairRecord record, long now, String reason) {
        // Within an epoch the record may move on from SOLO: a claim that expects another state is another claim.
        Nonce nonce = nonce(Purpose.COLD_BOOT, record.epoch() * PairState.values().length + record.state().ordinal(),
                settings.incarnation());
        ClaimCommand command = record.state() == PairState.STOPPED
                ? new ClaimCommand.Start(
                        settings.pairId(), record.epoch(), settings.node(), settings.incarnation(), nonce)
                : new ClaimCommand.ColdBoot(
                        settings.pairId(), record.asExpected(), settings.node(), settings.incarnation(), nonce);
        return claim(Purpose.COLD_BOOT, record.epoch(), command, now, reason);
    }

    /// PROTECTED naming this incarnation becomes the next epoch, SOLO.
    private ClaimCommand claimSolo(Purpose purpose, long epoch) {
        return claimSolo(purpose, new Expected(epoch, PairState.PROTECTED));
    }

    private ClaimCommand claimSolo(Purpose purpose, Expected expected) {
        return new ClaimCommand.ClaimSolo(settings.pairId(), expected, settings.node(), settings.incarnation(),
                nonce(purpose, expected.epoch(), settings.incarnation()));
    }

    /// SOLO of this epoch becomes PROTECTED, naming the partner that is to be our backup.
    private ClaimCommand claimProtection(long epoch, Incarnation partner) {
        return new ClaimCommand.Protect(settings.pairId(), epoch, settings.node(), settings.incarnation(), partner,
                nonce(Purpose.PROTECT, epoch, partner));
    }

    private Step endRun(Expected expected, long now) {
        long epoch = expected.epoch();
        ClaimCommand command = new ClaimCommand.Stop(
                settings.pairId(), expected, settings.node(), settings.incarnation(),
                nonce(Purpose.STOP, epoch, settings.incarnation()));
        return claim(Purpose.STOP, epoch, command, now, GUEST_OFF);
    }

    private static Step claim(
            Purpose purpose, long epoch, ClaimCommand command, long now, String reason, PairAction... before) {
        List<PairAction> actions = new ArrayList<>(List.of(before));
        actions.add(new Submit(command));
        return new Step(new Claiming(epoch, purpose, command, now, now, false, false, Renunciation.Held.NONE),
                List.copyOf(actions), reason);
    }

    /// Different for every claim that differs in anything, the same for a repetition: mixed from what the claim says.
    private Nonce nonce(Purpose purpose, long what, Incarnation about) {
        UUID self = settings.incarnation().value();
        UUID other = about.value();
        long place = mix(what * Purpose.values().length + purpose.ordinal());
        return new Nonce(new UUID(
                mix(mix(self.getMostSignificantBits() ^ place) ^ other.getMostSignificantBits()),
                mix(mix(self.getLeastSignificantBits() ^ place) ^ other.getLeastSignificantBits())));
    }

    /// The finalizer of splitmix64.
    private static long mix(long z) {
        z = (z + 0x9e3779b97f4a7c15L);
        z = (z ^ (z >>> 30)) * 0xbf58476d1ce4e5b9L;
        z = (z ^ (z >>> 27)) * 0x94d049bb133111ebL;
        return z ^ (z >>> 31);
    }

    /// A backup that cannot go on: its memory is of no use any more, a new life may be taken in again.
    private static Step leave(long epoch, String reason) {
        return Step.to(new Halted(epoch, reason), reason, new SendLeaving(reason), new Finish(Outcome.REJOIN, reason));
    }

    private static Step rejoin(long epoch, String reason) {
        return Step.to(new Halted(epoch, reason), reason, new CloseLink(reason), new Finish(Outcome.REJOIN, reason));
    }

    private static Step halt(long epoch, String reason) {
        return Step.to(new Halted(epoch, reason), reason, new CloseLink(reason), new Finish(Outcome.FAILED, reason));
    }

    private static Step stop(long epoch, String reason) {
        return Step.to(new Stopped(epoch, reason), reason, new CloseLink(reason), new Finish(Outcome.ENDED, reason));
    }
}
