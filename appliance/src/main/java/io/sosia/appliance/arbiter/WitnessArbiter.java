package io.sosia.appliance.arbiter;

import io.sosia.witness.claim.ClaimCommand;
import io.sosia.witness.claim.ClaimResult;
import io.sosia.witness.claim.PairId;
import io.sosia.witness.claim.TableEntry;
import io.sosia.witness.client.ClaimService;
import io.sosia.witness.client.WitnessAnswer;
import java.time.Duration;
import java.util.Optional;

/// A claim service, the witness server or a shared directory, as the arbiter of one pair. Opened when the node starts.
public final class WitnessArbiter implements Arbiter {

    private static final Duration DEADLINE = Duration.ofSeconds(5);
    private static final Duration REACHABLE_WITHIN = Duration.ofSeconds(5);

    private final ClaimService service;
    private final PairId pairId;

    /// @param service closed with this arbiter
    public WitnessArbiter(ClaimService service, PairId pairId) {
        this.service = service;
        this.pairId = pairId;
    }

    @Override
    public void read(Answers answers) {
        service.read(pairId, DEADLINE).thenAccept(answer -> {
            switch (answer) {
                case WitnessAnswer.Answered<Optional<TableEntry>>(Optional<TableEntry> entry) ->
                        entry.ifPresentOrElse(known -> answers.record(known.record()), answers::unknownPair);
                case WitnessAnswer.Rejected<Optional<TableEntry>>(String why) -> answers.silent(why);
                case WitnessAnswer.Unanswered<Optional<TableEntry>>(String why) -> answers.silent(why);
            }
        });
    }

    @Override
    public void submit(ClaimCommand claim, Answers answers) {
        service.submit(claim, DEADLINE).thenAccept(answer -> {
            switch (answer) {
                case WitnessAnswer.Answered<ClaimResult>(ClaimResult result) -> answered(claim, result, answers);
                // An earlier submission of the same claim may still be granted.
                case WitnessAnswer.Rejected<ClaimResult>(String why) -> answers.silent(why);
                case WitnessAnswer.Unanswered<ClaimResult>(String why) -> answers.silent(why);
            }
        });
    }

    private static void answered(ClaimCommand claim, ClaimResult result, Answers answers) {
        switch (result) {
            case ClaimResult.Granted(var record) -> answers.granted(claim.nonce(), record);
            case ClaimResult.Refused(var record, var _) when record.lastChange().operatorWord().isPresent() ->
                    answers.overruled(claim.nonce(), record);
            case ClaimResult.Refused(var record, var reason) ->
                    answers.refused(claim.nonce(), reason + ", the record says " + record.summary());
            case ClaimResult.UnknownPair(PairId unknown) ->
                    // It has lost its storage: no reason to give up a running machine. An operator's word ends the wait.
                    answers.silent("the witness does not know pair " + unknown + " any more");
            case ClaimResult.TableFull(PairId _, int pairsMax) ->
                    answers.refused(claim.nonce(), "the witness holds " + pairsMax + " pairs, the most it may");
        }
    }

    @Override
    public boolean reachable() {
        return service.answeredWithin(REACHABLE_WITHIN);
    }

    @Override
    public void close() {
        service.close();
    }
}
