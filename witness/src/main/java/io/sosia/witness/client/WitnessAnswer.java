package io.sosia.witness.client;

import java.util.Objects;

/// What came of asking the witness.
public sealed interface WitnessAnswer<T> {
    /// The witness answered; this is final.
    record Answered<T>(T value) implements WitnessAnswer<T> {
        public Answered {
            Objects.requireNonNull(value, "answer");
        }
    }

    /// The witness cannot read the question and did nothing on account of it. One side is of another version. Of the
    /// same command submitted before it says nothing.
    ///
    /// @param why in words, naming the versions
    record Rejected<T>(String why) implements WitnessAnswer<T> {
        public Rejected {
            Objects.requireNonNull(why, "why");
        }
    }

    /// No answer came in time, or the witness would not hear us. A command's outcome is unknown: it may have been carried out, or may still be, long
    /// after this. Its sender repeats the very same command, nonce included, until it has an answer.
    ///
    /// @param why the last failure, in words
    record Unanswered<T>(String why) implements WitnessAnswer<T> {
        public Unanswered {
            Objects.requireNonNull(why, "why");
        }
    }
}
