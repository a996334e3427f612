package io.sosia.appliance.arbiter;

import io.sosia.witness.claim.ClaimCommand;
import io.sosia.witness.claim.Nonce;
import io.sosia.witness.claim.PairRecord;

/// Who decides between two nodes that cannot see each other: the test-and-set of the FT paper (2.3). Calls return at once; the
/// answer comes later, exactly one for each call, on a thread of the arbiter's.
public interface Arbiter extends AutoCloseable {

    /// Asks for the pair's record.
    void read(Answers answers);

    /// Submits a claim; the same claim may be submitted again and again.
    void submit(ClaimCommand claim, Answers answers);

    /// Whether the arbiter has answered lately.
    boolean reachable();

    @Override
    void close();

    /// Takes the answer of one call.
    interface Answers {
        void record(PairRecord record);

        void unknownPair();

        void granted(Nonce nonce, PairRecord record);

        /// Definitely not granted, now or ever.
        void refused(Nonce nonce, String reason);

        /// Definitely not granted, since an operator's order has written this record.
        void overruled(Nonce nonce, PairRecord record);

        /// No answer in time; a claim's outcome is unknown.
        void silent(String why);
    }
}
