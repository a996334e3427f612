package io.sosia.appliance.history;

import java.util.OptionalLong;

/// One thing a client asked of one number, and what it was told.
///
/// @param client   who asked
/// @param ask      what
/// @param invoked  when, on any clock that all clients share
/// @param returned when the answer came; [#NEVER] when it did not: then it may have been done at any time after `invoked`, or never
/// @param answer   empty exactly when none came
public record Operation(int client, Ask ask, long invoked, long returned, OptionalLong answer) {

    /// After everything.
    public static final long NEVER = Long.MAX_VALUE;

    /// What can be asked of a number.
    public sealed interface Ask {

        /// What the number is afterwards.
        default long next(long number) {
            return switch (this) {
                case Get _ -> number;
                case Set(long value) -> value;
                case Increment _ -> number + 1;
                case CompareAndSet(long expected, long value) -> number == expected ? value : number;
            };
        }

        /// What the client is told.
        default long answer(long number) {
            return switch (this) {
                case Get _ -> number;
                case Set _ -> 0;
                case Increment _ -> number + 1;
                case CompareAndSet(long expected, long _) -> number == expected ? 1 : 0;
            };
        }
    }

    /// Answered with the number.
    public record Get() implements Ask {}

    /// Answered with 0.
    public record Set(long value) implements Ask {}

    /// Answered with the number afterwards.
    public record Increment() implements Ask {}

    /// Answered with 1 if the number was the one expected and has been replaced, else with 0.
    public record CompareAndSet(long expected, long value) implements Ask {}

    public Operation {
        if (invoked > returned || answer.isEmpty() != (returned == NEVER)) {
            throw new IllegalArgumentException("invoked " + invoked + ", returned " + returned + ", answer " + answer);
        }
    }

    /// One that was answered.
    public static Operation answered(int client, Ask ask, long invoked, long returned, long answer) {
        return new Operation(client, ask, invoked, returned, OptionalLong.of(answer));
    }

    /// One whose answer never came.
    public static Operation unanswered(int client, Ask ask, long invoked) {
        return new Operation(client, ask, invoked, NEVER, OptionalLong.empty());
    }
}
