package io.sosia.appliance.demo;

import java.time.Duration;
import java.util.concurrent.TimeUnit;

/// Waits for what another process does, and not for ever.
final class Patience {

    private static final long LOOK_MILLIS = 20;

    /// Looked at again and again.
    @FunctionalInterface
    interface Condition {
        boolean holds() throws DemoException;
    }

    private Patience() {}

    /// Waits until a condition holds.
    ///
    /// @param what completes the sentence "waited N s and still not: ..."
    /// @throws DemoException when it does not hold in time, or as the condition itself throws it
    static void await(String what, Duration limit, Condition condition) throws DemoException {
        long deadline = System.nanoTime() + limit.toNanos();
        while (!condition.holds()) {
            if (System.nanoTime() > deadline) {
                throw new DemoException("waited " + limit.toSeconds() + " s and still not: " + what);
            }
            try {
                TimeUnit.MILLISECONDS.sleep(LOOK_MILLIS);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new DemoException("interrupted while waiting for: " + what, e);
            }
        }
    }
}
