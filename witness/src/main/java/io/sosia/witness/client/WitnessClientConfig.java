package io.sosia.witness.client;

import io.sosia.witness.identity.Credentials;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/// Whom a client asks, and how.
///
/// @param witnesses the members of the witness, at least one
/// @param attemptTimeout how long one attempt waits for its answer before the next, 50 ms or more
/// @param warmEvery how often the client asks for a sign of life of its own accord, 50 ms or more
/// @param credentials who asks; empty for a witness that does not encrypt
public record WitnessClientConfig(
        List<WitnessAddress> witnesses,
        Duration attemptTimeout,
        Duration warmEvery,
        Optional<Credentials> credentials) {
    /// One attempt's time when nothing else is said: far above the 10 ms an answer takes, enough for a
    /// witness that has just started.
    public static final Duration ATTEMPT_TIMEOUT_DEFAULT = Duration.ofMillis(2_000);
    /// The interval between signs of life when nothing else is said.
    public static final Duration WARM_EVERY_DEFAULT = Duration.ofMillis(1_000);

    private static final Duration SHORTEST = Duration.ofMillis(50);

    /// @throws IllegalArgumentException when there is no witness, or a time is too short
    public WitnessClientConfig {
        witnesses = List.copyOf(witnesses);
        if (witnesses.isEmpty()) {
            throw new IllegalArgumentException("no witness to ask");
        }
        if (attemptTimeout.compareTo(SHORTEST) < 0 || warmEvery.compareTo(SHORTEST) < 0) {
            throw new IllegalArgumentException("attempt timeout " + attemptTimeout + " and warm interval " + warmEvery
                    + " must be " + SHORTEST + " or more");
        }
    }

    /// Not encrypted.
    public WitnessClientConfig(List<WitnessAddress> witnesses, Duration attemptTimeout, Duration warmEvery) {
        this(witnesses, attemptTimeout, warmEvery, Optional.empty());
    }

    /// With the usual times.
    public WitnessClientConfig(List<WitnessAddress> witnesses, Optional<Credentials> credentials) {
        this(witnesses, ATTEMPT_TIMEOUT_DEFAULT, WARM_EVERY_DEFAULT, credentials);
    }

    /// With the usual times, not encrypted.
    public WitnessClientConfig(List<WitnessAddress> witnesses) {
        this(witnesses, Optional.empty());
    }
}
