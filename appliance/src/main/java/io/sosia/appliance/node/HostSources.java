package io.sosia.appliance.node;

import java.security.SecureRandom;
import java.time.Instant;
import java.util.concurrent.locks.LockSupport;

/// What a node takes from its host that no replay can repeat: time and randomness. It enters the machine as logged
/// inputs only.
public interface HostSources {

    /// Nanoseconds of a clock that never goes back.
    long monotonicNanos();

    /// Nanoseconds since 1970-01-01 UTC.
    long wallNanos();

    /// Random bytes nobody can guess.
    byte[] random(int count);

    /// Lets so much of the monotonic clock pass, or less when the calling thread is woken.
    void pause(long nanos);

    /// The sources of this host.
    static HostSources system() {
        SecureRandom random = new SecureRandom();
        return new HostSources() {
            @Override
            public long monotonicNanos() {
                return System.nanoTime();
            }

            @Override
            public long wallNanos() {
                Instant now = Instant.now();
                return Math.addExact(Math.multiplyExact(now.getEpochSecond(), 1_000_000_000L), now.getNano());
            }

            @Override
            public void pause(long nanos) {
                LockSupport.parkNanos(nanos);
            }

            @Override
            public byte[] random(int count) {
                byte[] bytes = new byte[count];
                random.nextBytes(bytes);
                return bytes;
            }
        };
    }
}
