package io.sosia.witness.client;

import io.sosia.witness.claim.ClaimCommand;
import io.sosia.witness.claim.ClaimResult;
import io.sosia.witness.claim.PairId;
import io.sosia.witness.claim.TableEntry;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;

/// Where the records of pairs are kept and changed by the rules of `ClaimTable`. Asking never blocks: every question has a
/// deadline, and its future completes by then, never exceptionally. Safe for use from several threads. Futures complete on
/// threads shared with others: what hangs on them must not block.
public interface ClaimService extends AutoCloseable {

    /// Has a command carried out. Submitting the same one again, nonce included, is always safe.
    ///
    /// @param deadline more than zero
    CompletableFuture<WitnessAnswer<ClaimResult>> submit(ClaimCommand command, Duration deadline);

    /// What is known of the pair; empty when it is unknown. The answer is no older than the question.
    ///
    /// @param deadline more than zero
    CompletableFuture<WitnessAnswer<Optional<TableEntry>>> read(PairId pairId, Duration deadline);

    /// Whether an answer came within this time before now, to the service's own questions too.
    boolean answeredWithin(Duration time);

    /// Ends every question under way as `Unanswered`.
    @Override
    void close();
}
