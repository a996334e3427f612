package io.sosia.appliance.pair;

import io.sosia.appliance.pair.NodeState.Claiming;
import io.sosia.appliance.pair.NodeState.Following;
import io.sosia.appliance.pair.NodeState.HandingOver;
import io.sosia.appliance.pair.NodeState.Protected;
import io.sosia.appliance.pair.PairAction.Rely;
import io.sosia.appliance.pair.PairAction.Resume;
import io.sosia.appliance.pair.PairAction.Say;
import io.sosia.appliance.pair.PairAction.WriteRelied;
import io.sosia.appliance.pair.PairMachine.Step;
import io.sosia.appliance.pair.PeerMessage.Forgotten;
import io.sosia.appliance.pair.PeerMessage.RenounceAsked;
import io.sosia.appliance.pair.PeerMessage.Renounced;
import io.sosia.appliance.pair.PeerMessage.ReturnAsked;
import io.sosia.appliance.pair.Renunciation.Granted;
import io.sosia.appliance.pair.Renunciation.Held;
import io.sosia.appliance.pair.Renunciation.Reliance;

/// The part of the [PairMachine] that goes on when both nodes have lost the witness (architecture, "Renounce").
///
/// It is pulled, never offered: a primary that has lost the witness asks, a backup grants only if it has lost it too. To take it
/// back the backup asks, and the primary forgets that very number before it says so. Once RELIED is durable nothing is given
/// back in that epoch: the only way on is the claim that is out already.
final class RenunciationRules {

    private final PairSettings settings;

    RenunciationRules(PairSettings settings) {
        this.settings = settings;
    }

    /// A primary with a backup.
    Step inProtected(Protected s, PairEvent.OfRenunciation event, long now) {
        Held held = s.held();
        return switch (event) {
            case PairEvent.WitnessLost() when !held.any() && isTime(held.askedNanos(), now) ->
                    Step.stay(s.with(held.asked(now)), new Say(new RenounceAsked()));
            case PairEvent.Renounced(long number) -> {
                Held next = held.with(number);
                yield next.equals(held) ? Step.stay(s) : Step.to(s.with(next), "the backup has renounced, number " + number);
            }
            case PairEvent.ReturnAsked(long number) -> {
                String note = held.number() == number ? givenBack(number) : "";
                yield Step.to(s.with(held.without(number)), note, new Say(new Forgotten(number)));
            }
            default -> Step.stay(s);
        };
    }

    /// A primary that hands over takes none any more.
    Step inHandingOver(HandingOver s, PairEvent.OfRenunciation event) {
        return event instanceof PairEvent.ReturnAsked(long number)
                ? Step.stay(s.with(s.held().without(number)), new Say(new Forgotten(number)))
                : Step.stay(s);
    }

    /// A primary whose claim is out: it relies on what it holds when the witness stays silent and the backup is lost.
    Step inClaiming(Claiming s, PairEvent.OfRenunciation event) {
        Held held = s.held();
        boolean free = held.reliance() == Reliance.NOT;
        return switch (event) {
            case PairEvent.WitnessLost() when free && held.any() && needsRenunciation(s) ->
                    Step.stay(s.with(held.relying(Reliance.WRITING)), new WriteRelied(s.epoch()));
            case PairEvent.ReliedWritten(long epoch) when epoch == s.epoch() && held.reliance() == Reliance.WRITING -> {
                Claiming relying = s.with(held.relying(Reliance.DURABLE)).thawed();
                String why = "relies on the backup's renunciation, number " + held.number();
                yield s.frozen() ? Step.to(relying, why, new Rely(), new Resume()) : Step.to(relying, why, new Rely());
            }
            // The claim for SOLO closes the link; behind the others the backup may still be there.
            case PairEvent.ReturnAsked(long number) when free ->
                    Step.stay(s.with(held.without(number)), new Say(new Forgotten(number)));
            default -> Step.stay(s);
        };
    }

    private static boolean needsRenunciation(Claiming s) {
        return s.purpose() == Purpose.GO_SOLO || s.purpose() == Purpose.LET_GO && s.partnerGone();
    }

    /// A backup.
    Step inFollowing(Following s, PairEvent.OfRenunciation event, long now) {
        Granted granted = s.granted();
        return switch (event) {
            // The same one again: the answer to an earlier question may not have been there yet.
            case PairEvent.RenounceAsked(boolean witnessLost) when witnessLost && granted.outstanding() ->
                    Step.stay(s, new Say(new Renounced(granted.number())));
            case PairEvent.RenounceAsked(boolean witnessLost) when witnessLost -> {
                Granted next = granted.next();
                yield Step.to(s.with(next), "renounces, number " + next.number() + ": neither node reaches the witness",
                        new Say(new Renounced(next.number())));
            }
            case PairEvent.WitnessAnswers() when granted.outstanding() && isTime(granted.askedNanos(), now) ->
                    Step.stay(s.with(granted.askedBack(now)), new Say(new ReturnAsked(granted.number())));
            case PairEvent.Forgotten(long number) when granted.outstanding() && granted.number() == number ->
                    Step.to(s.with(granted.takenBack()), givenBack(number));
            default -> Step.stay(s);
        };
    }

    private static String givenBack(long number) {
        return "renunciation " + number + " is taken back";
    }

    private boolean isTime(long askedNanos, long now) {
        return now - askedNanos >= settings.witnessRetryNanos();
    }
}
